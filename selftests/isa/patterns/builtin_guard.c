// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks libgcc. */
#include "work.h"

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	if (__builtin_cpu_supports("avx2"))
		return say("sum", sum_avx2(work_in));
	return say("sum", sum_plain(work_in));
}
