// SPDX-License-Identifier: GPL-2.0-or-later
/* CPUID and XGETBV in the function that decides. */
#include "cpu.h"
#include "work.h"

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	if (cpu_flags() & CPU_AVX2)
		return say("sum", sum_avx2(work_in));
	return say("sum", sum_plain(work_in));
}
