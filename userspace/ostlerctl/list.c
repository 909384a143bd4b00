// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/http.h"
#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

static int by_path(const void *a, const void *b)
{
	const json_t *const *left = a, *const *right = b;

	return strcmp(ost_field_text(*left, "path"), ost_field_text(*right, "path"));
}

static const char *state_of(const json_t *instance)
{
	if (ost_field_u64(instance, "parked"))
		return "parked";
	if (ost_field_bool(instance, "collecting"))
		return "collecting";
	if (ost_field_bool(instance, "frozen"))
		return "frozen";
	if (!ost_field_bool(instance, "populated"))
		return "empty";
	return ost_field_u64(instance, "demand.idle_ms") >= 2000 ? "idle" : "busy";
}

static const char *last_of(const json_t *instance, char *buf, size_t size)
{
	const char *status = ost_field_text(instance, "last_collection.status");
	char bytes[24], ago[24];

	if (!strcmp(status, "never"))
		return "-";
	ost_print_ago(ago, sizeof(ago), ost_field_u64(instance, "last_collection.ended_unix_ms"));
	if (strcmp(status, "done") != 0)
		snprintf(buf, size, "%s, %s ago", ost_field_text(instance, "last_collection.text"),
			 ago);
	else
		snprintf(buf, size, "%s given back, %s ago",
			 ost_print_bytes(bytes, sizeof(bytes),
					 ost_field_u64(instance, "last_collection.yield_bytes")),
			 ago);
	return buf;
}

static void add_instance(struct ost_table *table, const json_t *instance)
{
	char memory[24], anon[24], garbage[24], idle[24] = "-", last[160];
	const char *state = state_of(instance);
	const json_t *idle_ms = ost_field(instance, "demand.idle_ms");

	if (json_is_integer(idle_ms))
		ost_print_ms(idle, sizeof(idle), json_number_value(idle_ms));
	ost_table_row(
		table, strcmp(state, "parked") ? OST_PLAIN : OST_WARN,
		ost_field_text(instance, "id"), ost_field_text(instance, "path"),
		ost_field_text(instance, "function"), ost_field_text(instance, "user"),
		ost_field_text(instance, "runtime"), state,
		ost_print_bytes(memory, sizeof(memory),
				ost_field_u64(instance, "memory.current_bytes")),
		ost_print_bytes(anon, sizeof(anon), ost_field_u64(instance, "memory.anon_bytes")),
		ost_print_bytes(garbage, sizeof(garbage), ost_field_u64(instance, "garbage_bytes")),
		idle, last_of(instance, last, sizeof(last)));
}

/* `user=NAME` and `function=NAME` become the path's arguments; others are refused here already. */
static int make_path(char *path, size_t size, int argc, char **argv)
{
	size_t at = snprintf(path, size, "/v1/instances");

	for (int i = 0; i < argc; i++) {
		const char *value = strchr(argv[i], '=');
		size_t name = value ? (size_t)(value - argv[i]) : 0;
		int len;

		if (!value ||
		    (strncmp(argv[i], "user", name) && strncmp(argv[i], "function", name)) ||
		    (name != 4 && name != 8))
			return ost_ctl_fail(OST_CTL_USAGE,
					    "%s: list takes user=USER and function=NAME", argv[i]);
		at += snprintf(path + at, size - at, "%c%.*s=", i ? '&' : '?', (int)name, argv[i]);
		len = ost_http_escape(value + 1, path + at, size - at);
		if (len < 0)
			return ost_ctl_fail(OST_CTL_USAGE, "%s is too long", argv[i]);
		at += (size_t)len;
	}
	return OST_CTL_OK;
}

int ost_verb_list(struct ost_ctl *ctl, int argc, char **argv)
{
	struct ost_table table;
	json_t *answer, *rows;
	const json_t **sorted;
	char path[900];
	size_t count;
	int ret = make_path(path, sizeof(path), argc, argv);

	if (!ret)
		ret = ost_ctl_get(ctl, path, &answer);
	if (ret || !answer)
		return ret;
	rows = ost_field(answer, "instances");
	count = json_array_size(rows);
	sorted = calloc(count + 1, sizeof(*sorted));
	if (!sorted)
		return ost_ctl_fail(OST_CTL_FAILED, "out of memory");
	for (size_t i = 0; i < count; i++)
		sorted[i] = json_array_get(rows, i);
	qsort(sorted, count, sizeof(*sorted), by_path);
	ost_table_begin(&table, "id path function user runtime state >memory >anon >garbage >idle "
				"last_collection");
	for (size_t i = 0; i < count; i++)
		add_instance(&table, sorted[i]);
	ost_table_end(&table);
	free(sorted);
	json_decref(answer);
	return OST_CTL_OK;
}
