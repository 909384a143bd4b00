// SPDX-License-Identifier: GPL-2.0-or-later
/* The same function behind a question here, and without one there. */
#include "cpu.h"
#include "work.h"

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	if (cpu_flags() & CPU_SSSE3)
		say("sum", sum_ssse3(work_in));
	work_in[0]++;
	return say("sum", sum_ssse3(work_in));
}
