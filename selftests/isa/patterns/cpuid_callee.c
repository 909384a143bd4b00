// SPDX-License-Identifier: GPL-2.0-or-later
/* A predicate tells. */
#include <stdbool.h>

#include "cpu.h"
#include "work.h"

__attribute__((noinline)) static bool cpu_has_avx2(void)
{
	return cpu_flags() & CPU_AVX2;
}

__attribute__((noinline)) static int64_t sum(const int32_t *in)
{
	if (!cpu_has_avx2())
		return sum_plain(in);
	return sum_avx2(in);
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return say("sum", sum(work_in));
}
