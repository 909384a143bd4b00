// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/store/load.h"

#include <stdio.h>
#include <string.h>

#include "isa/need/cache.h"
#include "lib/log.h"
#include "ostlerd/core/locate.h"
#include "ostlerd/store/database.h"

/* No average of bytes or microseconds is greater; 1 PiB. */
#define SANE_MAX 1125899906842624.0

static const char *column_text(sqlite3_stmt *row, int at)
{
	const char *text = (const char *)sqlite3_column_text(row, at);

	return text ? text : "";
}

/* Written so that NaN fails too. */
static bool sane(double value)
{
	return value >= 0 && value <= SANE_MAX;
}

static bool fits_name(const char *name)
{
	return strlen(name) < OST_NAME_LEN;
}

static bool load_function(struct ost_state *state, sqlite3_stmt *row, int64_t epoch_ns)
{
	const char *user = column_text(row, 0), *name = column_text(row, 1);
	struct ost_garbage_model model = {
		.kept_bytes = sqlite3_column_double(row, 4),
		.kept_dev_bytes = sqlite3_column_double(row, 5),
		.yield_bytes = sqlite3_column_double(row, 6),
		.yield_ratio = sqlite3_column_double(row, 7),
		.cost_us_per_mib = sqlite3_column_double(row, 8),
		.pause_us = sqlite3_column_double(row, 9),
	};
	sqlite3_int64 collections = sqlite3_column_int64(row, 3);
	sqlite3_int64 traps = sqlite3_column_int64(row, 10);
	struct ost_function *function;

	if (!*name || !fits_name(name) || !fits_name(user) || collections < 0 ||
	    collections > UINT32_MAX || traps < 0 || !sane(model.kept_bytes) ||
	    !sane(model.kept_dev_bytes) || !sane(model.yield_bytes) || !sane(model.yield_ratio) ||
	    !sane(model.cost_us_per_mib) || !sane(model.pause_us))
		return false;
	function = ost_function_get(&state->instances, user, name);
	if (!function)
		return false;
	model.collections = (uint32_t)collections;
	function->model = model;
	function->runtime = ost_runtime_parse(column_text(row, 2));
	function->traps = (uint64_t)traps;
	return true;
}

static bool load_trap(struct ost_state *state, sqlite3_stmt *row, int64_t epoch_ns)
{
	const char *user = column_text(row, 0), *name = column_text(row, 1);
	const uint8_t *insn = sqlite3_column_blob(row, 2);
	int insn_len = sqlite3_column_bytes(row, 2);
	sqlite3_int64 count = sqlite3_column_int64(row, 7);
	const struct ost_function *function = NULL;
	char comm[16] = "";
	struct ost_trap *trap;

	if (!fits_name(name) || !fits_name(user) || insn_len > OST_INSN_BYTES_MAX || count <= 0)
		return false;
	/* a trap whose instance was not known belongs to no function */
	if (*name) {
		function = ost_function_get(&state->instances, user, name);
		if (!function)
			return false;
	}
	strncpy(comm, column_text(row, 3), sizeof(comm) - 1);
	trap = ost_trap_note(&state->traps, function, 0, (uint64_t)sqlite3_column_int64(row, 4), 0,
			     comm, insn ? insn : (const uint8_t *)"", (uint8_t)insn_len,
			     (uint8_t)sqlite3_column_int(row, 5),
			     (uint8_t)sqlite3_column_int(row, 6), 0);
	if (!trap)
		return false;
	trap->count = (uint64_t)count;
	/* before this boot the result wraps around; differences of moments come out right all the
	 * same */
	trap->first_ns = (uint64_t)(sqlite3_column_int64(row, 8) * 1000000 - epoch_ns);
	trap->last_ns = (uint64_t)(sqlite3_column_int64(row, 9) * 1000000 - epoch_ns);
	return true;
}

static bool load_code(struct ost_state *state, sqlite3_stmt *row, int64_t epoch_ns)
{
	const char *user = column_text(row, 0), *id = column_text(row, 1);
	const char *function_name = column_text(row, 4);
	unsigned int feature = ost_feature_find(column_text(row, 3));
	sqlite3_int64 count = sqlite3_column_int64(row, 6);
	struct ost_function *function;
	struct ost_code *code;

	if (!*id || strlen(id) >= OST_CODE_ID_LEN || !feature || !*function_name ||
	    !fits_name(function_name) || !fits_name(user) || count <= 0)
		return false;
	function = ost_function_get(&state->instances, user, function_name);
	code = function ? ost_code_get(&state->codes, function, id,
				       (uint64_t)sqlite3_column_int64(row, 2), feature)
			: NULL;
	if (!code)
		return false;
	strncpy(code->object, column_text(row, 5), sizeof(code->object) - 1);
	code->count = (uint64_t)count;
	code->first_ns = (uint64_t)(sqlite3_column_int64(row, 7) * 1000000 - epoch_ns);
	code->last_ns = (uint64_t)(sqlite3_column_int64(row, 8) * 1000000 - epoch_ns);
	return true;
}

static bool load_run(struct ost_state *state, sqlite3_stmt *row, int64_t epoch_ns)
{
	const char *user = column_text(row, 0), *function_name = column_text(row, 1);
	const char *program = column_text(row, 2);
	sqlite3_int64 requests = sqlite3_column_int64(row, 3);
	struct ost_feature_set lacking, touched, now;
	struct ost_function *function;
	struct ost_function_run *run;

	if (!*function_name || !fits_name(function_name) || !fits_name(user) || !*program ||
	    strlen(program) >= OST_CODE_ID_LEN || requests < 0 ||
	    ost_feature_set_parse(&lacking, column_text(row, 4), NULL) ||
	    ost_feature_set_parse(&touched, column_text(row, 5), NULL))
		return false;
	function = ost_function_get(&state->instances, user, function_name);
	run = function ? ost_function_run_get(function, program) : NULL;
	if (!run)
		return false;
	run->requests = (uint64_t)requests;
	/* a host whose processor was changed since says only what holds of both */
	ost_locate_lacking(state, &now);
	ost_feature_set_intersect(&lacking, &now);
	run->lacking = lacking;
	run->touched = touched;
	snprintf(run->analysis, sizeof(run->analysis), "%s", column_text(row, 8));
	run->first_ns = (uint64_t)(sqlite3_column_int64(row, 6) * 1000000 - epoch_ns);
	run->last_ns = (uint64_t)(sqlite3_column_int64(row, 7) * 1000000 - epoch_ns);
	return true;
}

static bool load_analysis(struct ost_state *state, sqlite3_stmt *row, int64_t epoch_ns)
{
	const void *closure = sqlite3_column_blob(row, 1), *needs = sqlite3_column_blob(row, 2);
	struct ost_analysis *analysis;

	if (!closure || !needs)
		return false;
	analysis = ost_analysis_add(&state->analyses, column_text(row, 0), NULL, closure,
				    sqlite3_column_bytes(row, 1), needs,
				    sqlite3_column_bytes(row, 2));
	if (!analysis)
		return false;
	analysis->made_ns = (uint64_t)(sqlite3_column_int64(row, 3) * 1000000 - epoch_ns);
	return true;
}

/* Those of another analyser are of no use: what they are of is looked at again. */
static int tidy_analyses(sqlite3 *db, struct ost_error *err)
{
	sqlite3_stmt *delete = NULL;
	char analyser[96];
	int code = sqlite3_prepare_v2(db, "DELETE FROM analyses WHERE analyser != ?1", -1, &delete,
				      NULL);

	ost_need_analyser(analyser, sizeof(analyser));
	if (code == SQLITE_OK) {
		sqlite3_bind_text(delete, 1, analyser, -1, SQLITE_STATIC);
		code = sqlite3_step(delete);
	}
	sqlite3_finalize(delete);
	return code == SQLITE_DONE ? 0 : ost_database_fail(db, "tidy up", err);
}

static int load_rows(sqlite3 *db, const char *sql,
		     bool (*load)(struct ost_state *state, sqlite3_stmt *row, int64_t epoch_ns),
		     struct ost_state *state, int64_t epoch_ns, unsigned int *bad,
		     struct ost_error *err)
{
	sqlite3_stmt *row = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &row, NULL);

	if (code == SQLITE_OK)
		while ((code = sqlite3_step(row)) == SQLITE_ROW)
			*bad += !load(state, row, epoch_ns);
	sqlite3_finalize(row);
	return code == SQLITE_DONE ? 0 : ost_database_fail(db, "read", err);
}

int ost_load_all(sqlite3 *db, struct ost_state *state, int64_t epoch_ns, struct ost_error *err)
{
	unsigned int bad = 0;
	int ret;

	ret = load_rows(db,
			"SELECT user, name, runtime, collections, kept_bytes, kept_dev_bytes, "
			"yield_bytes, yield_ratio, cost_us_per_mib, pause_us, traps FROM functions "
			"ORDER BY changed_unix_ms",
			load_function, state, epoch_ns, &bad, err);
	/* the most recent last, since each one goes to the front */
	if (!ret)
		ret = load_rows(db,
				"SELECT user, function, insn, comm, ip, source, si_code, count, "
				"first_unix_ms, last_unix_ms FROM traps ORDER BY last_unix_ms",
				load_trap, state, epoch_ns, &bad, err);
	if (!ret)
		ret = load_rows(db,
				"SELECT user, build_id, \"offset\", feature, function, object, count, "
				"first_unix_ms, last_unix_ms FROM traps_by_code ORDER BY last_unix_ms",
				load_code, state, epoch_ns, &bad, err);
	/* the latest last: it goes to the front, and the oldest make room */
	if (!ret)
		ret = load_rows(db,
				"SELECT user, function, program, requests, lacking, touched, "
				"first_unix_ms, last_unix_ms, analysis FROM functions_run "
				"ORDER BY last_unix_ms",
				load_run, state, epoch_ns, &bad, err);
	if (!ret)
		ret = tidy_analyses(db, err);
	if (!ret)
		ret = load_rows(db,
				"SELECT digest, closure, needs, last_unix_ms FROM analyses "
				"ORDER BY last_unix_ms",
				load_analysis, state, epoch_ns, &bad, err);
	if (bad)
		ost_warn("store: %u rows make no sense and were passed over", bad);
	return ret;
}
