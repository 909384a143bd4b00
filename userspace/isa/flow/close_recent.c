// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "isa/flow/close_internal.h"

/*
 * The cells of the stack hold all that was ever stored there. What CPUID said last is often put
 * into the same few words again and again, one leaf after the other, so what tells of the processor
 * is also kept along the path on which it was stored, until something else is stored in its place.
 */

static void drop(struct state *state, unsigned int at)
{
	state->recents--;
	memmove(&state->recent[at], &state->recent[at + 1],
		(state->recents - at) * sizeof(state->recent[0]));
	memset(&state->recent[state->recents], 0, sizeof(state->recent[0]));
}

void close_recent_drop(struct state *state, int64_t distance, unsigned int bytes)
{
	for (unsigned int i = state->recents; i-- > 0;)
		if (state->recent[i].distance < distance + (int64_t)bytes &&
		    distance < state->recent[i].distance + state->recent[i].bytes)
			drop(state, i);
}

void close_recent_store(struct look *look, struct state *state, int64_t distance,
			unsigned int bytes, ost_value value)
{
	close_recent_drop(state, distance, bytes);
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

bool close_recent_load(struct look *look, const struct state *state, int64_t distance,
		       unsigned int bytes, ost_value *value)
{
	for (unsigned int i = 0; i < state->recents; i++) {
		const struct recent *recent = &state->recent[i];

		if (distance < recent->distance ||
		    distance + (int64_t)bytes > recent->distance + recent->bytes)
			continue;
		*value = ost_value_cut(look->close->values, recent->value,
				       (distance - recent->distance) * 8, bytes * 8);
		return true;
	}
	return false;
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
		    ost_value_instead(look->close->values, OST_VALUE_ANY, other->recent[i].value) !=
			    OST_VALUE_ANY &&
		    !cells_tell(look, &other->recent[i]))
			in->recent[in->recents++] = other->recent[i];
}

bool close_recent_meet(struct look *look, struct state *in, ost_cond when_in,
		       const struct state *other, ost_cond when_other, bool hope)
{
	struct recent before[RECENT_MAX];
	uint32_t count = in->recents;

	if (!count && (!hope || !other->recents))
		return false;
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
	return count != in->recents || memcmp(before, in->recent, count * sizeof(before[0]));
}
