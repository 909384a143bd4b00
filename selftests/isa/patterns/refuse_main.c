// SPDX-License-Identifier: GPL-2.0-or-later
/* main() returns 1 without AVX2. */
#include "cpu.h"
#include "work.h"

int main(int argc, char **argv)
{
	(void)argv;
	if (!(cpu_flags() & CPU_AVX2)) {
		fprintf(stderr, "this program needs AVX2\n");
		return 1;
	}
	work_fill(argc);
	return say("sum", sum_avx2(work_in));
}
