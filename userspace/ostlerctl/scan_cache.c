// SPDX-License-Identifier: GPL-2.0-or-later
/* Analyses that were made before: a scan of the same files is a matter of milliseconds. */
#include <stdio.h>
#include <string.h>

#include "isa/need/cache.h"
#include "isa/need/run.h"
#include "lib/error.h"
#include "ostlerctl/ctl.h"
#include "ostlerctl/scan.h"

static void open_cache(struct ost_scan *scan)
{
	const char *path = scan->cache_path;
	struct ost_error err = {0};
	char usual[4096];

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

/* From the cache, or found and put there: what the code alone says. */
static int find_needs(struct ost_scan *scan, struct ost_program *program, struct ost_needs *needs,
		      bool *cached, struct ost_error *err)
{
	struct ost_need_key key = {.members = program->count};
	char program_key[128], options[32];
	size_t dlopened = 0;
	int ret;

	if (!scan->cache_tried)
		open_cache(scan);
	/* those that are dlopened count otherwise than those that are needed */
	while (scan->dlopened[dlopened])
		dlopened++;
	snprintf(options, sizeof(options), "dlopen %d %zu", !scan->no_dlopen, dlopened);
	ost_program_key(program, program_key, sizeof(program_key));
	key.program = program_key;
	key.options = options;
	*cached = scan->cache && !ost_need_cache_get(scan->cache, &key, needs, NULL);
	if (*cached)
		return 0;
	ret = ost_program_load(program, err);
	if (!ret)
		ret = ost_needs_find(needs, program, NULL, err);
	if (!ret && scan->cache)
		ost_need_cache_put(scan->cache, &key, needs, NULL);
	return ret;
}

int ost_scan_needs(struct ost_scan *scan, struct ost_program *program, struct ost_needs *needs,
		   bool *cached, struct ost_error *err)
{
	int ret = find_needs(scan, program, needs, cached, err);

	if (ret || !scan->run)
		return ret;
	ret = ost_needs_correct(needs, program, scan->run);
	return ret < 0 ? ret : 0;
}
