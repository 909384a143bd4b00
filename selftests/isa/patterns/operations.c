// SPDX-License-Identifier: GPL-2.0-or-later
/* One constant structure of operations per level, and a pointer to one. */
#include "cpu.h"
#include "work.h"

struct operations {
	const char *name;
	int64_t (*sum)(const int32_t *in);
	int (*bits)(const int32_t *in);
};

static const struct operations plain = { "sum", sum_plain, bits_plain };
static const struct operations vector = { "sum", sum_avx2, bits_popcnt };
static const struct operations *operations = &plain;

__attribute__((noinline)) static void choose(void)
{
	unsigned int cpu = cpu_flags();

	if (cpu & CPU_AVX2 && cpu & CPU_POPCNT)
		operations = &vector;
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	choose();
	say(operations->name, operations->sum(work_in));
	return say("bits", operations->bits(work_in));
}
