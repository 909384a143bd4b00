// SPDX-License-Identifier: GPL-2.0-or-later
/* A pointer that begins at the one who chooses. */
#include "cpu.h"
#include "work.h"

static int64_t sum_choose(const int32_t *in);

static int64_t (*volatile sum)(const int32_t *in) = sum_choose;

static int64_t sum_choose(const int32_t *in)
{
	sum = cpu_flags() & CPU_AVX2 ? sum_avx2 : sum_plain;
	return sum(in);
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	say("sum", sum(work_in));
	return say("again", sum(work_in));
}
