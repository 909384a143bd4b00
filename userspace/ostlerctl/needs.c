// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "lib/http.h"
#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

/* "avx2, bmi1", "" for none. */
static const char *names_of(const json_t *names, char *buf, size_t size)
{
	const json_t *name;
	size_t i, at = 0;

	buf[0] = '\0';
	json_array_foreach(names, i, name)
		if (at < size)
			at += snprintf(buf + at, size - at, "%s%s", i ? ", " : "",
				       json_string_value(name) ? json_string_value(name) : "?");
	return buf;
}

void ost_ctl_needs(const json_t *needs)
{
	char required[512], unmet[512], probable[512];
	const char *level = ost_field_text(needs, "level");

	names_of(ost_field(needs, "required"), required, sizeof(required));
	names_of(ost_field(needs, "probable"), probable, sizeof(probable));
	names_of(ost_field(needs, "unmet"), unmet, sizeof(unmet));
	ost_print_pair("needs", "%s%s%s%s", *level ? level : "what no level has",
		       *required ? ": " : "", required,
		       ost_field_bool(needs, "complete") ? "" : "; not all of it could be analysed");
	if (*probable)
		ost_print_pair("perhaps", "%s", probable);
	if (!ost_field_bool(needs, "runs_here"))
		ost_print_pair("lacks here", "%s", unmet);
}

/* Where the deciding instruction is: "libx.so.1 scale_row", and what it is. */
static void where(const json_t *row, char *buf, size_t size)
{
	const char *object = ost_field_text(row, "evidence.object");
	const char *symbol = ost_field_text(row, "evidence.symbol");
	const char *slash = strrchr(object, '/');

	snprintf(buf, size, "%s %s", slash ? slash + 1 : object,
		 *symbol ? symbol : ost_field_text(row, "evidence.address"));
}

static enum ost_colour colour_of(const char *verdict)
{
	if (!strcmp(verdict, "required") || !strcmp(verdict, "hazard"))
		return OST_WARN;
	return !strcmp(verdict, "unreached") || !strcmp(verdict, "dispatched") ? OST_DIM : OST_PLAIN;
}

static void print_features(const json_t *report)
{
	struct ost_table table;
	const json_t *row;
	size_t i;

	ost_table_begin(&table, "feature verdict by_the_code where instruction");
	json_array_foreach(ost_field(report, "features"), i, row) {
		const char *verdict = ost_field_text(row, "verdict");
		const char *found = ost_field_text(row, "static");
		char place[512];

		where(row, place, sizeof(place));
		ost_table_row(&table, colour_of(verdict), ost_field_text(row, "name"), verdict,
			      !strcmp(found, verdict) ? "" : *found ? found : "nothing", place,
			      ost_field_text(row, "evidence.instruction"));
	}
	ost_table_end(&table);
}

static void print_program(const json_t *program)
{
	const json_t *report = ost_field(program, "report");
	const char *level = ost_field_text(report, "level"), *error = ost_field_text(program, "error");
	char ago[24], unmet[512];

	ost_print_pair("program", "%s", ost_field_text(program, "program"));
	ost_print_pair("instances", "%llu",
		       (unsigned long long)ost_field_u64(program, "instances"));
	if (*error)
		ost_print_pair("failed", "%s", error);
	if (!json_is_object(report)) {
		if (!*error)
			ost_print_pair("state", "%s",
				       !strcmp(ost_field_text(program, "state"), "off") ?
					       "not analysed: [analyse] enabled = no" :
					       "not analysed yet");
		return;
	}
	ost_print_pair("file", "%s", ost_field_text(report, "path"));
	ost_print_pair("looked at", "%s ago",
		       ost_print_ago(ago, sizeof(ago), ost_field_u64(program, "looked_unix_ms")));
	ost_print_pair("needs", "%s%s%s", *level ? level : "what no level has",
		       ost_field_bool(report, "complete") ? "" : "; incomplete: ",
		       ost_field_text(report, "incomplete"));
	names_of(ost_field(report, "host.unmet"), unmet, sizeof(unmet));
	ost_print_pair("here", "%s%s", ost_field_bool(report, "host.runs") ? "would run" : "lacks ",
		       unmet);
	putchar('\n');
	print_features(report);
}

int ost_verb_needs(struct ost_ctl *ctl, int argc, char **argv)
{
	char path[2048], name[768], user[768] = "";
	const json_t *program;
	json_t *answer;
	size_t i;
	int ret;

	if (ost_http_escape(argv[0], name, sizeof(name)) < 0)
		return ost_ctl_fail(OST_CTL_USAGE, "no function has so long a name");
	if (argc > 1 && strncmp(argv[1], "user=", 5))
		return ost_ctl_fail(OST_CTL_USAGE, "%s: a function is told apart by user=USER",
				    argv[1]);
	if (argc > 1 && ost_http_escape(argv[1] + 5, user, sizeof(user)) < 0)
		return ost_ctl_fail(OST_CTL_USAGE, "no user has so long a name");
	snprintf(path, sizeof(path), "/v1/functions/%s/needs%s%s", name, argc > 1 ? "?user=" : "",
		 user);
	ret = ost_ctl_get(ctl, path, &answer);
	if (ret || !answer)
		return ret;
	json_array_foreach(ost_field(answer, "programs"), i, program) {
		if (i)
			putchar('\n');
		print_program(program);
	}
	if (!i)
		printf("no program of it was seen yet\n");
	json_decref(answer);
	return OST_CTL_OK;
}
