// SPDX-License-Identifier: GPL-2.0-or-later
/* A function that nothing calls, kept all the same. */
#include "work.h"

__attribute__((used, noinline, target("avx2"))) int64_t never(const int32_t *in)
{
	return sum_avx2(in);
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return say("sum", sum_plain(work_in));
}
