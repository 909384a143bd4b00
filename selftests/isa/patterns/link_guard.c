// SPDX-License-Identifier: GPL-2.0-or-later
/* The library asks, the program decides. */
#include "work.h"

int library_has_avx2(void);

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return say("sum", library_has_avx2() ? sum_avx2(work_in) : sum_plain(work_in));
}
