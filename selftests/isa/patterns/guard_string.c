// SPDX-License-Identifier: GPL-2.0-or-later
/* Features parsed from a list of names that was made from CPUID. */
#include "cpu.h"
#include "work.h"

static char list[64];

__attribute__((noinline)) static void describe(void)
{
	unsigned int cpu = cpu_flags();

	if (cpu & CPU_SSE42)
		strcat(list, "sse4.2 ");
	if (cpu & CPU_AVX2)
		strcat(list, "avx2 ");
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	describe();
	return say("sum", strstr(list, "avx2") ? sum_avx2(work_in) : sum_plain(work_in));
}
