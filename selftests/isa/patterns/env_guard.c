// SPDX-License-Identifier: GPL-2.0-or-later
/* Only the environment is asked, so whoever sets it needs AVX2. */
#include "work.h"

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	if (getenv("PATTERN_AVX2"))
		return say("sum", sum_avx2(work_in));
	return say("sum", sum_plain(work_in));
}
