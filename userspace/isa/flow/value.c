// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/value.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "isa/flow/value_internal.h"

#define ALTS_MAX (1u << 21) /* distinct sets of alternatives; more are OST_VALUE_ANY */
/** In a word of flags with more bits than this most have conditions of their own; else it is a
 * number. */
#define SAME_MAX 12

#define BITS_MAX (1u << 18) /* distinct bit patterns, 256 bytes each */

static uint64_t hash_bytes(const void *data, size_t size)
{
	const uint8_t *at = data;
	uint64_t hash = size, word;

	for (; size >= 8; size -= 8, at += 8) {
		memcpy(&word, at, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	return hash;
}

/* What of a row counts: the alternatives that it has, or all of it. */
static size_t row_size(const void *row, size_t size)
{
	if (size != sizeof(struct alts))
		return size;
	return offsetof(struct alts, alt) +
	       ((const struct alts *)row)->count * sizeof(struct ost_alt);
}

/* Slots are a power of two. */
static bool pool_grow(struct pool *pool, size_t size)
{
	uint32_t room = pool->room ? pool->room * 2 : 1024;
	uint32_t *table = calloc(room * 4ull, sizeof(*table));
	void *rows = realloc(pool->rows, room * size);

	if (rows)
		pool->rows = rows;
	if (!table || !rows) {
		free(table);
		return false;
	}
	free(pool->table);
	pool->table = table;
	pool->room = room;
	for (uint32_t i = 0; i < pool->count; i++) {
		const char *row = (char *)rows + i * size;
		uint64_t at = hash_bytes(row, row_size(row, size)) & (room * 4ull - 1);

		while (table[at])
			at = (at + 1) & (room * 4ull - 1);
		table[at] = i + 1;
	}
	return true;
}

/* Index of an equal row, or UINT32_MAX when the pool is full. */
static uint32_t pool_intern(struct pool *pool, const void *row, size_t size, uint32_t max)
{
	size_t used = row_size(row, size);
	uint64_t hash = hash_bytes(row, used), at, mask;

	if (pool->count == pool->room && (pool->count >= max || !pool_grow(pool, size)))
		return UINT32_MAX;
	mask = pool->room * 4ull - 1;
	for (at = hash & mask; pool->table[at]; at = (at + 1) & mask)
		if (!memcmp((char *)pool->rows + (pool->table[at] - 1) * size, row, used))
			return pool->table[at] - 1;
	memcpy((char *)pool->rows + pool->count * size, row, used);
	pool->table[at] = pool->count + 1;
	return pool->count++;
}

struct ost_values *ost_values_new(void)
{
	struct ost_values *values = calloc(1, sizeof(*values));

	if (!values)
		return NULL;
	values->conds = ost_conds_new();
	values->memo = calloc(MEMO_SIZE, sizeof(*values->memo));
	values->numbers = calloc(NUMBERS_SIZE, sizeof(*values->numbers));
	if (values->conds && values->memo && values->numbers)
		return values;
	ost_values_free(values);
	return NULL;
}

void ost_values_free(struct ost_values *values)
{
	if (!values)
		return;
	ost_conds_free(values->conds);
	free(values->alts.rows);
	free(values->alts.table);
	free(values->bits.rows);
	free(values->bits.table);
	free(values->memo);
	free(values->numbers);
	free(values);
}

struct ost_conds *ost_values_conds(struct ost_values *values)
{
	return values->conds;
}

static int compare_alts(const struct ost_alt *x, const struct ost_alt *y)
{
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	if (x->member != y->member)
		return x->member < y->member ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

/* Few, and mostly in order already. */
static void sort_alts(struct ost_alt *list, unsigned int count)
{
	for (unsigned int i = 1; i < count; i++) {
		struct ost_alt alt = list[i];
		unsigned int at = i;

		for (; at && compare_alts(&list[at - 1], &alt) > 0; at--)
			list[at] = list[at - 1];
		list[at] = alt;
	}
}

ost_value ost_value_make_alts(struct ost_values *values, struct ost_alt *list, unsigned int count)
{
	struct alts row;
	bool known = false;
	uint32_t at;

	row.count = 0;
	sort_alts(list, count);
	for (unsigned int i = 0; i < count; i++) {
		if (list[i].cond == OST_COND_ALL)
			continue;
		known |= list[i].kind != OST_ALT_UNKNOWN || list[i].number;
		if (row.count && !compare_alts(&row.alt[row.count - 1], &list[i])) {
			struct ost_alt *same = &row.alt[row.count - 1];

			same->cond = ost_cond_either(values->conds, same->cond, list[i].cond);
			continue;
		}
		if (row.count == OST_VALUE_ALTS)
			return OST_VALUE_ANY;
		row.alt[row.count++] = list[i];
	}
	if (!row.count)
		return OST_VALUE_NOTHING;
	if (!known)
		return OST_VALUE_ANY;
	at = pool_intern(&values->alts, &row, sizeof(row), ALTS_MAX);
	return at == UINT32_MAX ? OST_VALUE_ANY : KIND_ALTS | at;
}

/* One or two bits that may be set make two or four numbers, each with its condition. */
static ost_value make_few(struct ost_values *values, const struct bits *bits)
{
	unsigned int free_bits[2], count = 0;
	struct ost_alt list[4] = {0};
	ost_cond fixed = OST_COND_NONE;
	uint64_t always = 0;

	for (unsigned int i = 0; i < 64; i++) {
		bool never_one = bits->one[i] == OST_COND_ALL;
		bool never_zero = bits->zero[i] == OST_COND_ALL;

		if (never_one != never_zero) {
			always |= (uint64_t)never_zero << i;
			fixed = ost_cond_both(values->conds, fixed,
					      never_zero ? bits->one[i] : bits->zero[i]);
			continue;
		}
		if (count == 2 || never_one)
			return OST_VALUE_ANY;
		free_bits[count++] = i;
	}
	for (unsigned int pick = 0; pick < 1u << count; pick++) {
		list[pick].number = always;
		list[pick].cond = fixed;
		for (unsigned int i = 0; i < count; i++) {
			bool one = pick >> i & 1;
			ost_cond cond = one ? bits->one[free_bits[i]] : bits->zero[free_bits[i]];

			list[pick].number |= (uint64_t)one << free_bits[i];
			list[pick].cond = ost_cond_both(values->conds, list[pick].cond, cond);
		}
	}
	return ost_value_make_alts(values, list, 1u << count);
}

ost_value ost_value_make_bits(struct ost_values *values, const struct bits *bits)
{
	ost_value few;

	static const struct bits nothing_known;
	uint32_t at;

	if (!memcmp(bits, &nothing_known, sizeof(*bits)))
		return OST_VALUE_ANY;
	few = make_few(values, bits);
	if (few != OST_VALUE_ANY)
		return few;
	at = pool_intern(&values->bits, bits, sizeof(*bits), BITS_MAX);
	return at == UINT32_MAX ? OST_VALUE_ANY : KIND_BITS | at;
}

bool ost_value_spread(const struct ost_values *values, ost_value value, struct bits *bits)
{
	const struct bits *have = ost_value_bits(values, value);
	const struct alts *row = ost_value_row(values, value);

	memset(bits, 0, sizeof(*bits));
	if (have) {
		*bits = *have;
		return true;
	}
	if (value == OST_VALUE_NOTHING) {
		for (unsigned int i = 0; i < 64; i++)
			bits->one[i] = bits->zero[i] = OST_COND_ALL;
		return true;
	}
	if (!row)
		return value == OST_VALUE_ANY;
	for (unsigned int i = 0; i < row->count; i++)
		if (row->alt[i].kind != OST_ALT_NUMBER && row->alt[i].kind != OST_ALT_UNKNOWN)
			return false;
	for (unsigned int bit = 0; bit < 64; bit++) {
		bits->one[bit] = bits->zero[bit] = OST_COND_ALL;
		for (unsigned int i = 0; i < row->count; i++) {
			const struct ost_alt *alt = &row->alt[i];
			bool unknown = alt->kind == OST_ALT_UNKNOWN;

			if (unknown || alt->number >> bit & 1)
				bits->one[bit] =
					ost_cond_either(values->conds, bits->one[bit], alt->cond);
			if (unknown || !(alt->number >> bit & 1))
				bits->zero[bit] =
					ost_cond_either(values->conds, bits->zero[bit], alt->cond);
		}
	}
	return true;
}

ost_value ost_value_alt(struct ost_values *values, const struct ost_alt *alt)
{
	struct ost_alt one = *alt;

	return ost_value_make_alts(values, &one, 1);
}

ost_value ost_value_number(struct ost_values *values, uint64_t number)
{
	struct number *known =
		&values->numbers[(number * 0x9e3779b97f4a7c15ull) >> 32 & (NUMBERS_SIZE - 1)];

	if (known->value == OST_VALUE_ANY || known->number != number) {
		known->number = number;
		known->value = ost_value_alt(
			values, &(struct ost_alt){.kind = OST_ALT_NUMBER, .number = number});
	}
	return known->value;
}

const struct ost_alt *ost_value_alts(const struct ost_values *values, ost_value value,
				     unsigned int *count)
{
	const struct alts *row = ost_value_row(values, value);

	*count = row ? row->count : 0;
	return row ? row->alt : NULL;
}

bool ost_value_constant(const struct ost_values *values, ost_value value, uint64_t *number)
{
	const struct alts *row = ost_value_row(values, value);

	if (!row || row->count != 1 || row->alt[0].kind != OST_ALT_NUMBER)
		return false;
	*number = row->alt[0].number;
	return true;
}

bool ost_value_has_address(const struct ost_values *values, ost_value value)
{
	const struct alts *row = ost_value_row(values, value);

	for (unsigned int i = 0; row && i < row->count; i++)
		if (row->alt[i].kind == OST_ALT_ADDRESS)
			return true;
	return false;
}

static bool is_anything(const struct ost_alt *alt)
{
	return alt->kind == OST_ALT_UNKNOWN && !alt->number && alt->cond == OST_COND_NONE;
}

/* What it points to can't be told from anything else. */
static bool is_pointer_to_unknown(const struct ost_alt *alt)
{
	return alt->kind == OST_ALT_ARGUMENT || alt->kind == OST_ALT_STACK;
}

bool ost_value_tells(const struct ost_values *values, ost_value value)
{
	const struct alts *row = ost_value_row(values, value);
	const struct bits *bits = ost_value_bits(values, value);
	bool anything = false;

	for (unsigned int i = 0; row && i < row->count; i++)
		anything |= is_anything(&row->alt[i]);
	for (unsigned int i = 0; row && i < row->count; i++)
		if (row->alt[i].cond != OST_COND_NONE &&
		    !(anything && is_pointer_to_unknown(&row->alt[i])))
			return true;
	for (unsigned int i = 0; bits && i < 64; i++)
		if (bits->one[i] > OST_COND_ALL || bits->zero[i] > OST_COND_ALL)
			return true;
	return false;
}

bool ost_value_flags(const struct ost_values *values, ost_value value)
{
	const struct alts *row = ost_value_row(values, value);
	const struct bits *bits = ost_value_bits(values, value);
	ost_cond seen[64];
	unsigned int telling = 0, different = 0;

	for (unsigned int i = 0; row && i < row->count; i++)
		if (row->alt[i].kind != OST_ALT_NUMBER)
			return false;
	for (unsigned int i = 0; bits && i < 64; i++) {
		unsigned int j = 0;

		if (bits->one[i] <= OST_COND_ALL)
			continue;
		telling++;
		while (j < different && seen[j] != bits->one[i])
			j++;
		if (j == different)
			seen[different++] = bits->one[i];
	}
	return ost_value_tells(values, value) && (telling <= SAME_MAX || 2 * different >= telling);
}

bool ost_value_unknown(const struct ost_values *values, ost_value value)
{
	const struct alts *row = ost_value_row(values, value);

	for (unsigned int i = 0; row && i < row->count; i++)
		if (row->alt[i].kind != OST_ALT_UNKNOWN)
			return false;
	return row || value == OST_VALUE_ANY ||
	       (ost_value_bits(values, value) && !ost_value_tells(values, value));
}

static ost_value join_bits(struct ost_values *values, const struct bits *a, ost_cond when_a,
			   const struct bits *b, ost_cond when_b)
{
	struct ost_conds *conds = values->conds;
	struct bits bits;

	for (unsigned int i = 0; i < 64; i++) {
		bits.one[i] = ost_cond_either(conds, ost_cond_both(conds, a->one[i], when_a),
					      ost_cond_both(conds, b->one[i], when_b));
		bits.zero[i] = ost_cond_either(conds, ost_cond_both(conds, a->zero[i], when_a),
					       ost_cond_both(conds, b->zero[i], when_b));
	}
	return ost_value_make_bits(values, &bits);
}

/* Addresses beside something that nothing is known of. */
static ost_value join_unknown(struct ost_values *values, const struct alts *row, ost_cond when,
			      ost_cond when_unknown)
{
	struct ost_alt list[OST_VALUE_ALTS + 1];
	unsigned int count = 0;
	bool address = false;

	for (unsigned int i = 0; i < row->count; i++) {
		list[count] = row->alt[i];
		list[count].cond = ost_cond_both(values->conds, list[count].cond, when);
		if (list[count].kind == OST_ALT_NUMBER) {
			list[count].kind = OST_ALT_UNKNOWN;
			list[count].number = 0;
		}
		address |= list[count++].kind != OST_ALT_UNKNOWN;
	}
	if (!address)
		return OST_VALUE_ANY;
	list[count++] = (struct ost_alt){.kind = OST_ALT_UNKNOWN, .cond = when_unknown};
	return ost_value_make_alts(values, list, count);
}

/* Something that isn't known and says nothing by where it comes from: not a truth value in the low
 * byte of a register, as SETcc leaves it, where those are listened to. */
static bool says_nothing(const struct ost_values *values, ost_value value)
{
	const struct bits *bits = ost_value_bits(values, value);

	if (!ost_value_unknown(values, value))
		return false;
	for (unsigned int i = 1; bits && i < 8; i++)
		if (bits->one[i] != OST_COND_ALL)
			return true;
	return !bits || !values->truths;
}

void ost_values_truths(struct ost_values *values, bool told)
{
	values->truths = told;
}

bool ost_values_truths_told(const struct ost_values *values)
{
	return values->truths;
}

static ost_value join(struct ost_values *values, ost_value a, ost_cond when_a, ost_value b,
		      ost_cond when_b, bool *lost)
{
	const struct alts *row_a = ost_value_row(values, a), *row_b = ost_value_row(values, b);
	struct ost_alt list[2 * OST_VALUE_ALTS];
	struct bits bits_a, bits_b;
	unsigned int count = 0;
	ost_value made;

	/* what nothing is known of says nothing by where it comes from */
	if (says_nothing(values, a))
		when_a = OST_COND_NONE;
	if (says_nothing(values, b))
		when_b = OST_COND_NONE;
	if (row_a && row_b) {
		for (unsigned int i = 0; i < row_a->count; i++) {
			list[count] = row_a->alt[i];
			list[count].cond = ost_cond_both(values->conds, list[count].cond, when_a);
			count++;
		}
		for (unsigned int i = 0; i < row_b->count; i++) {
			list[count] = row_b->alt[i];
			list[count].cond = ost_cond_both(values->conds, list[count].cond, when_b);
			count++;
		}
		made = ost_value_make_alts(values, list, count);
		if (made != OST_VALUE_ANY)
			return made;
	}
	if (ost_value_spread(values, a, &bits_a) && ost_value_spread(values, b, &bits_b))
		return join_bits(values, &bits_a, when_a, &bits_b, when_b);
	made = OST_VALUE_ANY;
	if (row_a && !row_b)
		made = join_unknown(values, row_a, when_a, when_b);
	else if (row_b && !row_a)
		made = join_unknown(values, row_b, when_b, when_a);
	if (made != OST_VALUE_ANY)
		return made;
	*lost = true;
	return OST_VALUE_ANY;
}

/* No address in it, nor anything that has a name: with ANY it is ANY, and nothing is lost. */
static bool only_bits(const struct ost_values *values, ost_value value)
{
	const struct alts *row = ost_value_row(values, value);

	for (unsigned int i = 0; row && i < row->count; i++)
		if (row->alt[i].kind != OST_ALT_NUMBER)
			return false;
	return true;
}

ost_value ost_value_join(struct ost_values *values, ost_value a, ost_cond when_a, ost_value b,
			 ost_cond when_b, bool *lost)
{
	struct memo wanted = {.a = a,
			      .b = b,
			      .when_a = when_a,
			      .when_b = when_b,
			      .op = values->truths ? MEMO_JOIN_TRUTHS : MEMO_JOIN,
			      .used = true};
	struct memo *memo;
	bool found;

	/* what both bring needs no condition: the place where they meet has it */
	if (a == b)
		return a;
	if (a == OST_VALUE_NOTHING)
		return ost_value_given(values, b, when_b);
	if (b == OST_VALUE_NOTHING)
		return ost_value_given(values, a, when_a);
	if ((b == OST_VALUE_ANY && when_b == OST_COND_NONE && only_bits(values, a)) ||
	    (a == OST_VALUE_ANY && when_a == OST_COND_NONE && only_bits(values, b)))
		return OST_VALUE_ANY;
	memo = ost_value_memo(values, &wanted, &found);
	if (!found) {
		wanted.result = join(values, a, when_a, b, when_b, &wanted.lost);
		*memo = wanted;
	}
	*lost |= memo->lost;
	return memo->result;
}

static ost_value given_anew(struct ost_values *values, ost_value value, ost_cond cond)
{
	const struct alts *row = ost_value_row(values, value);
	struct ost_alt list[OST_VALUE_ALTS];
	struct bits bits;

	if (row) {
		for (unsigned int i = 0; i < row->count; i++) {
			list[i] = row->alt[i];
			list[i].cond = ost_cond_both(values->conds, list[i].cond, cond);
		}
		return ost_value_make_alts(values, list, row->count);
	}
	ost_value_spread(values, value, &bits);
	for (unsigned int i = 0; i < 64; i++) {
		bits.one[i] = ost_cond_both(values->conds, bits.one[i], cond);
		bits.zero[i] = ost_cond_both(values->conds, bits.zero[i], cond);
	}
	return ost_value_make_bits(values, &bits);
}

ost_value ost_value_given(struct ost_values *values, ost_value value, ost_cond cond)
{
	struct memo wanted = {.a = value, .when_a = cond, .op = MEMO_GIVEN, .used = true};
	struct memo *memo;
	bool found;

	if (cond == OST_COND_NONE || value == OST_VALUE_NOTHING)
		return value;
	memo = ost_value_memo(values, &wanted, &found);
	if (!found) {
		wanted.result = given_anew(values, value, cond);
		*memo = wanted;
	}
	return memo->result;
}
