// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/graph_state.h"

#include <elf.h>
#include <string.h>

/* struct tell - whom to tell of roots */
struct tell {
	struct ost_graph *graph;
	void (*each)(void *context, struct ost_place place, bool resolver);
	void *context;
};

static void tell(const struct tell *tell, uint32_t member, uint64_t address, bool resolver)
{
	tell->each(tell->context, (struct ost_place){member, address}, resolver);
}

/* At fixed addresses what stands in an array is run, whether it looks like a function's start or
 * not. */
static struct ost_target array_entry(const struct tell *to, struct ost_place slot,
				     const uint8_t *bytes, size_t left)
{
	struct graph_member *member = &to->graph->members[slot.member];
	struct ost_target target = ost_graph_slot(to->graph, slot);

	if (target.known || !member->fixed || left < 8)
		return target;
	target.place.member = slot.member;
	memcpy(&target.place.address, bytes, 8);
	target.known = graph_code_of(member, target.place.address) != NULL;
	return target;
}

static void arrays(const struct tell *to, uint32_t member)
{
	const struct ost_object *object = to->graph->program->members[member].object;

	for (size_t i = 0; i < object->array_count; i++) {
		for (uint64_t at = object->arrays[i].start; at < object->arrays[i].end; at += 8) {
			size_t left = 0;
			const uint8_t *bytes = ost_object_at(object, at, &left);
			struct ost_target target;

			/* a hostile array has no end, but the file has */
			if (!bytes)
				break;
			target = array_entry(to, (struct ost_place){member, at}, bytes, left);
			if (target.known)
				to->each(to->context, target.place, target.ifunc);
		}
	}
}

/* What the loader calls while it relocates, to choose among functions. */
static void resolvers(const struct tell *to, uint32_t member)
{
	struct graph_member *owner = &to->graph->members[member];
	const struct ost_object *object = owner->object;

	for (size_t i = 0; i < object->reloc_count; i++) {
		const struct ost_reloc *reloc = &object->relocs[i];
		struct ost_target target;

		if (reloc->type != R_X86_64_IRELATIVE && reloc->type != R_X86_64_GLOB_DAT &&
		    reloc->type != R_X86_64_JUMP_SLOT && reloc->type != R_X86_64_64)
			continue;
		target = ost_graph_reloc_target(to->graph, owner, reloc);
		if (target.known && target.ifunc)
			to->each(to->context, target.place, true);
	}
}

static void visible(const struct tell *to, uint32_t member)
{
	const struct ost_object *object = to->graph->program->members[member].object;

	for (size_t i = 0; i < object->symbol_count; i++) {
		const struct ost_symbol *symbol = &object->symbols[i];

		if (symbol->dynamic && symbol->bind != STB_LOCAL && symbol->type != STT_TLS)
			tell(to, member, symbol->address, symbol->type == STT_GNU_IFUNC);
	}
}

/* A position-independent executable has no name for others to ask for, and it has an entry. */
static bool is_library(const struct ost_object *object)
{
	if (!object->shared)
		return false;
	if (object->soname || !object->entry)
		return true;
	return !object->has_interpreter && object->needed_count;
}

void ost_graph_roots(struct ost_graph *graph,
		     void (*each)(void *context, struct ost_place place, bool resolver),
		     void *context)
{
	const struct ost_program *program = graph->program;
	const struct tell to = {graph, each, context};

	for (uint32_t i = 0; i < program->count; i++) {
		const struct ost_object *object = program->members[i].object;
		enum ost_how how = program->members[i].how;

		if (object->entry && (how == OST_HOW_MAIN || how == OST_HOW_INTERPRETER))
			tell(&to, i, object->entry, false);
		for (size_t r = 0; r < object->root_count; r++)
			tell(&to, i, object->roots[r], false);
		arrays(&to, i);
		resolvers(&to, i);
		if (how == OST_HOW_DLOPEN || (how == OST_HOW_MAIN && is_library(object)))
			visible(&to, i);
	}
}
