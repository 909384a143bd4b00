// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/graph_state.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

/* Entries of linkage tables that lead to entries of others, one after the other. */
#define HOPS_MAX 4

static struct ost_target target_at(uint32_t member, uint64_t address, bool ifunc,
				   const char *symbol)
{
	return (struct ost_target){
		.known = true,
		.ifunc = ifunc,
		.place = {member, address},
		.symbol = symbol,
	};
}

static void resolve(struct ost_graph *graph, struct graph_member *member,
		    const struct ost_reloc *reloc, struct graph_resolved *resolved)
{
	const int64_t addend = reloc->type == R_X86_64_64 ? reloc->addend : 0;
	struct ost_definition found;

	if (reloc->symbol && reloc->symbol[0] && !reloc->local &&
	    !ost_program_lookup(graph->program, member->index, reloc->symbol, &found)) {
		*resolved = (struct graph_resolved){
			.address = found.symbol->address + addend,
			.member = found.member,
			.state = GRAPH_KNOWN,
			.ifunc = found.symbol->type == STT_GNU_IFUNC,
		};
	} else if (reloc->defined) {
		*resolved = (struct graph_resolved){
			.address = reloc->defined + addend,
			.member = member->index,
			.state = GRAPH_KNOWN,
			.ifunc = reloc->symbol_type == STT_GNU_IFUNC,
		};
	} else {
		resolved->state = GRAPH_UNKNOWN;
	}
}

static struct ost_target symbol_target(struct ost_graph *graph, struct graph_member *member,
				       const struct ost_reloc *reloc)
{
	const struct ost_object *object = member->object;
	struct graph_resolved *resolved;

	if (!member->resolved) {
		member->resolved = calloc(object->reloc_count, sizeof(*member->resolved));
		if (!member->resolved) {
			graph->no_memory = true;
			return (struct ost_target){.symbol = reloc->symbol};
		}
	}
	resolved = &member->resolved[reloc - object->relocs];
	if (resolved->state == GRAPH_UNASKED)
		resolve(graph, member, reloc, resolved);
	if (resolved->state == GRAPH_UNKNOWN)
		return (struct ost_target){.symbol = reloc->symbol};
	return target_at(resolved->member, resolved->address, resolved->ifunc, reloc->symbol);
}

static const struct graph_copy *copy_around(const struct graph_member *member, uint64_t address)
{
	size_t low = 0, high = member->copy_count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (member->copies[mid].end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == member->copy_count || address < member->copies[low].start ||
	    !member->copies[low].found)
		return NULL;
	return &member->copies[low];
}

bool ost_graph_copied_from(struct ost_graph *graph, struct ost_place place, struct ost_place *from)
{
	const struct graph_copy *copy = copy_around(&graph->members[place.member], place.address);

	if (!copy)
		return false;
	from->member = copy->from.member;
	from->address = copy->from.address + (place.address - copy->start);
	return true;
}

struct ost_target ost_graph_reloc_target(struct ost_graph *graph, struct graph_member *member,
					 const struct ost_reloc *reloc)
{
	switch (reloc->type) {
	case R_X86_64_RELATIVE:
		return target_at(member->index, reloc->addend, false, NULL);
	case R_X86_64_IRELATIVE:
		return target_at(member->index, reloc->addend, true, NULL);
	case R_X86_64_GLOB_DAT:
	case R_X86_64_JUMP_SLOT:
	case R_X86_64_64:
		return symbol_target(graph, member, reloc);
	default:
		return (struct ost_target){.symbol = reloc->symbol};
	}
}

static struct ost_target word_target(struct graph_member *member, uint64_t address)
{
	struct graph_span *span = graph_span_of(member, address);
	uint64_t value;

	if (!member->fixed || address % 8 || span->size < 8 ||
	    address - span->start > span->size - 8)
		return (struct ost_target){0};
	memcpy(&value, span->bytes + (address - span->start), 8);
	return target_at(member->index, value, false, NULL);
}

struct ost_target ost_graph_slot(struct ost_graph *graph, struct ost_place slot)
{
	struct graph_member *member;
	const struct ost_reloc *reloc;
	struct ost_place from;

	if (slot.member >= graph->program->count)
		return (struct ost_target){0};
	member = &graph->members[slot.member];
	if (member->copy_count && ost_graph_copied_from(graph, slot, &from)) {
		/* once only: a library that itself is copied into would be a loop */
		slot = from;
		member = &graph->members[slot.member];
	}
	if (!ost_graph_is_slot(member, slot.address))
		return (struct ost_target){0};
	reloc = ost_object_reloc(member->object, slot.address);
	return reloc ? ost_graph_reloc_target(graph, member, reloc)
		     : word_target(member, slot.address);
}

/*
 * The slot through which an entry of a procedure linkage table jumps, with or without endbr64, a
 * bnd prefix, and mold's "mov index, %r11d" in front; 0 when this is something else.
 */
static uint64_t linkage_slot(struct graph_member *member, uint64_t address)
{
	struct graph_code *code = graph_code_of(member, address);
	const uint8_t *start, *p;
	int32_t distance;

	if (!code || code->readable - (address - code->start) < 18)
		return 0;
	start = code->bytes + (address - code->start);
	p = start;
	if (p[0] == 0xf3 && p[1] == 0x0f && p[2] == 0x1e && p[3] == 0xfa)
		p += 4;
	if (p[0] == 0x41 && p[1] == 0xbb)
		p += 6;
	if (p[0] == 0xf2)
		p++;
	if (p[0] != 0xff || p[1] != 0x25)
		return 0;
	memcpy(&distance, p + 2, 4);
	return address + (p + 6 - start) + (int64_t)distance;
}

/* Only the linker's own slots: a function that jumps through a variable is a function. */
static const struct ost_reloc *linkage_reloc(struct graph_member *member, uint64_t slot)
{
	const struct ost_reloc *reloc;

	if (!ost_graph_is_slot(member, slot))
		return NULL;
	reloc = ost_object_reloc(member->object, slot);
	if (reloc && (reloc->type == R_X86_64_JUMP_SLOT || reloc->type == R_X86_64_GLOB_DAT ||
		      reloc->type == R_X86_64_IRELATIVE))
		return reloc;
	return NULL;
}

struct ost_target ost_graph_code(struct ost_graph *graph, struct ost_place place)
{
	struct ost_target target = target_at(place.member, place.address, false, NULL);

	if (place.member >= graph->program->count)
		return (struct ost_target){0};
	for (int hop = 0; hop < HOPS_MAX && target.known && !target.ifunc; hop++) {
		struct graph_member *member = &graph->members[target.place.member];
		uint64_t slot = linkage_slot(member, target.place.address);
		const struct ost_reloc *reloc = slot ? linkage_reloc(member, slot) : NULL;

		if (!reloc)
			break;
		target = ost_graph_reloc_target(graph, member, reloc);
	}
	if (target.known &&
	    !graph_code_of(&graph->members[target.place.member], target.place.address))
		target.known = false;
	return target;
}

bool ost_graph_is_code(struct ost_graph *graph, struct ost_place place)
{
	return place.member < graph->program->count &&
	       graph_code_of(&graph->members[place.member], place.address);
}

/* struct telling - of the slots of a variable; @shift: how far they are from those that tell of
 * them */
struct telling {
	struct ost_graph *graph;
	uint32_t member;
	uint64_t shift;
	void (*each)(void *context, struct ost_place slot, const struct ost_target *target);
	void *context;
};

static void slots_tell(const struct telling *telling, struct graph_member *member, uint64_t start,
		       uint64_t end)
{
	const struct ost_object *object = member->object;

	for (size_t i = ost_object_relocs_from(object, start);
	     i < object->reloc_count && object->relocs[i].offset < end; i++) {
		const struct ost_reloc *reloc = &object->relocs[i];
		struct ost_place slot = {telling->member, reloc->offset + telling->shift};
		struct ost_target target;

		if (reloc->type == R_X86_64_COPY)
			continue;
		target = ost_graph_reloc_target(telling->graph, member, reloc);
		if (target.known || target.symbol)
			telling->each(telling->context, slot, &target);
	}
	for (size_t i = ost_graph_word_from(member, start);
	     i < member->word_count && member->words[i] < end; i++) {
		struct ost_place slot = {telling->member, member->words[i] + telling->shift};
		struct ost_target target = word_target(member, member->words[i]);

		if (target.known)
			telling->each(telling->context, slot, &target);
	}
}

size_t ost_graph_word_from(const struct graph_member *member, uint64_t address)
{
	size_t low = 0, high = member->word_count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (member->words[mid] < address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void ost_graph_pointers(struct ost_graph *graph, struct ost_place from, uint64_t end,
			void (*each)(void *context, struct ost_place slot,
				     const struct ost_target *target),
			void *context)
{
	struct telling telling = {
		.graph = graph,
		.member = from.member,
		.each = each,
		.context = context,
	};
	struct graph_member *member;

	if (from.member >= graph->program->count || end <= from.address)
		return;
	member = &graph->members[from.member];
	slots_tell(&telling, member, from.address, end);
	for (size_t i = 0; i < member->copy_count; i++) {
		const struct graph_copy *copy = &member->copies[i];
		uint64_t start = from.address > copy->start ? from.address : copy->start;
		uint64_t stop = end < copy->end ? end : copy->end;
		uint64_t source = copy->from.address;

		if (!copy->found || start >= stop)
			continue;
		telling.shift = copy->start - source;
		slots_tell(&telling, &graph->members[copy->from.member],
			   source + (start - copy->start), source + (stop - copy->start));
	}
}
