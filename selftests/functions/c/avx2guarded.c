// SPDX-License-Identifier: GPL-2.0-or-later
/* The same hash, by a program that asks the processor first and has another way. */
#include "avx2lanes.h"
#include "serve.h"
#include <stdio.h>

void function_run(uint64_t seed, char *reply, size_t size)
{
	static uint32_t block[LANES_WORDS];
	int has = __builtin_cpu_supports("avx2");

	lanes_fill(block, seed);
	snprintf(reply, size, "lanes %s %08x", has ? "avx2" : "baseline",
		 has ? lanes_hash_avx2(block) : lanes_hash(block));
}
