// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <string.h>

#include "isa/flow/close_internal.h"

/* HWCAP2_FSGSBASE of asm/hwcap2.h is bit 1 */
#define HWCAP2_FSGSBASE_BIT 1

/* What the callee stored through pointers that it was given. */
static bool apply_writes(struct look *look, struct state *state, uint64_t site,
			 struct ost_function *callee, const ost_value *arguments)
{
	const struct ost_close_calls *calls = &look->close->calls;
	struct ost_values *values = look->close->values;
	struct ost_memory memory;
	ost_value value;
	unsigned int at = 0;

	close_spoil(look->close);
	for (; calls->written(calls->context, callee, at, &memory, &value); at++) {
		struct address address = {
			.value = ost_value_compute(values, OST_OP_ADD, arguments[memory.argument],
						   ost_value_number(values, memory.distance), 64),
			.distance = memory.distance,
		};

		look->weak = true;
		close_store(look, state, site, &address, memory.bytes, value);
		look->weak = false;
	}
	return at > 0;
}

static void clobber(struct state *state, uint16_t registers, ost_value rax)
{
	for (unsigned int reg = 0; reg < 16; reg++)
		if (registers >> reg & 1)
			state->reg[reg] = OST_VALUE_ANY;
	state->reg[RAX] = rax;
	state->flags = (struct ost_flags){0};
	memset(state->vector, 0, sizeof(state->vector));
	/* arguments on the stack are the callee's */
	close_recent_forget(state);
}

/* What the kernel tells in the auxiliary vector: in AT_HWCAP2, that it lets RDFSBASE be used. */
static ost_value auxiliary(struct look *look, ost_value type)
{
	struct ost_feature_set fsgsbase = {0};
	struct ost_values *values = look->close->values;
	uint64_t number;

	if (!ost_value_constant(values, type, &number) || number != AT_HWCAP2)
		return OST_VALUE_ANY;
	ost_feature_set_add(&fsgsbase, OST_F_FSGSBASE);
	return ost_value_flag(values, HWCAP2_FSGSBASE_BIT,
			      ost_cond_of(look->close->conds, &fsgsbase));
}

/* The seventh and on; at a jump out of the function they are where our own caller put them. */
static void stack_arguments(struct look *look, const struct state *state, const struct ost_op *op,
			    ost_value arguments[OST_CLOSE_ARGUMENTS])
{
	struct address top = {.value = state->reg[RSP]};

	if (op->kind != OST_DO_CALL)
		top.value = ost_value_compute(look->close->values, OST_OP_ADD, top.value,
					      ost_value_number(look->close->values, 8), 64);
	for (unsigned int i = 6; i < OST_CLOSE_PASSED; i++) {
		arguments[i] = close_load(look, state, op->site, &top, 8);
		top.value = ost_value_compute(look->close->values, OST_OP_ADD, top.value,
					      ost_value_number(look->close->values, 8), 64);
	}
}

/* What is live where one piece of assembler code jumps on to the next. */
static void live_arguments(struct look *look, const struct state *state, const struct ost_op *op,
			   const struct ost_function *callee,
			   ost_value arguments[OST_CLOSE_ARGUMENTS])
{
	unsigned int live = 0;

	if (op->kind != OST_DO_CALL && op->src.kind == OST_OPERAND_NUMBER &&
	    callee->member == look->function->member)
		live = close_reads_live(look->close, callee, (uint64_t)op->src.number);
	for (unsigned int i = 0; i < LIVE_COUNT; i++)
		arguments[OST_CLOSE_PASSED + i] =
			live >> i & 1 ? state->reg[close_live_registers[i]] : OST_VALUE_ANY;
}

/* The name of an object is given to dlopen(). */
static void tell_open(struct look *look, const struct state *state, const char *symbol,
		      const ost_value *arguments)
{
	const struct ost_close_calls *calls = &look->close->calls;
	const struct ost_alt *alts;
	unsigned int count;

	if (!look->last || look->outer ||
	    (strcmp(symbol, "dlopen") != 0 && strcmp(symbol, "dlmopen") != 0))
		return;
	alts = ost_value_alts(look->close->values, arguments[symbol[2] == 'm'], &count);
	for (unsigned int i = 0; i < count; i++)
		if (alts[i].kind == OST_ALT_ADDRESS)
			calls->opens(calls->context,
				     (struct ost_place){alts[i].member, alts[i].number},
				     ost_cond_both(look->close->conds, state->cond, alts[i].cond));
}

void close_call(struct look *look, struct state *state, const struct ost_op *op,
		struct ost_function *callee, const char *symbol)
{
	const struct ost_close_calls *calls = &look->close->calls;
	ost_value arguments[OST_CLOSE_ARGUMENTS], rax = OST_VALUE_ANY;
	const char *name = symbol ? symbol : callee ? callee->name : NULL;
	bool written = false;
	uint16_t clobbered = close_clobbers(look->close, look->function, callee);
	unsigned int uses;

	for (unsigned int i = 0; i < 6; i++)
		arguments[i] = state->reg[close_argument_registers[i]];
	if (symbol)
		tell_open(look, state, symbol, arguments);
	if (symbol && !strcmp(symbol, "__tls_get_addr")) {
		clobber(state, clobbered,
			ost_value_compute(look->close->values, OST_OP_ADD, arguments[0],
					  ost_value_number(look->close->values, OST_CLOSE_THREAD),
					  64));
		return;
	}
	if (symbol && !strcmp(symbol, "getauxval")) {
		clobber(state, clobbered, auxiliary(look, arguments[0]));
		return;
	}
	if (close_try_call(look, state, name)) {
		clobber(state, clobbered, state->reg[RAX]);
		return;
	}
	if (callee && close_follow(look, state, op, callee)) {
		ost_value rdx = state->reg[RDX];

		clobber(state, clobbered, state->reg[RAX]);
		state->reg[RDX] = rdx;
		return;
	}
	uses = callee ? close_uses(look->close, callee) : 0x3f;
	for (unsigned int i = 0; i < 6; i++)
		if (uses >> i & 1)
			close_escape(look, state, op->site, arguments[i], OST_EDGE_ADDRESS);
		else
			arguments[i] = OST_VALUE_ANY;
	if (callee) {
		stack_arguments(look, state, op, arguments);
		live_arguments(look, state, op, callee, arguments);
		close_spoil(look->close);
		rax = calls->call(calls->context, look->function, callee, arguments, state->cond);
		written = apply_writes(look, state, op->site, callee, arguments);
	}
	if (symbol && rax == OST_VALUE_ANY)
		rax = close_search(look, symbol, arguments);
	for (unsigned int i = 0; i < 6 && !written; i++)
		close_forget_stack(look, state, arguments[i]);
	clobber(state, clobbered, rax);
}

static void call_value(struct look *look, struct state *state, const struct ost_op *op,
		       ost_value value)
{
	struct ost_alt alts[OST_VALUE_ALTS];
	const struct ost_alt *list;
	unsigned int count;

	list = ost_value_alts(look->close->values, value, &count);
	if (list)
		memcpy(alts, list, count * sizeof(*alts));
	for (unsigned int i = 0; i < count; i++)
		if (alts[i].kind == OST_ALT_ADDRESS)
			close_edge(look, op->site,
				   (struct ost_place){alts[i].member, alts[i].number},
				   ost_cond_both(look->close->conds, state->cond, alts[i].cond),
				   OST_EDGE_CALL);
	close_call(look, state, op,
		   count == 1 && alts[0].kind == OST_ALT_ADDRESS
			   ? ost_graph_function(look->close->graph,
						(struct ost_place){alts[0].member, alts[0].number})
			   : NULL,
		   NULL);
}

/* What a function that the loader or the start-up code chooses is called, linked statically or not.
 */
static const char *symbol_of(const struct look *look, const struct ost_target *target)
{
	static const char own[] = "__libc_"; /* glibc's names for __libc_strstr() and others */
	const struct ost_function *resolver;

	if (target->symbol || !target->known || !target->ifunc)
		return target->symbol;
	resolver = ost_graph_function(look->close->graph, target->place);
	if (!resolver || !resolver->name)
		return NULL;
	return resolver->name + (strncmp(resolver->name, own, sizeof(own) - 1) ? 0 : sizeof(own) - 1);
}

void close_do_call(struct look *look, struct state *state, const struct ost_op *op)
{
	struct ost_place place = {look->function->member, (uint64_t)op->src.number};
	struct ost_target target;

	if (op->src.kind != OST_OPERAND_NUMBER) {
		/* a slot that the loader fills with the address of an imported function */
		if (op->src.kind == OST_OPERAND_MEMORY && op->src.rip) {
			target = ost_graph_slot(look->close->graph, place);
			if (target.known && !target.ifunc)
				close_edge(look, op->site, target.place, state->cond,
					   OST_EDGE_CALL);
			if (target.symbol) {
				close_call(look, state, op,
					   target.known && !target.ifunc
						   ? ost_graph_function(look->close->graph,
									target.place)
						   : NULL,
					   target.symbol);
				return;
			}
		}
		call_value(look, state, op, close_read(look, state, op->site, &op->src, 64));
		return;
	}
	target = ost_graph_code(look->close->graph, place);
	close_edge(look, op->site, place, state->cond, OST_EDGE_CALL);
	close_call(look, state, op,
		   target.known && !target.ifunc
			   ? ost_graph_function(look->close->graph, target.place)
			   : NULL,
		   symbol_of(look, &target));
}
