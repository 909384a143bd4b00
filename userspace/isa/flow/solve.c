// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/solve.h"

#include <stdlib.h>
#include <string.h>

#include "isa/flow/solve_internal.h"
#include "isa/implied.h"

/** How often all is looked at anew with what the last round found out of memory. */
#define ROUNDS 2

void *list_more(struct ost_solve *solve, void *list, size_t size)
{
	LIST(char) *any = list;

	if (any->count == any->room) {
		size_t room = any->room ? any->room * 2 : 8;
		char *at = realloc(any->at, room * size);

		if (!at) {
			solve->failed = true;
			return NULL;
		}
		any->at = at;
		any->room = room;
	}
	return any->at + any->count++ * size;
}

struct closely *solve_find(const struct ost_solve *solve, const struct ost_function *function)
{
	return function->index < solve->by_function_room ? solve->by_function[function->index]
							 : NULL;
}

static bool make_room(struct ost_solve *solve, uint32_t index)
{
	size_t room = solve->by_function_room;
	struct closely **more;

	if (index < room)
		return true;
	room = 2ull * index + 1024;
	more = realloc(solve->by_function, room * sizeof(*more));
	if (!more) {
		solve->failed = true;
		return false;
	}
	memset(more + solve->by_function_room, 0, (room - solve->by_function_room) * sizeof(*more));
	solve->by_function = more;
	solve->by_function_room = room;
	return true;
}

struct closely *solve_begin(struct ost_solve *solve, struct ost_function *function)
{
	struct closely **at;
	struct closely *closely;

	if (!make_room(solve, function->index))
		return NULL;
	closely = calloc(1, sizeof(*closely));
	at = closely ? MORE(solve, &solve->closely) : NULL;
	if (!at) {
		solve->failed = true;
		free(closely);
		return NULL;
	}
	*at = solve->by_function[function->index] = closely;
	closely->function = function;
	closely->distance = solve->looking ? solve->looking->distance + 1 : 0;
	if (solve->guessing && closely->distance <= IMPLICIT_MAX)
		closely->distance = IMPLICIT_MAX + 1;
	closely->returned = OST_VALUE_NOTHING;
	for (unsigned int i = 0; i < OST_CLOSE_ARGUMENTS; i++)
		closely->argument[i] = OST_VALUE_NOTHING;
	return closely;
}

void solve_want(struct ost_solve *solve, struct ost_function *function)
{
	struct closely *closely = solve_find(solve, function);
	struct closely **at;

	/* the stubs of the loader's table have nothing of their own */
	if (!function->decoded)
		return;
	if (!closely && solve->looking && solve->looking->distance >= DISTANCE_MAX)
		return;
	if (!closely)
		closely = solve_begin(solve, function);
	if (!closely || closely->queued || closely->failed)
		return;
	if (closely->looks >= LOOKS_MAX)
		return;
	at = MORE(solve, &solve->queue);
	if (!at)
		return;
	*at = closely;
	closely->queued = true;
}

void solve_want_referrer(void *context, struct ost_function *function, const struct ost_ref *ref)
{
	(void)ref;
	solve_want(context, function);
}

/* From now on it is taken as one that nothing is known of. */
static void give_up(struct ost_solve *solve, struct closely *closely)
{
	closely->failed = true;
	closely->returned = OST_VALUE_ANY;
	closely->writes.count = closely->edges.count = closely->spans.count = 0;
	solve->given_up++;
}

/* Who is being looked at, or NULL. */
static void set_looking(struct ost_solve *solve, struct closely *closely)
{
	solve->looking = closely;
	ost_values_truths(solve->values, closely && closely->distance <= IMPLICIT_MAX);
}

static void run_queue(struct ost_solve *solve)
{
	while (solve->queue_head < solve->queue.count && !solve->failed) {
		struct closely *closely = solve->queue.at[solve->queue_head++];

		closely->queued = false;
		closely->looks++;
		closely->steps += solve->steps;
		set_looking(solve, closely);
		if (!solve_record_same(solve, closely)) {
			solve_record_begin(solve);
			if (ost_close_look(solve->close, closely->function, false, &solve->steps))
				give_up(solve, closely);
			solve_record_end(solve, closely);
		}
		closely->steps -= solve->steps;
		if (solve->queue_head > 65536) {
			solve->queue.count -= solve->queue_head;
			memmove(solve->queue.at, solve->queue.at + solve->queue_head,
				solve->queue.count * sizeof(*solve->queue.at));
			solve->queue_head = 0;
		}
	}
	solve->queue.count = solve->queue_head = 0;
	set_looking(solve, NULL);
}

/* What the entry point of the program hands to the C library. */
static void mark_main(void *context, struct ost_place place, bool resolver)
{
	struct ost_solve *solve = context;
	const struct ost_object *object = solve->program->members[0].object;
	struct ost_function *entry;

	if (resolver || place.member || place.address != object->entry)
		return;
	entry = ost_graph_function(solve->graph, place);
	for (uint32_t i = 0; entry && i < entry->ref_count; i++) {
		struct ost_place to = {0, entry->refs[i].target};
		struct ost_function *function;

		if (entry->refs[i].kind != OST_REF_CODE)
			continue;
		function = ost_graph_function(solve->graph, to);
		if (function)
			function->traits |= OST_TRAIT_MAIN;
	}
}

/* Forget what was found, but not which functions and which memory matter. */
static void start_again(struct ost_solve *solve)
{
	ost_cells_clear(solve->cells);
	solve_put_initials(solve);
	for (size_t i = 0; i < solve->closely.count; i++) {
		struct closely *closely = solve->closely.at[i];

		if (closely->failed)
			continue;
		closely->looks = 0;
		closely->returned = OST_VALUE_NOTHING;
		closely->returned_unknown = false;
		closely->writes.count = 0;
		/* what it is given stays: else it would be looked at before its callers tell */
		solve_want(solve, closely->function);
	}
}

static void last_looks(struct ost_solve *solve)
{
	solve->settled = true;
	for (size_t i = 0; i < solve->closely.count && !solve->failed; i++) {
		struct closely *closely = solve->closely.at[i];

		set_looking(solve, closely);
		if (closely->failed)
			continue;
		if (solve_record_same(solve, closely)
			    ? ost_close_tell(solve->close, closely->function, &solve->steps)
			    : ost_close_look(solve->close, closely->function, true, &solve->steps))
			give_up(solve, closely);
		solve_record_drop(solve, closely);
	}
	set_looking(solve, NULL);
}

struct ost_solve *ost_solve(struct ost_graph *graph, uint64_t steps)
{
	struct ost_solve *solve = calloc(1, sizeof(*solve));
	struct ost_close_calls calls;

	if (!solve)
		return NULL;
	solve->graph = graph;
	solve->program = ost_graph_program(graph);
	solve->steps = solve->steps_given = steps;
	solve_calls(solve, &calls);
	solve_record_calls(solve, &calls);
	solve->values = ost_values_new();
	solve->conds = solve->values ? ost_values_conds(solve->values) : NULL;
	solve->cells = solve->values ? ost_cells_new(solve->values) : NULL;
	solve->field_count = calloc(solve->program->count, sizeof(*solve->field_count));
	solve->answers = calloc(solve->program->count, sizeof(*solve->answers));
	solve->close = solve->values ? ost_close_new(graph, solve->values, &calls) : NULL;
	if (!solve->cells || !solve->record || !solve->close || !solve->field_count || !solve->answers) {
		ost_solve_free(solve);
		return NULL;
	}
	ost_graph_roots(graph, mark_main, solve);
	solve_want_sources(solve);
	run_queue(solve);
	for (unsigned int round = 1; round < ROUNDS; round++) {
		start_again(solve);
		run_queue(solve);
	}
	solve_guess(solve);
	last_looks(solve);
	if (!solve->failed && !solve_reach(solve))
		return solve;
	ost_solve_free(solve);
	return NULL;
}

void ost_solve_free(struct ost_solve *solve)
{
	if (!solve)
		return;
	for (size_t i = 0; i < solve->closely.count; i++) {
		struct closely *closely = solve->closely.at[i];

		free(closely->events);
		free(closely->writes.at);
		free(closely->edges.at);
		free(closely->spans.at);
		free(closely);
	}
	for (unsigned int tier = 0; tier < OST_TIERS; tier++)
		free(solve->reached[tier]);
	free(solve->closely.at);
	free(solve->by_function);
	free(solve->queue.at);
	free(solve->initials.at);
	free(solve->unset.at);
	free(solve->refusals.at);
	free(solve->tests.at);
	free(solve->opened.at);
	solve_record_free(solve);
	solve_free_fields(solve);
	free(solve->field_count);
	free(solve->answers);
	ost_close_free(solve->close);
	ost_cells_free(solve->cells);
	ost_values_free(solve->values);
	free(solve);
}

bool ost_solve_gave_up(const struct ost_solve *solve, const struct ost_function *function)
{
	const struct closely *closely = solve_find(solve, function);

	return closely && closely->failed;
}

const struct ost_feature_set *ost_solve_plain(const struct ost_solve *solve, ost_cond cond)
{
	return ost_cond_set(solve->conds, cond);
}

void ost_solve_set(const struct ost_solve *solve, ost_cond cond, struct ost_feature_set *set)
{
	*set = *ost_cond_set(solve->conds, cond);
	ost_feature_implied(set);
}

bool ost_solve_test(const struct ost_solve *solve, const struct ost_feature_set *any,
		    const struct ost_function *near, struct ost_place *place)
{
	unsigned int best = 0;

	for (size_t i = 0; i < solve->tests.count && best < 3; i++) {
		const struct test *test = &solve->tests.at[i];
		struct ost_feature_set common = *ost_cond_set(solve->conds, test->cond);
		unsigned int nearness = 1;

		if (test->function == near->index)
			nearness = 3;
		else if (test->place.member == near->member)
			nearness = 2;
		ost_feature_set_intersect(&common, any);
		if (nearness <= best || ost_feature_set_empty(&common))
			continue;
		best = nearness;
		*place = test->place;
	}
	return best;
}

const struct ost_refusal *ost_solve_refusals(const struct ost_solve *solve, size_t *count)
{
	*count = solve->refusals.count;
	return solve->refusals.at;
}

void ost_solve_stats(const struct ost_solve *solve, struct ost_solve_stats *stats)
{
	*stats = (struct ost_solve_stats){
		.close = solve->closely.count,
		.given_up = solve->given_up,
		.steps = solve->steps_given - solve->steps,
		/* a look that doesn't fit the rest ends without having used it up */
		.budget_spent = solve->given_up && solve->steps < 65536,
	};
}
