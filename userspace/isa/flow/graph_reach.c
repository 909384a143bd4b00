// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/graph_state.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

static void alias_add(struct ost_graph *graph, struct ost_place target, struct ost_place place)
{
	if (!ost_graph_grow(graph, (void **)&graph->aliases, graph->alias_count, &graph->alias_room,
			    sizeof(*graph->aliases)))
		return;
	graph->aliases[graph->alias_count++] = (struct graph_alias){target, place};
	graph->aliases_sorted = false;
}

/* Sets the mark; true when it was set before, or the address has none. */
static bool was_seen(struct graph_member *member, uint64_t address)
{
	struct graph_span *span = graph_span_of(member, address);

	if (!span || graph_bit(span->seen, address - span->start))
		return true;
	graph_bit_set(span->seen, address - span->start);
	return false;
}

static void function_visit(struct ost_graph *graph, struct ost_place place, bool apart,
			   bool resolver)
{
	struct ost_function *function =
		apart ? ost_graph_function_from(graph, place) : ost_graph_function(graph, place);

	if (!function)
		return;
	if (resolver)
		function->traits |= OST_TRAIT_RESOLVER;
	if (function->start != place.address &&
	    was_seen(&graph->members[place.member], function->start))
		return;
	if (ost_graph_grow(graph, (void **)&graph->queue, graph->queue_count, &graph->queue_room,
			   sizeof(*graph->queue)))
		graph->queue[graph->queue_count++] = function->index;
}

/* @apart: something calls it or takes its address; a jump may as well go into a function that is
 * known */
static void code_visit(struct ost_graph *graph, struct ost_place place, bool apart, bool resolver)
{
	bool seen = was_seen(&graph->members[place.member], place.address);
	struct ost_target real;

	if (seen && !resolver)
		return;
	real = ost_graph_code(graph, place);
	if (!real.known)
		return;
	resolver |= real.ifunc;
	if (real.place.member == place.member && real.place.address == place.address) {
		if (!seen) {
			function_visit(graph, place, apart, resolver);
			return;
		}
	} else if (!seen) {
		alias_add(graph, real.place, place);
	}
	if (!was_seen(&graph->members[real.place.member], real.place.address)) {
		function_visit(graph, real.place, true, resolver);
	} else if (resolver) {
		struct ost_function *function = ost_graph_function_from(graph, real.place);

		if (function)
			function->traits |= OST_TRAIT_RESOLVER;
	}
}

static void data_visit(struct ost_graph *graph, struct ost_place place)
{
	if (was_seen(&graph->members[place.member], place.address))
		return;
	if (ost_graph_grow(graph, (void **)&graph->data, graph->data_count, &graph->data_room,
			   sizeof(*graph->data)))
		graph->data[graph->data_count++] = place;
}

static void target_visit(struct ost_graph *graph, const struct ost_target *target)
{
	if (!target->known)
		return;
	if (graph_code_of(&graph->members[target->place.member], target->place.address))
		code_visit(graph, target->place, true, target->ifunc);
	else
		data_visit(graph, target->place);
}

/* Code reads one slot. */
static void slot_visit(struct ost_graph *graph, struct ost_place slot)
{
	struct graph_member *member = &graph->members[slot.member];
	struct graph_span *span = graph_span_of(member, slot.address);
	uint64_t bit = span ? (slot.address - span->start) >> 3 : 0;
	struct ost_target target;

	if (!span || !graph_bit(span->slots, bit))
		return;
	/* two slots may share a bit when they aren't aligned: those are looked at every time */
	if (slot.address % 8 == 0) {
		if (graph_bit(span->followed, bit))
			return;
		graph_bit_set(span->followed, bit);
	}
	target = ost_graph_slot(graph, slot);
	if (target.known)
		alias_add(graph, target.place, slot);
	target_visit(graph, &target);
}

/* The next slot that wasn't followed: each step shortens the way of those that come later. */
static size_t next_open(uint32_t *next, size_t i)
{
	while (next[i] != i) {
		next[i] = next[next[i]];
		i = next[i];
	}
	return i;
}

static void relocs_visit(struct ost_graph *graph, struct graph_member *member, uint64_t start,
			 uint64_t end)
{
	const struct ost_object *object = member->object;
	size_t i = next_open(member->next_reloc, ost_object_relocs_from(object, start));

	while (i < object->reloc_count && object->relocs[i].offset < end) {
		struct ost_target target =
			ost_graph_reloc_target(graph, member, &object->relocs[i]);

		member->next_reloc[i] = i + 1;
		target_visit(graph, &target);
		i = next_open(member->next_reloc, i);
	}
}

static void words_visit(struct ost_graph *graph, struct graph_member *member, uint64_t start,
			uint64_t end)
{
	size_t low;

	if (!member->word_count)
		return;
	low = next_open(member->next_word, ost_graph_word_from(member, start));
	while (low < member->word_count && member->words[low] < end) {
		struct ost_place slot = {member->index, member->words[low]};
		struct ost_target target = ost_graph_slot(graph, slot);

		member->next_word[low] = low + 1;
		target_visit(graph, &target);
		low = next_open(member->next_word, low);
	}
}

/* Everything that a variable points to. */
static void object_visit(struct ost_graph *graph, struct ost_place place)
{
	struct graph_member *member = &graph->members[place.member];
	uint64_t end = ost_graph_object_end(graph, place);
	struct ost_place from;

	relocs_visit(graph, member, place.address, end);
	words_visit(graph, member, place.address, end);
	if (ost_graph_copied_from(graph, place, &from))
		data_visit(graph, from);
}

static void anchor(struct graph_member *member, uint64_t address)
{
	struct graph_span *span = graph_span_of(member, address);

	if (span)
		graph_bit_set(span->anchors, address - span->start);
}

static void refs_visit(struct ost_graph *graph, const struct ost_function *function)
{
	struct graph_member *member = &graph->members[function->member];

	for (uint32_t i = 0; i < function->ref_count; i++) {
		const struct ost_ref *ref = &function->refs[i];
		struct ost_place place = {function->member, ref->target};

		switch ((enum ost_ref_kind)ref->kind) {
		case OST_REF_CALL:
		case OST_REF_CODE:
			code_visit(graph, place, true, false);
			break;
		case OST_REF_JUMP:
			code_visit(graph, place, false, false);
			break;
		case OST_REF_DATA:
			anchor(member, ref->target);
			data_visit(graph, place);
			break;
		case OST_REF_LOAD:
		case OST_REF_CALL_SLOT:
			slot_visit(graph, place);
			break;
		}
	}
}

/* Code before data: the more is decoded, the better it is known where a variable ends. */
static void drain(struct ost_graph *graph)
{
	while (!graph->no_memory) {
		if (graph->queue_head < graph->queue_count) {
			struct ost_function *function =
				graph->functions[graph->queue[graph->queue_head++]];

			ost_graph_decode(graph, function);
			refs_visit(graph, function);
		} else if (graph->data_head < graph->data_count) {
			object_visit(graph, graph->data[graph->data_head++]);
		} else {
			return;
		}
	}
}

static void root_visit(void *context, struct ost_place place, bool resolver)
{
	struct ost_graph *graph = context;

	if (graph_code_of(&graph->members[place.member], place.address))
		code_visit(graph, place, true, resolver);
	else
		data_visit(graph, place);
}

/* What new threads get a copy of may hold pointers; nothing refers to it by its address. */
static void thread_data_visit(struct ost_graph *graph, struct graph_member *member)
{
	const struct ost_object *object = member->object;

	relocs_visit(graph, member, object->tls_start, object->tls_start + object->tls_size);
	words_visit(graph, member, object->tls_start, object->tls_start + object->tls_size);
}

int ost_graph_reach(struct ost_graph *graph)
{
	if (graph->reached)
		return graph->no_memory ? -ENOMEM : 0;
	ost_graph_roots(graph, root_visit, graph);
	for (size_t i = 0; i < graph->program->count; i++)
		thread_data_visit(graph, &graph->members[i]);
	drain(graph);
	if (!graph->no_memory)
		ost_graph_no_return_settle(graph);
	graph->reached = true;
	return graph->no_memory ? -ENOMEM : 0;
}
