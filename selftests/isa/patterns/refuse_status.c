// SPDX-License-Identifier: GPL-2.0-or-later
/* main() has its status in a variable, which is 1 without AVX2. */
#include "cpu.h"
#include "work.h"

int main(int argc, char **argv)
{
	int status = 0;

	(void)argv;
	if (cpu_flags() & CPU_AVX2) {
		work_fill(argc);
		say("sum", sum_avx2(work_in));
	} else {
		fprintf(stderr, "this program needs AVX2\n");
		status = 1;
	}
	return status;
}
