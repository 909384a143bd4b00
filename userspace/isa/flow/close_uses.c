// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "isa/flow/close_internal.h"

/** How far into a function is looked: bytes. */
#define LOOK_BYTES 512
#define KNOWN	   0x80

/** How far after a call its answer is looked for: instructions. */
#define AFTER_CALL 16

/** Largest function whose own use of registers is looked up: bytes. */
#define CLOBBER_BYTES 4096

const uint8_t close_argument_registers[6] = {RDI, RSI, RDX, RCX, 8, 9};

static uint16_t reads_of(const struct ost_op *op)
{
	const struct ost_operand *operands[] = {&op->dst, &op->src};
	uint16_t reads = op->sources;

	/* what is only cleared isn't read */
	if (op->kind == OST_DO_COMPUTE && op->compute == OST_OP_AND &&
	    op->src.kind == OST_OPERAND_NUMBER && !op->src.number &&
	    op->dst.kind == OST_OPERAND_REGISTER)
		return 0;
	for (unsigned int i = 0; i < 2; i++) {
		if (operands[i]->kind != OST_OPERAND_MEMORY)
			continue;
		if (operands[i]->reg != OST_NO_REGISTER)
			reads |= 1u << operands[i]->reg;
		if (operands[i]->index != OST_NO_REGISTER)
			reads |= 1u << operands[i]->index;
	}
	return reads;
}

static uint8_t uses_of(struct ost_close *close, struct ost_function *function, unsigned int depth);

static bool make_room(struct ost_close *close, uint32_t index);

/* What is read by one or the other of those that a resolver may choose. */
static uint8_t uses_of_chosen(struct ost_close *close, struct ost_place place, unsigned int depth)
{
	const struct ost_function *resolver = ost_graph_function(close->graph, place);
	uint8_t uses = 0;

	if (!resolver || !make_room(close, resolver->index))
		return 0x3f;
	/* each of its callers asks */
	if (close->habits[resolver->index].chosen[depth])
		return close->habits[resolver->index].chosen[depth] & 0x3f;
	for (uint32_t i = 0; i < resolver->ref_count; i++) {
		struct ost_place to = {resolver->member, resolver->refs[i].target};
		struct ost_function *one = resolver->refs[i].kind == OST_REF_CODE
						   ? ost_graph_function(close->graph, to)
						   : NULL;

		if (one)
			uses |= uses_of(close, one, depth);
	}
	uses = uses ? uses & 0x3f : 0x3f;
	close->habits[resolver->index].chosen[depth] = KNOWN | uses;
	return uses;
}

/* Registers that a call passes on as they came. */
static uint16_t passed_on(struct ost_close *close, const struct ost_function *function,
			  const struct ost_op *op, unsigned int depth)
{
	struct ost_place place = {function->member, (uint64_t)op->src.number};
	struct ost_target target;
	struct ost_function *callee;
	uint16_t registers = 0;
	uint8_t uses = 0x3f;

	if (op->src.kind == OST_OPERAND_NUMBER && depth < HABIT_DEPTH) {
		target = ost_graph_code(close->graph, place);
		callee = target.known && !target.ifunc
				 ? ost_graph_function(close->graph, target.place)
				 : NULL;
		if (callee && callee != function)
			uses = uses_of(close, callee, depth + 1);
		else if (target.known && target.ifunc)
			uses = uses_of_chosen(close, target.place, depth + 1);
	}
	for (unsigned int i = 0; i < 6; i++)
		if (uses >> i & 1)
			registers |= 1u << close_argument_registers[i];
	return registers;
}

static uint8_t find(struct ost_close *close, struct ost_function *function, unsigned int depth)
{
	const struct ost_program *program = ost_graph_program(close->graph);
	size_t left = 0;
	const uint8_t *bytes =
		ost_object_at(program->members[function->member].object, function->start, &left);
	uint64_t size = function->end - function->start;
	uint16_t read = 0, written = 0;
	uint8_t uses = 0;
	struct ost_op op;

	if (size > left)
		size = left;
	if (size > LOOK_BYTES)
		size = LOOK_BYTES;
	for (uint64_t at = 0; bytes && at < size; at += op.length ? op.length : 1) {
		if (!ost_op_decode(bytes + at, left - at, function->start + at, &op))
			continue;
		read |= reads_of(&op) & ~written;
		if (op.kind == OST_DO_CALL) {
			read |= passed_on(close, function, &op, depth) & ~written;
			break;
		}
		if (op.kind == OST_DO_JUMP && (op.src.kind != OST_OPERAND_NUMBER ||
					       (uint64_t)op.src.number < function->start ||
					       (uint64_t)op.src.number >= function->end))
			read |= passed_on(close, function, &op, depth) & ~written;
		written |= op.clobbers;
	}
	for (unsigned int i = 0; i < 6; i++)
		if (read >> close_argument_registers[i] & 1)
			uses |= 1u << i;
	return bytes ? uses : 0x3f;
}

static bool make_room(struct ost_close *close, uint32_t index)
{
	size_t room = 2ull * index + 1024;
	struct habits *more;

	if (index < close->habits_room)
		return true;
	more = realloc(close->habits, room * sizeof(*more));
	if (!more)
		return false;
	memset(more + close->habits_room, 0, (room - close->habits_room) * sizeof(*more));
	close->habits = more;
	close->habits_room = room;
	return true;
}

struct habits *close_habits(struct ost_close *close, const struct ost_function *function)
{
	return make_room(close, function->index) ? &close->habits[function->index] : NULL;
}

static uint8_t uses_of(struct ost_close *close, struct ost_function *function, unsigned int depth)
{
	uint8_t uses;

	if (!make_room(close, function->index))
		return 0x3f;
	uses = close->habits[function->index].uses[depth];
	if (!uses) {
		uses = KNOWN | find(close, function, depth);
		close->habits[function->index].uses[depth] = uses;
	}
	return uses & 0x3f;
}

static uint16_t clobbers_of(struct ost_close *close, const struct ost_function *function,
			    unsigned int depth);

static uint16_t find_clobbers(struct ost_close *close, const struct ost_function *function,
			      unsigned int depth)
{
	const struct ost_program *program = ost_graph_program(close->graph);
	uint64_t size = function->end - function->start;
	uint16_t clobbers = 0;
	size_t left = 0;
	const uint8_t *bytes =
		ost_object_at(program->members[function->member].object, function->start, &left);
	struct ost_op op;

	if (!bytes || size > left || size > CLOBBER_BYTES || !function->exact)
		return CALLER_SAVED;
	for (uint64_t at = 0; at < size; at += op.length ? op.length : 1) {
		struct ost_target target;
		struct ost_place place = {function->member, 0};
		const struct ost_function *callee;

		ost_op_decode(bytes + at, left - at, function->start + at, &op);
		clobbers |= op.clobbers;
		if ((clobbers & CALLER_SAVED) == CALLER_SAVED)
			return CALLER_SAVED;
		place.address = (uint64_t)op.src.number;
		if (op.kind != OST_DO_CALL &&
		    ((op.kind != OST_DO_JUMP && op.kind != OST_DO_BRANCH) ||
		     (op.src.kind == OST_OPERAND_NUMBER && place.address >= function->start &&
		      place.address < function->end)))
			continue;
		if (op.src.kind != OST_OPERAND_NUMBER || depth == HABIT_DEPTH)
			return CALLER_SAVED;
		target = ost_graph_code(close->graph, place);
		if (!target.known || target.ifunc || target.place.member != function->member)
			return CALLER_SAVED;
		callee = ost_graph_function(close->graph, target.place);
		if (!callee)
			return CALLER_SAVED;
		if (callee != function)
			clobbers |= clobbers_of(close, callee, depth + 1);
	}
	return clobbers & CALLER_SAVED;
}

static uint16_t clobbers_of(struct ost_close *close, const struct ost_function *function,
			    unsigned int depth)
{
	uint16_t clobbers;

	if (!make_room(close, function->index))
		return CALLER_SAVED;
	clobbers = close->habits[function->index].clobbers[depth];
	if (!clobbers) {
		clobbers = 1u << RSP | find_clobbers(close, function, depth);
		close->habits[function->index].clobbers[depth] = clobbers;
	}
	return clobbers & CALLER_SAVED;
}

uint16_t close_clobbers(struct ost_close *close, const struct ost_function *caller,
			const struct ost_function *callee)
{
	/* between objects, and where others may come between, the convention is all there is */
	if (!callee || callee->member != caller->member)
		return CALLER_SAVED;
	return clobbers_of(close, callee, 0);
}

unsigned int close_uses(struct ost_close *close, struct ost_function *function)
{
	return uses_of(close, function, 0);
}

const uint8_t close_live_registers[LIVE_COUNT] = {RAX, 10, 11};

unsigned int close_reads_live(struct ost_close *close, const struct ost_function *function,
			      uint64_t from)
{
	const struct ost_program *program = ost_graph_program(close->graph);
	size_t left = 0;
	const uint8_t *bytes =
		ost_object_at(program->members[function->member].object, function->start, &left);
	uint64_t size = function->end - function->start;
	uint16_t read = 0, written = 0;
	unsigned int live = 0;
	struct ost_op op;

	if (size > left)
		size = left;
	for (uint64_t at = 0; bytes && at < size && at < LOOK_BYTES; at += op.length) {
		if (!ost_op_decode(bytes + at, left - at, function->start + at, &op))
			return 0;
		if (op.site >= from) {
			read |= reads_of(&op) & ~written;
			written |= op.clobbers;
		}
		if (op.kind == OST_DO_BRANCH || op.kind == OST_DO_JUMP || op.kind == OST_DO_CALL ||
		    op.kind == OST_DO_RETURN || op.kind == OST_DO_STOP) {
			if (op.site < from)
				return 0;
			break;
		}
	}
	for (unsigned int i = 0; i < LIVE_COUNT; i++)
		live |= (read >> close_live_registers[i] & 1) << i;
	return live;
}

struct callers {
	struct ost_close *close;
	bool used;
};

/* Does the code after a call read rax before it overwrites it? */
static void look_at_caller(void *context, struct ost_function *caller, const struct ost_ref *ref)
{
	struct callers *callers = context;
	const struct ost_program *program = ost_graph_program(callers->close->graph);
	size_t left = 0;
	const uint8_t *bytes =
		ost_object_at(program->members[caller->member].object, ref->site, &left);
	uint64_t at = 0;
	struct ost_op op;

	/* who jumps there hands the value on */
	if (ref->kind == OST_REF_JUMP)
		callers->used = true;
	if (ref->kind != OST_REF_CALL && ref->kind != OST_REF_CALL_SLOT)
		return;
	for (unsigned int i = 0; i <= AFTER_CALL && bytes && !callers->used; i++) {
		if (at >= left || !ost_op_decode(bytes + at, left - at, ref->site + at, &op))
			return;
		at += op.length;
		if (!i)
			continue;
		callers->used = reads_of(&op) >> RAX & 1 || op.kind == OST_DO_RETURN ||
				op.kind == OST_DO_JUMP;
		if (op.clobbers >> RAX & 1 || op.kind == OST_DO_CALL)
			return;
	}
	callers->used = true;
}

bool ost_close_answer_used(struct ost_close *close, const struct ost_function *function)
{
	struct callers callers = {.close = close};

	if (function->traits & OST_TRAIT_RESOLVER)
		return true;
	ost_graph_callers(close->graph, function, look_at_caller, &callers);
	return callers.used;
}
