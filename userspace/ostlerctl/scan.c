// SPDX-License-Identifier: GPL-2.0-or-later
/* The verb scan: which processor features do programs need? */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "isa/need/cache.h"
#include "lib/file.h"
#include "lib/json.h"
#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"
#include "ostlerctl/scan.h"

enum { OPT_LEVEL = 256, OPT_WHY, OPT_HOST, OPT_ROOT, OPT_DLOPEN, OPT_NO_DLOPEN,
       OPT_RUN, OPT_CACHE, OPT_NO_CACHE };

static const struct option options[] = {
	{"json", no_argument, NULL, 'j'},
	{"level", no_argument, NULL, OPT_LEVEL},
	{"why", required_argument, NULL, OPT_WHY},
	{"host", required_argument, NULL, OPT_HOST},
	{"root", required_argument, NULL, OPT_ROOT},
	{"dlopen", required_argument, NULL, OPT_DLOPEN},
	{"no-dlopen", no_argument, NULL, OPT_NO_DLOPEN},
	{"run", required_argument, NULL, OPT_RUN},
	{"cache", required_argument, NULL, OPT_CACHE},
	{"no-cache", no_argument, NULL, OPT_NO_CACHE},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static const char usage_text[] =
	"usage: ostlerctl scan [OPTION...] PATH...\n"
	"\n"
	"Which processor features does a program need? PATH is a program or library, a folder of\n"
	"them, an OCI bundle, or an archive (zip, jar, wheel, tar). No daemon is asked.\n"
	"\n"
	"  -j, --json        a line of JSON for each program\n"
	"      --level       only the lowest x86-64 level it runs on: x86-64-v1 .. v4, or none\n"
	"      --why FEATURE the path from an entry point to the instruction that needs it\n"
	"      --host FILE   would it run there? FILE is what features snapshot printed\n"
	"                    there, a copy of /proc/cpuinfo, or a level such as x86-64-v3\n"
	"      --root DIR    folder that stands for / : PATH and libraries are below it\n"
	"      --dlopen PATH a library that it will load by itself; may be given often\n"
	"      --no-dlopen   don't follow names of libraries that stand in its data\n"
	"      --run FILE    correct it by what happened when it ran, as ostlerd tells it:\n"
	"                    the answer to GET /v1/functions/NAME/run\n"
	"      --cache FILE  where analyses are kept for the next time\n"
	"      --no-cache    analyse anew, and keep nothing\n"
	"  -v, --verbose     a row for every feature, and the objects\n"
	"\n"
	"Exit codes: 0 analysed (and would run there), 1 would not run there, 2 wrong usage,\n"
	"3 a PATH can't be analysed, 4 analysed, but not all of it. See ostlerctl(1).\n";

/* What people write for names of the catalogue that aren't obvious. */
static const struct {
	const char *alias, *name;
} aliases[] = {
	{"sse3", "pni"}, {"lzcnt", "abm"}, {"sha", "sha_ni"}, {"cmpxchg16b", "cx16"},
	{"rdfsbase", "fsgsbase"}, {"lahf", "lahf_lm"}, {"apx_f", "apx"}, {"amx", "amx_tile"},
};

static unsigned int find_feature(const char *text)
{
	char name[64];
	size_t i;

	for (i = 0; text[i] && i + 1 < sizeof(name); i++) {
		name[i] = (char)tolower((unsigned char)text[i]);
		if (name[i] == '.' || name[i] == '-')
			name[i] = '_';
	}
	name[i] = '\0';
	for (i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (!strcmp(name, aliases[i].alias))
			return ost_feature_find(aliases[i].name);
	return ost_feature_find(name);
}

void ost_scan_complain(struct ost_scan *scan, const char *path, const char *fmt, ...)
{
	char whole[1024], *text = whole;
	size_t len = strlen(path);
	va_list args;
	json_t *line;

	va_start(args, fmt);
	vsnprintf(whole, sizeof(whole), fmt, args);
	va_end(args);
	/* the library's messages may begin with the path, too */
	if (!strncmp(text, path, len) && !strncmp(text + len, ": ", 2))
		text += len + 2;
	ost_ctl_fail(0, "%s: %s", path, text);
	line = scan->json ? json_object() : NULL;
	if (!line)
		return;
	ost_json_put_u64(line, "version", 1);
	ost_json_put_text(line, "path", path);
	ost_json_put_bool(line, "complete", false);
	ost_json_put_text(line, "error", text);
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
}

static void print_json(struct ost_scan *scan, const struct ost_report *report)
{
	json_t *line = ost_report_json(report, scan->host);
	char *text = line ? ost_json_text(line) : NULL;

	if (text) {
		puts(text);
	} else {
		ost_ctl_fail(0, "%s: no memory for its JSON", report->path);
		scan->unreadable = true;
	}
	free(text);
	json_decref(line);
}

static void print_answer(struct ost_scan *scan, const struct ost_scan_job *job,
			 const struct ost_report *report)
{
	char clean[OST_REPORT_PATH_MAX];
	bool table = !scan->level && !scan->why && (!scan->host || scan->verbose);

	if (scan->json) {
		print_json(scan, report);
		return;
	}
	if (scan->answers && (table || scan->why))
		putchar('\n');
	if (job->script) {
		ost_print_clean(job->script, clean, sizeof(clean));
		printf("what runs the script %s:\n", clean);
	}
	ost_print_clean(job->name, clean, sizeof(clean));
	if (scan->level && scan->several)
		printf("%-9s  %s\n", ost_report_level(report->needs), clean);
	else if (scan->level)
		printf("%s\n", ost_report_level(report->needs));
	else if (scan->why)
		ost_report_why(report, scan->why, stdout);
	if (table)
		ost_report_text(report, stdout);
	if (scan->host)
		ost_report_host(report, scan->host, stdout);
}

/* Whatever was asked, a pipeline must learn that the answer is not the whole one. */
static void judge(struct ost_scan *scan, const struct ost_scan_job *job,
		  const struct ost_needs *needs)
{
	struct ost_feature_set unmet;

	if (scan->host && !ost_needs_unmet(needs, &scan->host->have, &unmet) &&
	    !ost_needs_unsure(needs, &unmet))
		scan->lacks = true;
	if (needs->complete)
		return;
	scan->incomplete = true;
	if (scan->level)
		ost_ctl_fail(0, "%s: incomplete: %s", job->name, needs->incomplete);
}

void ost_scan_program(struct ost_scan *scan, const struct ost_scan_job *job,
		      void (*each)(void *context, const struct ost_object *object), void *context)
{
	struct ost_report report = {
		.path = job->name,
		.folder = job->folder,
		.shown_as = job->shown_as,
		.width = ost_print_width(),
		.verbose = scan->verbose,
	};
	struct ost_scan_answer answer;
	struct ost_error err = {0};
	int ret = ost_scan_answer(scan, job, &answer, &err);

	if (ret) {
		ost_scan_complain(scan, job->name, "%s", *err.text ? err.text : strerror(-ret));
		scan->unreadable = true;
	} else {
		report.program = answer.program;
		report.needs = &answer.needs;
		report.cached = answer.cached;
		print_answer(scan, job, &report);
		judge(scan, job, &answer.needs);
		scan->answers++;
		for (size_t i = 0; each && i < answer.program->count; i++)
			each(context, answer.program->members[i].object);
	}
	ost_scan_answer_free(&answer);
}

/* Options that can't be together: each decides what is printed. */
static int check_options(const struct ost_scan *scan, int paths)
{
	if (!paths)
		return ost_ctl_fail(OST_SCAN_USAGE,
				    "scan wants a PATH; `ostlerctl scan --help` tells more");
	if (scan->level + !!scan->why + scan->json > 1)
		return ost_ctl_fail(OST_SCAN_USAGE,
				    "--json, --level and --why: only one of them (the JSON has the "
				    "level and the paths)");
	if (scan->host && (scan->level || scan->why))
		return ost_ctl_fail(OST_SCAN_USAGE,
				    "--host goes with --json or -v, not with --level or --why");
	return 0;
}

/* The lists that the options fill live as long as the verb runs. */
struct arguments {
	struct ost_scan scan;
	struct ost_report_host host;
	struct ost_host_features features;
	struct ost_run_record run;
	char *root, *cache;
};

static char *below_here(const char *path)
{
	char *here = getcwd(NULL, 0), *whole = NULL;

	if (here && asprintf(&whole, "%s/%s", here, path) < 0)
		whole = NULL;
	free(here);
	return whole;
}

static int read_run(struct arguments *args, const char *path)
{
	struct ost_error err = {0};
	char *text = NULL;
	ssize_t len = ost_file_read_all(AT_FDCWD, path, OST_RUN_RECORD_MAX, &text);

	if (len < 0)
		return ost_ctl_fail(OST_SCAN_USAGE, "--run %s: %s", path, strerror((int)-len));
	ost_run_record_free(&args->run);
	len = ost_run_record_read(&args->run, text, (size_t)len, &err);
	free(text);
	if (len < 0)
		return ost_ctl_fail(OST_SCAN_USAGE, "--run %s: %s", path, err.text);
	args->scan.run = &args->run.run;
	return 0;
}

static int take_option(struct arguments *args, int option)
{
	struct ost_scan *scan = &args->scan;
	struct ost_error err = {0};
	size_t count = 0;

	switch (option) {
	case 'j':
		scan->json = true;
		return 0;
	case 'v':
		scan->verbose = true;
		return 0;
	case OPT_LEVEL:
		scan->level = true;
		return 0;
	case OPT_NO_DLOPEN:
		scan->no_dlopen = true;
		return 0;
	case OPT_NO_CACHE:
		scan->no_cache = true;
		return 0;
	case OPT_CACHE:
		free(args->cache);
		/* the cache wants an absolute path, which need not be there yet */
		args->cache = *optarg == '/' ? strdup(optarg) : below_here(optarg);
		scan->cache_path = args->cache;
		return args->cache ? 0 : ost_ctl_fail(OST_SCAN_UNREADABLE, "out of memory");
	case OPT_WHY:
		scan->why = find_feature(optarg);
		if (scan->why)
			return 0;
		return ost_ctl_fail(OST_SCAN_USAGE,
				    "--why %s: there is no such feature; names are those of "
				    "/proc/cpuinfo, and `ostlerctl scan -v PATH` lists what a "
				    "program has", optarg);
	case OPT_HOST:
		if (ost_scan_host_read(optarg, &args->host, &args->features, &err))
			return ost_ctl_fail(OST_SCAN_USAGE, "--host %s: %s", optarg, err.text);
		scan->host = &args->host;
		return 0;
	case OPT_RUN:
		return read_run(args, optarg);
	case OPT_ROOT:
		free(args->root);
		args->root = realpath(optarg, NULL);
		scan->root = args->root;
		if (args->root)
			return 0;
		return ost_ctl_fail(OST_SCAN_USAGE, "--root %s: %s", optarg, strerror(errno));
	case OPT_DLOPEN:
		while (scan->dlopened[count])
			count++;
		scan->dlopened[count] = optarg;
		return 0;
	default:
		return OST_SCAN_USAGE;
	}
}

static int result(const struct ost_scan *scan)
{
	if (scan->lacks)
		return OST_SCAN_LACKS;
	if (scan->unreadable)
		return OST_SCAN_UNREADABLE;
	return scan->incomplete ? OST_SCAN_INCOMPLETE : OST_SCAN_DONE;
}

int ost_verb_scan(struct ost_ctl *ctl, int argc, char **argv)
{
	struct arguments args = {.scan = {.json = ctl->json}};
	int ret = 0, c;

	/* as many as there are arguments is enough, with the NULL behind them */
	args.scan.dlopened = calloc((size_t)argc + 1, sizeof(*args.scan.dlopened));
	if (!args.scan.dlopened)
		return ost_ctl_fail(OST_SCAN_UNREADABLE, "out of memory");
	optind = 0;
	while (!ret && (c = getopt_long(argc, argv, "jvh", options, NULL)) != -1) {
		if (c == 'h') {
			fputs(usage_text, stdout);
			goto out;
		}
		ret = take_option(&args, c);
	}
	if (!ret)
		ret = check_options(&args.scan, argc - optind);
	args.scan.several = argc - optind > 1;
	for (int i = optind; !ret && i < argc; i++)
		ost_scan_path(&args.scan, argv[i]);
	if (!ret)
		ret = result(&args.scan);
out:
	free(args.scan.dlopened);
	ost_run_record_free(&args.run);
	free(args.root);
	free(args.cache);
	ost_need_cache_close(args.scan.cache);
	return ret;
}
