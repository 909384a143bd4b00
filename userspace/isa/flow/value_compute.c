// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "isa/flow/value_internal.h"

static uint64_t mask_of(unsigned int bits)
{
	return bits >= 64 ? UINT64_MAX : (1ull << bits) - 1;
}

static uint64_t sign_extend(uint64_t number, unsigned int bits)
{
	unsigned int shift = 64 - bits;

	return bits >= 64 ? number : (uint64_t)((int64_t)(number << shift) >> shift);
}

static uint64_t compute_number(enum ost_value_op op, uint64_t a, uint64_t b, unsigned int bits)
{
	unsigned int shift = b & (bits == 64 ? 63 : 31);

	switch (op) {
	case OST_OP_AND:
		return a & b;
	case OST_OP_OR:
		return a | b;
	case OST_OP_XOR:
		return a ^ b;
	case OST_OP_ADD:
		return a + b;
	case OST_OP_SUB:
		return a - b;
	case OST_OP_MUL:
		return a * b;
	case OST_OP_SHL:
		return a << shift;
	case OST_OP_SHR:
		return (a & mask_of(bits)) >> shift;
	case OST_OP_SAR:
		return (uint64_t)((int64_t)sign_extend(a, bits) >> shift);
	}
	return 0;
}

/* One alternative with another; false when the outcome is nothing that can be told. */
static bool compute_alt(enum ost_value_op op, const struct ost_alt *a, const struct ost_alt *b,
			unsigned int bits, struct ost_alt *out)
{
	if (a->kind == OST_ALT_NUMBER && b->kind == OST_ALT_NUMBER) {
		*out = *a;
		out->number = compute_number(op, a->number, b->number, bits) & mask_of(bits);
		return true;
	}
	if (bits != 64)
		return false;
	if (a->kind == OST_ALT_UNKNOWN && b->kind <= OST_ALT_UNKNOWN &&
	    b->kind != OST_ALT_ADDRESS && b->kind != OST_ALT_STACK) {
		*out = *a;
		out->number = 0;
		return true;
	}
	if (a->kind == OST_ALT_UNKNOWN || b->kind == OST_ALT_UNKNOWN)
		return false;
	if (op == OST_OP_ADD && a->kind == OST_ALT_NUMBER) {
		*out = *b;
		out->number += a->number;
		return true;
	}
	if ((op == OST_OP_ADD || op == OST_OP_SUB) && b->kind == OST_ALT_NUMBER) {
		*out = *a;
		out->number += op == OST_OP_ADD ? b->number : -b->number;
		return true;
	}
	/* and rsp, -16: the stack's alignment */
	if (op == OST_OP_AND && a->kind == OST_ALT_STACK && b->kind == OST_ALT_NUMBER) {
		*out = *a;
		out->number &= b->number;
		return true;
	}
	return false;
}

static ost_value compute_alts(struct ost_values *values, enum ost_value_op op, const struct alts *a,
			      const struct alts *b, unsigned int bits)
{
	struct ost_alt list[OST_VALUE_ALTS * OST_VALUE_ALTS];
	unsigned int count = 0;

	for (unsigned int i = 0; i < a->count; i++)
		for (unsigned int j = 0; j < b->count; j++) {
			ost_cond cond =
				ost_cond_both(values->conds, a->alt[i].cond, b->alt[j].cond);

			if (!compute_alt(op, &a->alt[i], &b->alt[j], bits, &list[count]))
				return OST_VALUE_ANY;
			list[count++].cond = cond;
		}
	return ost_value_make_alts(values, list, count);
}

static ost_value compute_logic(struct ost_values *values, enum ost_value_op op,
			       const struct bits *a, const struct bits *b, unsigned int width)
{
	struct ost_conds *conds = values->conds;
	struct bits out;

	for (unsigned int i = 0; i < 64; i++) {
		ost_cond a1 = a->one[i], a0 = a->zero[i], b1 = b->one[i], b0 = b->zero[i];

		if (i >= width) {
			out.one[i] = OST_COND_ALL;
			out.zero[i] = OST_COND_NONE;
		} else if (op == OST_OP_AND) {
			out.one[i] = ost_cond_both(conds, a1, b1);
			out.zero[i] = ost_cond_either(conds, a0, b0);
		} else if (op == OST_OP_OR) {
			out.one[i] = ost_cond_either(conds, a1, b1);
			out.zero[i] = ost_cond_both(conds, a0, b0);
		} else {
			out.one[i] = ost_cond_either(conds, ost_cond_both(conds, a1, b0),
						     ost_cond_both(conds, a0, b1));
			out.zero[i] = ost_cond_either(conds, ost_cond_both(conds, a1, b1),
						      ost_cond_both(conds, a0, b0));
		}
	}
	return ost_value_make_bits(values, &out);
}

static ost_value compute_shift(struct ost_values *values, enum ost_value_op op,
			       const struct bits *in, unsigned int by, unsigned int width)
{
	struct bits out;

	for (unsigned int i = 0; i < 64; i++) {
		unsigned int from = op == OST_OP_SHL ? i - by : i + by;

		out.one[i] = OST_COND_ALL;
		out.zero[i] = OST_COND_NONE;
		if (i >= width)
			continue;
		if (op == OST_OP_SAR && from >= width)
			from = width - 1;
		if (from < width) {
			out.one[i] = in->one[from];
			out.zero[i] = in->zero[from];
		}
	}
	return ost_value_make_bits(values, &out);
}

/* Is there no bit that may be set in both? Their sum has no carry then. */
static bool disjoint(const struct bits *a, const struct bits *b, unsigned int width)
{
	for (unsigned int i = 0; i < width; i++)
		if (a->one[i] != OST_COND_ALL && b->one[i] != OST_COND_ALL)
			return false;
	return true;
}

/* What compilers make of shifts and unions of flags. */
static ost_value compute_arithmetic(struct ost_values *values, enum ost_value_op op, ost_value a,
				    ost_value b, unsigned int width)
{
	struct bits bits_a, bits_b;
	uint64_t by;

	if (op == OST_OP_MUL && ost_value_constant(values, b, &by) && by && !(by & (by - 1)) &&
	    ost_value_spread(values, a, &bits_a))
		return compute_shift(values, OST_OP_SHL, &bits_a, __builtin_ctzll(by), width);
	if (op == OST_OP_ADD && ost_value_spread(values, a, &bits_a) &&
	    ost_value_spread(values, b, &bits_b) && disjoint(&bits_a, &bits_b, width))
		return compute_logic(values, OST_OP_OR, &bits_a, &bits_b, width);
	return OST_VALUE_ANY;
}

static ost_value compute(struct ost_values *values, enum ost_value_op op, ost_value a, ost_value b,
			 unsigned int width)
{
	const struct alts *row_a = ost_value_row(values, a), *row_b = ost_value_row(values, b);
	struct bits bits_a, bits_b;
	uint64_t by;

	if (row_a && row_b) {
		ost_value made = compute_alts(values, op, row_a, row_b, width);

		if (made != OST_VALUE_ANY)
			return made;
	}
	if (op == OST_OP_AND || op == OST_OP_OR || op == OST_OP_XOR) {
		if (!ost_value_spread(values, a, &bits_a) || !ost_value_spread(values, b, &bits_b))
			return OST_VALUE_ANY;
		return compute_logic(values, op, &bits_a, &bits_b, width);
	}
	if ((op == OST_OP_SHL || op == OST_OP_SHR || op == OST_OP_SAR) &&
	    ost_value_constant(values, b, &by) && ost_value_spread(values, a, &bits_a))
		return compute_shift(values, op, &bits_a, by & (width == 64 ? 63 : 31), width);
	return compute_arithmetic(values, op, a, b, width);
}

/* Of two plain numbers, the result is one. */
static bool plain(const struct alts *row)
{
	return row && row->count == 1 && row->alt[0].kind == OST_ALT_NUMBER &&
	       row->alt[0].cond == OST_COND_NONE;
}

ost_value ost_value_compute(struct ost_values *values, enum ost_value_op op, ost_value a,
			    ost_value b, unsigned int bits)
{
	struct memo wanted = {.a = a, .b = b, .op = op, .bits = bits, .used = true};
	const struct alts *row_a, *row_b;
	struct memo *memo;
	bool found;

	if (a == OST_VALUE_NOTHING || b == OST_VALUE_NOTHING)
		return OST_VALUE_NOTHING;
	if (a == OST_VALUE_ANY && b == OST_VALUE_ANY)
		return OST_VALUE_ANY;
	if (a == b && (op == OST_OP_AND || op == OST_OP_OR))
		return a;
	row_a = ost_value_row(values, a);
	row_b = ost_value_row(values, b);
	if ((a == OST_VALUE_ANY || b == OST_VALUE_ANY || op == OST_OP_SUB) && (!row_a || !row_b) &&
	    (op == OST_OP_ADD || op == OST_OP_SUB || op == OST_OP_MUL))
		return OST_VALUE_ANY;
	if (plain(row_a) && plain(row_b))
		return ost_value_number(values, compute_number(op, row_a->alt[0].number,
							       row_b->alt[0].number, bits) &
							mask_of(bits));
	/* how registers are cleared: it doesn't matter what was there, not even an address */
	if (op == OST_OP_AND &&
	    ((plain(row_a) && !row_a->alt[0].number) || (plain(row_b) && !row_b->alt[0].number)))
		return ost_value_number(values, 0);
	memo = ost_value_memo(values, &wanted, &found);
	if (!found) {
		wanted.result = compute(values, op, a, b, bits);
		*memo = wanted;
	}
	return memo->result;
}

static ost_value cut_anew(struct ost_values *values, ost_value value, unsigned int from,
			  unsigned int width)
{
	const struct alts *row = ost_value_row(values, value);
	struct ost_alt list[OST_VALUE_ALTS];
	struct bits bits;

	if (value == OST_VALUE_NOTHING || (from == 0 && width >= 64))
		return value;
	if (row) {
		for (unsigned int i = 0; i < row->count; i++) {
			list[i] = row->alt[i];
			if (list[i].kind == OST_ALT_UNKNOWN && from == 0 && width >= 32)
				continue;
			/* addresses in code at fixed places fit 32 bits */
			if (list[i].kind == OST_ALT_ADDRESS && from == 0 && width == 32 &&
			    list[i].number <= UINT32_MAX)
				continue;
			if (list[i].kind != OST_ALT_NUMBER)
				return OST_VALUE_ANY;
			list[i].number = list[i].number >> from & mask_of(width);
		}
		return ost_value_make_alts(values, list, row->count);
	}
	if (value == OST_VALUE_ANY || !ost_value_spread(values, value, &bits))
		return OST_VALUE_ANY;
	for (unsigned int i = 0; i < 64; i++) {
		bits.one[i] = i < width ? bits.one[from + i] : OST_COND_ALL;
		bits.zero[i] = i < width ? bits.zero[from + i] : OST_COND_NONE;
	}
	return ost_value_make_bits(values, &bits);
}

/* Numbers that are no wider stay the same. */
static bool fits(const struct alts *row, unsigned int width)
{
	for (unsigned int i = 0; i < row->count; i++)
		if (row->alt[i].kind != OST_ALT_NUMBER || row->alt[i].number > mask_of(width))
			return false;
	return true;
}

ost_value ost_value_cut(struct ost_values *values, ost_value value, unsigned int from,
			unsigned int width)
{
	struct memo wanted = {
		.a = value, .when_a = from, .op = MEMO_CUT, .bits = width, .used = true};
	struct memo *memo;
	const struct alts *row;
	bool found;

	if (value <= OST_VALUE_NOTHING || (from == 0 && width >= 64))
		return value;
	row = ost_value_row(values, value);
	if (row && from == 0 && fits(row, width))
		return value;
	memo = ost_value_memo(values, &wanted, &found);
	if (!found) {
		wanted.result = cut_anew(values, value, from, width);
		*memo = wanted;
	}
	return memo->result;
}

static ost_value extend_anew(struct ost_values *values, ost_value value, unsigned int width)
{
	const struct alts *row = ost_value_row(values, value);
	struct ost_alt list[OST_VALUE_ALTS];
	struct bits bits;

	if (value == OST_VALUE_NOTHING || width >= 64)
		return value;
	if (row) {
		for (unsigned int i = 0; i < row->count; i++) {
			list[i] = row->alt[i];
			if (list[i].kind != OST_ALT_NUMBER)
				return OST_VALUE_ANY;
			list[i].number = sign_extend(list[i].number, width);
		}
		return ost_value_make_alts(values, list, row->count);
	}
	if (value == OST_VALUE_ANY || !ost_value_spread(values, value, &bits))
		return OST_VALUE_ANY;
	for (unsigned int i = width; i < 64; i++) {
		bits.one[i] = bits.one[width - 1];
		bits.zero[i] = bits.zero[width - 1];
	}
	return ost_value_make_bits(values, &bits);
}

ost_value ost_value_extend(struct ost_values *values, ost_value value, unsigned int width)
{
	struct memo wanted = {.a = value, .op = MEMO_EXTEND, .bits = width, .used = true};
	struct memo *memo;
	bool found;

	memo = ost_value_memo(values, &wanted, &found);
	if (!found) {
		wanted.result = extend_anew(values, value, width);
		*memo = wanted;
	}
	return memo->result;
}

static ost_value paste_anew(struct ost_values *values, ost_value value, ost_value part,
			    unsigned int at, unsigned int width)
{
	struct bits whole, piece;

	if (!ost_value_spread(values, value, &whole))
		memset(&whole, 0, sizeof(whole));
	if (!ost_value_spread(values, part, &piece))
		memset(&piece, 0, sizeof(piece));
	memcpy(&whole.one[at], piece.one, width * sizeof(whole.one[0]));
	memcpy(&whole.zero[at], piece.zero, width * sizeof(whole.zero[0]));
	return ost_value_make_bits(values, &whole);
}

ost_value ost_value_paste(struct ost_values *values, ost_value value, ost_value part,
			  unsigned int at, unsigned int width)
{
	struct memo wanted = {
		.a = value, .b = part, .when_a = at, .op = MEMO_PASTE, .bits = width, .used = true};
	struct memo *memo;
	bool found;

	memo = ost_value_memo(values, &wanted, &found);
	if (!found) {
		wanted.result = paste_anew(values, value, part, at, width);
		*memo = wanted;
	}
	return memo->result;
}

ost_value ost_value_blend(struct ost_values *values, ost_value value, ost_value part,
			  unsigned int at, unsigned int width)
{
	struct memo wanted = {
		.a = value, .b = part, .when_a = at, .op = MEMO_BLEND, .bits = width, .used = true};
	ost_value both;
	struct memo *memo;
	bool found, lost = false;

	memo = ost_value_memo(values, &wanted, &found);
	if (!found) {
		both = ost_value_join(values, ost_value_cut(values, value, at, width),
				      OST_COND_NONE, part, OST_COND_NONE, &lost);
		wanted.result = ost_value_paste(values, value, both, at, width);
		*memo = wanted;
	}
	return memo->result;
}

ost_value ost_value_flag(struct ost_values *values, unsigned int bit, ost_cond cond)
{
	struct bits bits = {0};

	bits.one[bit] = cond;
	return ost_value_make_bits(values, &bits);
}

ost_value ost_value_word(struct ost_values *values, unsigned int width, ost_cond cond)
{
	struct bits bits = {0};

	for (unsigned int i = 0; i < width; i++)
		bits.one[i] = cond;
	return ost_value_make_bits(values, &bits);
}

ost_cond ost_value_asks(struct ost_values *values, ost_value value)
{
	ost_cond all = OST_COND_NONE;
	struct bits bits;

	if (!ost_value_spread(values, value, &bits))
		return OST_COND_NONE;
	for (unsigned int i = 0; i < 64; i++)
		if (bits.one[i] != OST_COND_ALL)
			all = ost_cond_both(values->conds, all, bits.one[i]);
	return all;
}

static ost_value cpuid_anew(struct ost_values *values, uint32_t leaf, uint32_t subleaf,
			    unsigned int reg)
{
	struct ost_feature_set sets[32] = {0};
	struct bits bits = {0};

	for (unsigned int feature = 1; feature < OST_FEATURE_END; feature++) {
		const struct ost_feature_info *info = ost_feature_get(feature);
		const struct ost_cpuid_bit *at[] = {&info->cpuid, &info->also};

		/* what every x86-64 processor has guards nothing */
		if (info->level == 1)
			continue;
		for (unsigned int i = 0; i < 2; i++)
			if (at[i]->leaf && at[i]->leaf == leaf && at[i]->subleaf == subleaf &&
			    at[i]->reg == reg && at[i]->width < 2)
				ost_feature_set_add(&sets[at[i]->bit], feature);
	}
	/* OSXSAVE: the kernel has switched on what XSAVE is for */
	if (leaf == 1 && reg == OST_ECX)
		ost_feature_set_add(&sets[27], OST_F_XSAVE);
	for (unsigned int i = 0; i < 32; i++)
		bits.one[i] = ost_cond_of(values->conds, &sets[i]);
	for (unsigned int i = 32; i < 64; i++)
		bits.one[i] = OST_COND_ALL;
	return ost_value_make_bits(values, &bits);
}

ost_value ost_value_cpuid(struct ost_values *values, uint32_t leaf, uint32_t subleaf,
			  unsigned int reg)
{
	struct memo wanted = {.a = leaf, .b = subleaf, .op = MEMO_CPUID, .bits = reg, .used = true};
	struct memo *memo;
	bool found;

	memo = ost_value_memo(values, &wanted, &found);
	if (!found) {
		wanted.result = cpuid_anew(values, leaf, subleaf, reg);
		*memo = wanted;
	}
	return memo->result;
}
