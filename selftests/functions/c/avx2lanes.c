// SPDX-License-Identifier: GPL-2.0-or-later
#include "avx2lanes.h"
#include "serve.h"
#include <immintrin.h>
#include <string.h>

#define LANES 8
#define PRIME 0x01000193u

void lanes_fill(uint32_t *block, uint64_t seed)
{
	uint64_t random = random_seed(seed);

	for (int i = 0; i < LANES_WORDS; i++)
		block[i] = random_next(&random) >> 32;
}

static uint32_t fold(const uint32_t *lanes)
{
	uint32_t hash = 0;

	for (int i = 0; i < LANES; i++)
		hash = (hash << 5 | hash >> 27) ^ lanes[i];
	return hash;
}

uint32_t lanes_hash(const uint32_t *block)
{
	uint32_t lanes[LANES] = {0};

	for (int i = 0; i < LANES_WORDS; i++)
		lanes[i % LANES] = (lanes[i % LANES] ^ block[i]) * PRIME + (block[i] >> 7);
	return fold(lanes);
}

__attribute__((target("avx2"))) uint32_t lanes_hash_avx2(const uint32_t *block)
{
	__m256i hash = _mm256_setzero_si256(), prime = _mm256_set1_epi32(PRIME);
	uint32_t lanes[LANES];

	for (int i = 0; i < LANES_WORDS; i += LANES) {
		__m256i words = _mm256_loadu_si256((const __m256i *)(block + i));

		hash = _mm256_mullo_epi32(_mm256_xor_si256(hash, words), prime);
		hash = _mm256_add_epi32(hash, _mm256_srli_epi32(words, 7));
	}
	_mm256_storeu_si256((__m256i *)lanes, hash);
	return fold(lanes);
}
