// SPDX-License-Identifier: GPL-2.0-or-later
/* Only with many arguments. */
#include "work.h"

__attribute__((noinline)) static int64_t many(char **argv)
{
	return (int64_t)strlen(argv[1]) + sum_avx2(work_in);
}

int main(int argc, char **argv)
{
	work_fill(0);
	if (argc > 4)
		return say("sum", many(argv));
	return say("sum", sum_plain(work_in));
}
