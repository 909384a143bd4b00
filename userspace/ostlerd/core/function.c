// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "ostlerd/core/code.h"
#include "ostlerd/core/trap.h"

/* Most functions forgotten at a time: each is looked for in all traps and places. */
#define PRUNE_MAX 256

static struct ost_function *function_row(struct ost_hash_node *node)
{
	return node ? ost_container_of(node, struct ost_function, node) : NULL;
}

/* Append, or with @first put before all others. */
static void link_idle(struct ost_instances *table, struct ost_function *function, bool first)
{
	function->prev = first ? NULL : table->idle_last;
	function->next = first ? table->idle_first : NULL;
	*(function->prev ? &function->prev->next : &table->idle_first) = function;
	*(function->next ? &function->next->prev : &table->idle_last) = function;
	table->idle_count++;
}

static void unlink_idle(struct ost_instances *table, struct ost_function *function)
{
	*(function->prev ? &function->prev->next : &table->idle_first) = function->next;
	*(function->next ? &function->next->prev : &table->idle_last) = function->prev;
	table->idle_count--;
}

void ost_function_hold(struct ost_instances *table, struct ost_function *function)
{
	if (!function->users++)
		unlink_idle(table, function);
}

void ost_function_put(struct ost_instances *table, struct ost_function *function)
{
	if (--function->users)
		return;
	/* what has learned nothing goes first */
	link_idle(table, function, !ost_function_learned(function));
}

bool ost_function_learned(const struct ost_function *function)
{
	const struct ost_function_run *run;
	static const struct ost_feature_set none;

	if (function->model.collections || function->traps || function->codes)
		return true;
	for (run = function->runs; run; run = run->next)
		if (run->requests || *run->analysis ||
		    !ost_feature_set_within(&run->touched, &none))
			return true;
	return false;
}

static void free_function(struct ost_function *function)
{
	while (function->runs) {
		struct ost_function_run *run = function->runs;

		function->runs = run->next;
		free(run);
	}
	free(function);
}

void ost_functions_exit(struct ost_instances *table)
{
	struct ost_hash_node *node;

	while ((node = ost_hash_next(&table->functions, NULL))) {
		ost_hash_remove(&table->functions, node);
		free_function(function_row(node));
	}
	ost_hash_free(&table->functions);
	table->idle_first = table->idle_last = NULL;
	table->idle_count = 0;
}

static uint64_t key_of(const char *user, const char *name)
{
	/* the constant is that of splitmix64 */
	return ost_hash_text(user) * 0xbf58476d1ce4e5b9ull ^ ost_hash_text(name);
}

struct ost_function *ost_function_find(const struct ost_instances *table, const char *user,
				       const char *name)
{
	struct ost_hash_node *node = ost_hash_find(&table->functions, key_of(user, name));

	for (; node; node = ost_hash_again(node))
		if (!strcmp(function_row(node)->name, name) && !strcmp(function_row(node)->user, user))
			return function_row(node);
	return NULL;
}

struct ost_function *ost_function_get(struct ost_instances *table, const char *user,
				      const char *name)
{
	char whose[OST_NAME_LEN], known[OST_NAME_LEN];
	struct ost_function *function;

	/* names longer than a row's are told apart by what fits */
	snprintf(whose, sizeof(whose), "%s", user);
	snprintf(known, sizeof(known), "%s", name);
	function = ost_function_find(table, whose, known);
	if (function)
		return function;
	function = calloc(1, sizeof(*function));
	if (!function || ost_hash_insert(&table->functions, &function->node, key_of(whose, known))) {
		free(function);
		return NULL;
	}
	memcpy(function->user, whose, sizeof(whose));
	memcpy(function->name, known, sizeof(known));
	link_idle(table, function, false);
	return function;
}

void ost_functions_prune(struct ost_instances *table, struct ost_traps *traps,
			 struct ost_codes *codes)
{
	struct ost_function *function;

	for (unsigned int i = 0; i < PRUNE_MAX && (function = table->idle_first); i++) {
		if (table->idle_count <= OST_FUNCTIONS_IDLE_MAX && ost_function_learned(function))
			return;
		ost_traps_forget(traps, function);
		ost_codes_forget(codes, function);
		unlink_idle(table, function);
		ost_hash_remove(&table->functions, &function->node);
		free_function(function);
	}
}

/* Take out the oldest run that no instance uses; false when there is none. */
static bool drop_run(struct ost_function *function)
{
	struct ost_function_run **at, **oldest = NULL, *run;

	for (at = &function->runs; *at; at = &(*at)->next)
		if (!(*at)->users)
			oldest = at;
	if (!oldest)
		return false;
	run = *oldest;
	*oldest = run->next;
	free(run);
	return true;
}

struct ost_function_run *ost_function_run_get(struct ost_function *function, const char *program)
{
	struct ost_function_run *run;
	unsigned int count = 0;

	for (run = function->runs; run; run = run->next, count++)
		if (!strcmp(run->program, program))
			return run;
	if (count >= OST_FUNCTION_RUNS_MAX && !drop_run(function))
		return NULL;
	run = calloc(1, sizeof(*run));
	if (!run)
		return NULL;
	snprintf(run->program, sizeof(run->program), "%s", program);
	run->next = function->runs;
	function->runs = run;
	return run;
}

struct ost_function *ost_function_next(const struct ost_instances *table,
				       const struct ost_function *function)
{
	return function_row(ost_hash_next(&table->functions, function ? &function->node : NULL));
}

void ost_instance_runs(struct ost_instance *instance, struct ost_function_run *run)
{
	if (instance->run)
		instance->run->users--;
	instance->run = run;
	if (run)
		run->users++;
}
