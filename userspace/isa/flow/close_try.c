// SPDX-License-Identifier: GPL-2.0-or-later
#include <signal.h>
#include <string.h>

#include "isa/flow/close_internal.h"

/*
 * Some ask the processor by trying: SIGILL is caught by a function that jumps back to where
 * sigsetjmp() was called, and what comes after the instruction runs only where there is such an
 * instruction. So it isn't needed, and guards what follows. Only up to the next call: who catches
 * SIGILL for a whole program doesn't ask.
 */

/* its name without what libraries put in front of it */
static const char *plain_name(const char *name)
{
	static const char *const fronts[] = {"libc_", "bsd_", "sysv_"};

	while (*name == '_')
		name++;
	for (size_t i = 0; i < sizeof(fronts) / sizeof(fronts[0]); i++)
		if (!strncmp(name, fronts[i], strlen(fronts[i])))
			name += strlen(fronts[i]);
	return name;
}

bool ost_close_sets_jump(const char *name)
{
	name = plain_name(name);
	return *name == 's' &&
	       (!strcmp(name, "sigsetjmp") || !strcmp(name, "setjmp"));
}

/* Does it go back to where sigsetjmp() was called? */
static bool jumps_back(struct look *look, struct ost_place place)
{
	const struct ost_function *handler = ost_graph_function(look->close->graph, place);

	for (uint32_t i = 0; handler && i < handler->ref_count; i++) {
		struct ost_place to = {handler->member, handler->refs[i].target};
		struct ost_target target;
		const struct ost_function *callee;
		const char *name;

		if (handler->refs[i].kind == OST_REF_CALL || handler->refs[i].kind == OST_REF_JUMP)
			target = ost_graph_code(look->close->graph, to);
		else if (handler->refs[i].kind == OST_REF_CALL_SLOT)
			target = ost_graph_slot(look->close->graph, to);
		else
			continue;
		callee = target.known ? ost_graph_function(look->close->graph, target.place) : NULL;
		name = target.symbol ? target.symbol : callee ? callee->name : NULL;
		if (name && strstr(name, "longjmp"))
			return true;
	}
	return false;
}

/* Does the function name one that does so, or a struct sigaction that begins with one? */
static bool catches(struct look *look)
{
	const struct ost_function *function = look->function;

	for (uint32_t i = 0; i < function->ref_count; i++) {
		struct ost_place to = {function->member, function->refs[i].target};
		struct ost_target target = {0};

		if (function->refs[i].kind == OST_REF_CODE)
			target = ost_graph_code(look->close->graph, to);
		else if (function->refs[i].kind == OST_REF_DATA)
			target = ost_graph_slot(look->close->graph, to);
		if (target.known && !target.ifunc &&
		    ost_graph_is_code(look->close->graph, target.place) &&
		    jumps_back(look, target.place))
			return true;
	}
	return false;
}

bool close_try_call(struct look *look, struct state *state, const char *name)
{
	struct ost_values *values = look->close->values;
	struct ost_alt back = {.kind = OST_ALT_UNKNOWN, .number = 1};
	bool lost = false;
	uint64_t signal;

	if (state->trying == TRY_RUNS)
		state->trying = TRY_NOT;
	if (!name)
		return false;
	if (ost_close_sets_jump(name)) {
		if (state->trying == TRY_CAUGHT)
			state->trying = TRY_ASKED;
		state->reg[RAX] = ost_value_join(values, ost_value_number(values, 0), OST_COND_NONE,
						 ost_value_alt(values, &back), OST_COND_NONE,
						 &lost);
		return true;
	}
	name = plain_name(name);
	if (*name == 's' && (!strcmp(name, "sigaction") || !strcmp(name, "signal")) &&
	    ost_value_constant(values, ost_value_cut(values, state->reg[RDI], 0, 32), &signal) &&
	    signal == SIGILL)
		state->trying = state->trying == TRY_NOT && catches(look) ? TRY_CAUGHT : TRY_NOT;
	return false;
}

void close_try_block(struct look *look, struct state *state)
{
	uint64_t answer;

	state->trying = ost_value_constant(look->close->values, state->reg[RAX], &answer) && !answer
				? TRY_RUNS
				: TRY_NOT;
}

bool close_try_step(struct look *look, struct state *state, uint64_t site)
{
	const struct ost_function *function = look->function;
	ost_cond before = state->cond;
	uint32_t low = 0, high = function->use_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (function->uses[middle].site < site)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == function->use_count || function->uses[low].site != site)
		return false;
	state->cond = ost_cond_both(look->close->conds, before,
				    ost_cond_of(look->close->conds,
						ost_quick_set(function->uses[low].need)));
	return state->cond != before;
}
