// SPDX-License-Identifier: GPL-2.0-or-later
/* AVX2 without a question. */
#include "work.h"

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return say("sum", sum_avx2(work_in));
}
