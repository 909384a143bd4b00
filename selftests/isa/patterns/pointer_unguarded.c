// SPDX-License-Identifier: GPL-2.0-or-later
/* A pointer that is the AVX2 one from the start. */
#include "work.h"

static int64_t (*volatile sum)(const int32_t *in) = sum_avx2;

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return say("sum", sum(work_in));
}
