// SPDX-License-Identifier: GPL-2.0-or-later
/* The flags are an argument, two calls down. */
#include "cpu.h"
#include "work.h"

__attribute__((noinline)) static int64_t sum_with(const int32_t *in, unsigned int cpu)
{
	return cpu & CPU_AVX2 ? sum_avx2(in) : sum_plain(in);
}

__attribute__((noinline)) static int64_t sum_rounds(const int32_t *in, int rounds, unsigned int cpu)
{
	int64_t sum = 0;

	while (rounds-- > 0)
		sum += sum_with(in, cpu);
	return sum;
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return say("sum", sum_rounds(work_in, argc + 2, cpu_flags()));
}
