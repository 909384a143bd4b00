// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "isa/flow/close_internal.h"

/*
 * The cells of the stack hold all that was ever stored there. What CPUID said last is often put
 * into the same few words again and again, one leaf after the other, so what tells of the processor
 * is also kept along the path on which it was stored, until something else is stored in its place.
 * So are the last plain numbers: where arguments are passed on the stack, they say which leaf it
 * is.
 */

static void drop_from(struct recent *list, uint32_t *count, unsigned int at)
{
	(*count)--;
	memmove(&list[at], &list[at + 1], (*count - at) * sizeof(*list));
	memset(&list[*count], 0, sizeof(*list));
}

static void drop(struct state *state, unsigned int at)
{
	drop_from(state->recent, &state->recents, at);
}

static bool overlaps(const struct recent *recent, int64_t distance, unsigned int bytes)
{
	return recent->distance < distance + (int64_t)bytes &&
	       distance < recent->distance + recent->bytes;
}

void close_recent_drop(struct state *state, int64_t distance, unsigned int bytes)
{
	for (unsigned int i = state->recents; i-- > 0;)
		if (overlaps(&state->recent[i], distance, bytes))
			drop(state, i);
	for (unsigned int i = state->numbers; i-- > 0;)
		if (overlaps(&state->number[i], distance, bytes))
			drop_from(state->number, &state->numbers, i);
}

void close_recent_forget(struct state *state)
{
	state->numbers = 0;
	memset(state->number, 0, sizeof(state->number));
}

void close_recent_store(struct look *look, struct state *state, int64_t distance,
			unsigned int bytes, ost_value value)
{
	uint64_t number;

	close_recent_drop(state, distance, bytes);
	if (ost_value_constant(look->close->values, value, &number)) {
		if (state->numbers == NUMBERS_MAX)
			drop_from(state->number, &state->numbers, 0);
		state->number[state->numbers++] = (struct recent){distance, value, bytes};
		return;
	}
	if (!ost_value_tells(look->close->values, value) ||
	    ost_value_has_address(look->close->values, value))
		return;
	if (state->recents == RECENT_MAX)
		drop(state, 0);
	state->recent[state->recents++] = (struct recent){distance, value, bytes};
}

void close_recent_leave(struct look *look, struct state *state)
{
	const struct ost_alt *alts;
	unsigned int count;

	alts = ost_value_alts(look->close->values, state->reg[RSP], &count);
	if (count != 1 || alts[0].kind != OST_ALT_STACK)
		return;
	for (unsigned int i = state->recents; i-- > 0;)
		if (state->recent[i].distance < (int64_t)alts[0].number)
			drop(state, i);
}

static bool load_from(struct look *look, const struct recent *list, uint32_t count,
		      int64_t distance, unsigned int bytes, ost_value *value)
{
	for (unsigned int i = 0; i < count; i++) {
		const struct recent *recent = &list[i];

		if (distance < recent->distance ||
		    distance + (int64_t)bytes > recent->distance + recent->bytes)
			continue;
		*value = ost_value_cut(look->close->values, recent->value,
				       (distance - recent->distance) * 8, bytes * 8);
		return true;
	}
	return false;
}

bool close_recent_load(struct look *look, const struct state *state, int64_t distance,
		       unsigned int bytes, ost_value *value)
{
	return load_from(look, state->recent, state->recents, distance, bytes, value) ||
	       load_from(look, state->number, state->numbers, distance, bytes, value);
}

static const struct recent *find(const struct state *state, const struct recent *like)
{
	for (unsigned int i = 0; i < state->recents; i++)
		if (state->recent[i].distance == like->distance &&
		    state->recent[i].bytes == like->bytes)
			return &state->recent[i];
	return NULL;
}

/* Is all that was ever stored there a few numbers that tell? Then these are as good, and whole. */
static bool cells_tell(struct look *look, const struct recent *recent)
{
	struct ost_values *values = look->close->values;
	ost_value value = close_cell(look, recent->distance, recent->bytes);
	const struct ost_alt *alts;
	unsigned int count;

	alts = ost_value_alts(values, value, &count);
	for (unsigned int i = 0; i < count; i++)
		if (alts[i].kind != OST_ALT_NUMBER)
			return false;
	return count && ost_value_tells(values, value);
}

/* Where only one path knows, on the other an option was read in its stead, or a default stays. */
static void take_over(struct look *look, struct state *in, const struct state *other)
{
	for (unsigned int i = 0; i < other->recents; i++)
		if (!find(in, &other->recent[i]) && in->recents < RECENT_MAX &&
		    ost_value_instead(look->close->values, OST_VALUE_ANY, OST_COND_NONE,
				      other->recent[i].value, OST_COND_NONE) != OST_VALUE_ANY &&
		    !cells_tell(look, &other->recent[i]))
			in->recent[in->recents++] = other->recent[i];
}

/* Numbers that are the same on both paths. Were any lost? */
static bool meet_numbers(struct state *in, const struct state *other)
{
	uint32_t count = in->numbers;

	for (unsigned int i = in->numbers; i-- > 0;) {
		unsigned int at = 0;

		while (at < other->numbers &&
		       memcmp(&in->number[i], &other->number[at], sizeof(in->number[i])) != 0)
			at++;
		if (at == other->numbers)
			drop_from(in->number, &in->numbers, i);
	}
	return count != in->numbers;
}

bool close_recent_meet(struct look *look, struct state *in, ost_cond when_in,
		       const struct state *other, ost_cond when_other, bool hope)
{
	struct recent before[RECENT_MAX];
	uint32_t count = in->recents;
	bool lost_number = meet_numbers(in, other);

	if (!count && (!hope || !other->recents))
		return lost_number;
	memcpy(before, in->recent, sizeof(before));
	for (unsigned int i = in->recents; i-- > 0;) {
		struct recent *recent = &in->recent[i];
		const struct recent *same = find(other, recent);
		bool lost = false;

		if (same)
			recent->value = ost_value_join(look->close->values, recent->value, when_in,
						       same->value, when_other, &lost);
		if ((!same && (!hope || cells_tell(look, recent))) ||
		    !ost_value_tells(look->close->values, recent->value))
			drop(in, i);
	}
	if (hope)
		take_over(look, in, other);
	return lost_number || count != in->recents ||
	       memcmp(before, in->recent, count * sizeof(before[0])) != 0;
}
