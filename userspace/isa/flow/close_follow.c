// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "isa/flow/close_internal.h"

/*
 * Small functions that ask CPUID, or look for a feature's name, are followed with what they are
 * given, at each call of theirs, and mostly are given the same again. What such a run came to is
 * kept, with what it did to the stack and what it found there: when that is still there, it would
 * come to the same.
 */

/** Runs that are kept of a function: each call gives it something else. */
#define KEPT_RUNS 32

/** Functions of which runs are kept: a run is 1.4 KiB. */
#define KEPT_FUNCTIONS 256

/* struct kept - one run: what it began with and what it came to */
struct kept {
	struct state entry, left;
	ost_value returned, returned_rdx;
	struct watch watch;
	uint32_t space; /* of its frame: one for each call */
	unsigned int depth;
	bool used, has_returned, truths;
};

/* struct runs - those of a function; the oldest gives way */
struct runs {
	const struct ost_function *function;
	struct runs *next;
	unsigned int oldest;
	struct kept kept[KEPT_RUNS];
};

bool ost_close_followed(const struct ost_function *function)
{
	return function->traits & OST_TRAIT_CPUID &&
	       function->end - function->start <= INLINE_BYTES;
}

void close_free_runs(struct ost_close *close)
{
	while (close->runs) {
		struct runs *runs = close->runs;

		close->runs = runs->next;
		free(runs);
	}
}

/* NULL: nothing is kept of it */
static struct runs *runs_of(struct ost_close *close, const struct ost_function *function)
{
	struct runs *runs = close->runs;
	unsigned int count = 0;

	for (; runs && runs->function != function; runs = runs->next)
		count++;
	if (runs || count == KEPT_FUNCTIONS)
		return runs;
	runs = calloc(1, sizeof(*runs));
	if (!runs)
		return NULL;
	runs->function = function;
	runs->next = close->runs;
	close->runs = runs;
	return runs;
}

static bool same_state(const struct state *a, const struct state *b)
{
	return !memcmp(a->reg, b->reg, sizeof(a->reg)) && a->cond == b->cond &&
	       a->trying == b->trying && a->flags.kind == b->flags.kind &&
	       a->flags.bits == b->flags.bits && a->flags.a == b->flags.a &&
	       a->flags.b == b->flags.b && !memcmp(a->vector, b->vector, sizeof(a->vector)) &&
	       a->recents == b->recents && a->numbers == b->numbers &&
	       !memcmp(a->number, b->number, a->numbers * sizeof(a->number[0])) &&
	       !memcmp(a->recent, b->recent, a->recents * sizeof(a->recent[0]));
}

static const struct kept *find(struct look *inner, const struct runs *runs,
			       const struct state *entry)
{
	for (unsigned int i = 0; i < KEPT_RUNS; i++) {
		const struct kept *kept = &runs->kept[i];

		if (kept->used && kept->space == inner->space && kept->depth == inner->depth &&
		    kept->truths == ost_values_truths_told(inner->close->values) &&
		    same_state(&kept->entry, entry) && close_repeat(inner->outer, &kept->watch))
			return kept;
	}
	return NULL;
}

static void keep(struct runs *runs, const struct look *inner, const struct state *entry,
		 const struct watch *watch)
{
	struct kept *kept = &runs->kept[runs->oldest++ % KEPT_RUNS];

	*kept = (struct kept){
		.entry = *entry,
		.left = inner->left,
		.returned = inner->returned,
		.returned_rdx = inner->returned_rdx,
		.watch = *watch,
		.space = inner->space,
		.depth = inner->depth,
		.used = true,
		.has_returned = inner->has_returned,
		.truths = ost_values_truths_told(inner->close->values),
	};
}

/* Edges are told in the last pass, so all is run there. */
static bool run(struct look *inner, const struct state *entry)
{
	struct ost_close *close = inner->close;
	struct runs *runs = inner->last ? NULL : runs_of(close, inner->function);
	struct watch watch = {0}, *outer = close->watch;
	const struct kept *kept = runs ? find(inner, runs, entry) : NULL;
	int ret;

	close_spoil(close);
	if (kept) {
		inner->left = kept->left;
		inner->returned = kept->returned;
		inner->returned_rdx = kept->returned_rdx;
		inner->has_returned = kept->has_returned;
		return true;
	}
	close->watch = runs ? &watch : NULL;
	ret = close_run(inner, entry);
	close->watch = outer;
	if (!ret && runs && !watch.spoiled)
		keep(runs, inner, entry, &watch);
	return !ret;
}

/* Is one of these an address on the stack? */
static bool gets_stack(const struct look *look, const struct state *entry)
{
	for (unsigned int i = 0; i < 6; i++) {
		ost_value value = entry->reg[close_argument_registers[i]];
		const struct ost_alt *alts;
		unsigned int count;

		alts = ost_value_alts(look->close->values, value, &count);
		if (count && alts[0].kind == OST_ALT_STACK)
			return true;
	}
	return false;
}

/* Below where it returns to, a function that is followed has its own frame. Where it is given no
 * pointers it doesn't matter. */
static void give_frame(struct look *look, const struct state *entry)
{
	const struct ost_alt *alts;
	unsigned int count;

	alts = ost_value_alts(look->close->values, entry->reg[RSP], &count);
	if (count != 1 || alts[0].kind != OST_ALT_STACK || !gets_stack(look, entry)) {
		look->frame = INT64_MIN;
		return;
	}
	look->frame = (int64_t)alts[0].number;
	look->space = (look->outer->space + 1) * 0x9e3779b1u ^ (uint32_t)look->call_site;
}

/* A small function that asks CPUID for its caller, or looks for the feature that it names, is
 * followed with what it is given. */
bool close_follow(struct look *look, struct state *state, const struct ost_op *op,
		  struct ost_function *callee)
{
	struct look inner = {
		.close = look->close,
		.function = callee,
		.outer = look,
		.depth = look->depth + 1,
		.call_site = op->site,
		.returned = OST_VALUE_NOTHING,
		.returned_rdx = OST_VALUE_NOTHING,
		.steps = look->steps,
		.last = look->last,
	};
	struct state entry = *state;

	if (look->depth >= INLINE_DEPTH ||
	    (!ost_close_followed(callee) && !close_searches(look, state, callee)))
		return false;
	for (const struct look *at = look; at; at = at->outer)
		if (at->function == callee)
			return false;
	close_move_stack(look, &entry, -8);
	give_frame(&inner, &entry);
	if (!run(&inner, &entry) || !inner.has_returned)
		return false;
	state->reg[RAX] = inner.returned;
	state->reg[RDX] = inner.returned_rdx;
	memcpy(state->recent, inner.left.recent, sizeof(state->recent));
	state->recents = inner.left.recents;
	close_recent_leave(look, state);
	close_recent_forget(state);
	return true;
}
