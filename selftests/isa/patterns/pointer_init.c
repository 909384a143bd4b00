// SPDX-License-Identifier: GPL-2.0-or-later
/* A pointer that begins at the plain one, improved at start. */
#include "cpu.h"
#include "work.h"

static int64_t (*sum)(const int32_t *in) = sum_plain;

__attribute__((constructor)) static void choose(void)
{
	unsigned int cpu = cpu_flags();

	if (cpu & CPU_SSSE3)
		sum = sum_ssse3;
	if (cpu & CPU_AVX2)
		sum = sum_avx2;
	if (cpu & CPU_AVX512F)
		sum = sum_avx512;
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return say("sum", sum(work_in));
}
