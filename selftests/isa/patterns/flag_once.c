// SPDX-License-Identifier: GPL-2.0-or-later
/* Looked up at first use, remembered in a variable that begins as -1. */
#include "cpu.h"
#include "work.h"

static int known = -1;

__attribute__((noinline)) static int64_t sum(const int32_t *in)
{
	if (known < 0)
		known = !!(cpu_flags() & CPU_AVX2);
	if (known)
		return sum_avx2(in);
	return sum_plain(in);
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	say("sum", sum(work_in));
	return say("again", sum(work_in));
}
