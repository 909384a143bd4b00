// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hashes a block of data four lanes at a time, with the rotation that XOP has in one instruction.
 * Only AMD's processors of 2011 to 2016 have XOP, so this function meets an instruction that its
 * host lacks where c-avx2hash doesn't.
 */
#include "avx2lanes.h"
#include "serve.h"
#include <stdio.h>
#include <x86intrin.h>

#define LANES  4
#define ROTATE 13

__attribute__((target("xop"))) static uint32_t hash_xop(const uint32_t *block)
{
	__m128i hash = _mm_setzero_si128();
	uint32_t lanes[LANES];

	for (int i = 0; i < LANES_WORDS; i += LANES) {
		__m128i words = _mm_loadu_si128((const __m128i *)(block + i));

		hash = _mm_add_epi32(_mm_roti_epi32(hash, ROTATE), words);
	}
	_mm_storeu_si128((__m128i *)lanes, hash);
	return lanes[0] ^ lanes[1] ^ lanes[2] ^ lanes[3];
}

void function_run(uint64_t seed, char *reply, size_t size)
{
	static uint32_t block[LANES_WORDS];

	lanes_fill(block, seed);
	snprintf(reply, size, "lanes xop %08x", hash_xop(block));
}
