// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

#ifndef OST_VERSION
#define OST_VERSION "0.1"
#endif

#define SOCKET_PATH "/run/ostler/ostlerd.sock"

static const struct ost_ctl_verb verbs[] = {
	{"status", "", "the host: what works, what is missing, totals", 0, 0, ost_verb_status},
	{"list", "[user=USER] [function=NAME]", "the instances", 0, 2, ost_verb_list},
	{"show", "INSTANCE", "one instance, and why it is or is not collected", 1, 1,
	 ost_verb_show},
	{"functions", "", "what collections taught about each function", 0, 0, ost_verb_functions},
	{"needs", "FUNCTION [user=USER]", "the processor features that a function's programs need",
	 1, 2, ost_verb_needs},
	{"collect", "INSTANCE...", "collect now, and wait for the outcome", 1, 1024,
	 ost_verb_collect},
	{"traps", "", "the instructions that hosts lacked, by function", 0, 0, ost_verb_traps},
	{"parks", "", "the tasks that are held at such an instruction now", 0, 0, ost_verb_parks},
	{"verdict", "EVENT retry|deliver|skip", "what becomes of a parked task", 2, 2,
	 ost_verb_verdict},
	{"mode", "INSTANCE off|observe|park", "what happens at an instruction the host lacks", 2, 2,
	 ost_verb_mode},
	{"module", "release|take", "let the kernel module be unloaded, or take it again", 1, 1,
	 ost_verb_module},
	{"watch", "", "a line for everything that happens, until interrupted", 0, 0,
	 ost_verb_watch},
	{"features", "[all|snapshot]", "the processor features that this host has", 0, 1,
	 ost_verb_features},
	{"scan", "[OPTION...] PATH...", "the processor features that programs need", 1,
	 OST_CTL_ALONE, ost_verb_scan},
	{"config", "", "the configuration that the daemon runs with", 0, 0, ost_verb_config},
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const struct option options[] = {
	{"socket", required_argument, NULL, 's'},
	{"json", no_argument, NULL, 'j'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static void usage(FILE *out)
{
	fputs("usage: ostlerctl [--socket PATH] [--json] VERB [ARGUMENT...]\n\n", out);
	for (size_t i = 0; i < VERBS; i++) {
		char left[64];

		snprintf(left, sizeof(left), "%s %s", verbs[i].name, verbs[i].args);
		fprintf(out, "  %-36s  %s\n", left, verbs[i].what);
	}
	fputs("\n"
	      "  -s, --socket PATH    the daemon's socket, default " SOCKET_PATH "\n"
	      "  -j, --json           print the API's JSON, for programs\n"
	      "\n"
	      "INSTANCE is an id, a path, a function's name, or the beginning of one of them that "
	      "only one\n"
	      "instance has. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no daemon "
	      "answers,\n"
	      "4 nothing (or more than one thing) matched; those of scan tell `ostlerctl scan "
	      "--help`.\nSee ostlerctl(1).\n",
	      out);
}

int ost_ctl_fail(int code, const char *fmt, ...)
{
	char text[1024], clean[2048];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ost_print_clean(text, clean, sizeof(clean));
	fflush(stdout);
	fprintf(stderr, "ostlerctl: %s\n", clean);
	return code;
}

/* An answer that is no success, in the daemon's own words. */
static int refused(const struct ost_reply *reply, json_t *answer)
{
	const char *text = ost_field_text(answer, "error.text");
	int code = reply->status == 404 ? OST_CTL_NOTHING : OST_CTL_FAILED;

	if (*text)
		return ost_ctl_fail(code, "%s", text);
	return ost_ctl_fail(code, "the daemon answered with HTTP status %ld and no reason",
			    reply->status);
}

/* Take an answer apart; prints it when that is all that is wanted of it. */
static int take(struct ost_ctl *ctl, struct ost_reply *reply, json_t **out)
{
	struct ost_error err = {0};
	json_t *answer = NULL;
	int ret = ost_json_parse(reply->text ? reply->text : "", reply->len, &answer, &err);

	if (reply->status >= 400)
		ret = refused(reply, answer);
	else if (ret)
		ret = ost_ctl_fail(OST_CTL_FAILED, "the daemon's answer is no JSON: %s", err.text);
	if (!ret && ctl->json && fwrite(reply->text, 1, reply->len, stdout) != reply->len)
		ret = ost_ctl_fail(OST_CTL_FAILED, "can't write to standard output: %s",
				   strerror(errno));
	free(reply->text);
	if (!ret && out && !ctl->json)
		*out = answer;
	else
		json_decref(answer);
	return ret;
}

int ost_ctl_send(struct ost_ctl *ctl, const char *method, const char *path, json_t *body,
		 json_t **out)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	struct ost_error err = {0};
	struct ost_reply reply;
	int ret;

	if (out)
		*out = NULL;
	ret = ost_client_call(&ctl->client, method, path, text, &reply, &err);
	json_decref(body);
	free(text);
	if (!ret)
		return take(ctl, &reply, out);
	free(reply.text);
	return ost_ctl_fail(ret == -ECONNREFUSED ? OST_CTL_UNREACHABLE : OST_CTL_FAILED, "%s",
			    err.text);
}

int ost_ctl_get(struct ost_ctl *ctl, const char *path, json_t **out)
{
	return ost_ctl_send(ctl, "GET", path, NULL, out);
}

static const struct ost_ctl_verb *find_verb(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (!strcmp(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static int run(struct ost_ctl *ctl, const struct ost_ctl_verb *verb, int argc, char **argv)
{
	int ret;

	if (argc < verb->min || argc > verb->max)
		return ost_ctl_fail(OST_CTL_USAGE, "usage: ostlerctl %s %s", verb->name,
				    verb->args);
	if (ost_client_open(&ctl->client, ctl->client.socket))
		return ost_ctl_fail(OST_CTL_FAILED,
				    "libcurl.so.4 can't be loaded (Debian: libcurl4)");
	ret = verb->run(ctl, argc, argv);
	ost_client_close(&ctl->client);
	return ret;
}

/* Options that every verb knows; -1 when there is none left, else the program is to end so. */
static int read_options(struct ost_ctl *ctl, int argc, char **argv, const char *letters)
{
	int c;

	while ((c = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		switch (c) {
		case 's':
			ctl->client.socket = optarg;
			break;
		case 'j':
			ctl->json = true;
			break;
		case 'h':
			usage(stdout);
			return OST_CTL_OK;
		case 'V':
			puts("ostlerctl " OST_VERSION);
			return OST_CTL_OK;
		default:
			return OST_CTL_USAGE;
		}
	}
	return -1;
}

/* What stands from the verb on. */
static int run_verb(struct ost_ctl *ctl, int argc, char **argv, char *program)
{
	const struct ost_ctl_verb *verb = find_verb(argv[0]);
	int ret;

	if (!verb)
		return ost_ctl_fail(OST_CTL_USAGE,
				    "there is no verb %s; `ostlerctl --help` lists them", argv[0]);
	/* getopt's messages begin with the first argument */
	argv[0] = program;
	if (verb->max == OST_CTL_ALONE)
		return verb->run(ctl, argc, argv);
	/* options may stand after the verb too: people add --json at the end */
	optind = 0;
	ret = read_options(ctl, argc, argv, "s:jhV");
	return ret >= 0 ? ret : run(ctl, verb, argc - optind, argv + optind);
}

int main(int argc, char **argv)
{
	struct ost_ctl ctl = {.client.socket = SOCKET_PATH};
	const char *socket = getenv("OSTLER_SOCKET");
	int ret;

	if (socket && *socket)
		ctl.client.socket = socket;
	ost_print_init();
	ret = read_options(&ctl, argc, argv, "+s:jhV");
	if (ret >= 0)
		return ret;
	if (optind == argc) {
		usage(stderr);
		return OST_CTL_USAGE;
	}
	ret = run_verb(&ctl, argc - optind, argv + optind, argv[0]);
	if (fflush(stdout) && !ret)
		ret = ost_ctl_fail(OST_CTL_FAILED, "can't write to standard output: %s",
				   strerror(errno));
	return ret;
}
