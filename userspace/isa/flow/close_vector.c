// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "isa/flow/close_internal.h"

/* Structs of flags are copied and masked through vector registers, so their halves are followed. */

static ost_value zero(struct look *look)
{
	return ost_value_number(look->close->values, 0);
}

/* Where the high half of a memory operand is. */
static struct address next_half(struct look *look, struct address address)
{
	address.value = ost_value_compute(look->close->values, OST_OP_ADD, address.value,
					  ost_value_number(look->close->values, 8), 64);
	address.distance += 8;
	return address;
}

static void read_halves(struct look *look, struct state *state, const struct ost_op *op,
			const struct ost_operand *operand, ost_value half[2])
{
	struct address address;

	half[0] = half[1] = OST_VALUE_ANY;
	switch (operand->kind) {
	case OST_OPERAND_VECTOR:
		memcpy(half, state->vector[operand->reg], 2 * sizeof(*half));
		return;
	case OST_OPERAND_NUMBER:
		half[0] = half[1] = ost_value_number(look->close->values, operand->number);
		return;
	case OST_OPERAND_REGISTER:
		half[0] = close_read(look, state, op->site, operand, operand->bits);
		half[1] = zero(look);
		return;
	case OST_OPERAND_MEMORY:
		address = close_address(look, state, operand);
		half[0] = close_load(look, state, op->site, &address,
				     operand->bits < 64 ? operand->bits / 8 : 8);
		half[1] = zero(look);
		if (operand->bits != 128)
			return;
		address = next_half(look, address);
		half[1] = close_load(look, state, op->site, &address, 8);
	}
}

/* Addresses that get where they aren't followed are taken to go where they may be called from. */
static void give_away(struct look *look, struct state *state, const struct ost_op *op,
		      const ost_value half[2])
{
	close_escape(look, state, op->site, half[0], OST_EDGE_ADDRESS);
	close_escape(look, state, op->site, half[1], OST_EDGE_ADDRESS);
}

static void move(struct look *look, struct state *state, const struct ost_op *op)
{
	ost_value half[2];
	struct address address;

	read_halves(look, state, op, &op->src, half);
	switch (op->dst.kind) {
	case OST_OPERAND_VECTOR:
		memcpy(state->vector[op->dst.reg], half, sizeof(half));
		return;
	case OST_OPERAND_REGISTER:
		close_write(look, state, op->site, &op->dst,
			    ost_value_cut(look->close->values, half[0], 0, op->dst.bits));
		return;
	case OST_OPERAND_MEMORY:
		address = close_address(look, state, &op->dst);
		if (op->dst.bits < 64) {
			close_store(look, state, op->site, &address, op->dst.bits / 8,
				    ost_value_cut(look->close->values, half[0], 0, op->dst.bits));
			return;
		}
		close_store(look, state, op->site, &address, 8, half[0]);
		if (op->dst.bits != 128)
			return;
		address = next_half(look, address);
		close_store(look, state, op->site, &address, 8, half[1]);
	}
}

static void compute(struct look *look, struct state *state, const struct ost_op *op)
{
	ost_value *into = state->vector[op->dst.reg], half[2];

	read_halves(look, state, op, &op->src, half);
	give_away(look, state, op, half);
	give_away(look, state, op, into);
	for (unsigned int i = 0; i < 2; i++)
		into[i] = ost_value_compute(look->close->values, op->compute, into[i], half[i], 64);
}

/* Four registers become one vector that way, to be stored at once: what CPUID returned, too. */
static void mix(struct look *look, struct state *state, const struct ost_op *op)
{
	struct ost_values *values = look->close->values;
	ost_value *into = state->vector[op->dst.reg], half[2], low = into[0];

	read_halves(look, state, op, &op->src, half);
	give_away(look, state, op, half);
	give_away(look, state, op, into);
	for (unsigned int i = 0; i < 2; i++)
		into[i] = ost_value_paste(values, ost_value_cut(values, low, 32 * i, 32),
					  ost_value_cut(values, half[0], 32 * i, 32), 32, 32);
}

/* Only of variables and the stack is it known what they hold, and that it is an address. */
static bool may_hold_address(const struct look *look, const struct address *address)
{
	const struct ost_alt *alts;
	unsigned int count;

	alts = ost_value_alts(look->close->values, address->value, &count);
	for (unsigned int i = 0; i < count; i++)
		if (alts[i].kind == OST_ALT_ADDRESS || alts[i].kind == OST_ALT_STACK)
			return true;
	return false;
}

void close_vector(struct look *look, struct state *state, const struct ost_op *op)
{
	ost_value half[2];

	switch (op->kind) {
	case OST_DO_VECTOR_MOVE:
		move(look, state, op);
		return;
	case OST_DO_VECTOR_COMPUTE:
		compute(look, state, op);
		return;
	case OST_DO_VECTOR_JOIN:
		read_halves(look, state, op, &op->src, half);
		state->vector[op->dst.reg][1] = half[0];
		return;
	case OST_DO_VECTOR_MIX:
		mix(look, state, op);
		return;
	default:
		/* wide loads may copy tables of pointers */
		if (op->src.kind == OST_OPERAND_MEMORY && op->bytes >= 8 && op->bytes <= 64) {
			struct address address = close_address(look, state, &op->src);

			for (unsigned int i = 0;
			     i + 8 <= op->bytes && may_hold_address(look, &address); i += 8) {
				close_escape(look, state, op->site,
					     close_load(look, state, op->site, &address, 8),
					     OST_EDGE_ADDRESS);
				address = next_half(look, address);
			}
		}
		for (unsigned int left = op->vectors; left; left &= left - 1)
			give_away(look, state, op, state->vector[__builtin_ctz(left)]);
		if (op->vector_dst != OST_NO_REGISTER)
			state->vector[op->vector_dst][0] = state->vector[op->vector_dst][1] =
				OST_VALUE_ANY;
	}
}
