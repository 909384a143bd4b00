/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_VALUE_INTERNAL_H
#define OST_ISA_VALUE_INTERNAL_H

#include "isa/flow/value.h"

/* What value.c, value_compute.c and value_flags.c share. */

#define KIND_MASK 0xc0000000u
#define KIND_ALTS 0x40000000u
#define KIND_BITS 0x80000000u

/* rows are compared as bytes, as far as they are used: no padding */
struct alts {
	uint64_t count;
	struct ost_alt alt[OST_VALUE_ALTS];
};

/* what is known where a bit is one, and where it is zero */
struct bits {
	ost_cond one[64], zero[64];
};

struct pool {
	void *rows;
	uint32_t *table; /* row number + 1, 0 = free; four slots for each row there is room for */
	uint32_t count, room;
};

#define MEMO_SIZE (1u << 16) /* results that are remembered, a power of two */

/* a join (@op JOIN) or a computation that was done before */
struct memo {
	ost_value a, b, result;
	ost_cond when_a, when_b;
	uint8_t op, bits;
	bool used, lost;
};

enum {
	MEMO_JOIN = 0x80,
	MEMO_JOIN_TRUTHS,
	MEMO_GIVEN,
	MEMO_CUT,
	MEMO_EXTEND,
	MEMO_PASTE,
	MEMO_CPUID,
	MEMO_BLEND,
	MEMO_TEST
};

#define NUMBERS_SIZE (1u << 12) /* plain numbers that are remembered, a power of two */

struct number {
	uint64_t number;
	ost_value value; /* OST_VALUE_ANY: none */
};

struct ost_values {
	struct ost_conds *conds;
	struct pool alts, bits;
	struct memo *memo;
	struct number *numbers;
	bool truths; /* ost_values_truths() */
};

/* the slot for these, and whether they are what it holds */
static inline struct memo *ost_value_memo(struct ost_values *values, const struct memo *wanted,
					  bool *found)
{
	uint64_t hash = ((uint64_t)wanted->a << 32 | wanted->b) * 0x9e3779b97f4a7c15ull;
	struct memo *memo;

	hash ^= ((uint64_t)wanted->when_a << 32 | (uint64_t)wanted->when_b << 16 | wanted->op << 8 |
		 wanted->bits) *
		0xd6e8feb86659fd93ull;
	memo = &values->memo[hash >> 40 & (MEMO_SIZE - 1)];
	*found = memo->used && memo->a == wanted->a && memo->b == wanted->b &&
		 memo->when_a == wanted->when_a && memo->when_b == wanted->when_b &&
		 memo->op == wanted->op && memo->bits == wanted->bits;
	return memo;
}

/* NULL when it is not of that kind; the pointers are good until the next value is made */
static inline const struct alts *ost_value_row(const struct ost_values *values, ost_value value)
{
	return (value & KIND_MASK) == KIND_ALTS
		       ? (struct alts *)values->alts.rows + (value & ~KIND_MASK)
		       : NULL;
}

static inline const struct bits *ost_value_bits(const struct ost_values *values, ost_value value)
{
	return (value & KIND_MASK) == KIND_BITS
		       ? (struct bits *)values->bits.rows + (value & ~KIND_MASK)
		       : NULL;
}

/* @list is sorted in place */
ost_value ost_value_make_alts(struct ost_values *values, struct ost_alt *list, unsigned int count);
ost_value ost_value_make_bits(struct ost_values *values, const struct bits *bits);

/* bit by bit; false when it has alternatives that are no numbers */
bool ost_value_spread(const struct ost_values *values, ost_value value, struct bits *bits);

#endif
