// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks for SSE4.2 and runs AVX2: wrong on what lies between. */
#include "work.h"

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	if (__builtin_cpu_supports("sse4.2"))
		return say("sum", sum_avx2(work_in));
	return say("sum", sum_plain(work_in));
}
