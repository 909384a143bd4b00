// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/store/batch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa/decode.h"
#include "isa/need/cache.h"
#include "ostlerd/store/database.h"

/* Bytes that the names of all features fit in. */
#define FEATURES_TEXT 4096

void ost_batch_clear(struct ost_batch *batch)
{
	free(batch->functions);
	free(batch->collections);
	free(batch->traps);
	free(batch->codes);
	free(batch->runs);
	for (size_t i = 0; i < batch->analysis_count; i++) {
		free(batch->analyses[i].closure);
		free(batch->analyses[i].needs);
	}
	free(batch->analyses);
	memset(batch, 0, sizeof(*batch));
}

static void bind_text(sqlite3_stmt *insert, int at, const char *text)
{
	sqlite3_bind_text(insert, at, text, -1, SQLITE_STATIC);
}

static void bind_u64(sqlite3_stmt *insert, int at, uint64_t value)
{
	sqlite3_bind_int64(insert, at, value > INT64_MAX ? INT64_MAX : (sqlite3_int64)value);
}

/* Run a bound statement and make it ready for the next row. */
static int step(sqlite3_stmt *insert)
{
	int code = sqlite3_step(insert);

	sqlite3_reset(insert);
	return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* Keep the rows of a table whose moment is the latest. */
static int prune(sqlite3 *db, const char *table, const char *moment, int kept)
{
	char sql[256];

	sqlite3_snprintf(sizeof(sql), sql,
			 "DELETE FROM %s WHERE %s < (SELECT %s FROM %s "
			 "ORDER BY %s DESC LIMIT 1 OFFSET %d)",
			 table, moment, moment, table, moment, kept - 1);
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int write_functions(sqlite3 *db, const struct ost_batch *batch)
{
	sqlite3_stmt *insert = NULL;
	int code = sqlite3_prepare_v2(db,
				      "INSERT OR REPLACE INTO functions VALUES "
				      "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)",
				      -1, &insert, NULL);

	for (size_t i = 0; code == SQLITE_OK && i < batch->function_count; i++) {
		const struct ost_batch_function *function = &batch->functions[i];
		const struct ost_garbage_model *model = &function->model;

		bind_text(insert, 1, function->user);
		bind_text(insert, 2, function->name);
		bind_text(insert, 3, ost_runtime_name(function->runtime));
		bind_u64(insert, 4, model->collections);
		sqlite3_bind_double(insert, 5, model->kept_bytes);
		sqlite3_bind_double(insert, 6, model->kept_dev_bytes);
		sqlite3_bind_double(insert, 7, model->yield_bytes);
		sqlite3_bind_double(insert, 8, model->yield_ratio);
		sqlite3_bind_double(insert, 9, model->cost_us_per_mib);
		sqlite3_bind_double(insert, 10, model->pause_us);
		bind_u64(insert, 11, function->traps);
		sqlite3_bind_int64(insert, 12, batch->now_unix_ms);
		code = step(insert);
	}
	sqlite3_finalize(insert);
	if (code != SQLITE_OK || !batch->function_count)
		return code;
	return prune(db, "functions", "changed_unix_ms", OST_BATCH_FUNCTIONS_KEPT);
}

static void bind_collection(sqlite3_stmt *insert, const struct ost_batch_collection *row)
{
	const struct ost_collection *last = &row->last;
	char id[24];

	snprintf(id, sizeof(id), "%" PRIu64, row->instance_id);
	sqlite3_bind_int64(insert, 1, row->ended_unix_ms);
	sqlite3_bind_text(insert, 2, id, -1, SQLITE_TRANSIENT);
	bind_text(insert, 3, row->path);
	bind_text(insert, 4, row->function);
	bind_text(insert, 5, row->user);
	bind_text(insert, 6, ost_runtime_name(row->runtime));
	bind_text(insert, 7, ost_collect_status_text(last->status));
	bind_text(insert, 8, last->door);
	bind_text(insert, 9, row->detail[0] ? row->detail : NULL);
	bind_u64(insert, 10, last->estimate_bytes);
	bind_u64(insert, 11, last->before_bytes);
	bind_u64(insert, 12, last->after_bytes);
	bind_u64(insert, 13, last->yield_bytes);
	bind_u64(insert, 14, last->cost_us);
	bind_u64(insert, 15, last->pause_us);
}

static int write_collections(sqlite3 *db, const struct ost_batch *batch)
{
	sqlite3_stmt *insert = NULL;
	char prune[128];
	int code = sqlite3_prepare_v2(db,
				      "INSERT INTO collections VALUES "
				      "(NULL,?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15)",
				      -1, &insert, NULL);

	for (size_t i = 0; code == SQLITE_OK && i < batch->collection_count; i++) {
		bind_collection(insert, &batch->collections[i]);
		code = step(insert);
	}
	sqlite3_finalize(insert);
	if (code != SQLITE_OK || !batch->collection_count)
		return code;
	sqlite3_snprintf(
		sizeof(prune), prune,
		"DELETE FROM collections WHERE id <= (SELECT max(id) FROM collections) - %d",
		OST_BATCH_COLLECTIONS_KEPT);
	return sqlite3_exec(db, prune, NULL, NULL, NULL);
}

static void bind_trap(sqlite3_stmt *insert, const struct ost_batch_trap *row)
{
	const struct ost_trap *trap = &row->trap;
	const struct ost_trap_decode *decode = &trap->decode;

	bind_text(insert, 1, trap->user);
	bind_text(insert, 2, trap->function);
	sqlite3_bind_blob(insert, 3, trap->insn, trap->insn_len, SQLITE_STATIC);
	bind_text(insert, 4, ost_trap_class_name(decode->trap_class));
	bind_text(insert, 5,
		  decode->missing_youngest == OST_FEATURE_NONE
			  ? NULL
			  : ost_feature_name(decode->missing_youngest));
	bind_text(insert, 6, decode->text);
	bind_text(insert, 7, trap->comm);
	/* an address is kept bit by bit; the sign means nothing */
	sqlite3_bind_int64(insert, 8, (sqlite3_int64)trap->ip);
	sqlite3_bind_int(insert, 9, trap->source);
	sqlite3_bind_int(insert, 10, trap->si_code);
	bind_u64(insert, 11, trap->count);
	sqlite3_bind_int64(insert, 12, row->first_unix_ms);
	sqlite3_bind_int64(insert, 13, row->last_unix_ms);
}

static int write_traps(sqlite3 *db, const struct ost_batch *batch)
{
	sqlite3_stmt *insert = NULL;
	int code = sqlite3_prepare_v2(db,
				      "INSERT OR REPLACE INTO traps VALUES "
				      "(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13)",
				      -1, &insert, NULL);

	for (size_t i = 0; code == SQLITE_OK && i < batch->trap_count; i++) {
		bind_trap(insert, &batch->traps[i]);
		code = step(insert);
	}
	sqlite3_finalize(insert);
	if (code != SQLITE_OK || !batch->trap_count)
		return code;
	/* as many as the daemon itself remembers */
	return prune(db, "traps", "last_unix_ms", OST_TRAPS_MAX);
}

static int write_codes(sqlite3 *db, const struct ost_batch *batch)
{
	sqlite3_stmt *insert = NULL;
	int code = sqlite3_prepare_v2(db,
				      "INSERT OR REPLACE INTO traps_by_code VALUES "
				      "(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
				      -1, &insert, NULL);

	for (size_t i = 0; code == SQLITE_OK && i < batch->code_count; i++) {
		const struct ost_batch_code *row = &batch->codes[i];

		bind_text(insert, 1, row->user);
		bind_text(insert, 2, row->code.id);
		sqlite3_bind_int64(insert, 3, (sqlite3_int64)row->code.offset);
		bind_text(insert, 4, ost_feature_name(row->code.feature));
		bind_text(insert, 5, row->function);
		bind_text(insert, 6, row->code.object);
		bind_u64(insert, 7, row->code.count);
		sqlite3_bind_int64(insert, 8, row->first_unix_ms);
		sqlite3_bind_int64(insert, 9, row->last_unix_ms);
		code = step(insert);
	}
	sqlite3_finalize(insert);
	if (code != SQLITE_OK || !batch->code_count)
		return code;
	return prune(db, "traps_by_code", "last_unix_ms", OST_BATCH_CODES_KEPT);
}

static int write_runs(sqlite3 *db, const struct ost_batch *batch)
{
	sqlite3_stmt *insert = NULL;
	int code = sqlite3_prepare_v2(db,
				      "INSERT OR REPLACE INTO functions_run VALUES "
				      "(?1,?2,?3,?4,?5,?6,?7,?8,?9)",
				      -1, &insert, NULL);

	for (size_t i = 0; code == SQLITE_OK && i < batch->run_count; i++) {
		const struct ost_batch_run *row = &batch->runs[i];
		char lacking[FEATURES_TEXT], touched[FEATURES_TEXT];

		ost_feature_set_format(&row->run.lacking, lacking, sizeof(lacking));
		ost_feature_set_format(&row->run.touched, touched, sizeof(touched));
		bind_text(insert, 1, row->user);
		bind_text(insert, 2, row->function);
		bind_text(insert, 3, row->run.program);
		bind_u64(insert, 4, row->run.requests);
		bind_text(insert, 5, lacking);
		bind_text(insert, 6, touched);
		sqlite3_bind_int64(insert, 7, row->first_unix_ms);
		sqlite3_bind_int64(insert, 8, row->last_unix_ms);
		bind_text(insert, 9, row->run.analysis);
		code = step(insert);
	}
	sqlite3_finalize(insert);
	if (code != SQLITE_OK || !batch->run_count)
		return code;
	return prune(db, "functions_run", "last_unix_ms", OST_BATCH_RUNS_KEPT);
}

/* A row may be of a few megabytes: as many of the latest as have so many bytes together. */
static int prune_analyses(sqlite3 *db)
{
	char sql[512];
	int code = prune(db, "analyses", "last_unix_ms", OST_BATCH_ANALYSES_KEPT);

	if (code != SQLITE_OK)
		return code;
	sqlite3_snprintf(sizeof(sql), sql,
			 "DELETE FROM analyses WHERE digest IN (SELECT digest FROM (SELECT digest, "
			 "sum(length(closure) + length(needs)) OVER (ORDER BY last_unix_ms DESC, digest) "
			 "AS bytes FROM analyses) WHERE bytes > %u)",
			 OST_BATCH_ANALYSES_BYTES);
	return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int write_analyses(sqlite3 *db, const struct ost_batch *batch)
{
	sqlite3_stmt *insert = NULL;
	char analyser[96];
	int code = sqlite3_prepare_v2(db,
				      "INSERT OR REPLACE INTO analyses VALUES "
				      "(?1,?2,?3,?4,?5,?6)",
				      -1, &insert, NULL);

	ost_need_analyser(analyser, sizeof(analyser));
	for (size_t i = 0; code == SQLITE_OK && i < batch->analysis_count; i++) {
		const struct ost_batch_analysis *row = &batch->analyses[i];

		bind_text(insert, 1, row->digest);
		bind_text(insert, 2, row->program);
		bind_text(insert, 3, analyser);
		sqlite3_bind_blob(insert, 4, row->closure, row->closure_size, SQLITE_STATIC);
		sqlite3_bind_blob(insert, 5, row->needs, row->needs_size, SQLITE_STATIC);
		sqlite3_bind_int64(insert, 6, row->made_unix_ms);
		code = step(insert);
	}
	sqlite3_finalize(insert);
	if (code != SQLITE_OK || !batch->analysis_count)
		return code;
	return prune_analyses(db);
}

static int write_fact(sqlite3 *db, const char *key, const char *value)
{
	sqlite3_stmt *insert = NULL;
	int code = sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO host VALUES (?1, ?2)", -1,
				      &insert, NULL);

	if (code == SQLITE_OK) {
		bind_text(insert, 1, key);
		bind_text(insert, 2, value);
		code = step(insert);
	}
	sqlite3_finalize(insert);
	return code;
}

static int write_host(sqlite3 *db, const struct ost_batch *batch)
{
	char cpus[16], memory[24], now[24];
	const char *const facts[][2] = {
		{"name", batch->host.name},
		{"kernel", batch->host.kernel},
		{"cpus", cpus},
		{"memory_total_bytes", memory},
		{"emulated", batch->host.emulated ? "yes" : "no"},
		{"features", batch->features},
		{"daemon_started_unix_ms", now},
	};
	int code = SQLITE_OK;

	if (!batch->host.name[0])
		return SQLITE_OK;
	snprintf(cpus, sizeof(cpus), "%u", batch->host.cpus);
	snprintf(memory, sizeof(memory), "%" PRIu64, batch->host.memory_total);
	snprintf(now, sizeof(now), "%" PRId64, batch->now_unix_ms);
	for (size_t i = 0; code == SQLITE_OK && i < sizeof(facts) / sizeof(facts[0]); i++)
		code = write_fact(db, facts[i][0], facts[i][1]);
	return code;
}

int ost_batch_write(sqlite3 *db, const struct ost_batch *batch, struct ost_error *err)
{
	int code = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), ret;

	if (code == SQLITE_OK)
		code = write_host(db, batch);
	if (code == SQLITE_OK)
		code = write_functions(db, batch);
	if (code == SQLITE_OK)
		code = write_collections(db, batch);
	if (code == SQLITE_OK)
		code = write_traps(db, batch);
	if (code == SQLITE_OK)
		code = write_codes(db, batch);
	if (code == SQLITE_OK)
		code = write_runs(db, batch);
	if (code == SQLITE_OK)
		code = write_analyses(db, batch);
	if (code == SQLITE_OK)
		code = sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	if (code == SQLITE_OK)
		return 0;
	ret = ost_database_fail(db, "write", err);
	if (!sqlite3_get_autocommit(db))
		sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}
