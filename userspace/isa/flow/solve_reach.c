// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isa/flow/solve_internal.h"
#include "isa/flow/solve_seen.h"

#define ROOT UINT32_MAX

struct job {
	uint32_t function;
	uint8_t tier;
};

struct reach {
	struct ost_solve *solve;
	LIST(struct job) jobs;
	size_t head;
	uint8_t *queued; /* per function, one bit a tier */
	struct seen seen;
	uint32_t root_member; /* whose roots are entered */
	ost_cond root_cond;   /* what is known where they run */
	bool read_elsewhere;
};

/* where an edge comes from */
struct origin {
	uint32_t from;
	uint64_t site;
	ost_cond cond;
	char how;
};

static bool make_room(struct reach *reach, uint32_t index)
{
	struct ost_solve *solve = reach->solve;
	size_t room = solve->reached_room;
	uint8_t *queued;

	if (index < room)
		return true;
	room = 2ull * index + 1024;
	for (unsigned int tier = 0; tier < OST_TIERS; tier++) {
		struct ost_reached *more = realloc(solve->reached[tier], room * sizeof(*more));

		if (!more)
			return false;
		solve->reached[tier] = more;
		for (size_t i = solve->reached_room; i < room; i++)
			more[i] = (struct ost_reached){.cond = OST_COND_ALL, .from = ROOT};
	}
	queued = realloc(reach->queued, room);
	if (!queued)
		return false;
	for (size_t i = solve->reached_room; i < room; i++)
		queued[i] = 0;
	reach->queued = queued;
	solve->reached_room = room;
	return true;
}

static void enter_tier(struct reach *reach, uint32_t index, unsigned int tier,
		       const struct origin *origin)
{
	struct ost_solve *solve = reach->solve;
	struct ost_reached *reached = &solve->reached[tier][index];
	ost_cond cond = ost_cond_either(solve->conds, reached->cond, origin->cond);
	struct job *job;

	if (cond == reached->cond)
		return;
	*reached = (struct ost_reached){cond, origin->from, origin->site, origin->how};
	if (reach->queued[index] >> tier & 1)
		return;
	job = MORE(solve, &reach->jobs);
	if (!job)
		return;
	*job = (struct job){index, tier};
	reach->queued[index] |= 1u << tier;
}

static void enter(struct reach *reach, struct ost_place place, unsigned int tier,
		  const struct origin *origin)
{
	struct ost_solve *solve = reach->solve;
	struct ost_target target = ost_graph_code(solve->graph, place);
	struct ost_function *function;

	if (origin->cond == OST_COND_ALL || !target.known)
		return;
	function = ost_graph_function(solve->graph, target.place);
	if (!function || !make_room(reach, function->index))
		return;
	if (target.ifunc)
		function->traits |= OST_TRAIT_RESOLVER;
	for (; tier < OST_TIERS; tier++)
		enter_tier(reach, function->index, tier, origin);
}

static bool is_code(const struct reach *reach, struct ost_place place)
{
	return ost_graph_is_code(reach->solve->graph, place);
}

/* a variable whose pointers are to be followed, and what is known at all places that lead to it */
struct variable {
	struct ost_place place;
	ost_cond cond;
};

/* pointers that are being followed */
struct visit {
	struct reach *reach;
	struct origin via; /* with the condition of the variable whose turn it is */
	LIST(struct variable) todo;
};

/* Asked before it waits for its turn: there may be very many pointers to one. */
static void visit_variable(struct visit *visit, struct ost_place place)
{
	struct ost_solve *solve = visit->reach->solve;
	ost_cond cond = visit->via.cond;
	struct variable *more;

	if (!seen_variable(&visit->reach->seen, solve->conds, place, &cond, &solve->failed))
		return;
	more = MORE(solve, &visit->todo);
	if (more)
		*more = (struct variable){place, cond};
}

static void visit_pointer(void *context, struct ost_place slot, const struct ost_target *target)
{
	struct visit *visit = context;

	(void)slot;
	if (!target->known)
		return;
	if (is_code(visit->reach, target->place))
		enter(visit->reach, target->place, OST_TIER_PROBABLE, &visit->via);
	else
		visit_variable(visit, target->place);
}

static void visit_pointers(struct visit *visit, struct ost_place place)
{
	struct ost_solve *solve = visit->reach->solve;
	uint64_t end = ost_graph_object_end(solve->graph, place);

	end = seen_until(&visit->reach->seen, place, end, visit->via.cond, &solve->failed);
	ost_graph_pointers(solve->graph, place, end, visit_pointer, visit);
}

/* the functions of a class of which code makes an object */
struct class
{
	struct reach *reach;
	struct origin via;
	unsigned int tier;
};

static void visit_virtual(void *context, struct ost_place slot, const struct ost_target *target)
{
	const struct class *class = context;

	(void)slot;
	if (target->known && is_code(class->reach, target->place))
		enter(class->reach, target->place, class->tier, &class->via);
}

static void enter_virtual(struct reach *reach, struct ost_place place, unsigned int tier,
			  const struct origin *origin)
{
	struct class class = {reach, *origin, tier};
	uint64_t end;

	class.via.how = 'v';
	if (ost_graph_virtual(reach->solve->graph, &place, &end))
		ost_graph_pointers(reach->solve->graph, place, end, visit_virtual, &class);
}

/*
 * All that the pointers in a variable lead to, and those in variables that they point to. Tables
 * may be there for others; whoever takes the address of a virtual one has its functions called.
 */
static void enter_data(struct reach *reach, struct ost_place first, unsigned int tier,
		       const struct origin *origin)
{
	struct visit visit = {.reach = reach, .via = *origin};

	if (origin->cond == OST_COND_ALL)
		return;
	if (tier < OST_TIER_PROBABLE)
		enter_virtual(reach, first, tier, origin);
	visit.via.how = 'd';
	visit_variable(&visit, first);
	while (visit.todo.count) {
		struct variable next = visit.todo.at[--visit.todo.count];

		visit.via.cond = next.cond;
		visit_pointers(&visit, next.place);
	}
	free(visit.todo.at);
}

static void follow_slot(struct reach *reach, struct ost_place slot, unsigned int tier,
			const struct origin *origin)
{
	struct ost_target target = ost_graph_slot(reach->solve->graph, slot);

	if (!target.known)
		return;
	if (is_code(reach, target.place))
		enter(reach, target.place, tier, origin);
	else
		enter_data(reach, target.place, tier, origin);
}

/* Is an address, or what a slot holds, only compared there? Who asks which function was chosen calls
 * none. */
static bool only_compares(const struct reach *reach, const struct ost_function *function,
			  uint64_t site)
{
	const struct ost_object *object = reach->solve->program->members[function->member].object;
	struct ost_quick insn;
	size_t left;
	const uint8_t *bytes = ost_object_at(object, site, &left);

	if (!bytes || left < OST_QUICK_PAD || !ost_quick_decode(bytes, &insn) ||
	    insn.map != OST_MAP_1BYTE)
		return false;
	return insn.opcode == 0x39 || insn.opcode == 0x3b || insn.opcode == 0x3d ||
	       (insn.opcode == 0x81 && (insn.modrm >> 3 & 7) == 7);
}

/* A function that was not looked at: all that it refers to, whenever it runs. */
static void follow_refs(struct reach *reach, const struct ost_function *function, unsigned int tier,
			ost_cond cond)
{
	bool resolver = function->traits & OST_TRAIT_RESOLVER;

	for (uint32_t i = 0; i < function->ref_count; i++) {
		const struct ost_ref *ref = &function->refs[i];
		struct ost_place to = {function->member, ref->target};
		struct origin origin = {function->index, ref->site, cond, 'c'};

		switch (ref->kind) {
		case OST_REF_CALL:
			enter(reach, to, tier, &origin);
			break;
		case OST_REF_JUMP:
			origin.how = 'j';
			enter(reach, to, tier, &origin);
			break;
		case OST_REF_CODE:
			/* candidates, one of which it chooses in a way that isn't understood */
			origin.how = 'a';
			if (!resolver && !only_compares(reach, function, ref->site))
				enter(reach, to, tier, &origin);
			break;
		case OST_REF_DATA:
			enter_data(reach, to, tier, &origin);
			break;
		default:
			if ((!resolver || ref->kind == OST_REF_CALL_SLOT) &&
			    !only_compares(reach, function, ref->site))
				follow_slot(reach, to, tier, &origin);
		}
	}
}

static void follow_edges(struct reach *reach, const struct closely *closely, unsigned int tier,
			 ost_cond cond)
{
	static const char how[] = {
		[OST_EDGE_CALL] = 'c', [OST_EDGE_JUMP] = 'j',	  [OST_EDGE_ADDRESS] = 'a',
		[OST_EDGE_DATA] = 'd', [OST_EDGE_RESOLVED] = 'i',
	};

	for (size_t i = 0; i < closely->edges.count; i++) {
		const struct edge *edge = &closely->edges.at[i];
		struct origin origin = {
			closely->function->index,
			edge->site,
			ost_cond_both(reach->solve->conds, cond, edge->cond),
			how[edge->how],
		};

		if (edge->how == OST_EDGE_DATA)
			enter_data(reach, edge->to, tier, &origin);
		else
			enter(reach, edge->to, tier, &origin);
	}
}

static void follow(struct reach *reach, const struct job *job)
{
	struct ost_function *function = ost_graph_get(reach->solve->graph, job->function);
	ost_cond cond = reach->solve->reached[job->tier][job->function].cond;
	const struct closely *closely = solve_find(reach->solve, function);

	ost_graph_decode(reach->solve->graph, function);
	if (closely && !closely->failed)
		follow_edges(reach, closely, job->tier, cond);
	else
		follow_refs(reach, function, job->tier, cond);
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void see_reader(void *context, struct ost_function *function, const struct ost_ref *ref)
{
	struct reach *reach = context;
	const struct closely *closely = solve_find(reach->solve, function);

	(void)ref;
	/* who isn't looked at closely may load it at any time */
	if (!closely || closely->failed)
		reach->read_elsewhere = true;
}

/* What is known whenever an object is there: of one that is loaded at run time, what is where all
 * of those are that load it. */
static ost_cond present_under(struct reach *reach, uint32_t member)
{
	const struct ost_solve *solve = reach->solve;
	const struct ost_member *group =
		&solve->program->members[solve->program->members[member].group];
	ost_cond cond = OST_COND_ALL;

	if (!solve->program->members[member].group)
		return OST_COND_NONE;
	reach->read_elsewhere = false;
	for (size_t i = 0; i < solve->opened.count; i++) {
		struct ost_place name = solve->opened.at[i].name;
		size_t left;
		const char *text = (const char *)ost_object_at(
			solve->program->members[name.member].object, name.address, &left);

		if (!text || !memchr(text, 0, left) ||
		    strcmp(base_name(text), base_name(group->object->path)) != 0)
			continue;
		cond = ost_cond_either(solve->conds, cond, solve->opened.at[i].cond);
		ost_graph_readers(solve->graph, name, 1, see_reader, reach);
	}
	return cond == OST_COND_ALL || reach->read_elsewhere ? OST_COND_NONE : cond;
}

static void root(void *context, struct ost_place place, bool resolver)
{
	struct reach *reach = context;
	struct origin origin = {ROOT, 0, OST_COND_NONE, resolver ? 'i' : 'r'};

	/* asked once for each object: they come in order */
	if (reach->root_member != place.member) {
		reach->root_member = place.member;
		reach->root_cond = present_under(reach, place.member);
	}
	origin.cond = reach->root_cond;
	if (is_code(context, place))
		enter(context, place, OST_TIER_CERTAIN, &origin);
	else
		enter_data(context, place, OST_TIER_PROBABLE, &origin);
}

int solve_reach(struct ost_solve *solve)
{
	struct reach reach = {.solve = solve, .root_member = UINT32_MAX};

	make_room(&reach, ost_graph_count(solve->graph));
	ost_graph_roots(solve->graph, root, &reach);
	while (reach.head < reach.jobs.count) {
		struct job job = reach.jobs.at[reach.head++];

		reach.queued[job.function] &= ~(1u << job.tier);
		follow(&reach, &job);
	}
	free(reach.jobs.at);
	free(reach.queued);
	seen_free(&reach.seen);
	return solve->failed ? -ENOMEM : 0;
}

struct ost_reached ost_solve_reached(const struct ost_solve *solve,
				     const struct ost_function *function, enum ost_tier tier)
{
	if (function->index >= solve->reached_room)
		return (struct ost_reached){.cond = OST_COND_ALL, .from = ROOT};
	return solve->reached[tier][function->index];
}

ost_cond ost_solve_at(const struct ost_solve *solve, const struct ost_function *function,
		      uint64_t site, enum ost_tier tier)
{
	const struct closely *closely = solve_find(solve, function);
	ost_cond cond = ost_solve_reached(solve, function, tier).cond;
	size_t low = 0, high = closely ? closely->spans.count : 0;

	if (!closely || closely->failed || cond == OST_COND_ALL)
		return cond;
	/* told in the order of their addresses */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct span *span = &closely->spans.at[middle];

		if (site >= span->start && site < span->end)
			return ost_cond_both(solve->conds, cond, span->cond);
		if (site < span->start)
			high = middle;
		else
			low = middle + 1;
	}
	return OST_COND_ALL;
}
