// SPDX-License-Identifier: GPL-2.0-or-later
/* A library for whoever has AVX2. */
#include "work.h"

int64_t library_sum(int argc);

int64_t library_sum(int argc)
{
	work_fill(argc);
	return sum_avx2(work_in);
}
