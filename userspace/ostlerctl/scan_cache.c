// SPDX-License-Identifier: GPL-2.0-or-later
/* Analyses that were made before: a scan of the same files is a matter of milliseconds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "isa/need/cache.h"
#include "isa/need/run.h"
#include "isa/program/closure.h"
#include "lib/cleanup.h"
#include "lib/error.h"
#include "lib/sha256.h"
#include "ostlerctl/ctl.h"
#include "ostlerctl/scan.h"

static void open_cache(struct ost_scan *scan)
{
	const char *path = scan->cache_path;
	struct ost_error err = {0};
	char usual[4096];

	if (scan->cache_tried)
		return;
	scan->cache_tried = true;
	if (scan->no_cache)
		return;
	if (!path && ost_need_cache_path(usual, sizeof(usual)))
		return;
	/* a cache that was asked for by name must not be missed silently, the usual one may be */
	if (ost_need_cache_open(&scan->cache, path ? path : usual, &err) && (path || scan->verbose))
		ost_ctl_fail(0, "going on without the cache: %s", err.text);
	if (scan->cache && *ost_need_cache_remark(scan->cache))
		ost_ctl_fail(0, "%s", ost_need_cache_remark(scan->cache));
}

void ost_scan_forget(struct ost_scan *scan)
{
	scan->cache = NULL;
	scan->cache_tried = false;
}

/** struct keys - what an answer is kept by */
struct keys {
	char search[OST_SHA256_TEXT];	/* of the closure: all that the search begins with */
	char options[32];		/* of the analysis */
	char program[128];
};

static void add_text(struct ost_sha256 *sha, const char *text)
{
	ost_sha256_add(sha, text, strlen(text) + 1);
}

static void make_keys(const struct ost_scan *scan, const struct ost_scan_job *job, struct keys *keys)
{
	_ost_free_ char *here = *job->path == '/' ? NULL : getcwd(NULL, 0);
	struct ost_sha256 sha;
	size_t dlopened = 0;

	ost_sha256_init(&sha);
	add_text(&sha, job->root ? job->root : "");
	add_text(&sha, here ? here : "");
	add_text(&sha, job->path);
	add_text(&sha, job->library_path ? job->library_path : "");
	add_text(&sha, job->preload ? job->preload : "");
	/* those that are dlopened count otherwise than those that are needed */
	while (scan->dlopened[dlopened])
		add_text(&sha, scan->dlopened[dlopened++]);
	snprintf(keys->options, sizeof(keys->options), "dlopen %d %zu", !scan->no_dlopen, dlopened);
	add_text(&sha, keys->options);
	ost_sha256_end_text(&sha, keys->search);
}

static bool get_needs(struct ost_scan *scan, struct ost_scan_answer *answer, struct keys *keys)
{
	struct ost_need_key key = {keys->program, keys->options, answer->program->count};

	ost_program_key(answer->program, keys->program, sizeof(keys->program));
	return !ost_need_cache_get(scan->cache, &key, &answer->needs, NULL);
}

/*
 * All of it from the cache, without a look into any file. Not where corrections are to be made: these want
 * the objects' segments.
 */
static bool recall(struct ost_scan *scan, const struct ost_scan_job *job, struct keys *keys,
		   struct ost_scan_answer *answer)
{
	_ost_free_ uint8_t *record = NULL;
	long size;

	if (!scan->cache || scan->run)
		return false;
	size = ost_need_cache_closure(scan->cache, keys->search, &record, NULL);
	if (size < 0 || ost_closure_read(&answer->program, job->root, record, size))
		return false;
	answer->cached = get_needs(scan, answer, keys);
	if (answer->cached)
		return true;
	ost_program_close(answer->program);
	answer->program = NULL;
	return false;
}

static void keep_closure(struct ost_scan *scan, const struct keys *keys,
			 const struct ost_program *program)
{
	_ost_free_ uint8_t *record = NULL;
	long size = ost_closure_write(program, &record);

	if (size > 0)
		ost_need_cache_put_closure(scan->cache, keys->search, record, size, NULL);
}

/* From the cache, or found and put there: what the code alone says. */
static int find_needs(struct ost_scan *scan, struct keys *keys, struct ost_scan_answer *answer,
		      struct ost_error *err)
{
	struct ost_need_key key = {keys->program, keys->options, answer->program->count};
	int ret;

	answer->cached = scan->cache && get_needs(scan, answer, keys);
	if (answer->cached)
		return 0;
	ret = ost_program_load(answer->program, err);
	if (!ret)
		ret = ost_needs_find(&answer->needs, answer->program, NULL, err);
	if (!ret && scan->cache && !ost_needs_describe(&answer->needs, answer->program))
		ost_need_cache_put(scan->cache, &key, &answer->needs, NULL);
	return ret;
}

int ost_scan_answer(struct ost_scan *scan, const struct ost_scan_job *job,
		    struct ost_scan_answer *answer, struct ost_error *err)
{
	struct ost_program_options how = {
		.root = job->root,
		.dlopened = scan->dlopened,
		.follow_dlopen = !scan->no_dlopen,
		.library_path = job->library_path,
		.preload = job->preload,
	};
	struct keys keys;
	int ret;

	*answer = (struct ost_scan_answer){0};
	open_cache(scan);
	make_keys(scan, job, &keys);
	if (recall(scan, job, &keys, answer))
		return 0;
	how.note_looks = !!scan->cache;
	ret = ost_program_open(&answer->program, job->path, &how, err);
	if (!ret)
		ret = find_needs(scan, &keys, answer, err);
	if (!ret && scan->cache)
		keep_closure(scan, &keys, answer->program);
	if (!ret && scan->run) {
		ret = ost_needs_correct(&answer->needs, answer->program, scan->run);
		ret = ret < 0 ? ret : 0;
	}
	return ret;
}

void ost_scan_answer_free(struct ost_scan_answer *answer)
{
	ost_needs_free(&answer->needs);
	ost_program_close(answer->program);
}
