// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "isa/flow/close_internal.h"

/*
 * A switch that a compiler makes a table of jumps of: by a number that tells of the processor, each
 * way is taken under the condition that it is this number. An entry is an address, or how far from
 * the table it is.
 */

/** Entries of a table that are told apart. */
#define CHOICES_MAX 256

void close_choose(struct look *look, const struct address *address, struct ost_place table,
		  unsigned int bytes)
{
	/* the number may be multiplied before */
	if ((address->scale != bytes && address->scale != 1) || (bytes != 4 && bytes != 8) ||
	    !ost_value_tells(look->close->values, address->index))
		return;
	look->choice = (struct choice){address->index, table, bytes, bytes / address->scale};
}

static bool entry(const struct look *look, unsigned int at, uint64_t *target)
{
	const struct ost_program *program = ost_graph_program(look->close->graph);
	const struct choice *choice = &look->choice;
	struct ost_place place = {choice->table.member,
				  choice->table.address + (uint64_t)at * choice->bytes};
	const struct ost_object *object = program->members[place.member].object;
	const struct ost_segment *segment = ost_object_segment(object, place.address);
	int32_t distance;
	const uint8_t *bytes;
	size_t left = 0;

	if (place.member != look->function->member || !segment || (segment->write && !segment->relro))
		return false;
	if (choice->bytes == 8) {
		struct ost_target slot = ost_graph_slot(look->close->graph, place);

		if (slot.known && !slot.ifunc && slot.place.member == place.member) {
			*target = slot.place.address;
			return true;
		}
	}
	bytes = ost_object_at(object, place.address, &left);
	if (!bytes || left < choice->bytes)
		return false;
	if (choice->bytes == 8) {
		memcpy(target, bytes, 8);
	} else {
		memcpy(&distance, bytes, 4);
		*target = choice->table.address + (int64_t)distance;
	}
	return true;
}

bool close_choice(const struct look *look, unsigned int at, uint32_t *block, ost_cond *cond)
{
	struct ost_values *values = look->close->values;
	struct ost_flags flags = {
		.a = look->choice.index,
		.kind = OST_FLAGS_COMPARE,
		.bits = 64,
	};
	uint64_t target;
	ost_cond other;

	if (flags.a == OST_VALUE_ANY || at >= CHOICES_MAX || !entry(look, at, &target))
		return false;
	*block = close_block_at(look, target);
	if (*block == NO_BLOCK || !*block)
		return false;
	flags.b = ost_value_number(values, (uint64_t)at * look->choice.step);
	/* 4: equal */
	ost_value_test(values, &flags, 4, cond, &other);
	return true;
}
