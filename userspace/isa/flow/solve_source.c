// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "isa/flow/solve_internal.h"

/* Where the close look begins: functions that ask the processor, and those that know what they ask
 * for. */

struct callers {
	struct ost_solve *solve;
	const struct ost_function *function;
};

/* CPUID is wrapped for one's own use; who calls from another object wants something else. */
static void want_own_caller(void *context, struct ost_function *caller, const struct ost_ref *ref)
{
	const struct callers *callers = context;

	(void)ref;
	if (caller->member == callers->function->member)
		solve_want(callers->solve, caller);
}

static void want_by_pointer(void *context, struct ost_place slot, const struct ost_target *target)
{
	struct callers *callers = context;

	if (target->known && target->place.member == callers->function->member &&
	    target->place.address == callers->function->start)
		ost_graph_readers(callers->solve->graph, slot, 8, want_own_caller, callers);
}

static void want_by_pointers_of(struct callers *callers, uint32_t member)
{
	const struct ost_object *object = callers->solve->program->members[member].object;

	for (size_t i = 0; i < object->segment_count; i++) {
		const struct ost_segment *segment = &object->segments[i];
		struct ost_place from = {member, segment->start};

		if (segment->write)
			ost_graph_pointers(callers->solve->graph, from, segment->end,
					   want_by_pointer, callers);
	}
}

/*
 * A wrapper that is called through a variable, so that it can be replaced; the program itself may
 * hold the library's variable.
 */
static void want_by_pointers(struct callers *callers)
{
	want_by_pointers_of(callers, callers->function->member);
	if (callers->function->member)
		want_by_pointers_of(callers, 0);
}

/* Is there a feature's name in what it refers to? It may look for it in /proc/cpuinfo. */
static bool names_feature(const struct ost_solve *solve, const struct ost_function *function)
{
	const struct ost_object *object = solve->program->members[function->member].object;

	for (uint32_t i = 0; i < function->ref_count; i++)
		if (function->refs[i].kind == OST_REF_DATA &&
		    ost_close_named(object, function->refs[i].target))
			return true;
	return false;
}

/* Who says where to go on and then runs what not every processor has may try it. */
static void want_try(void *context, struct ost_function *caller, const struct ost_ref *ref)
{
	(void)ref;
	if (caller->use_count)
		solve_want(context, caller);
}

void solve_want_sources(struct ost_solve *solve)
{
	for (size_t i = 0; i < ost_graph_count(solve->graph); i++) {
		struct ost_function *function = ost_graph_get(solve->graph, i);

		if (function->decoded &&
		    function->traits & (OST_TRAIT_CPUID | OST_TRAIT_XGETBV | OST_TRAIT_RESOLVER))
			solve_want(solve, function);
		/* what it is asked for, its callers know */
		if (function->decoded && ost_close_followed(function)) {
			struct callers callers = {solve, function};

			ost_graph_callers(solve->graph, function, want_own_caller, &callers);
			want_by_pointers(&callers);
		}
		if (function->decoded && names_feature(solve, function))
			solve_want(solve, function);
		if (function->name && strstr(function->name, "getauxval"))
			ost_graph_callers(solve->graph, function, solve_want_referrer, solve);
		if (function->name && ost_close_sets_jump(function->name))
			ost_graph_callers(solve->graph, function, want_try, solve);
	}
}
