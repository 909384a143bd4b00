// SPDX-License-Identifier: GPL-2.0-or-later
/* One question outside, a finer one inside. */
#include "cpu.h"
#include "work.h"

static unsigned int cpu;

__attribute__((noinline)) static int64_t inner(const int32_t *in)
{
	int64_t sum = sum_ssse3(in);

	if (cpu & CPU_AVX2)
		sum += sum_avx2(in) - sum_plain(in);
	return sum;
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	cpu = cpu_flags();
	return say("sum", cpu & CPU_SSSE3 ? inner(work_in) : sum_plain(work_in));
}
