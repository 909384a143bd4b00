// SPDX-License-Identifier: GPL-2.0-or-later
/* qsort() calls back what runs POPCNT. */
#include "work.h"

__attribute__((target("popcnt"))) static int by_bits(const void *a, const void *b)
{
	int x = *(const int32_t *)a, y = *(const int32_t *)b;
	int bits = _mm_popcnt_u32((uint32_t)x) - _mm_popcnt_u32((uint32_t)y);

	return bits ? bits : (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	qsort(work_in, WORK_COUNT, sizeof(work_in[0]), by_bits);
	return say("last", work_in[WORK_COUNT - 1]);
}
