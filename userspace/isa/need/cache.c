// SPDX-License-Identifier: GPL-2.0-or-later
/* What is in the cache; cache_file.c has the file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "isa/need/cache_internal.h"
#include "isa/need/record.h"
#include "lib/cleanup.h"
#include "lib/error.h"

/* A row's last use is written down again only after this long: reading is to stay reading; s. */
#define USED_AGAIN_S 86400

static void bind_text(sqlite3_stmt *statement, int at, const char *text)
{
	sqlite3_bind_text(statement, at, text, -1, SQLITE_STATIC);
}

/*
 * The row that the bound @find finds: 0, or -ENOENT. Another analyser's is none. ost_need_cache_failed()
 * may have replaced the file, and @find with it.
 */
static int find_row(struct ost_need_cache *cache, sqlite3_stmt *find, struct ost_error *err)
{
	const char *analyser;
	int code = sqlite3_step(find);

	if (code != SQLITE_ROW)
		return code == SQLITE_DONE ? -ENOENT : ost_need_cache_failed(cache, "read", err);
	analyser = (const char *)sqlite3_column_text(find, 1);
	if (!analyser || strcmp(analyser, cache->analyser) || !sqlite3_column_blob(find, 0))
		return -ENOENT;
	return 0;
}

/* @sql: sets used_unix to ?1 where it is as ?2 and ?3 say */
static void touch(struct ost_need_cache *cache, const char *sql, const char *first,
		  const char *second, sqlite3_int64 used)
{
	sqlite3_int64 now = time(NULL);
	sqlite3_stmt *update = NULL;

	if (now - used < USED_AGAIN_S && now >= used)
		return;
	if (sqlite3_prepare_v2(cache->db, sql, -1, &update, NULL) == SQLITE_OK) {
		sqlite3_bind_int64(update, 1, now);
		bind_text(update, 2, first);
		if (second)
			bind_text(update, 3, second);
		/* one that is busy is touched the next time */
		sqlite3_step(update);
	}
	sqlite3_finalize(update);
}

int ost_need_cache_get(struct ost_need_cache *cache, const struct ost_need_key *key,
		       struct ost_needs *needs, struct ost_error *err)
{
	sqlite3_int64 used = 0;
	int ret;

	if (!cache || !cache->db)
		return -ENOENT;
	bind_text(cache->find, 1, key->program);
	bind_text(cache->find, 2, key->options);
	ret = find_row(cache, cache->find, err);
	if (!ret) {
		used = sqlite3_column_int64(cache->find, 2);
		ret = ost_record_read(needs, key->members, sqlite3_column_blob(cache->find, 0),
				      sqlite3_column_bytes(cache->find, 0));
		/* a record that makes no sense is as good as none: the next put replaces it */
		ret = ret == -EBADMSG ? -ENOENT : ret;
	}
	if (cache->find)
		sqlite3_reset(cache->find);
	if (!ret)
		touch(cache,
		      "UPDATE needs SET used_unix = ?1 WHERE program = ?2 AND options = ?3",
		      key->program, key->options, used);
	return ret == -EBADMSG ? -ENOENT : ret;
}

long ost_need_cache_closure(struct ost_need_cache *cache, const char *search, uint8_t **record,
			    struct ost_error *err)
{
	sqlite3_int64 used = 0;
	long ret;

	if (!cache || !cache->db)
		return -ENOENT;
	bind_text(cache->find_closure, 1, search);
	ret = find_row(cache, cache->find_closure, err);
	if (!ret) {
		used = sqlite3_column_int64(cache->find_closure, 2);
		ret = sqlite3_column_bytes(cache->find_closure, 0);
		*record = malloc(ret + 1);
		if (*record)
			memcpy(*record, sqlite3_column_blob(cache->find_closure, 0), ret);
		else
			ret = -ENOMEM;
	}
	if (cache->find_closure)
		sqlite3_reset(cache->find_closure);
	if (ret > 0)
		touch(cache, "UPDATE closures SET used_unix = ?1 WHERE search = ?2", search, NULL,
		      used);
	return ret == -EBADMSG ? -ENOENT : ret;
}

/* A row of @table, whose key has two columns, or one where @second is NULL. */
static int insert(struct ost_need_cache *cache, const char *table, const char *first,
		  const char *second, const uint8_t *record, size_t size)
{
	sqlite3_stmt *row = NULL;
	char sql[96];
	int code, at = 1;

	sqlite3_snprintf(sizeof(sql), sql, "INSERT OR REPLACE INTO %s VALUES (?,?,?,?,?%s)", table,
			 second ? ",?" : "");
	code = sqlite3_prepare_v2(cache->db, sql, -1, &row, NULL);
	if (code == SQLITE_OK) {
		bind_text(row, at++, first);
		if (second)
			bind_text(row, at++, second);
		bind_text(row, at++, cache->analyser);
		sqlite3_bind_int64(row, at++, time(NULL));
		sqlite3_bind_int64(row, at++, size);
		sqlite3_bind_blob(row, at, record, size, SQLITE_STATIC);
		code = sqlite3_step(row);
	}
	sqlite3_finalize(row);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Forget what was asked for longest ago, as much as is above the limit. */
static int make_room(struct ost_need_cache *cache, const char *table, size_t limit)
{
	char sql[400];

	sqlite3_snprintf(sizeof(sql), sql,
			 "DELETE FROM %s WHERE rowid IN (SELECT id FROM (SELECT rowid AS id, "
			 "sum(bytes) OVER (ORDER BY used_unix DESC, rowid DESC) AS upto FROM %s) "
			 "WHERE upto > %lld)",
			 table, table, (long long)limit);
	return sqlite3_exec(cache->db, sql, NULL, NULL, NULL);
}

static int put(struct ost_need_cache *cache, const char *table, const char *first,
	       const char *second, const uint8_t *record, size_t size, size_t limit,
	       struct ost_error *err)
{
	int code = sqlite3_exec(cache->db, "BEGIN IMMEDIATE", NULL, NULL, NULL);

	if (code == SQLITE_OK)
		code = insert(cache, table, first, second, record, size);
	if (code == SQLITE_OK)
		code = make_room(cache, table, limit);
	if (code == SQLITE_OK)
		code = sqlite3_exec(cache->db, "COMMIT", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		return 0;
	code = ost_need_cache_failed(cache, "write", err);
	if (cache->db && !sqlite3_get_autocommit(cache->db))
		sqlite3_exec(cache->db, "ROLLBACK", NULL, NULL, NULL);
	return code;
}

int ost_need_cache_put(struct ost_need_cache *cache, const struct ost_need_key *key,
		       const struct ost_needs *needs, struct ost_error *err)
{
	_ost_free_ uint8_t *record = NULL;
	long size;

	if (!cache || !cache->db)
		return 0;
	size = ost_record_write(needs, key->members, &record);
	if (size < 0)
		return ost_error_set(err, size, "the result can't be kept: %s", strerror(-size));
	return put(cache, "needs", key->program, key->options, record, size, cache->limit, err);
}

int ost_need_cache_put_closure(struct ost_need_cache *cache, const char *search,
			       const uint8_t *record, size_t size, struct ost_error *err)
{
	if (!cache || !cache->db)
		return 0;
	return put(cache, "closures", search, NULL, record, size,
		   cache->limit / OST_NEED_CACHE_CLOSURES, err);
}
