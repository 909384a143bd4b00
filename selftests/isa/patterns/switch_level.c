// SPDX-License-Identifier: GPL-2.0-or-later
/* A level is switched on, which a compiler may make a table of jumps of. */
#include "cpu.h"
#include "work.h"

__attribute__((noinline)) static unsigned int level(void)
{
	unsigned int cpu = cpu_flags();

	if (cpu & CPU_AVX512F)
		return 5;
	if (cpu & CPU_AVX2)
		return 4;
	if (cpu & CPU_SSE42)
		return 3;
	if (cpu & CPU_SSSE3)
		return 2;
	return cpu & CPU_POPCNT ? 1 : 0;
}

int main(int argc, char **argv)
{
	int64_t sum = 0;

	(void)argv;
	work_fill(argc);
	switch (level()) {
	case 5:
		sum = sum_avx512(work_in);
		break;
	case 4:
		sum = sum_avx2(work_in);
		break;
	case 3:
		sum = sum_plain(work_in) + hash_sse42(work_in) - hash_plain(work_in);
		break;
	case 2:
		sum = sum_ssse3(work_in);
		break;
	case 1:
		sum = sum_plain(work_in) + bits_popcnt(work_in) - bits_plain(work_in);
		break;
	case 0:
		sum = sum_plain(work_in);
		break;
	}
	return say("sum", sum);
}
