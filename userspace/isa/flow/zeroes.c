// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/zeroes.h"

#include "isa/flow/op.h"
#include "isa/flow/value.h"

/** How far behind it the use of an answer is looked for: instructions. */
#define USE_MAX 8

/** How far before it the register is looked for that keeps its number where nothing was found: bytes. */
#define PRESET_BYTES 512

/** Places that an answer is followed to. */
#define ANSWER_COPIES 4

/** Instructions of a function that does nothing else, at most: with endbr64, a frame, padding. */
#define WRAPPER_MAX 12

#define RSP 4
#define RBP 5

/* condition codes, without the lowest bit; the first two read the carry */
#define CC_BELOW 2
#define CC_BELOW_EQUAL 6
#define CC_LESS_EQUAL 14

static bool by_flags(const struct ost_op *op)
{
	return op->kind == OST_DO_BRANCH || op->kind == OST_DO_SET || op->kind == OST_DO_CHOOSE;
}

static bool reads_carry(const struct ost_op *op)
{
	if (op->kind == OST_DO_BORROW)
		return true;
	return by_flags(op) &&
	       ((op->cc & ~1u) == CC_BELOW || (op->cc & ~1u) == CC_BELOW_EQUAL);
}

static bool is_register(const struct ost_operand *operand, unsigned int reg)
{
	return operand->kind == OST_OPERAND_REGISTER && operand->reg == reg;
}

/* Is something compared with this size, or asked whether it is above all that is less? */
static bool compares_size(unsigned int size, const struct ost_op *op, const struct ost_op *next)
{
	if (op->kind != OST_DO_COMPARE || op->src.kind != OST_OPERAND_NUMBER)
		return false;
	return op->src.number == size ||
	       (op->src.number == size - 1 && by_flags(next) &&
		((next->cc & ~1u) == CC_BELOW_EQUAL || (next->cc & ~1u) == CC_LESS_EQUAL));
}

static bool same_operand(const struct ost_operand *a, const struct ost_operand *b)
{
	if (a->kind != b->kind || a->reg != b->reg)
		return false;
	return a->kind == OST_OPERAND_REGISTER ||
	       (a->kind == OST_OPERAND_MEMORY && a->index == b->index && a->scale == b->scale &&
		a->rip == b->rip && a->thread == b->thread && a->number == b->number);
}

/* where an answer is: in the register that it was put into, and in what that was copied to */
struct answer {
	struct ost_operand at[ANSWER_COPIES];
	unsigned int count;
};

static bool has_answer(const struct answer *answer, const struct ost_operand *operand)
{
	for (unsigned int i = 0; i < answer->count; i++)
		if (same_operand(&answer->at[i], operand))
			return true;
	return false;
}

/* What an instruction does to them; false when the answer is nowhere any more. */
static bool follow_answer(struct answer *answer, const struct ost_op *op)
{
	bool copies = op->kind == OST_DO_MOVE && has_answer(answer, &op->src);

	for (unsigned int i = answer->count; i-- > 0;)
		if (answer->at[i].kind == OST_OPERAND_REGISTER &&
		    op->clobbers >> answer->at[i].reg & 1)
			answer->at[i] = answer->at[--answer->count];
	if (copies && answer->count < ANSWER_COPIES)
		answer->at[answer->count++] = op->dst;
	return answer->count;
}

static bool leaves(const struct ost_op *op)
{
	return op->kind == OST_DO_RETURN || op->kind == OST_DO_JUMP || op->kind == OST_DO_CALL ||
	       op->kind == OST_DO_STOP;
}

/* Is the register set to this number before? BSF leaves it there for zero, on all processors. */
static bool is_preset(const uint8_t *bytes, const struct ost_function *function, uint64_t site,
		      unsigned int reg, int64_t number)
{
	uint64_t size = site - function->start;
	uint64_t first = size > PRESET_BYTES ? size - PRESET_BYTES : 0;
	bool preset = false;
	struct ost_op op;

	/* from within an instruction one is soon at the beginning of another */
	for (uint64_t at = first; at < size; at += op.length ? op.length : 1) {
		ost_op_decode(bytes + at, size - at, function->start + at, &op);
		if (op.clobbers >> reg & 1)
			preset = op.kind == OST_DO_MOVE && is_register(&op.dst, reg) &&
				 op.src.kind == OST_OPERAND_NUMBER && op.src.number == number;
	}
	return preset;
}

static bool used_as_tzcnt(const uint8_t *bytes, size_t left, const struct ost_function *function,
			  uint64_t site)
{
	uint64_t at = site - function->start;
	struct answer answer = {.count = 1};
	struct ost_op count, op, next;
	bool flags = true;

	if (!ost_op_decode(bytes + at, left - at, site, &count) ||
	    count.dst.kind != OST_OPERAND_REGISTER)
		return false;
	answer.at[0] = count.dst;
	at += count.length;
	for (unsigned int i = 0; i < USE_MAX && at < left; i++, at += op.length) {
		if (!ost_op_decode(bytes + at, left - at, function->start + at, &op) || leaves(&op))
			return false;
		if (flags && reads_carry(&op))
			return true;
		ost_op_decode(bytes + at + op.length, left - at - op.length,
			      function->start + at + op.length, &next);
		if (has_answer(&answer, &op.dst) && compares_size(count.dst.bits, &op, &next))
			return !is_preset(bytes, function, site, count.dst.reg, count.dst.bits);
		flags &= !op.flags;
		if (!follow_answer(&answer, &op))
			return false;
	}
	return false;
}

/* A frame, and what clears the register that gets the answer. */
static bool is_frame(const struct ost_op *op)
{
	return op->kind == OST_DO_NOTHING || op->kind == OST_DO_PUSH || op->kind == OST_DO_POP ||
	       op->kind == OST_DO_LEAVE ||
	       (op->kind == OST_DO_MOVE && is_register(&op->dst, RBP) &&
		is_register(&op->src, RSP)) ||
	       (op->kind == OST_DO_COMPUTE && op->compute == OST_OP_AND &&
		op->src.kind == OST_OPERAND_NUMBER && !op->src.number);
}

static bool does_nothing_else(const uint8_t *bytes, size_t left,
			      const struct ost_function *function, uint64_t site)
{
	struct ost_op op;
	uint64_t at = 0;

	for (unsigned int i = 0; i < WRAPPER_MAX && at < left; i++, at += op.length) {
		if (!ost_op_decode(bytes + at, left - at, function->start + at, &op))
			return false;
		if (op.kind == OST_DO_RETURN)
			return function->start + at > site;
		if (function->start + at == site ? op.src.kind != OST_OPERAND_REGISTER
						 : !is_frame(&op))
			return false;
	}
	return false;
}

struct calls {
	const struct ost_function *function;
	bool any;
};

static void see_call(void *context, struct ost_function *caller, const struct ost_ref *ref)
{
	struct calls *calls = context;

	/* what goes through a linkage entry may be replaced, and is never put into its callers */
	calls->any |= caller->member == calls->function->member &&
		      ref->target == calls->function->start &&
		      (ref->kind == OST_REF_CALL || ref->kind == OST_REF_JUMP);
}

static bool is_called(struct ost_graph *graph, const struct ost_function *function)
{
	struct calls calls = {.function = function};

	ost_graph_callers(graph, function, see_call, &calls);
	return calls.any;
}

bool ost_zeroes_meant(struct ost_graph *graph, const struct ost_function *function, uint64_t site)
{
	const struct ost_program *program = ost_graph_program(graph);
	size_t left = 0;
	const uint8_t *bytes =
		ost_object_at(program->members[function->member].object, function->start, &left);

	if (!bytes || site - function->start >= left)
		return false;
	return used_as_tzcnt(bytes, left, function, site) ||
	       (does_nothing_else(bytes, left, function, site) && is_called(graph, function));
}
