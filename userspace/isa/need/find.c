// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "isa/flow/solve.h"
#include "isa/flow/zeroes.h"
#include "isa/implied.h"
#include "isa/need/known.h"
#include "isa/need/need.h"
#include "lib/error.h"

/** Instructions interpreted in the close look, unless told. */
#define STEPS_DEFAULT 40000000ull

#define KNOWN_NOT_ASKED 0xff

#define EVERY_MEMBER UINT32_MAX

struct find {
	struct ost_needs *needs;
	const struct ost_program *program;
	struct ost_graph *graph;
	struct ost_solve *solve;
	struct ost_need by_feature[OST_FEATURE_END];
	bool seen[OST_FEATURE_END];
	const struct ost_function *known_of; /* the function that @known is of */
	bool *refused;			     /* per refusal: it counts */
	ost_cond implied_of;		     /* the condition that @implied is of */
	struct ost_feature_set implied;
	uint8_t known[OST_FEATURE_END]; /* what is known of each there */
};

/* one instruction, and how it is reached */
struct place {
	struct ost_function *function;
	uint64_t site;
	enum ost_tier tier;
	ost_cond cond;
};

static void make_path(const struct find *find, struct ost_need *need, const struct place *place)
{
	struct ost_need_step steps[OST_NEED_STEPS_MAX];
	const struct ost_function *at = place->function;
	uint64_t site = place->site;
	uint32_t count = 0;

	need->unsure = false;
	while (count < OST_NEED_STEPS_MAX) {
		struct ost_reached reached = ost_solve_reached(find->solve, at, place->tier);

		steps[count++] = (struct ost_need_step){at->member, at->start, site, reached.how};
		need->unsure |= ost_solve_gave_up(find->solve, at);
		if (reached.from == UINT32_MAX)
			break;
		at = ost_graph_get(find->graph, reached.from);
		site = reached.site;
	}
	need->steps = count;
	for (uint32_t i = 0; i < count; i++)
		need->path[i] = steps[count - 1 - i];
}

/*
 * Two weak guards are as one that a host passes when it passes either: what both want, whether they
 * say so or it follows from what they say. True: the second one is as weak as both together.
 */
static bool weaken(struct ost_need *need, const struct ost_feature_set *guard)
{
	struct ost_feature_set had = need->guard, wants = *guard;

	ost_feature_implied(&had);
	ost_feature_implied(&wants);
	need->guard = had;
	ost_feature_set_intersect(&need->guard, &wants);
	return !ost_feature_set_equal(&need->guard, &had) &&
	       ost_feature_set_equal(&need->guard, &wants);
}

/* Is there no function that was given up on the way to this one, as there was before? */
static bool is_surer(const struct find *find, const struct ost_need *need,
		     const struct place *place)
{
	struct ost_need other;

	if (!need->unsure)
		return false;
	make_path(find, &other, place);
	return !other.unsure;
}

/* The test before it is for what is known there, which of a weak guard is another feature. */
static void find_test(const struct find *find, struct ost_need *need,
		      const struct ost_function *function)
{
	struct ost_feature_set any = need->guard;
	struct ost_place test;

	if (ost_feature_set_empty(&any))
		ost_feature_set_add(&any, need->feature);
	if (!ost_solve_test(find->solve, &any, function, &test))
		return;
	need->guard_member = test.member;
	need->guard_site = test.address;
}

static void note(struct find *find, unsigned int feature, enum ost_need_verdict verdict,
		 const struct place *place, const struct ost_feature_set *guard, bool known)
{
	struct ost_need *need = &find->by_feature[feature];

	need->count++;
	/* a program that refuses to run never gets to what it would need */
	if (find->seen[feature] && verdict != OST_NEED_SELF_CHECKED &&
	    (need->verdict > verdict || (need->verdict == verdict &&
					 verdict != OST_NEED_WEAK_GUARD && !is_surer(find, need, place))))
		return;
	if (verdict > OST_NEED_DISPATCHED &&
	    ost_graph_is_data(find->graph, place->function, place->site)) {
		need->count--;
		return;
	}
	if (find->seen[feature] && need->verdict == OST_NEED_WEAK_GUARD &&
	    verdict == OST_NEED_WEAK_GUARD && !weaken(need, guard))
		return;
	find->seen[feature] = true;
	need->feature = feature;
	need->verdict = verdict;
	need->known = known;
	need->member = place->function->member;
	need->function = place->function->start;
	need->site = place->site;
	need->guard = *guard;
	need->guard_site = need->steps = 0;
	if (verdict != OST_NEED_REQUIRED && verdict != OST_NEED_HAZARD)
		find_test(find, need, place->function);
	if (verdict > OST_NEED_UNREACHED)
		make_path(find, need, place);
}

static bool clause_met(const struct ost_feature_clause *clause, const struct ost_feature_set *have)
{
	for (unsigned int i = 0; i < OST_CLAUSE_MAX && clause->any[i]; i++)
		if (ost_feature_set_has(have, clause->any[i]))
			return true;
	return false;
}

static enum ost_need_verdict verdict_of(unsigned int feature, const struct place *place,
					const struct ost_feature_set *guard)
{
	if (!ost_feature_set_empty(guard))
		return OST_NEED_WEAK_GUARD;
	if (place->tier == OST_TIER_PROBABLE)
		return OST_NEED_PROBABLE;
	return ost_feature_get(feature)->absence == OST_ABSENT_SILENT ? OST_NEED_HAZARD
								      : OST_NEED_REQUIRED;
}

/*
 * BSF with a REP prefix is what compilers write for any processor when the input isn't zero, and
 * is TZCNT where there is one: alone it says nothing. See ost_zeroes_meant().
 */
static bool is_idiom(const struct ost_feature_rule *rule)
{
	return rule->all[0].any[0] == OST_F_TZCNT;
}

/* What is known of this instruction, or OST_NEED_END. */
static unsigned int known_verdict(struct find *find, const struct place *place,
				  unsigned int feature)
{
	const struct ost_function *function = place->function;
	const struct ost_object *object = find->program->members[function->member].object;

	if (place->cond == OST_COND_ALL)
		return OST_NEED_END;
	/* the same is asked of a function for each of its instructions */
	if (find->known_of != function) {
		find->known_of = function;
		memset(find->known, KNOWN_NOT_ASKED, sizeof(find->known));
	}
	if (find->known[feature] == KNOWN_NOT_ASKED)
		find->known[feature] = ost_known_verdict(object, function->name, feature);
	if (find->known[feature] == OST_NEED_END &&
	    ost_known_code(object, function, place->site, feature))
		return OST_NEED_DISPATCHED;
	return find->known[feature];
}

static void take_use(struct find *find, const struct place *place,
		     const struct ost_feature_rule *rule)
{
	struct ost_feature_set guard = {0}, plain;
	unsigned int known;

	if (place->cond != OST_COND_ALL) {
		/* it is the same for many in a row */
		if (find->implied_of != place->cond) {
			ost_solve_set(find->solve, place->cond, &find->implied);
			find->implied_of = place->cond;
		}
		guard = find->implied;
		plain = *ost_solve_plain(find->solve, place->cond);
	} else {
		plain = guard;
	}
	if (is_idiom(rule) && (place->cond == OST_COND_ALL || clause_met(&rule->all[0], &guard) ||
			       !ost_zeroes_meant(find->graph, place->function, place->site)))
		return;
	for (unsigned int i = 0; i < OST_RULE_MAX && rule->all[i].any[0]; i++) {
		unsigned int feature = rule->all[i].any[0];
		enum ost_need_verdict verdict = OST_NEED_DISPATCHED;

		if (ost_feature_get(feature)->level == 1)
			continue;
		known = known_verdict(find, place, feature);
		if (known != OST_NEED_END)
			verdict = known;
		else if (place->cond != OST_COND_ALL && !clause_met(&rule->all[i], &guard))
			verdict = verdict_of(feature, place, &plain);
		note(find, feature, verdict, place, &plain, known != OST_NEED_END);
	}
}

static void take_function(struct find *find, struct ost_function *function)
{
	enum ost_tier tier = OST_TIER_CERTAIN;
	struct ost_feature_set none = {0};

	if (ost_solve_reached(find->solve, function, tier).cond == OST_COND_ALL)
		tier = OST_TIER_PROBABLE;
	for (uint32_t i = 0; i < function->use_count; i++) {
		const struct ost_use *use = &function->uses[i];
		struct place place = {function, use->site, tier, OST_COND_ALL};
		const struct ost_feature_rule *rule = ost_quick_rule(use->need);

		if (ost_solve_reached(find->solve, function, tier).cond == OST_COND_ALL) {
			if (!is_idiom(rule) && rule->all[0].any[0])
				note(find, rule->all[0].any[0], OST_NEED_UNREACHED, &place, &none,
				     false);
			continue;
		}
		place.cond = ost_solve_at(find->solve, function, use->site, tier);
		take_use(find, &place, rule);
		/* what is certain under a condition may be probable without one */
		if (tier == OST_TIER_CERTAIN && place.cond != OST_COND_NONE) {
			place.tier = OST_TIER_PROBABLE;
			place.cond =
				ost_solve_at(find->solve, function, use->site, OST_TIER_PROBABLE);
			take_use(find, &place, rule);
		}
	}
}

/* What a host has that runs this object's code at all; EVERY_MEMBER: that runs the program. */
static struct ost_feature_set hard_of(const struct find *find, uint32_t member)
{
	struct ost_feature_set hard = {0};

	for (unsigned int feature = 1; feature < OST_FEATURE_END; feature++)
		if (find->by_feature[feature].verdict >= OST_NEED_HAZARD &&
		    (member == EVERY_MEMBER || find->by_feature[feature].member == member))
			ost_feature_set_add(&hard, feature);
	ost_feature_implied(&hard);
	return hard;
}

/*
 * Code that ends the program where a feature is missing. It counts when every host gets there that
 * is not refused already; under another condition it is that one's affair.
 */
static bool take_refusal(struct find *find, const struct ost_refusal *refusal)
{
	struct ost_function *function = ost_graph_get(find->graph, refusal->function);
	struct place place = {function, refusal->site, OST_TIER_CERTAIN, OST_COND_NONE};
	struct ost_feature_set hard, before = {0}, wants, none = {0};

	place.cond = ost_solve_at(find->solve, function, refusal->site, OST_TIER_CERTAIN);
	if (place.cond == OST_COND_ALL)
		return false;
	if (place.cond != OST_COND_NONE) {
		hard = hard_of(find, EVERY_MEMBER);
		if (!ost_feature_set_within(ost_solve_plain(find->solve, place.cond), &hard))
			return false;
		ost_solve_set(find->solve, place.cond, &before);
	}
	wants = *ost_solve_plain(find->solve, refusal->cond);
	ost_feature_set_subtract(&wants, &before);
	for (unsigned int feature = 1; feature < OST_FEATURE_END; feature++)
		if (ost_feature_set_has(&wants, feature) && feature != OST_F_TZCNT)
			note(find, feature, OST_NEED_SELF_CHECKED, &place, &none, false);
	return true;
}

/*
 * Where the program ends without a feature, it needs it, whatever follows. What one refusal wants
 * may be what the next one stands behind: until none of them counts that didn't before.
 */
static void take_refusals(struct find *find)
{
	const struct ost_refusal *refusals;
	bool more = true;
	size_t count;

	refusals = ost_solve_refusals(find->solve, &count);
	while (more) {
		more = false;
		for (size_t i = 0; i < count; i++) {
			if (find->refused[i] || !take_refusal(find, &refusals[i]))
				continue;
			find->refused[i] = more = true;
		}
	}
}

/* The loader refuses a host that lacks a level, for the sake of one object. */
static void refuse_below(struct find *find, unsigned int at, uint32_t member)
{
	struct ost_feature_set level;

	ost_feature_level_set(at, &level);
	for (unsigned int feature = 1; feature < OST_FEATURE_END; feature++) {
		struct ost_need *need = &find->by_feature[feature];

		if (!ost_feature_set_has(&level, feature) || ost_feature_get(feature)->level < 2 ||
		    need->verdict >= OST_NEED_SELF_CHECKED)
			continue;
		find->seen[feature] = true;
		need->feature = feature;
		need->verdict = OST_NEED_SELF_CHECKED;
		need->known = false;
		need->member = member;
		need->site = need->function = need->steps = 0;
		need->unsure = false;
		need->guard_site = 0;
		memset(&need->guard, 0, sizeof(need->guard));
	}
}

/*
 * Objects that say that they need a level, and those that only hosts of a level find: what the
 * program can't begin without. Without the latter, what was to be loaded later just isn't.
 */
static void take_marks(struct find *find)
{
	for (uint32_t i = 0; i < find->program->count; i++) {
		const struct ost_member *member = &find->program->members[i];

		for (unsigned int at = 2; at <= 4; at++)
			if (member->object->isa_needed >> (at - 1) & 1)
				refuse_below(find, at, i);
		if (member->how == OST_HOW_NEEDED && !member->group && member->level)
			refuse_below(find, member->level, i);
	}
}

/*
 * Who has all that an object needs anyway passes its tests for nothing else, so what is behind them
 * is needed as well, and so on. Not so in other objects: a library that chooses for all processors
 * counts on features that come together in those that were built.
 */
static bool take_passed(struct find *find)
{
	bool any = false, more = true;

	while (more) {
		more = false;
		for (unsigned int feature = 1; feature < OST_FEATURE_END; feature++) {
			struct ost_need *need = &find->by_feature[feature];
			struct ost_feature_set lacks = need->guard, hard;

			if (need->verdict != OST_NEED_WEAK_GUARD)
				continue;
			hard = hard_of(find, need->member);
			ost_feature_set_subtract(&lacks, &hard);
			if (!ost_feature_set_empty(&lacks))
				continue;
			need->verdict = ost_feature_get(feature)->absence == OST_ABSENT_SILENT
						? OST_NEED_HAZARD
						: OST_NEED_REQUIRED;
			any = more = true;
		}
	}
	return any;
}

static const struct ost_object *damaged(const struct ost_program *program)
{
	for (size_t i = 0; i < program->count; i++)
		if (program->members[i].object->damage[0])
			return program->members[i].object;
	return NULL;
}

static void say_incomplete(struct find *find)
{
	const struct ost_object *broken = damaged(find->program);
	struct ost_needs *needs = find->needs;
	struct ost_solve_stats solved;
	struct ost_graph_stats stats;

	ost_solve_stats(find->solve, &solved);
	ost_graph_stats(find->graph, &stats);
	needs->code_bytes = stats.code_bytes;
	needs->functions = stats.functions;
	needs->analysed = solved.close;
	if (find->program->missing_count)
		snprintf(needs->incomplete, sizeof(needs->incomplete),
			 "%zu libraries are missing, %.80s first", find->program->missing_count,
			 find->program->missing[0].name);
	else if (broken)
		snprintf(needs->incomplete, sizeof(needs->incomplete), "%.80s is damaged: %.120s",
			 broken->name, broken->damage);
	else if (solved.budget_spent)
		snprintf(needs->incomplete, sizeof(needs->incomplete),
			 "the budget of instructions to look at closely was spent: %zu of %zu "
			 "functions count as if nothing guarded them",
			 solved.given_up, solved.close);
	else if (solved.given_up)
		snprintf(needs->incomplete, sizeof(needs->incomplete),
			 "%zu of %zu functions were too large to look at closely, and count as if "
			 "nothing guarded them",
			 solved.given_up, solved.close);
	else if (stats.too_large)
		snprintf(needs->incomplete, sizeof(needs->incomplete),
			 "the budget of code to decode, or of what it refers to and needs, was "
			 "spent: %zu function%s not read to the end",
			 stats.too_large, stats.too_large == 1 ? " was" : "s were");
	needs->complete = !needs->incomplete[0];
}

static int collect(struct find *find)
{
	struct ost_needs *needs = find->needs;

	for (unsigned int feature = 1; feature < OST_FEATURE_END; feature++)
		needs->count += find->seen[feature];
	needs->list = calloc(needs->count ? needs->count : 1, sizeof(*needs->list));
	if (!needs->list)
		return -ENOMEM;
	needs->count = 0;
	for (unsigned int feature = 1; feature < OST_FEATURE_END; feature++)
		if (find->seen[feature])
			needs->list[needs->count++] = find->by_feature[feature];
	say_incomplete(find);
	return 0;
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

static int find_all(struct find *find, const struct ost_need_budget *budget)
{
	struct ost_graph_budget graph_budget = {.code_bytes = budget ? budget->code_bytes : 0};
	uint64_t steps = budget && budget->steps ? budget->steps : STEPS_DEFAULT;
	size_t refusals;

	find->graph = ost_graph_new(find->program, &graph_budget);
	if (!find->graph || ost_graph_reach(find->graph))
		return -ENOMEM;
	find->solve = ost_solve(find->graph, steps);
	if (!find->solve)
		return -ENOMEM;
	for (size_t i = 0; i < ost_graph_count(find->graph); i++)
		take_function(find, ost_graph_get(find->graph, i));
	ost_solve_refusals(find->solve, &refusals);
	find->refused = calloc(refusals + 1, sizeof(*find->refused));
	if (!find->refused)
		return -ENOMEM;
	take_marks(find);
	/* each makes more hard, of which the other asks */
	do
		take_refusals(find);
	while (take_passed(find));
	return collect(find);
}

int ost_needs_find(struct ost_needs *needs, const struct ost_program *program,
		   const struct ost_need_budget *budget, struct ost_error *err)
{
	struct find *find = calloc(1, sizeof(*find));
	uint64_t started = now_ns();
	int ret = -ENOMEM;

	memset(needs, 0, sizeof(*needs));
	if (find) {
		find->needs = needs;
		find->implied_of = OST_COND_ALL;
		find->program = program;
		ret = find_all(find, budget);
		free(find->refused);
		ost_solve_free(find->solve);
		ost_graph_free(find->graph);
		free(find);
	}
	needs->duration_ns = now_ns() - started;
	if (ret)
		return ost_error_set(err, ret, "%s: there is not enough memory to analyse it",
				     program->members[0].object->path);
	return 0;
}
