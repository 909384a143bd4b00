// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <string.h>

#include "isa/flow/graph.h"

/*
 * Virtual tables, as the C++ ABI for Itanium lays them out: the distance to the start of the whole
 * object, a pointer to the class's type information, and from there on, where objects point to,
 * functions. Type information is an object itself, of one of the classes in __cxxabiv1.
 */

#define TYPE_CLASSES "_ZTVN10__cxxabiv1"
#define TABLE	     "_ZTV"

static bool begins(const char *name, const char *with)
{
	return name && !strncmp(name, with, strlen(with));
}

static struct ost_target slot_at(struct ost_graph *graph, struct ost_place place, int64_t distance)
{
	place.address += distance;
	return ost_graph_slot(graph, place);
}

static bool same(const struct ost_target *a, const struct ost_target *b)
{
	return a->known && b->known && a->place.member == b->place.member &&
	       a->place.address == b->place.address;
}

/*
 * Without names: the type information of a class of type information is of __si_class_type_info,
 * and so is that class's own, which thereby points to a table that points back to it.
 */
static bool is_type(struct ost_graph *graph, const struct ost_target *type)
{
	struct ost_target table, class, classes, own, again;

	if (!type->known)
		return false;
	table = slot_at(graph, type->place, 0);
	if (begins(table.symbol, TYPE_CLASSES))
		return true;
	if (!table.known)
		return false;
	class = slot_at(graph, table.place, -8);
	if (!class.known)
		return false;
	classes = slot_at(graph, class.place, 0);
	if (!classes.known)
		return false;
	own = slot_at(graph, classes.place, -8);
	if (!own.known)
		return false;
	again = slot_at(graph, own.place, 0);
	return same(&again, &classes);
}

static bool has_code(struct ost_graph *graph, struct ost_place place, int64_t distance)
{
	struct ost_target target = slot_at(graph, place, distance);

	/* what a class leaves to those derived from it is in a library that may be missing */
	return target.known ? ost_graph_is_code(graph, target.place) : target.symbol != NULL;
}

static uint64_t run_end(struct ost_graph *graph, struct ost_place place)
{
	uint64_t end = ost_graph_object_end(graph, place);
	uint64_t at = 0;

	while (place.address + at + 8 <= end && has_code(graph, place, at))
		at += 8;
	return place.address + at;
}

bool ost_graph_virtual(struct ost_graph *graph, struct ost_place *place, uint64_t *end)
{
	const struct ost_program *program = ost_graph_program(graph);
	const bool inside = has_code(graph, *place, 0);
	const struct ost_symbol *symbol;
	struct ost_target type;

	if (place->member >= program->count || (!inside && !has_code(graph, *place, 16)))
		return false;
	type = slot_at(graph, *place, inside ? -8 : 8);
	symbol = ost_object_symbol(program->members[place->member].object, place->address);
	if (symbol && symbol->type == STT_OBJECT && begins(symbol->name, TABLE) &&
	    place->address - symbol->address < symbol->size) {
		*end = symbol->address + symbol->size;
		return true;
	}
	if (!begins(type.symbol, "_ZTI") && !is_type(graph, &type))
		return false;
	if (!inside)
		place->address += 16;
	*end = run_end(graph, *place);
	return true;
}
