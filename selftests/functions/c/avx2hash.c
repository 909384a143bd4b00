// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hashes a block of data eight lanes at a time. AVX2 is used without a look at what the processor
 * has, as programs do that were built for one kind of machine; all else here is for the baseline.
 * On a host without AVX2 the first request meets an instruction that it lacks.
 */
#include "avx2lanes.h"
#include "serve.h"
#include <stdio.h>

void function_run(uint64_t seed, char *reply, size_t size)
{
	static uint32_t block[LANES_WORDS];

	lanes_fill(block, seed);
	snprintf(reply, size, "lanes avx2 %08x", lanes_hash_avx2(block));
}
