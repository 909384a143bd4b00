// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"

static struct ost_function *function_row(struct ost_hash_node *node)
{
	return node ? ost_container_of(node, struct ost_function, node) : NULL;
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
	return function;
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
