// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/cond.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "isa/implied.h"

#define CONDS_MAX  65535
#define TABLE_SIZE 131072 /* slots, a power of two above CONDS_MAX */
#define MEMO_SIZE  65536  /* remembered results, a power of two */

struct memo {
	ost_cond a, b, result;
	uint8_t kind; /* 0 empty, 1 both, 2 either */
};

struct ost_conds {
	struct ost_feature_set *sets;
	uint32_t count, room;
	uint16_t *table; /* number of the condition, 0 = free slot: NONE is never looked up */
	struct memo *memo;
	struct ost_feature_set always; /* what every x86-64 processor has: guards nothing */
};

struct ost_conds *ost_conds_new(void)
{
	struct ost_conds *conds = calloc(1, sizeof(*conds));

	if (!conds)
		return NULL;
	conds->room = 256;
	conds->count = 2;
	for (unsigned int feature = 1; feature < OST_FEATURE_END; feature++)
		if (ost_feature_get(feature)->level == 1)
			ost_feature_set_add(&conds->always, feature);
	conds->sets = calloc(conds->room, sizeof(*conds->sets));
	conds->table = calloc(TABLE_SIZE, sizeof(*conds->table));
	conds->memo = calloc(MEMO_SIZE, sizeof(*conds->memo));
	if (conds->sets && conds->table && conds->memo)
		return conds;
	ost_conds_free(conds);
	return NULL;
}

void ost_conds_free(struct ost_conds *conds)
{
	if (!conds)
		return;
	free(conds->sets);
	free(conds->table);
	free(conds->memo);
	free(conds);
}

static uint32_t hash_set(const struct ost_feature_set *set)
{
	uint64_t hash = 0;

	for (unsigned int i = 0; i < OST_FEATURE_SET_WORDS; i++)
		hash = (hash ^ set->bits[i]) * 0x9e3779b97f4a7c15ull;
	return hash >> 40;
}

static bool grow(struct ost_conds *conds)
{
	struct ost_feature_set *sets = realloc(conds->sets, 2ull * conds->room * sizeof(*sets));

	if (!sets)
		return false;
	conds->sets = sets;
	conds->room *= 2;
	return true;
}

ost_cond ost_cond_of(struct ost_conds *conds, const struct ost_feature_set *set)
{
	uint32_t at;

	if (ost_feature_set_empty(set))
		return OST_COND_NONE;
	for (at = hash_set(set) % TABLE_SIZE; conds->table[at]; at = (at + 1) % TABLE_SIZE)
		if (ost_feature_set_equal(&conds->sets[conds->table[at]], set))
			return conds->table[at];
	if (conds->count >= CONDS_MAX || (conds->count == conds->room && !grow(conds)))
		return OST_COND_NONE;
	conds->sets[conds->count] = *set;
	conds->table[at] = conds->count;
	return conds->count++;
}

const struct ost_feature_set *ost_cond_set(const struct ost_conds *conds, ost_cond cond)
{
	return &conds->sets[cond];
}

/*
 * What both have, or one has and the other implies. Where that says no less than one of them, it is
 * that one: what a place is known by shrinks, or stays as it is.
 */
static ost_cond common(struct ost_conds *conds, ost_cond a, ost_cond b)
{
	struct ost_feature_set all_a = conds->sets[a], all_b = conds->sets[b];
	struct ost_feature_set plain = conds->sets[a], closed, all;

	ost_feature_implied(&all_a);
	ost_feature_implied(&all_b);
	all = all_a;
	ost_feature_set_intersect(&all, &all_b);
	if (ost_feature_set_equal(&all, &all_a))
		return a;
	if (ost_feature_set_equal(&all, &all_b))
		return b;
	ost_feature_set_intersect(&plain, &conds->sets[b]);
	closed = plain;
	ost_feature_implied(&closed);
	ost_feature_set_subtract(&all, &conds->always);
	ost_feature_set_subtract(&closed, &conds->always);
	return ost_cond_of(conds, ost_feature_set_equal(&all, &closed) ? &plain : &all);
}

static ost_cond combine(struct ost_conds *conds, ost_cond a, ost_cond b, uint8_t kind)
{
	struct memo *memo =
		&conds->memo[((a * 40503u) ^ (b * 2654435761u >> 7) ^ kind) % MEMO_SIZE];
	struct ost_feature_set set = conds->sets[a];
	ost_cond result;

	if (memo->kind == kind && memo->a == a && memo->b == b)
		return memo->result;
	if (kind == 1) {
		ost_feature_set_unite(&set, &conds->sets[b]);
		result = ost_cond_of(conds, &set);
	} else {
		result = common(conds, a, b);
	}
	*memo = (struct memo){a, b, result, kind};
	return result;
}

ost_cond ost_cond_both(struct ost_conds *conds, ost_cond a, ost_cond b)
{
	if (a == b || b == OST_COND_NONE || a == OST_COND_ALL)
		return a;
	if (a == OST_COND_NONE || b == OST_COND_ALL)
		return b;
	return combine(conds, a, b, 1);
}

ost_cond ost_cond_either(struct ost_conds *conds, ost_cond a, ost_cond b)
{
	if (a == b || b == OST_COND_ALL || a == OST_COND_NONE)
		return a;
	if (a == OST_COND_ALL || b == OST_COND_NONE)
		return b;
	return combine(conds, a, b, 2);
}
