// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "isa/flow/close_internal.h"

static struct ost_flags flags_of(enum ost_flags_kind kind, ost_value a, ost_value b,
				 unsigned int bits)
{
	return (struct ost_flags){.kind = kind, .a = a, .b = b, .bits = bits};
}

void close_move_stack(struct look *look, struct state *state, int64_t by)
{
	struct ost_values *values = look->close->values;

	state->reg[RSP] = ost_value_compute(values, OST_OP_ADD, state->reg[RSP],
					    ost_value_number(values, by), 64);
}

static struct address stack_top(const struct state *state)
{
	return (struct address){.value = state->reg[RSP]};
}

static void do_push(struct look *look, struct state *state, const struct ost_op *op)
{
	struct address top;
	ost_value value = close_read(look, state, op->site, &op->src, 64);

	close_move_stack(look, state, -8);
	top = stack_top(state);
	close_store(look, state, op->site, &top, 8, value);
}

static void do_pop(struct look *look, struct state *state, const struct ost_op *op)
{
	struct address top = stack_top(state);
	ost_value value = close_load(look, state, op->site, &top, 8);

	close_move_stack(look, state, 8);
	close_write(look, state, op->site, &op->dst, value);
}

static void do_leave(struct look *look, struct state *state, const struct ost_op *op)
{
	struct address top;

	state->reg[RSP] = state->reg[RBP];
	top = stack_top(state);
	state->reg[RBP] = close_load(look, state, op->site, &top, 8);
	close_move_stack(look, state, 8);
}

/* What tells nothing is still the same number wherever it is copied to. */
static ost_value name_unknown(struct look *look, ost_value value, uint64_t site, unsigned int reg)
{
	if (value != OST_VALUE_ANY)
		return value;
	return ost_value_alt(look->close->values, &(struct ost_alt){
							  .kind = OST_ALT_UNKNOWN,
							  .member = look->function->member,
							  .number = site << 2 | reg,
						  });
}

static void do_cpuid(struct look *look, struct state *state, const struct ost_op *op)
{
	static const uint8_t outputs[4] = {RAX, RBX, RCX, RDX}; /* by enum ost_cpuid_reg */
	struct ost_values *values = look->close->values;
	struct ost_alt leaves[OST_VALUE_ALTS];
	ost_value result[4] = {OST_VALUE_NOTHING, OST_VALUE_NOTHING, OST_VALUE_NOTHING,
			       OST_VALUE_NOTHING};
	uint64_t subleaf = 0;
	const struct ost_alt *list;
	unsigned int count;
	bool lost = false;

	list = ost_value_alts(values, ost_value_cut(values, state->reg[RAX], 0, 32), &count);
	/* a subleaf that isn't known is the first: programs that forget it get that */
	ost_value_constant(values, ost_value_cut(values, state->reg[RCX], 0, 32), &subleaf);
	if (list)
		memcpy(leaves, list, count * sizeof(*leaves));
	for (unsigned int reg = 0; reg < 4; reg++) {
		for (unsigned int i = 0; i < count; i++) {
			ost_value one =
				leaves[i].kind == OST_ALT_NUMBER
					? ost_value_cpuid(values, leaves[i].number, subleaf, reg)
					: OST_VALUE_ANY;

			result[reg] = ost_value_join(values, result[reg], OST_COND_NONE, one,
						     leaves[i].cond, &lost);
		}
		state->reg[outputs[reg]] =
			name_unknown(look, list ? result[reg] : OST_VALUE_ANY, op->site, reg);
	}
}

static void do_compute(struct look *look, struct state *state, const struct ost_op *op)
{
	struct ost_values *values = look->close->values;
	unsigned int bits = op->dst.bits;
	ost_value a = close_read(look, state, op->site, &op->dst, bits);
	ost_value b = close_read(look, state, op->site, &op->src, bits);
	ost_value result = ost_value_compute(values, op->compute, a, b, bits);

	if (result == OST_VALUE_ANY) {
		close_escape(look, state, op->site, a, OST_EDGE_ADDRESS);
		close_escape(look, state, op->site, b, OST_EDGE_ADDRESS);
	}
	if (op->compute == OST_OP_SUB)
		state->flags = flags_of(OST_FLAGS_COMPARE, a, b, bits);
	else if (op->compute == OST_OP_AND || op->compute == OST_OP_OR || op->compute == OST_OP_XOR)
		state->flags = flags_of(OST_FLAGS_RESULT, result, OST_VALUE_ANY, bits);
	else
		state->flags = flags_of(OST_FLAGS_ZERO, result, OST_VALUE_ANY, bits);
	close_write(look, state, op->site, &op->dst, result);
}

static void do_compare(struct look *look, struct state *state, const struct ost_op *op)
{
	unsigned int bits = op->dst.bits;
	ost_value a = close_read(look, state, op->site, &op->dst, bits);
	ost_value b = close_read(look, state, op->site, &op->src, bits);

	if (op->kind == OST_DO_COMPARE)
		state->flags = flags_of(OST_FLAGS_COMPARE, a, b, bits);
	else if (op->kind == OST_DO_TEST)
		state->flags =
			flags_of(OST_FLAGS_RESULT,
				 ost_value_compute(look->close->values, OST_OP_AND, a, b, bits),
				 OST_VALUE_ANY, bits);
	else
		state->flags = flags_of(OST_FLAGS_BIT, a, b, bits);
}

static void do_bit_set(struct look *look, struct state *state, const struct ost_op *op)
{
	struct ost_values *values = look->close->values;
	ost_value a = close_read(look, state, op->site, &op->dst, op->dst.bits);
	ost_value b = close_read(look, state, op->site, &op->src, op->dst.bits);
	ost_value bit =
		ost_value_compute(values, OST_OP_SHL, ost_value_number(values, 1), b, op->dst.bits);

	close_write(look, state, op->site, &op->dst,
		    ost_value_compute(values, OST_OP_OR, a, bit, op->dst.bits));
	state->flags = flags_of(OST_FLAGS_BIT, a, b, op->dst.bits);
}

static void do_not(struct look *look, struct state *state, const struct ost_op *op)
{
	struct ost_values *values = look->close->values;
	ost_value ones =
		ost_value_cut(values, ost_value_number(values, UINT64_MAX), 0, op->dst.bits);

	close_write(look, state, op->site, &op->dst,
		    ost_value_compute(values, OST_OP_XOR,
				      close_read(look, state, op->site, &op->dst, op->dst.bits),
				      ones, op->dst.bits));
}

static void do_exchange(struct look *look, struct state *state, const struct ost_op *op)
{
	ost_value a = close_read(look, state, op->site, &op->dst, op->dst.bits);
	ost_value b = close_read(look, state, op->site, &op->src, op->src.bits);

	close_write(look, state, op->site, &op->src, a);
	close_write(look, state, op->site, &op->dst, b);
}

static void do_step_by_one(struct look *look, struct state *state, const struct ost_op *op)
{
	struct ost_values *values = look->close->values;
	ost_value result = ost_value_compute(
		values, OST_OP_ADD, close_read(look, state, op->site, &op->dst, op->dst.bits),
		ost_value_number(values, op->src.number), op->dst.bits);

	state->flags = flags_of(OST_FLAGS_ZERO, result, OST_VALUE_ANY, op->dst.bits);
	close_write(look, state, op->site, &op->dst, result);
}

/* One of two values, by the flags. */
static ost_value choose(struct look *look, const struct state *state, unsigned int cc,
			ost_value yes, ost_value no)
{
	ost_cond when, otherwise;
	bool lost = false;
	ost_value value;

	ost_value_test(look->close->values, &state->flags, cc, &when, &otherwise);
	/* what is the same either way needs no test */
	value = ost_value_join(look->close->values, ost_value_given(look->close->values, yes, when),
			       OST_COND_NONE, ost_value_given(look->close->values, no, otherwise),
			       OST_COND_NONE, &lost);
	if (lost) {
		close_escape(look, state, 0, yes, OST_EDGE_ADDRESS);
		close_escape(look, state, 0, no, OST_EDGE_ADDRESS);
	}
	return value;
}

static void do_choose(struct look *look, struct state *state, const struct ost_op *op)
{
	struct ost_values *values = look->close->values;
	unsigned int bits = op->dst.bits;
	ost_value yes, no;

	switch (op->kind) {
	case OST_DO_SET:
		yes = ost_value_number(values, 1);
		no = ost_value_number(values, 0);
		break;
	case OST_DO_BORROW:
		yes = ost_value_cut(values, ost_value_number(values, UINT64_MAX), 0, bits);
		no = ost_value_number(values, 0);
		break;
	default:
		yes = close_read(look, state, op->site, &op->src, bits);
		no = close_read(look, state, op->site, &op->dst, bits);
	}
	close_write(look, state, op->site, &op->dst,
		    choose(look, state, op->kind == OST_DO_BORROW ? 2 : op->cc, yes, no));
}

/* The value of an operand that is an address, if it is one. */
static void do_address(struct look *look, struct state *state, const struct ost_op *op)
{
	struct address address = close_address(look, state, &op->src);
	ost_value value = address.value;

	if (address.indexed && value != OST_VALUE_ANY) {
		close_escape(look, state, op->site, value, OST_EDGE_ADDRESS);
		value = OST_VALUE_ANY;
	}
	close_write(look, state, op->site, &op->dst,
		    ost_value_cut(look->close->values, value, 0, op->dst.bits));
}

static void do_move(struct look *look, struct state *state, const struct ost_op *op)
{
	struct ost_values *values = look->close->values;
	const struct ost_program *program = ost_graph_program(look->close->graph);
	const struct ost_object *object = program->members[look->function->member].object;
	ost_value value = close_read(look, state, op->site, &op->src, op->dst.bits);

	/* in code at a fixed place, a number may be an address */
	if (op->src.kind == OST_OPERAND_NUMBER && !object->shared && op->dst.bits >= 32 &&
	    op->src.number >= 4096 && ost_object_segment(object, op->src.number))
		value = ost_value_alt(values, &(struct ost_alt){
						      .kind = OST_ALT_ADDRESS,
						      .member = look->function->member,
						      .number = op->src.number,
					      });
	if (op->kind == OST_DO_MOVE_SIGNED)
		value = ost_value_cut(values, ost_value_extend(values, value, op->src.bits), 0,
				      op->dst.bits);
	close_write(look, state, op->site, &op->dst, value);
}

static void do_other(struct look *look, struct state *state, const struct ost_op *op)
{
	for (unsigned int left = op->sources & ~(1u << RSP); left; left &= left - 1)
		close_escape(look, state, op->site, state->reg[__builtin_ctz(left)],
			     OST_EDGE_ADDRESS);
	for (unsigned int left = op->clobbers & ~(1u << RSP); left; left &= left - 1)
		state->reg[__builtin_ctz(left)] = OST_VALUE_ANY;
	/* what it writes to memory, also as a string, isn't followed */
	if (op->dst.kind == OST_OPERAND_MEMORY || op->sources & op->clobbers & 1u << RDI)
		close_recent_forget(state);
}

void close_step(struct look *look, struct state *state, const struct ost_op *op)
{
	switch (op->kind) {
	case OST_DO_NOTHING:
	case OST_DO_JUMP:
	case OST_DO_BRANCH:
	case OST_DO_RETURN:
	case OST_DO_STOP:
		return;
	case OST_DO_MOVE:
	case OST_DO_MOVE_SIGNED:
		do_move(look, state, op);
		return;
	case OST_DO_ADDRESS:
		do_address(look, state, op);
		return;
	case OST_DO_COMPUTE:
		do_compute(look, state, op);
		return;
	case OST_DO_COMPARE:
	case OST_DO_TEST:
	case OST_DO_BIT:
		do_compare(look, state, op);
		return;
	case OST_DO_BIT_SET:
		do_bit_set(look, state, op);
		return;
	case OST_DO_NOT:
		do_not(look, state, op);
		return;
	case OST_DO_EXCHANGE:
		do_exchange(look, state, op);
		return;
	case OST_DO_STEP:
		do_step_by_one(look, state, op);
		return;
	case OST_DO_SET:
	case OST_DO_CHOOSE:
	case OST_DO_BORROW:
		do_choose(look, state, op);
		return;
	case OST_DO_PUSH:
		do_push(look, state, op);
		return;
	case OST_DO_POP:
		do_pop(look, state, op);
		return;
	case OST_DO_LEAVE:
		do_leave(look, state, op);
		return;
	case OST_DO_CPUID:
		do_cpuid(look, state, op);
		return;
	case OST_DO_XGETBV:
		state->reg[RAX] = state->reg[RDX] = OST_VALUE_ANY;
		return;
	case OST_DO_CALL:
		close_do_call(look, state, op);
		return;
	case OST_DO_VECTOR_MOVE:
	case OST_DO_VECTOR_COMPUTE:
	case OST_DO_VECTOR_JOIN:
	case OST_DO_VECTOR_MIX:
		close_vector(look, state, op);
		return;
	default:
		close_vector(look, state, op);
		do_other(look, state, op);
		if (op->flags)
			state->flags = (struct ost_flags){0};
	}
}
