// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/close_internal.h"

/*
 * What a program keeps for others may be put together in its place: a byte is stored there, and the
 * next instruction clears all of its bits but one. What is overwritten before anything else can run
 * is never seen by others, so it is only known to the rest of its block.
 */

/* Which kind of memory, as in struct passing. */
static uint64_t space_of(const struct ost_memory *memory)
{
	return memory->kind == OST_MEMORY_ARGUMENT ? UINT64_MAX - memory->argument
						   : memory->place.member;
}

static bool same_place(const struct ost_operand *a, const struct ost_operand *b)
{
	return a->kind == b->kind && a->bits == b->bits && a->reg == b->reg &&
	       a->index == b->index && a->scale == b->scale && a->rip == b->rip &&
	       a->thread == b->thread && a->number == b->number;
}

static bool stores(const struct ost_op *op)
{
	switch (op->kind) {
	case OST_DO_MOVE:
	case OST_DO_MOVE_SIGNED:
	case OST_DO_COMPUTE:
	case OST_DO_BIT_SET:
	case OST_DO_NOT:
	case OST_DO_STEP:
	case OST_DO_SET:
		return true;
	default:
		return false;
	}
}

/* Does the block store to what this instruction's first operand names once more, and calls nobody
 * before? */
static bool overwritten(const struct look *look, uint64_t site)
{
	const struct block *block = &look->blocks[look->current];
	const struct ost_operand *place;
	uint16_t registers = 0;
	uint32_t i = block->first;

	while (i < block->end && look->ops[i].site != site)
		i++;
	if (i == block->end || look->ops[i].dst.kind != OST_OPERAND_MEMORY)
		return false;
	place = &look->ops[i].dst;
	if (!place->rip && place->reg != OST_NO_REGISTER)
		registers |= 1u << place->reg;
	if (place->index != OST_NO_REGISTER)
		registers |= 1u << place->index;
	while (++i < block->end && look->ops[i].kind != OST_DO_CALL) {
		if (stores(&look->ops[i]) && same_place(place, &look->ops[i].dst))
			return true;
		if (look->ops[i].clobbers & registers)
			return false;
	}
	return false;
}

static bool meets(const struct passing *passing, const struct ost_memory *memory)
{
	return passing->space == space_of(memory) &&
	       passing->address < memory->place.address + memory->bytes &&
	       memory->place.address < passing->address + passing->bytes;
}

bool close_passing_store(struct look *look, const struct ost_memory *memory, ost_value value)
{
	for (unsigned int i = look->passing_count; i-- > 0;)
		if (meets(&look->passing[i], memory))
			look->passing[i] = look->passing[--look->passing_count];
	if (look->passing_count == PASSING_MAX || !ost_value_tells(look->close->values, value) ||
	    !overwritten(look, memory->site))
		return false;
	look->passing[look->passing_count++] = (struct passing){
		space_of(memory), memory->place.address, value, memory->bytes};
	return true;
}

bool close_passing_load(struct look *look, const struct ost_memory *memory, ost_value *value)
{
	for (unsigned int i = 0; i < look->passing_count; i++) {
		const struct passing *passing = &look->passing[i];

		if (!meets(passing, memory))
			continue;
		*value = passing->address == memory->place.address &&
					 passing->bytes == memory->bytes
				 ? passing->value
				 : OST_VALUE_ANY;
		return true;
	}
	return false;
}
