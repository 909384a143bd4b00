// SPDX-License-Identifier: GPL-2.0-or-later
/* AVX-512 without a question. */
#include "work.h"

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return say("sum", sum_avx512(work_in));
}
