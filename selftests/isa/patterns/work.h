/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Work that comes plain and with features: each pair computes the same. */
#ifndef PATTERN_WORK_H
#define PATTERN_WORK_H

#include <immintrin.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORK_FN __attribute__((noinline, unused)) static
#define WORK_COUNT 64

static int32_t work_in[WORK_COUNT];

/* the numbers that all work is done on, which no compiler knows */
WORK_FN void work_fill(int argc)
{
	for (int i = 0; i < WORK_COUNT; i++)
		work_in[i] = (i + argc) * 2654435 % 1009;
}

WORK_FN int64_t sum_plain(const int32_t *in)
{
	int64_t sum = 0;

	for (int i = 0; i < WORK_COUNT; i++)
		sum += in[i];
	return sum;
}

WORK_FN __attribute__((target("avx2"))) int64_t sum_avx2(const int32_t *in)
{
	__m256i sum = _mm256_setzero_si256();
	int32_t lane[8];
	int64_t total = 0;

	for (int i = 0; i < WORK_COUNT; i += 8)
		sum = _mm256_add_epi32(sum, _mm256_loadu_si256((const __m256i *)(in + i)));
	_mm256_storeu_si256((__m256i *)lane, sum);
	for (int i = 0; i < 8; i++)
		total += lane[i];
	return total;
}

WORK_FN __attribute__((target("avx512f"))) int64_t sum_avx512(const int32_t *in)
{
	__m512i sum = _mm512_setzero_si512();
	int32_t lane[16];
	int64_t total = 0;

	for (int i = 0; i < WORK_COUNT; i += 16)
		sum = _mm512_add_epi32(sum, _mm512_loadu_si512((const void *)(in + i)));
	_mm512_storeu_si512((void *)lane, sum);
	for (int i = 0; i < 16; i++)
		total += lane[i];
	return total;
}

WORK_FN __attribute__((target("ssse3"))) int64_t sum_ssse3(const int32_t *in)
{
	__m128i sum = _mm_setzero_si128();

	for (int i = 0; i < WORK_COUNT; i += 4)
		sum = _mm_add_epi32(sum, _mm_loadu_si128((const __m128i *)(in + i)));
	sum = _mm_hadd_epi32(sum, sum);
	sum = _mm_hadd_epi32(sum, sum);
	/* a shuffle of SSSE3 proper: the lowest number to all lanes */
	sum = _mm_shuffle_epi8(sum, _mm_set1_epi32(0x03020100));
	return _mm_cvtsi128_si32(sum);
}

WORK_FN __attribute__((target("sse4.2"))) uint32_t hash_sse42(const int32_t *in)
{
	uint32_t hash = 0;

	for (int i = 0; i < WORK_COUNT; i++)
		hash = _mm_crc32_u32(hash, (uint32_t)in[i]);
	return hash;
}

/* the same polynomial, bit by bit */
WORK_FN uint32_t hash_plain(const int32_t *in)
{
	uint32_t hash = 0;

	for (int i = 0; i < WORK_COUNT; i++) {
		hash ^= (uint32_t)in[i];
		for (int bit = 0; bit < 32; bit++)
			hash = hash >> 1 ^ (hash & 1 ? 0x82f63b78u : 0);
	}
	return hash;
}

WORK_FN int bits_plain(const int32_t *in)
{
	int bits = 0;

	for (int i = 0; i < WORK_COUNT; i++)
		for (uint32_t left = (uint32_t)in[i]; left; left &= left - 1)
			bits++;
	return bits;
}

WORK_FN __attribute__((target("popcnt"))) int bits_popcnt(const int32_t *in)
{
	int bits = 0;

	for (int i = 0; i < WORK_COUNT; i++)
		bits += _mm_popcnt_u32((uint32_t)in[i]);
	return bits;
}

WORK_FN uint64_t spread_plain(uint64_t bits, uint64_t mask)
{
	uint64_t out = 0;

	for (; mask; mask &= mask - 1, bits >>= 1)
		if (bits & 1)
			out |= mask & -mask;
	return out;
}

WORK_FN __attribute__((target("bmi2"))) uint64_t spread_bmi2(uint64_t bits, uint64_t mask)
{
	return _pdep_u64(bits, mask);
}

WORK_FN int say(const char *what, int64_t result)
{
	printf("%s %lld\n", what, (long long)result);
	return 0;
}

#endif
