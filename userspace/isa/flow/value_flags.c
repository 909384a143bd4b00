// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "isa/flow/value_internal.h"

/* condition codes, the lowest bit of which says "not" */
enum {
	CC_OVERFLOW = 0,
	CC_BELOW = 2,
	CC_EQUAL = 4,
	CC_BELOW_EQUAL = 6,
	CC_SIGN = 8,
	CC_PARITY = 10,
	CC_LESS = 12,
	CC_LESS_EQUAL = 14
};

struct outcome {
	ost_cond yes, no;
};

static uint64_t mask_of(unsigned int bits)
{
	return bits >= 64 ? UINT64_MAX : (1ull << bits) - 1;
}

static int64_t as_signed(uint64_t number, unsigned int bits)
{
	unsigned int shift = 64 - bits;

	return bits >= 64 ? (int64_t)number : (int64_t)(number << shift) >> shift;
}

/* 1, 0, or -1: not known */
static int holds(unsigned int cc, uint64_t a, uint64_t b, unsigned int bits)
{
	a &= mask_of(bits);
	b &= mask_of(bits);
	switch (cc & ~1u) {
	case CC_BELOW:
		return a < b;
	case CC_EQUAL:
		return a == b;
	case CC_BELOW_EQUAL:
		return a <= b;
	case CC_SIGN:
		return as_signed(a - b, bits) < 0;
	case CC_LESS:
		return as_signed(a, bits) < as_signed(b, bits);
	case CC_LESS_EQUAL:
		return as_signed(a, bits) <= as_signed(b, bits);
	default:
		return -1;
	}
}

static bool test_alts(struct ost_values *values, const struct alts *a, const struct alts *b,
		      unsigned int cc, unsigned int bits, struct outcome *out)
{
	struct ost_conds *conds = values->conds;

	*out = (struct outcome){OST_COND_ALL, OST_COND_ALL};
	for (unsigned int i = 0; i < a->count; i++)
		for (unsigned int j = 0; j < b->count; j++) {
			const struct ost_alt *x = &a->alt[i], *y = &b->alt[j];
			ost_cond cond = ost_cond_both(conds, x->cond, y->cond);
			int result = -1;

			if (x->kind == OST_ALT_NUMBER && y->kind == OST_ALT_NUMBER)
				result = holds(cc, x->number, y->number, bits);
			else if (x->kind == OST_ALT_ADDRESS && y->kind == OST_ALT_NUMBER &&
				 !y->number && (cc & ~1u) == CC_EQUAL)
				result = 0; /* what has an address isn't NULL */
			else if (x->kind == OST_ALT_ADDRESS && y->kind == OST_ALT_ADDRESS &&
				 x->member == y->member && (cc & ~1u) == CC_EQUAL)
				result = x->number == y->number;
			if (result != 0)
				out->yes = ost_cond_either(conds, out->yes, cond);
			if (result != 1)
				out->no = ost_cond_either(conds, out->no, cond);
		}
	return true;
}

/* @a == @constant: every bit is as in the constant; otherwise some bit isn't */
static struct outcome test_equal(struct ost_conds *conds, const struct bits *a, uint64_t constant,
				 unsigned int bits)
{
	struct outcome out = {OST_COND_NONE, OST_COND_ALL};

	for (unsigned int i = 0; i < bits; i++) {
		bool one = constant >> i & 1;

		out.yes = ost_cond_both(conds, out.yes, one ? a->one[i] : a->zero[i]);
		out.no = ost_cond_either(conds, out.no, one ? a->zero[i] : a->one[i]);
	}
	return out;
}

/* @a >= @constant, unsigned: one of the bits from the constant's highest on is set */
static struct outcome test_at_least(struct ost_conds *conds, const struct bits *a,
				    uint64_t constant, unsigned int bits)
{
	struct outcome out = {OST_COND_ALL, OST_COND_NONE};
	unsigned int top;

	if (!constant)
		return (struct outcome){OST_COND_NONE, OST_COND_ALL};
	top = 63 - __builtin_clzll(constant);
	for (unsigned int i = top; i < bits; i++) {
		out.yes = ost_cond_either(conds, out.yes, a->one[i]);
		if (constant == 1ull << top)
			out.no = ost_cond_both(conds, out.no, a->zero[i]);
	}
	return out;
}

static struct outcome negate(struct outcome out)
{
	return (struct outcome){out.no, out.yes};
}

static struct outcome test_bits(struct ost_values *values, const struct bits *a, uint64_t b,
				unsigned int cc, unsigned int bits)
{
	struct ost_conds *conds = values->conds;
	/* a number that can't be negative compares the same, signed or not */
	bool positive = bits && a->one[bits - 1] == OST_COND_ALL;
	bool next = (b & mask_of(bits)) != mask_of(bits);

	b &= mask_of(bits);
	switch (cc & ~1u) {
	case CC_EQUAL:
		return test_equal(conds, a, b, bits);
	case CC_LESS:
		if (!positive || as_signed(b, bits) < 0)
			break;
		/* fallthrough */
	case CC_BELOW:
		return negate(test_at_least(conds, a, b, bits));
	case CC_LESS_EQUAL:
		if (!positive || as_signed(b, bits) < 0)
			break;
		/* fallthrough */
	case CC_BELOW_EQUAL:
		return next ? negate(test_at_least(conds, a, b + 1, bits)) : (struct outcome){0};
	case CC_SIGN:
		if (!b)
			return (struct outcome){a->one[bits - 1], a->zero[bits - 1]};
		break;
	}
	return (struct outcome){OST_COND_NONE, OST_COND_NONE};
}

static struct outcome compare_anew(struct ost_values *values, ost_value a, ost_value b,
				   unsigned int cc, unsigned int bits)
{
	const struct alts *row_a = ost_value_row(values, a), *row_b = ost_value_row(values, b);
	struct outcome out = {OST_COND_NONE, OST_COND_NONE};
	struct bits spread;
	uint64_t number;

	if (row_a && row_b && test_alts(values, row_a, row_b, cc, bits, &out))
		return out;
	if (ost_value_constant(values, b, &number) && ost_value_spread(values, a, &spread))
		return test_bits(values, &spread, number, cc, bits);
	if ((cc & ~1u) == CC_EQUAL && ost_value_constant(values, a, &number) &&
	    ost_value_spread(values, b, &spread))
		return test_equal(values->conds, &spread, number, bits);
	return out;
}

static struct outcome test_compare(struct ost_values *values, ost_value a, ost_value b,
				   unsigned int cc, unsigned int bits)
{
	struct memo wanted = {
		.a = a, .b = b, .when_a = cc, .op = MEMO_TEST, .bits = bits, .used = true};
	struct outcome out = {OST_COND_NONE, OST_COND_NONE};
	struct memo *memo;
	bool found;

	if (a == OST_VALUE_ANY && b == OST_VALUE_ANY)
		return out;
	if ((a == OST_VALUE_ANY || b == OST_VALUE_ANY) && (cc & ~1u) == CC_EQUAL)
		return out;
	memo = ost_value_memo(values, &wanted, &found);
	if (found)
		return (struct outcome){memo->result >> 16, memo->result & 0xffff};
	out = compare_anew(values, a, b, cc, bits);
	wanted.result = (uint32_t)out.yes << 16 | out.no;
	*memo = wanted;
	return out;
}

static struct outcome test_bit(struct ost_values *values, ost_value a, ost_value b)
{
	struct bits spread;
	uint64_t at;

	if (!ost_value_constant(values, b, &at) || !ost_value_spread(values, a, &spread))
		return (struct outcome){OST_COND_NONE, OST_COND_NONE};
	return (struct outcome){spread.one[at & 63], spread.zero[at & 63]};
}

void ost_value_test(struct ost_values *values, const struct ost_flags *flags, unsigned int cc,
		    ost_cond *yes, ost_cond *no)
{
	struct outcome out = {OST_COND_NONE, OST_COND_NONE};
	unsigned int plain = cc & ~1u;
	ost_value zero = ost_value_number(values, 0);

	if (flags->a == OST_VALUE_NOTHING) {
		out = (struct outcome){OST_COND_ALL, OST_COND_ALL};
	} else if (flags->kind == OST_FLAGS_COMPARE) {
		out = test_compare(values, flags->a, flags->b, plain, flags->bits);
	} else if (flags->kind == OST_FLAGS_RESULT && plain != CC_OVERFLOW && plain != CC_PARITY) {
		out = test_compare(values, flags->a, zero, plain, flags->bits);
	} else if (flags->kind == OST_FLAGS_ZERO && (plain == CC_EQUAL || plain == CC_SIGN)) {
		out = test_compare(values, flags->a, zero, plain, flags->bits);
	} else if (flags->kind == OST_FLAGS_BIT && plain == CC_BELOW) {
		out = test_bit(values, flags->a, flags->b);
	}
	if (cc & 1)
		out = negate(out);
	*yes = out.yes;
	*no = out.no;
}

ost_value ost_value_filter(struct ost_values *values, const struct ost_flags *flags,
			   unsigned int cc, bool yes)
{
	const struct alts *row = ost_value_row(values, flags->a);
	bool equal = (cc & ~1u) == CC_EQUAL && yes != (cc & 1);
	struct ost_alt list[OST_VALUE_ALTS];
	unsigned int count = 0;
	uint64_t number = 0;

	if (flags->kind == OST_FLAGS_COMPARE) {
		if (!ost_value_constant(values, flags->b, &number))
			return flags->a;
	} else if (flags->kind != OST_FLAGS_RESULT) {
		return flags->a;
	}
	for (unsigned int i = 0; row && i < row->count; i++) {
		int result = row->alt[i].kind == OST_ALT_NUMBER
				     ? holds(cc & ~1u, row->alt[i].number, number, flags->bits)
				     : -1;

		if (result < 0 || (result ^ (cc & 1)) == yes)
			list[count++] = row->alt[i];
	}
	if (equal && (count != 1 || list[0].kind != OST_ALT_NUMBER))
		return ost_value_number(values, number);
	if (!row || count == row->count)
		return flags->a;
	return ost_value_make_alts(values, list, count);
}
