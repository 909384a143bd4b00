// SPDX-License-Identifier: GPL-2.0-or-later
#include "sha256.h"

#include <cpuid.h>
#include <immintrin.h>
#include <string.h>

static const uint32_t round_constant[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t turn(uint32_t x, unsigned int bits)
{
	return x >> bits | x << (32 - bits);
}

/* One round; the caller renames the eight variables instead of moving them. */
#define ROUND(a, b, c, d, e, f, g, h, i) do {						\
	uint32_t one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (g ^ (e & (f ^ g))) +	\
		       round_constant[i] + w[i];						\
	d += one;										\
	h = one + (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) | (c & (a | b)));	\
} while (0)

static void add_plain(uint32_t state[8], const uint8_t *p)
{
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
	uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
	uint32_t w[64];

	for (unsigned int i = 0; i < 16; i++, p += 4) {
		memcpy(&w[i], p, 4);
		w[i] = __builtin_bswap32(w[i]);
	}
	for (unsigned int i = 16; i < 64; i++) {
		uint32_t x = w[i - 15], y = w[i - 2];

		w[i] = w[i - 16] + w[i - 7] + (turn(x, 7) ^ turn(x, 18) ^ x >> 3) +
		       (turn(y, 17) ^ turn(y, 19) ^ y >> 10);
	}
	for (unsigned int i = 0; i < 64; i += 8) {
		ROUND(a, b, c, d, e, f, g, h, i);
		ROUND(h, a, b, c, d, e, f, g, i + 1);
		ROUND(g, h, a, b, c, d, e, f, i + 2);
		ROUND(f, g, h, a, b, c, d, e, i + 3);
		ROUND(e, f, g, h, a, b, c, d, i + 4);
		ROUND(d, e, f, g, h, a, b, c, i + 5);
		ROUND(c, d, e, f, g, h, a, b, i + 6);
		ROUND(b, c, d, e, f, g, h, a, i + 7);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
	state[4] += e;
	state[5] += f;
	state[6] += g;
	state[7] += h;
}

/* The same with the processor's own rounds: two registers hold ABEF and CDGH. */
__attribute__((target("sha,sse4.1")))
static void add_fast(uint32_t state[8], const uint8_t *p)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	__m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)state), 0xb1);
	__m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(state + 4)), 0x1b);
	__m128i abef = _mm_alignr_epi8(low, high, 8), cdgh = _mm_blend_epi16(high, low, 0xf0);
	__m128i abef_before = abef, cdgh_before = cdgh, w[4];

	for (unsigned int i = 0; i < 4; i++)
		w[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(p + 16 * i)), swap);
#pragma GCC unroll 16
	for (unsigned int i = 0; i < 16; i++) {
		__m128i k = _mm_loadu_si128((const __m128i *)(round_constant + 4 * i));
		__m128i x = _mm_add_epi32(w[i % 4], k);

		cdgh = _mm_sha256rnds2_epu32(cdgh, abef, x);
		abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(x, 0x0e));
		if (i >= 12)
			continue;
		x = _mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]);
		x = _mm_add_epi32(x, _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));
		w[i % 4] = _mm_sha256msg2_epu32(x, w[(i + 3) % 4]);
	}
	low = _mm_shuffle_epi32(_mm_add_epi32(abef, abef_before), 0x1b);
	high = _mm_shuffle_epi32(_mm_add_epi32(cdgh, cdgh_before), 0xb1);
	_mm_storeu_si128((__m128i *)state, _mm_blend_epi16(low, high, 0xf0));
	_mm_storeu_si128((__m128i *)(state + 4), _mm_alignr_epi8(high, low, 8));
}

static bool ask_processor(void)
{
	unsigned int eax, ebx, ecx, edx;

	if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & bit_SSSE3) || !(ecx & bit_SSE4_1))
		return false;
	return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && ebx & bit_SHA;
}

/* CPUID is slow in a virtual machine: once; threads that ask at the same time get the same answer. */
static bool has_fast(void)
{
	static _Atomic signed char known = -1;

	if (known < 0)
		known = ask_processor();
	return known;
}

void ost_sha256_init(struct ost_sha256 *sha)
{
	*sha = (struct ost_sha256){
		.state = { 0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
			   0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19 },
		.plain = !has_fast(),
	};
}

static void add_block(struct ost_sha256 *sha, const uint8_t *p)
{
	if (sha->plain)
		add_plain(sha->state, p);
	else
		add_fast(sha->state, p);
}

void ost_sha256_add(struct ost_sha256 *sha, const void *bytes, size_t size)
{
	size_t have = sha->length % 64;
	const uint8_t *p = bytes;

	sha->length += size;
	if (have) {
		size_t part = size < 64 - have ? size : 64 - have;

		memcpy(sha->block + have, p, part);
		p += part;
		size -= part;
		if (have + part < 64)
			return;
		add_block(sha, sha->block);
	}
	for (; size >= 64; p += 64, size -= 64)
		add_block(sha, p);
	if (size)
		memcpy(sha->block, p, size);
}

void ost_sha256_end(struct ost_sha256 *sha, uint8_t digest[OST_SHA256_SIZE])
{
	uint64_t bits = sha->length * 8;
	uint8_t tail[72] = { 0x80 };
	size_t pad = 64 - (sha->length + 8) % 64;

	for (unsigned int i = 0; i < 8; i++)
		tail[pad + i] = bits >> (56 - 8 * i);
	ost_sha256_add(sha, tail, pad + 8);
	for (unsigned int i = 0; i < OST_SHA256_SIZE; i++)
		digest[i] = sha->state[i / 4] >> (24 - i % 4 * 8);
}

void ost_sha256_end_text(struct ost_sha256 *sha, char text[OST_SHA256_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t digest[OST_SHA256_SIZE];

	ost_sha256_end(sha, digest);
	for (unsigned int i = 0; i < OST_SHA256_SIZE; i++) {
		text[2 * i] = digits[digest[i] >> 4];
		text[2 * i + 1] = digits[digest[i] & 15];
	}
	text[2 * OST_SHA256_SIZE] = '\0';
}
