// SPDX-License-Identifier: GPL-2.0-or-later
/* A level is an index into a table of pointers. */
#include "cpu.h"
#include "work.h"

typedef int64_t sum_fn(const int32_t *in);

static sum_fn *const by_level[] = { sum_plain, sum_ssse3, sum_avx2, sum_avx512 };

__attribute__((noinline)) static unsigned int level(void)
{
	unsigned int cpu = cpu_flags();

	if (cpu & CPU_AVX512F)
		return 3;
	if (cpu & CPU_AVX2)
		return 2;
	return cpu & CPU_SSSE3 ? 1 : 0;
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return say("sum", by_level[level()](work_in));
}
