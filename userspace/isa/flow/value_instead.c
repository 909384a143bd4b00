// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/value_internal.h"

/* A condition without what another knows too. */
static ost_cond without(struct ost_conds *conds, ost_cond cond, ost_cond common)
{
	struct ost_feature_set set;

	if (cond <= OST_COND_ALL || common == OST_COND_NONE)
		return cond;
	set = *ost_cond_set(conds, cond);
	ost_feature_set_subtract(&set, ost_cond_set(conds, common));
	return ost_cond_of(conds, &set);
}

/* One of several numbers, chosen by something that isn't known. */
static bool is_choice(const struct ost_values *values, ost_value value)
{
	const struct alts *row = ost_value_row(values, value);

	if (!row || row->count < 2)
		return false;
	for (unsigned int i = 0; i < row->count; i++)
		if (row->alt[i].kind != OST_ALT_NUMBER || row->alt[i].cond != OST_COND_NONE)
			return false;
	return true;
}

/* Bits that one of the numbers of a choice has; all of them of what else isn't known. */
static uint64_t bits_of_choice(const struct ost_values *values, ost_value value)
{
	const struct alts *row = ost_value_row(values, value);
	uint64_t bits = 0;

	if (!is_choice(values, value))
		return UINT64_MAX;
	for (unsigned int i = 0; i < row->count; i++)
		bits |= row->alt[i].number;
	return bits;
}

ost_value ost_value_instead(struct ost_values *values, ost_value a, ost_cond when_a, ost_value b,
			    ost_cond when_b)
{
	bool open_a = ost_value_unknown(values, a) || is_choice(values, a);
	bool open_b = ost_value_unknown(values, b) || is_choice(values, b);
	ost_value value = open_a ? b : a;
	ost_cond common = OST_COND_ALL, when = open_a ? when_b : when_a;
	uint64_t open_bits;
	struct bits bits;

	if (open_a == open_b || !ost_value_flags(values, value) ||
	    !ost_value_spread(values, value, &bits))
		return OST_VALUE_ANY;
	for (unsigned int i = 0; i < 64; i++)
		common = ost_cond_either(values->conds, common,
					 ost_cond_either(values->conds, bits.one[i], bits.zero[i]));
	open_bits = bits_of_choice(values, open_a ? a : b);
	if (common == OST_COND_NONE && (when == OST_COND_NONE || open_bits == UINT64_MAX))
		return value;
	for (unsigned int i = 0; i < 64; i++) {
		bits.one[i] = without(values->conds, bits.one[i], common);
		bits.zero[i] = without(values->conds, bits.zero[i], common);
		if (open_bits >> i & 1)
			continue;
		bits.one[i] = ost_cond_both(values->conds, bits.one[i], when);
		bits.zero[i] = OST_COND_NONE;
	}
	value = ost_value_make_bits(values, &bits);
	return ost_value_tells(values, value) ? value : OST_VALUE_ANY;
}
