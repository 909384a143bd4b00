// SPDX-License-Identifier: GPL-2.0-or-later
/* exit(), a call down. */
#include "work.h"

__attribute__((noinline)) static void need_avx2(void)
{
	if (__builtin_cpu_supports("avx2"))
		return;
	fprintf(stderr, "this program needs AVX2\n");
	exit(3);
}

int main(int argc, char **argv)
{
	(void)argv;
	need_avx2();
	work_fill(argc);
	return say("sum", sum_avx2(work_in));
}
