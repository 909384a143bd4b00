// SPDX-License-Identifier: GPL-2.0-or-later
/* A list of algorithms, each with a function that tells whether it may be run. */
#include "cpu.h"
#include "work.h"

static int always(void)
{
	return 1;
}

static int with_avx2(void)
{
	return !!(cpu_flags() & CPU_AVX2);
}

static const struct algorithm {
	int (*valid)(void);
	int64_t (*sum)(const int32_t *in);
} algorithms[] = {
	{ with_avx2, sum_avx2 },
	{ always, sum_plain },
};

int main(int argc, char **argv)
{
	const struct algorithm *algorithm = algorithms;

	(void)argv;
	work_fill(argc);
	while (!algorithm->valid())
		algorithm++;
	return say("sum", algorithm->sum(work_in));
}
