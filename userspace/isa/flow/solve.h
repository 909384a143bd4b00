/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_SOLVE_H
#define OST_ISA_SOLVE_H

#include "isa/flow/graph.h"
#include "isa/flow/value.h"

/*
 * The whole program: which functions need a close look because they ask the processor what it has
 * or use an answer, what the answers are that they leave in memory, and then, for each function,
 * what is known to be present whenever it runs.
 */

/** enum ost_tier - how sure it is that a function is reached */
enum ost_tier {
	OST_TIER_CERTAIN,  /* by calls, jumps, and addresses of code and virtual tables that code
			    * takes */
	OST_TIER_PROBABLE, /* also by addresses in tables of data */
	OST_TIERS,
};

/** struct ost_reached - how a function is reached */
struct ost_reached {
	ost_cond cond; /* OST_COND_ALL: it isn't */
	uint32_t from; /* function that leads here, by index; UINT32_MAX: a root */
	uint64_t site; /* the instruction in it */
	char how;      /* as in struct ost_need_step */
};

/** struct ost_refusal - code that ends the program where a feature is missing */
struct ost_refusal {
	uint32_t function;
	uint64_t site;
	ost_cond before; /* what is known before */
	ost_cond cond;	 /* what it wants */
};

struct ost_solve;

/** struct ost_solve_stats - what was done */
struct ost_solve_stats {
	size_t close;	 /* functions looked at closely */
	size_t given_up; /* of these, too large or looked at too often */
	uint64_t steps;	 /* instructions interpreted */
	bool budget_spent;
};

/**
 * ost_solve() - a graph in which all has been reached
 * @steps: budget of instructions to interpret
 *
 * Return: NULL without memory.
 */
struct ost_solve *ost_solve(struct ost_graph *graph, uint64_t steps);
void ost_solve_free(struct ost_solve *solve);

/** ost_solve_reached() - how a function is reached */
struct ost_reached ost_solve_reached(const struct ost_solve *solve,
				     const struct ost_function *function, enum ost_tier tier);

/** ost_solve_at() - what is known where an instruction of a function runs; OST_COND_ALL: it doesn't
 */
ost_cond ost_solve_at(const struct ost_solve *solve, const struct ost_function *function,
		      uint64_t site, enum ost_tier tier);

/** ost_solve_gave_up() - was a function to be looked at closely, and nothing is known of it? */
bool ost_solve_gave_up(const struct ost_solve *solve, const struct ost_function *function);

/** ost_solve_plain() - the features of a condition; good as long as @solve is */
const struct ost_feature_set *ost_solve_plain(const struct ost_solve *solve, ost_cond cond);

/** ost_solve_set() - the features of a condition, with what they imply */
void ost_solve_set(const struct ost_solve *solve, ost_cond cond, struct ost_feature_set *set);

/**
 * ost_solve_test() - where the program tests for a feature
 * @any: for one of these
 * @near: one in this function if there is, else in its object, else anywhere
 *
 * Return: false when none was seen.
 */
bool ost_solve_test(const struct ost_solve *solve, const struct ost_feature_set *any,
		    const struct ost_function *near, struct ost_place *place);

/** ost_solve_refusals() - all of them */
const struct ost_refusal *ost_solve_refusals(const struct ost_solve *solve, size_t *count);

void ost_solve_stats(const struct ost_solve *solve, struct ost_solve_stats *stats);

#endif
