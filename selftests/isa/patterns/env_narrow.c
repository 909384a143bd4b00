// SPDX-License-Identifier: GPL-2.0-or-later
/* The environment may switch off what the processor has. */
#include "cpu.h"
#include "work.h"

int main(int argc, char **argv)
{
	unsigned int cpu = cpu_flags();

	(void)argv;
	work_fill(argc);
	if (getenv("PATTERN_NO_AVX2"))
		cpu &= ~(unsigned int)CPU_AVX2;
	return say("sum", cpu & CPU_AVX2 ? sum_avx2(work_in) : sum_plain(work_in));
}
