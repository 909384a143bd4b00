/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_CACHE_INTERNAL_H
#define OST_ISA_CACHE_INTERNAL_H

#include <limits.h>
#include <sqlite3.h>

#include "isa/need/cache.h"

/* What cache.c and cache_file.c share; nobody else includes this. */

struct ost_need_cache {
	sqlite3 *db;			/* NULL: a damaged file could not be replaced */
	sqlite3_stmt *find;		/* of needs: record, analyser, used_unix */
	sqlite3_stmt *find_closure;	/* of closures: the same */
	size_t limit;
	char analyser[96];
	char path[PATH_MAX];
	char remark[320];
};

/**
 * ost_need_cache_failed() - a statement's last step did: with a damaged file go on with a new one
 * @what: what was being done: "read"
 *
 * Return: negative errno.
 */
int ost_need_cache_failed(struct ost_need_cache *cache, const char *what, struct ost_error *err);

#endif
