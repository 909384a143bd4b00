// SPDX-License-Identifier: GPL-2.0-or-later
/* From the best down, each rung behind its own question. */
#include "work.h"

int main(int argc, char **argv)
{
	int64_t sum;

	(void)argv;
	work_fill(argc);
	if (__builtin_cpu_supports("avx512f"))
		sum = sum_avx512(work_in);
	else if (__builtin_cpu_supports("avx2"))
		sum = sum_avx2(work_in);
	else if (__builtin_cpu_supports("ssse3"))
		sum = sum_ssse3(work_in);
	else
		sum = sum_plain(work_in);
	say("sum", sum);
	return say("bits", __builtin_cpu_supports("popcnt") ? bits_popcnt(work_in) : bits_plain(work_in));
}
