// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "isa/flow/close_internal.h"

/** Largest function that is looked at closely: instructions. */
#define OPS_MAX 60000

/** Shapes of functions that are kept, as most are looked at many times; what doesn't fit is decoded
 * anew each time: bytes. */
#define SHAPES_BYTES (64u << 20)

/** Blocks between a test and the return of a main() that gives up, at most. */
#define QUIT_BLOCKS 8

static int take_ops(struct look *look)
{
	const struct ost_function *function = look->function;
	const struct ost_program *program = ost_graph_program(look->close->graph);
	size_t left;
	const uint8_t *bytes =
		ost_object_at(program->members[function->member].object, function->start, &left);
	uint64_t size = function->end - function->start, at = 0;
	uint32_t room = size / 3 + 16;

	if (!bytes || size > OPS_MAX * 15ull)
		return -E2BIG;
	if (size > left)
		size = left;
	look->ops = calloc(room, sizeof(*look->ops));
	if (!look->ops)
		return -ENOMEM;
	while (at < size) {
		unsigned int length;

		if (look->op_count == OPS_MAX)
			return -E2BIG;
		if (look->op_count == room) {
			struct ost_op *more = realloc(look->ops, 2ull * room * sizeof(*more));

			if (!more)
				return -ENOMEM;
			look->ops = more;
			room *= 2;
		}
		length = ost_op_decode(bytes + at, left - at, function->start + at,
				       &look->ops[look->op_count]);
		if (!length)
			look->ops[look->op_count].length = 1;
		at += look->ops[look->op_count++].length;
	}
	return 0;
}

static uint32_t op_at(const struct look *look, uint64_t address)
{
	uint32_t low = 0, high = look->op_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (look->ops[middle].site < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < look->op_count && look->ops[low].site == address ? low : NO_BLOCK;
}

uint32_t close_block_at(const struct look *look, uint64_t address)
{
	uint32_t low = 0, high = look->block_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (look->ops[look->blocks[middle].first].site < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < look->block_count && look->ops[look->blocks[low].first].site == address
		       ? low
		       : NO_BLOCK;
}

struct ost_function *close_direct(const struct look *look, const struct ost_op *op,
				  struct ost_target *target)
{
	struct ost_place place = {look->function->member, (uint64_t)op->src.number};

	*target = ost_graph_code(look->close->graph, place);
	return target->known && !target->ifunc
		       ? ost_graph_function(look->close->graph, target->place)
		       : NULL;
}

static bool inside(const struct look *look, uint64_t address)
{
	return address >= look->function->start && address < look->function->end;
}

/* A direct call, or a jump to elsewhere, of what never returns. */
static bool never_returns(const struct look *look, const struct ost_op *op)
{
	struct ost_target target;
	struct ost_function *callee;

	if (op->src.kind != OST_OPERAND_NUMBER)
		return false;
	callee = close_direct(look, op, &target);
	return callee && callee->traits & OST_TRAIT_NO_RETURN;
}

static bool ends_block(const struct look *look, const struct ost_op *op)
{
	switch (op->kind) {
	case OST_DO_JUMP:
	case OST_DO_BRANCH:
	case OST_DO_RETURN:
	case OST_DO_STOP:
		return true;
	case OST_DO_CALL:
		return never_returns(look, op);
	default:
		return false;
	}
}

static int mark_leaders(struct look *look, uint8_t *leader)
{
	leader[0] = 1;
	for (uint32_t i = 0; i < look->op_count; i++) {
		struct ost_op *op = &look->ops[i];
		uint32_t to;

		if (!ends_block(look, op))
			continue;
		/* what doesn't come back is the end of its path */
		if (op->kind == OST_DO_CALL)
			op->cc = 1;
		if (i + 1 < look->op_count)
			leader[i + 1] |= 1;
		if ((op->kind != OST_DO_JUMP && op->kind != OST_DO_BRANCH) ||
		    op->src.kind != OST_OPERAND_NUMBER || !inside(look, op->src.number))
			continue;
		to = op_at(look, op->src.number);
		if (to != NO_BLOCK)
			leader[to] |= 3;
	}
	return 0;
}

static bool is_padding(const struct look *look, const struct block *block)
{
	for (uint32_t i = block->first; i < block->end; i++)
		if (look->ops[i].kind != OST_DO_NOTHING && look->ops[i].kind != OST_DO_STOP)
			return false;
	return true;
}

static void connect(struct look *look, uint32_t number)
{
	struct block *block = &look->blocks[number];
	const struct ost_op *op = &look->ops[block->end - 1];
	uint32_t next = number + 1 < look->block_count ? number + 1 : NO_BLOCK;

	block->taken = block->next = NO_BLOCK;
	switch (op->kind) {
	case OST_DO_RETURN:
	case OST_DO_STOP:
		return;
	case OST_DO_CALL:
		if (!op->cc)
			block->next = next;
		return;
	case OST_DO_BRANCH:
		block->next = next;
		/* fallthrough */
	case OST_DO_JUMP:
		if (op->src.kind == OST_OPERAND_NUMBER && inside(look, op->src.number))
			block->taken = close_block_at(look, op->src.number);
		return;
	default:
		block->next = next;
	}
}

/* Does this block end where the function's caller, or somebody else, goes on? */
static bool lives(const struct look *look, const struct block *block)
{
	const struct ost_op *op = &look->ops[block->end - 1];

	if (op->kind == OST_DO_RETURN)
		return true;
	if (op->kind == OST_DO_JUMP || op->kind == OST_DO_BRANCH)
		return op->src.kind != OST_OPERAND_NUMBER ||
		       (!inside(look, op->src.number) && !never_returns(look, op));
	return false;
}

static void find_dead(struct look *look)
{
	bool changed = true;

	for (uint32_t i = 0; i < look->block_count; i++)
		look->blocks[i].dead = !lives(look, &look->blocks[i]);
	while (changed) {
		changed = false;
		for (uint32_t i = look->block_count; i-- > 0;) {
			struct block *block = &look->blocks[i];

			if (block->dead &&
			    ((block->taken != NO_BLOCK && !look->blocks[block->taken].dead) ||
			     (block->next != NO_BLOCK && !look->blocks[block->next].dead)))
				block->dead = false, changed = true;
		}
	}
}

static int build(struct look *look)
{
	uint8_t *leader;
	int ret = take_ops(look);

	if (ret)
		return ret;
	if (!look->op_count)
		return -E2BIG;
	leader = calloc(look->op_count, 1);
	if (!leader)
		return -ENOMEM;
	mark_leaders(look, leader);
	for (uint32_t i = 0; i < look->op_count; i++)
		look->block_count += leader[i] != 0;
	look->blocks = calloc(look->block_count, sizeof(*look->blocks));
	look->block_count = 0;
	for (uint32_t i = 0; look->blocks && i < look->op_count; i++)
		if (leader[i])
			look->blocks[look->block_count++].first = i;
	free(leader);
	if (!look->blocks)
		return -ENOMEM;
	for (uint32_t i = 0; i < look->block_count; i++)
		look->blocks[i].end =
			i + 1 < look->block_count ? look->blocks[i + 1].first : look->op_count;
	for (uint32_t i = 0; i < look->block_count; i++) {
		look->blocks[i].orphan = i > 0;
		connect(look, i);
	}
	for (uint32_t i = 0; i < look->block_count; i++) {
		if (look->blocks[i].taken != NO_BLOCK)
			look->blocks[look->blocks[i].taken].orphan = false;
		if (look->blocks[i].next != NO_BLOCK)
			look->blocks[look->blocks[i].next].orphan = false;
	}
	for (uint32_t i = 0; i < look->block_count; i++)
		if (look->blocks[i].orphan && is_padding(look, &look->blocks[i]))
			look->blocks[i].orphan = false;
	find_dead(look);
	return close_order(look);
}

static struct shape **shape_slot(struct ost_close *close, uint32_t index)
{
	size_t room = 2ull * index + 1024;
	struct shape **more;

	if (index < close->shapes_room)
		return &close->shapes[index];
	more = realloc(close->shapes, room * sizeof(*more));
	if (!more)
		return NULL;
	memset(more + close->shapes_room, 0, (room - close->shapes_room) * sizeof(*more));
	close->shapes = more;
	close->shapes_room = room;
	return &close->shapes[index];
}

/* Without memory or room, the look keeps what is its own. */
static void keep_shape(struct look *look, struct shape **slot)
{
	size_t outline = sizeof(struct shape) + look->block_count * sizeof(struct outline);
	size_t bytes = outline + look->op_count * sizeof(*look->ops) +
		       look->block_count * sizeof(*look->order);
	struct ost_op *ops;
	struct shape *shape;

	if (bytes > SHAPES_BYTES - look->close->shapes_bytes)
		return;
	shape = malloc(outline);
	if (!shape)
		return;
	/* it was made for the shortest instructions */
	ops = realloc(look->ops, look->op_count * sizeof(*look->ops));
	if (ops)
		look->ops = ops;
	shape->ops = look->ops;
	shape->order = look->order;
	shape->op_count = look->op_count;
	shape->block_count = look->block_count;
	for (uint32_t i = 0; i < look->block_count; i++) {
		const struct block *block = &look->blocks[i];

		shape->block[i] = (struct outline){
			block->first, block->end,    block->taken, block->next,
			block->rank,  block->orphan, block->dead,
		};
	}
	look->ops_kept = true;
	look->close->shapes_bytes += bytes;
	*slot = shape;
}

static int take_shape(struct look *look, const struct shape *shape)
{
	look->ops = shape->ops;
	look->order = shape->order;
	look->op_count = shape->op_count;
	look->ops_kept = true;
	look->blocks = malloc(shape->block_count * sizeof(*look->blocks));
	if (!look->blocks)
		return -ENOMEM;
	look->block_count = shape->block_count;
	for (uint32_t i = 0; i < shape->block_count; i++) {
		const struct outline *from = &shape->block[i];
		struct block *block = &look->blocks[i];

		/* its state is set when it is entered */
		memset(block, 0, offsetof(struct block, in));
		block->first = from->first;
		block->end = from->end;
		block->taken = from->taken;
		block->next = from->next;
		block->rank = from->rank;
		block->orphan = from->orphan;
		block->dead = from->dead;
	}
	return 0;
}

int close_blocks(struct look *look)
{
	struct shape **slot = shape_slot(look->close, look->function->index);
	int ret;

	if (slot && *slot)
		return take_shape(look, *slot);
	ret = build(look);
	if (!ret && slot)
		keep_shape(look, slot);
	return ret;
}

void close_free_shapes(struct ost_close *close)
{
	for (size_t i = 0; i < close->shapes_room; i++) {
		if (close->shapes[i]) {
			free(close->shapes[i]->ops);
			free(close->shapes[i]->order);
		}
		free(close->shapes[i]);
	}
	free(close->shapes);
}

/* what a main() that gives up has in registers and in one variable on its stack */
struct quit {
	int64_t reg[16]; /* 32 bits; -1: not known */
	struct ost_operand variable;
	int64_t stored;
};

static bool same_variable(const struct ost_operand *a, const struct ost_operand *b)
{
	return a->kind == OST_OPERAND_MEMORY && a->kind == b->kind && a->reg == b->reg &&
	       a->index == b->index && a->number == b->number && a->rip == b->rip;
}

static int64_t number_of(const struct quit *quit, const struct ost_operand *operand)
{
	if (operand->kind == OST_OPERAND_NUMBER)
		return (uint32_t)operand->number;
	if (operand->kind == OST_OPERAND_REGISTER && operand->bits >= 32)
		return quit->reg[operand->reg];
	return same_variable(operand, &quit->variable) ? quit->stored : -1;
}

/* What an instruction makes of these: numbers that are moved about, and xor eax, eax. */
static void quit_step(struct quit *quit, const struct ost_op *op)
{
	int64_t number = -1;

	if (op->kind == OST_DO_MOVE)
		number = number_of(quit, &op->src);
	else if (op->kind == OST_DO_COMPUTE && op->compute == OST_OP_AND &&
		 op->src.kind == OST_OPERAND_NUMBER && !op->src.number)
		number = 0;
	for (unsigned int reg = 0; reg < 16; reg++)
		if ((op->kind == OST_DO_CALL ? CALLER_SAVED : op->clobbers) >> reg & 1)
			quit->reg[reg] = -1;
	if (op->dst.kind == OST_OPERAND_REGISTER && op->dst.bits >= 32 &&
	    op->clobbers >> op->dst.reg & 1) {
		quit->reg[op->dst.reg] = number;
	} else if (op->dst.kind == OST_OPERAND_MEMORY && op->kind == OST_DO_MOVE && number >= 0 &&
		   op->dst.bits == 32) {
		quit->variable = op->dst;
		quit->stored = number;
	} else if (same_variable(&op->dst, &quit->variable) && op->kind != OST_DO_COMPARE &&
		   op->kind != OST_DO_TEST) {
		quit->stored = -1;
	}
}

bool close_quits(const struct look *look, uint32_t number)
{
	struct quit quit = {.stored = -1};

	memset(quit.reg, 0xff, sizeof(quit.reg));
	for (unsigned int blocks = 0; number != NO_BLOCK && blocks < QUIT_BLOCKS; blocks++) {
		const struct block *block = &look->blocks[number];
		const struct ost_op *last = &look->ops[block->end - 1];

		for (uint32_t i = block->first; i < block->end; i++)
			quit_step(&quit, &look->ops[i]);
		if (last->kind == OST_DO_RETURN)
			return quit.reg[RAX] > 0;
		if (last->kind == OST_DO_BRANCH)
			return false;
		number = last->kind == OST_DO_JUMP ? block->taken : block->next;
	}
	return false;
}
