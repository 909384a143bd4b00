// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "isa/flow/solve_internal.h"
#include "isa/implied.h"

/*
 * What the processor answered is often kept in a struct that is passed around, and all structs of
 * an object look the same from here; so is a small number that stands for what was chosen by it.
 * Where an object was seen to keep one, a function of it that needs none of these features itself
 * and chooses, by a small number in a struct or an argument of which nothing else is known, whether
 * it calls a function that needs one, or whether it takes the address of one to be called later, is
 * taken to look at that answer. A program that was compiled for the feature throughout needs it in
 * the one that chooses too, or reaches it in other ways, which count as they did.
 */

/** Widest number that is taken for such an answer: bytes. */
#define ANSWER_BYTES 4

/** Largest number that is taken for what was chosen by an answer. */
#define CHOSEN_MAX 255

/* Is it put there because of an answer, as what it chose? */
static bool is_chosen(const struct ost_solve *solve, ost_value value)
{
	uint64_t number;

	return ost_value_constant(solve->values, value, &number) && number &&
	       number <= CHOSEN_MAX;
}

void solve_keep_answer(struct ost_solve *solve, uint32_t member, ost_value value, ost_cond cond)
{
	if (is_chosen(solve, value))
		value = ost_value_given(solve->values, value, cond);
	else if (!ost_value_flags(solve->values, value))
		return;
	solve->answers[member] = ost_cond_both(solve->conds, solve->answers[member],
					       ost_value_asks(solve->values, value));
}

ost_value solve_guessed_argument(struct ost_solve *solve)
{
	const struct closely *looking = solve->looking;

	if (!looking || !looking->guess)
		return OST_VALUE_ANY;
	return ost_value_word(solve->values, 8 * ANSWER_BYTES,
			      solve->answers[looking->function->member]);
}

ost_value solve_guessed(struct ost_solve *solve, unsigned int bytes)
{
	if (bytes > ANSWER_BYTES)
		return OST_VALUE_ANY;
	return ost_value_cut(solve->values, solve_guessed_argument(solve), 0, 8 * bytes);
}

static bool needs_one_of(const struct ost_function *function, const struct ost_feature_set *answers)
{
	for (uint32_t i = 0; i < function->use_count; i++) {
		const struct ost_feature_rule *rule = ost_quick_rule(function->uses[i].need);

		for (unsigned int j = 0; j < OST_RULE_MAX && rule->all[j].any[0]; j++)
			if (ost_feature_set_has(answers, rule->all[j].any[0]))
				return true;
	}
	return false;
}

struct choosers {
	struct ost_solve *solve;
	uint32_t member;
	const struct ost_feature_set *answers;
};

static void guess_chooser(void *context, struct ost_function *caller, const struct ost_ref *ref)
{
	const struct choosers *choosers = context;
	struct closely *closely;

	if (caller->member != choosers->member || !caller->decoded ||
	    (ref->kind != OST_REF_CALL && ref->kind != OST_REF_JUMP && ref->kind != OST_REF_CODE) ||
	    needs_one_of(caller, choosers->answers))
		return;
	closely = solve_find(choosers->solve, caller);
	if (closely && (closely->failed || caller->traits & OST_TRAIT_CPUID))
		return;
	if (!closely)
		closely = solve_begin(choosers->solve, caller);
	if (closely)
		closely->guess = true;
}

void solve_guess(struct ost_solve *solve)
{
	size_t count = ost_graph_count(solve->graph);

	for (uint32_t member = 0; member < solve->program->count; member++) {
		struct ost_feature_set answers;
		struct choosers choosers = {solve, member, &answers};

		if (solve->answers[member] == OST_COND_NONE)
			continue;
		answers = *ost_cond_set(solve->conds, solve->answers[member]);
		ost_feature_implied(&answers);
		for (size_t i = 0; i < count; i++) {
			struct ost_function *function = ost_graph_get(solve->graph, i);

			if (function->member == member && function->decoded &&
			    needs_one_of(function, &answers))
				ost_graph_callers(solve->graph, function, guess_chooser, &choosers);
		}
	}
}
