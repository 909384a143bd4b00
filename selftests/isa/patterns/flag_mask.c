// SPDX-License-Identifier: GPL-2.0-or-later
/* Two features at once, by a mask of a global word. */
#include "cpu.h"
#include "work.h"

static unsigned int cpu;

__attribute__((noinline)) static int64_t both(const int32_t *in)
{
	return sum_avx2(in) + (int64_t)spread_bmi2((uint64_t)in[5], 0x5555555555555555);
}

__attribute__((noinline)) static int64_t neither(const int32_t *in)
{
	return sum_plain(in) + (int64_t)spread_plain((uint64_t)in[5], 0x5555555555555555);
}

int main(int argc, char **argv)
{
	const unsigned int wanted = CPU_AVX2 | CPU_BMI2;

	(void)argv;
	work_fill(argc);
	cpu = cpu_flags();
	return say("sum", (cpu & wanted) == wanted ? both(work_in) : neither(work_in));
}
