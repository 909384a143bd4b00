// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/close.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isa/flow/close_internal.h"

/** How often the stack's values may change before what is left to change is forgotten. */
#define STACK_ROUNDS 12

/** How often a block's state may change before what still does is given up: loops that count. */
#define CHANGES_MAX 16

/** The same where it holds an address: that is then taken to go where others may call it. */
#define ADDRESS_CHANGES_MAX 200

/** How often a block's state may change while what tells goes before what nothing is known of. */
#define HOPE_MAX 8

struct ost_close *ost_close_new(struct ost_graph *graph, struct ost_values *values,
				const struct ost_close_calls *calls)
{
	struct ost_close *close = calloc(1, sizeof(*close));

	if (!close)
		return NULL;
	close->graph = graph;
	close->values = values;
	close->conds = ost_values_conds(values);
	close->calls = *calls;
	return close;
}

void ost_close_free(struct ost_close *close)
{
	if (close) {
		free(close->habits);
		free(close->cpuinfo);
		close_free_runs(close);
		close_free_kept(close);
		close_free_shapes(close);
	}
	free(close);
}

static void enqueue(struct look *look, uint32_t number)
{
	look->blocks[number].queued = true;
	if (look->blocks[number].rank < look->lowest)
		look->lowest = look->blocks[number].rank;
}

static struct ost_flags join_flags(struct look *look, const struct ost_flags *a,
				   const struct ost_flags *b)
{
	struct ost_flags flags = *a;
	bool lost = false;

	if (a->kind != b->kind || a->bits != b->bits || a->b != b->b)
		return (struct ost_flags){0};
	flags.a = ost_value_join(look->close->values, a->a, OST_COND_NONE, b->a, OST_COND_NONE,
				 &lost);
	return flags;
}

static bool same_flags(const struct ost_flags *a, const struct ost_flags *b)
{
	return a->kind == b->kind && a->bits == b->bits && a->a == b->a && a->b == b->b;
}

/* What a register may hold where two paths meet. */
static ost_value meet(struct look *look, const struct block *block, ost_value a, ost_cond when_a,
		      ost_value b, ost_cond when_b, bool *lost)
{
	struct ost_values *values = look->close->values;

	if (a != b && a != OST_VALUE_NOTHING && b != OST_VALUE_NOTHING &&
	    block->changes <= HOPE_MAX) {
		ost_value instead = ost_value_instead(values, a, when_a, b, when_b);

		if (instead != OST_VALUE_ANY)
			return instead;
	}
	return ost_value_join(values, a, when_a, b, when_b, lost);
}

/* A path with this state arrives at a block. */
static void arrive(struct look *look, uint32_t number, const struct state *state, ost_cond edge)
{
	struct ost_close *close = look->close;
	struct block *block = &look->blocks[number];
	struct state *in = &block->in;
	struct ost_flags flags;
	unsigned int vectors = 32;
	bool changed = false;
	ost_cond cond = ost_cond_both(close->conds, state->cond, edge);

	if (cond == OST_COND_ALL)
		return;
	if (!block->entered) {
		block->entered = true;
		memcpy(in, state, close_state_size(state));
		in->cond = cond;
		enqueue(look, number);
		return;
	}
	for (unsigned int reg = 0; reg < 16; reg++) {
		bool lost = false;
		ost_value value;

		if (in->reg[reg] == state->reg[reg])
			continue;
		value = meet(look, block, in->reg[reg], in->cond, state->reg[reg], cond, &lost);
		if (value != in->reg[reg] && block->changes > CHANGES_MAX) {
			/* what a loop walks through would be begun anew, to be lost again */
			lost |= (block->lost >> reg & 1) || block->changes > ADDRESS_CHANGES_MAX;
			if (lost || !ost_value_has_address(close->values, value))
				value = OST_VALUE_ANY;
		}
		if (lost) {
			block->lost |= 1u << reg;
			close_escape(look, in, look->ops[block->first].site, in->reg[reg],
				     OST_EDGE_ADDRESS);
			close_escape(look, state, look->ops[block->first].site, state->reg[reg],
				     OST_EDGE_ADDRESS);
		}
		changed |= value != in->reg[reg];
		in->reg[reg] = value;
	}
	changed |= close_recent_meet(look, in, in->cond, state, cond, block->changes <= HOPE_MAX);
	flags = join_flags(look, &in->flags, &state->flags);
	if (block->changes > CHANGES_MAX && !same_flags(&flags, &in->flags))
		flags = (struct ost_flags){0};
	changed |= !same_flags(&flags, &in->flags);
	in->flags = flags;
	/* nearly always the same */
	if (!memcmp(in->vector, state->vector, sizeof(in->vector)))
		vectors = 0;
	for (unsigned int i = 0; i < vectors; i++) {
		ost_value *at = &in->vector[i / 2][i % 2], arrives = state->vector[i / 2][i % 2];
		ost_value value = OST_VALUE_ANY;
		bool lost = false;

		if (*at == arrives)
			continue;
		if (block->changes <= CHANGES_MAX)
			value = ost_value_join(close->values, *at, in->cond, arrives, cond, &lost);
		if (lost || block->changes > CHANGES_MAX) {
			close_escape(look, in, look->ops[block->first].site, *at, OST_EDGE_ADDRESS);
			close_escape(look, state, look->ops[block->first].site, arrives,
				     OST_EDGE_ADDRESS);
		}
		changed |= value != *at;
		*at = value;
	}
	cond = ost_cond_either(close->conds, in->cond, cond);
	changed |= cond != in->cond;
	in->cond = cond;
	if (in->trying != state->trying) {
		changed |= in->trying != TRY_NOT;
		in->trying = TRY_NOT;
	}
	if (!changed)
		return;
	if (block->changes < UINT16_MAX)
		block->changes++;
	enqueue(look, number);
}

static void leave(struct look *look, const struct state *state)
{
	const struct ost_close_calls *calls = &look->close->calls;
	struct ost_values *values = look->close->values;
	ost_value rax = ost_value_given(values, state->reg[RAX], state->cond);
	bool lost = false;

	if (!look->outer) {
		/* an address that is returned may be called, and a resolver's will be; in a
		 * function that returns nothing, it is only left over */
		if (look->last && ost_value_has_address(values, state->reg[RAX]) &&
		    ost_close_answer_used(look->close, look->function))
			close_escape(
				look, state, look->ops[look->op_count - 1].site, state->reg[RAX],
				look->function->traits & OST_TRAIT_RESOLVER ? OST_EDGE_RESOLVED
									    : OST_EDGE_ADDRESS);
		calls->returns(calls->context, look->function, state->reg[RAX], state->cond);
		return;
	}
	if (look->has_returned)
		close_recent_meet(look, &look->left, OST_COND_NONE, state, OST_COND_NONE, false);
	else
		look->left = *state;
	look->returned =
		ost_value_join(values, look->returned, OST_COND_NONE, rax, OST_COND_NONE, &lost);
	look->returned_rdx = ost_value_join(values, look->returned_rdx, OST_COND_NONE,
					    ost_value_given(values, state->reg[RDX], state->cond),
					    OST_COND_NONE, &lost);
	look->has_returned = true;
}

/* A jump out of the function: to another one, which returns to our caller. */
static void leave_by_jump(struct look *look, struct state *state, const struct ost_op *op,
			  ost_cond edge)
{
	struct ost_place place = {look->function->member, (uint64_t)op->src.number};
	struct ost_target target;
	struct ost_function *callee;

	state->cond = ost_cond_both(look->close->conds, state->cond, edge);
	if (state->cond == OST_COND_ALL)
		return;
	close_edge(look, op->site, place, state->cond, OST_EDGE_JUMP);
	callee = close_direct(look, op, &target);
	close_call(look, state, op, callee, target.symbol);
	if (!callee || !(callee->traits & OST_TRAIT_NO_RETURN))
		leave(look, state);
}

/* A switch on a number that tells. */
static bool jump_by_choice(struct look *look, const struct state *state)
{
	unsigned int at = 0;
	uint32_t block;
	ost_cond cond;

	for (; close_choice(look, at, &block, &cond); at++)
		arrive(look, block, state, cond);
	return at > 0;
}

/* A jump through a register or memory: within the function where that is known, or out of it. */
static void jump_by_value(struct look *look, struct state *state, const struct ost_op *op)
{
	struct ost_close *close = look->close;
	ost_value value = close_read(look, state, op->site, &op->src, 64);
	struct ost_alt alts[OST_VALUE_ALTS];
	bool out = false, in = false;
	const struct ost_alt *list;
	unsigned int count;

	list = ost_value_alts(close->values, value, &count);
	if (list)
		memcpy(alts, list, count * sizeof(*alts));
	for (unsigned int i = 0; i < count; i++) {
		struct ost_place place = {alts[i].member, alts[i].number};
		uint32_t block = NO_BLOCK;

		if (alts[i].kind != OST_ALT_ADDRESS)
			continue;
		if (place.member == look->function->member)
			block = close_block_at(look, place.address);
		if (block != NO_BLOCK && block) {
			arrive(look, block, state, alts[i].cond);
			in = true;
			continue;
		}
		close_edge(look, op->site, place,
			   ost_cond_both(close->conds, state->cond, alts[i].cond), OST_EDGE_JUMP);
		out = true;
	}
	if (!out && !in)
		in = jump_by_choice(look, state);
	/* a switch: any block that nothing else leads to */
	if (!out && !in)
		for (uint32_t i = 1; i < look->block_count; i++)
			if (look->blocks[i].orphan)
				arrive(look, i, state, OST_COND_NONE);
	if (!in) {
		close_call(look, state, op, NULL, NULL);
		leave(look, state);
	}
}

/* Does the program end there, without having done its work? */
static bool ends_badly(const struct look *look, uint32_t block)
{
	if (block == NO_BLOCK)
		return false;
	return look->blocks[block].dead ||
	       (look->function->traits & OST_TRAIT_MAIN && close_quits(look, block));
}

static void tell_test(struct look *look, const struct block *block, const struct state *state,
		      const struct ost_op *op, ost_cond yes, ost_cond no)
{
	const struct ost_close_calls *calls = &look->close->calls;
	bool taken_dead = ends_badly(look, block->taken);
	bool next_dead = ends_badly(look, block->next);

	if (!look->last || look->outer)
		return;
	if (yes > OST_COND_ALL)
		calls->tests(calls->context, look->function, op->site, yes);
	if (no > OST_COND_ALL)
		calls->tests(calls->context, look->function, op->site, no);
	if (taken_dead && !next_dead && no > OST_COND_ALL)
		calls->refuses(calls->context, look->function, op->site, state->cond, no);
	if (next_dead && !taken_dead && yes > OST_COND_ALL)
		calls->refuses(calls->context, look->function, op->site, state->cond, yes);
}

/* After a test, what was tested is known better, wherever it is. */
static void refine(struct look *look, struct state *state, unsigned int cc, bool yes)
{
	ost_value value;

	if (cc > 15 || state->flags.a <= OST_VALUE_NOTHING)
		return;
	value = ost_value_filter(look->close->values, &state->flags, cc, yes);
	if (value == state->flags.a || value <= OST_VALUE_NOTHING)
		return;
	for (unsigned int reg = 0; reg < 16; reg++)
		if (state->reg[reg] == state->flags.a)
			state->reg[reg] = value;
}

static void finish_block(struct look *look, const struct block *block, struct state *state)
{
	const struct ost_op *op = &look->ops[block->end - 1];
	ost_cond yes = OST_COND_NONE, no = OST_COND_NONE;
	struct state out;

	switch (op->kind) {
	case OST_DO_RETURN:
		leave(look, state);
		return;
	case OST_DO_BRANCH:
		if (op->cc < 16)
			ost_value_test(look->close->values, &state->flags, op->cc, &yes, &no);
		tell_test(look, block, state, op, yes, no);
		memcpy(&out, state, close_state_size(state));
		if (block->taken != NO_BLOCK) {
			refine(look, &out, op->cc, true);
			arrive(look, block->taken, &out, yes);
		} else {
			leave_by_jump(look, &out, op, yes);
		}
		refine(look, state, op->cc, false);
		break;
	case OST_DO_JUMP:
		if (block->taken != NO_BLOCK)
			arrive(look, block->taken, state, OST_COND_NONE);
		else if (op->src.kind == OST_OPERAND_NUMBER)
			leave_by_jump(look, state, op, OST_COND_NONE);
		else
			jump_by_value(look, state, op);
		return;
	default:
		break;
	}
	if (block->next != NO_BLOCK)
		arrive(look, block->next, state, no);
}

static void tell_block(struct look *look, uint64_t start, uint64_t end, ost_cond cond)
{
	const struct ost_close_calls *calls = &look->close->calls;

	if (look->last && !look->outer && start < end)
		calls->block(calls->context, look->function, start, end, cond);
}

static int run_block(struct look *look, uint32_t number)
{
	const struct block *block = &look->blocks[number];
	struct state state;
	uint64_t start = look->ops[block->first].site;
	ost_cond cond = block->in.cond;

	memcpy(&state, &block->in, close_state_size(&block->in));
	look->current = number;
	look->passing_count = 0;
	look->choice.index = OST_VALUE_ANY;
	if (*look->steps < block->end - block->first)
		return -E2BIG;
	*look->steps -= block->end - block->first;
	if (state.trying == TRY_ASKED)
		close_try_block(look, &state);
	for (uint32_t i = block->first; i < block->end; i++) {
		const struct ost_op *op = &look->ops[i];

		if (state.trying == TRY_RUNS && close_try_step(look, &state, op->site)) {
			tell_block(look, start, op->site, cond);
			start = op->site;
			cond = state.cond;
		}
		close_step(look, &state, op);
	}
	tell_block(look, start, look->ops[block->end - 1].site + look->ops[block->end - 1].length,
		   cond);
	finish_block(look, block, &state);
	return 0;
}

/* Blocks that no path was seen to lead to, in a function with a jump that isn't understood. */
static bool enter_orphans(struct look *look, const struct state *entry)
{
	bool any = false;

	if (!(look->function->traits & OST_TRAIT_RETURNS) || look->outer)
		return false;
	for (uint32_t i = 1; i < look->block_count; i++) {
		struct state state = {.cond = OST_COND_NONE};

		if (!look->blocks[i].orphan || look->blocks[i].entered)
			continue;
		state.reg[RSP] = entry->reg[RSP];
		arrive(look, i, &state, OST_COND_NONE);
		any = true;
	}
	return any;
}

/* Always the first in order of those that are queued: what a loop changes goes round in it before
 * what follows it. */
static int run_queue(struct look *look)
{
	int ret = 0;

	while (!ret && look->lowest < look->block_count) {
		uint32_t number = look->order[look->lowest++];

		if (!look->blocks[number].queued)
			continue;
		look->blocks[number].queued = false;
		ret = run_block(look, number);
	}
	return ret;
}

/* Those that read what changed on the stack. */
static void enqueue_readers(struct look *look, uint64_t words)
{
	for (uint32_t i = 0; i < look->block_count; i++)
		if (look->blocks[i].entered && look->blocks[i].reads_stack & words)
			enqueue(look, i);
}

/* Until neither the blocks nor what is on the stack change any more. */
static int settle(struct look *look, const struct state *entry)
{
	int ret = run_queue(look);

	for (unsigned int round = 0; !ret; round++) {
		uint64_t words = 0;
		bool again = false;

		if (!look->outer && look->stack_changed && round < STACK_ROUNDS) {
			again = true;
			words = look->stack_changed;
		}
		look->stack_changed = 0;
		if (!again && enter_orphans(look, entry))
			again = true;
		/* what is still unset is set where it isn't seen */
		if (!again && !look->outer && look->saw_unset && !look->unset_any) {
			again = look->unset_any = true;
			words = UINT64_MAX;
		}
		if (!again || round > 3 * STACK_ROUNDS)
			break;
		enqueue_readers(look, words);
		ret = run_queue(look);
	}
	return ret;
}

static int last_pass(struct look *look)
{
	int ret = 0;

	look->last = true;
	for (uint32_t i = 0; !ret && i < look->block_count; i++)
		if (look->blocks[i].entered)
			ret = run_block(look, i);
	return ret;
}

static void end(struct look *look)
{
	if (!look->ops_kept) {
		free(look->ops);
		free(look->order);
	}
	free(look->blocks);
	if (!look->outer)
		ost_cells_free(look->stack);
}

int close_run(struct look *look, const struct state *entry)
{
	bool last = look->last;
	int ret = close_blocks(look);

	/* edges are told once, when all is settled */
	look->last = false;
	if (!ret) {
		arrive(look, 0, entry, OST_COND_NONE);
		ret = settle(look, entry);
	}
	if (!ret && last)
		ret = last_pass(look);
	else if (!ret && !look->outer)
		close_keep(look);
	look->last = last;
	end(look);
	return ret;
}

int ost_close_look(struct ost_close *close, struct ost_function *function, bool last,
		   uint64_t *steps)
{
	struct look look = {
		.close = close,
		.function = function,
		.returned = OST_VALUE_NOTHING,
		.returned_rdx = OST_VALUE_NOTHING,
		.steps = steps,
		.last = last,
	};
	struct state entry = {.cond = OST_COND_NONE};

	look.stack = ost_cells_new(close->values);
	if (!look.stack)
		return -ENOMEM;
	entry.reg[RSP] = ost_value_alt(close->values, &(struct ost_alt){.kind = OST_ALT_STACK});
	for (unsigned int i = 0; i < 6; i++) {
		ost_value told = close->calls.argument(close->calls.context, function, i);

		entry.reg[close_argument_registers[i]] =
			told != OST_VALUE_ANY
				? told
				: ost_value_alt(
					  close->values,
					  &(struct ost_alt){.kind = OST_ALT_ARGUMENT, .member = i});
	}
	for (unsigned int i = 0; i < LIVE_COUNT; i++)
		entry.reg[close_live_registers[i]] =
			close->calls.argument(close->calls.context, function, OST_CLOSE_PASSED + i);
	return close_run(&look, &entry);
}

int ost_close_tell(struct ost_close *close, struct ost_function *function, uint64_t *steps)
{
	struct look look = {
		.close = close,
		.function = function,
		.returned = OST_VALUE_NOTHING,
		.returned_rdx = OST_VALUE_NOTHING,
		.steps = steps,
	};
	int ret;

	if (!close_kept(close, function))
		return ost_close_look(close, function, true, steps);
	ret = close_blocks(&look);
	if (!ret) {
		close_take_kept(&look);
		ret = last_pass(&look);
	}
	end(&look);
	return ret;
}
