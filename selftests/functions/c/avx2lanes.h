/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUNCTIONS_AVX2LANES_H
#define FUNCTIONS_AVX2LANES_H

#include <stdint.h>

/* words of the block that is hashed; a multiple of 8 */
#define LANES_WORDS (1 << 18)

/** lanes_fill() - fill a block of LANES_WORDS words from a seed */
void lanes_fill(uint32_t *block, uint64_t seed);

/**
 * lanes_hash() - eight interleaved multiplicative hashes, folded into one; baseline instructions
 * only
 */
uint32_t lanes_hash(const uint32_t *block);

/** lanes_hash_avx2() - the same value with AVX2, which must be there */
uint32_t lanes_hash_avx2(const uint32_t *block);

#endif
