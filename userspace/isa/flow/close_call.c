// SPDX-License-Identifier: GPL-2.0-or-later
#include <elf.h>
#include <string.h>

#include "isa/flow/close_internal.h"

/* HWCAP2_FSGSBASE of asm/hwcap2.h is bit 1 */
#define HWCAP2_FSGSBASE_BIT 1

/** Longest name of a feature that is looked for in strings: bytes. */
#define NAME_BYTES 32

static const uint8_t argument_registers[6] = {RDI, RSI, RDX, RCX, 8, 9};

/* What the callee stored through pointers that it was given. */
static bool apply_writes(struct look *look, struct state *state, uint64_t site,
			 struct ost_function *callee, const ost_value *arguments)
{
	const struct ost_close_calls *calls = &look->close->calls;
	struct ost_values *values = look->close->values;
	struct ost_memory memory;
	ost_value value;
	unsigned int at = 0;

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

bool ost_close_followed(const struct ost_function *function)
{
	return function->traits & OST_TRAIT_CPUID &&
	       function->end - function->start <= INLINE_BYTES;
}

/* Below where it returns to, a function that is followed has its own frame. */
static void give_frame(struct look *look, const struct state *entry)
{
	const struct ost_alt *alts;
	unsigned int count;

	alts = ost_value_alts(look->close->values, entry->reg[RSP], &count);
	if (count != 1 || alts[0].kind != OST_ALT_STACK) {
		look->frame = INT64_MIN;
		return;
	}
	look->frame = (int64_t)alts[0].number;
	look->space = (look->outer->space + 1) * 0x9e3779b1u ^ (uint32_t)look->call_site;
}

/* A small function that asks CPUID for its caller is followed with what it is given. */
static bool follow(struct look *look, struct state *state, const struct ost_op *op,
		   struct ost_function *callee)
{
	struct look inner = {
		.close = look->close,
		.function = callee,
		.outer = look,
		.depth = look->depth + 1,
		.call_site = op->site,
		.returned = OST_VALUE_NOTHING,
		.returned_rdx = OST_VALUE_NOTHING,
		.steps = look->steps,
		.last = look->last,
	};
	struct state entry = *state;

	if (look->depth >= INLINE_DEPTH || !ost_close_followed(callee))
		return false;
	for (const struct look *at = look; at; at = at->outer)
		if (at->function == callee)
			return false;
	close_move_stack(look, &entry, -8);
	give_frame(&inner, &entry);
	if (close_run(&inner, &entry) || !inner.has_returned)
		return false;
	state->reg[RAX] = inner.returned;
	state->reg[RDX] = inner.returned_rdx;
	memcpy(state->recent, inner.left.recent, sizeof(state->recent));
	state->recents = inner.left.recents;
	close_recent_leave(look, state);
	return true;
}

static void clobber(struct state *state, uint16_t registers, ost_value rax)
{
	for (unsigned int reg = 0; reg < 16; reg++)
		if (registers >> reg & 1)
			state->reg[reg] = OST_VALUE_ANY;
	state->reg[RAX] = rax;
	state->flags = (struct ost_flags){0};
	memset(state->vector, 0, sizeof(state->vector));
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

unsigned int ost_close_named(const struct ost_object *object, uint64_t address)
{
	char name[NAME_BYTES];
	size_t left, length = 0;
	const uint8_t *bytes = ost_object_at(object, address, &left);
	unsigned int feature;

	for (; bytes && left && *bytes == ' '; left--)
		bytes++;
	while (bytes && length < left && length < NAME_BYTES - 1 && bytes[length] > ' ') {
		name[length] = bytes[length];
		length++;
	}
	if (!length || length == left)
		return OST_FEATURE_NONE;
	name[length] = 0;
	feature = ost_feature_find(name);
	/* what every x86-64 processor has guards nothing */
	return feature && ost_feature_get(feature)->level == 1 ? OST_FEATURE_NONE : feature;
}

static unsigned int named(struct look *look, ost_value value)
{
	const struct ost_program *program = ost_graph_program(look->close->graph);
	const struct ost_alt *alts;
	unsigned int count;

	alts = ost_value_alts(look->close->values, value, &count);
	return count == 1 && alts[0].kind == OST_ALT_ADDRESS
		       ? ost_close_named(program->members[alts[0].member].object, alts[0].number)
		       : OST_FEATURE_NONE;
}

/*
 * Features are also looked for by their names, in /proc/cpuinfo or in a list that somebody made.
 * Return: what such a search answers; OST_VALUE_ANY for anything else.
 */
static ost_value search(struct look *look, const char *symbol, const ost_value *arguments)
{
	static const char *const compares[] = {"strcmp", "strncmp", "strcasecmp", "strncasecmp",
					       "memcmp"};
	static const char *const finds[] = {"strstr", "strcasestr"};
	/* the second is something else, the same wherever it goes */
	struct ost_alt answer[2] = {{.kind = OST_ALT_NUMBER},
				    {.kind = OST_ALT_UNKNOWN, .number = 1}};
	struct ost_feature_set set = {0};
	unsigned int feature;
	ost_cond cond;
	bool lost = false;
	int found = -1;

	for (size_t i = 0; i < sizeof(compares) / sizeof(compares[0]); i++)
		if (!strcmp(symbol, compares[i]))
			found = 0;
	for (size_t i = 0; i < sizeof(finds) / sizeof(finds[0]); i++)
		if (!strcmp(symbol, finds[i]))
			found = 1;
	if (found < 0)
		return OST_VALUE_ANY;
	feature = named(look, arguments[1]);
	if (!feature && !found)
		feature = named(look, arguments[0]);
	if (!feature)
		return OST_VALUE_ANY;
	ost_feature_set_add(&set, feature);
	cond = ost_cond_of(look->close->conds, &set);
	/* a comparison answers zero where it was found, a search something else */
	answer[found].cond = cond;
	return ost_value_join(look->close->values, ost_value_alt(look->close->values, &answer[0]),
			      OST_COND_NONE, ost_value_alt(look->close->values, &answer[1]),
			      OST_COND_NONE, &lost);
}

/* The seventh and on; at a jump out of the function they are where our own caller put them. */
static void stack_arguments(struct look *look, const struct state *state, const struct ost_op *op,
			    ost_value arguments[OST_CLOSE_ARGUMENTS])
{
	struct address top = {.value = state->reg[RSP]};

	if (op->kind != OST_DO_CALL)
		top.value = ost_value_compute(look->close->values, OST_OP_ADD, top.value,
					      ost_value_number(look->close->values, 8), 64);
	for (unsigned int i = 6; i < OST_CLOSE_ARGUMENTS; i++) {
		arguments[i] = close_load(look, state, op->site, &top, 8);
		top.value = ost_value_compute(look->close->values, OST_OP_ADD, top.value,
					      ost_value_number(look->close->values, 8), 64);
	}
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
	bool written = false;
	uint16_t clobbered = close_clobbers(look->close, look->function, callee);
	unsigned int uses;

	for (unsigned int i = 0; i < 6; i++)
		arguments[i] = state->reg[argument_registers[i]];
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
	if (callee && follow(look, state, op, callee)) {
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
		rax = calls->call(calls->context, look->function, callee, arguments, state->cond);
		written = apply_writes(look, state, op->site, callee, arguments);
	}
	if (symbol && rax == OST_VALUE_ANY)
		rax = search(look, symbol, arguments);
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
		   target.symbol);
}
