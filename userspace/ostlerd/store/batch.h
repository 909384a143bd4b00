/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_STORE_BATCH_H
#define OST_STORE_BATCH_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

#include "ostlerd/core/state.h"

/* A copy of what changed, made by the loop, written by a worker; it points to nothing of core's. */

/** struct ost_batch_function - a function as it is to be stored */
struct ost_batch_function {
	char user[OST_NAME_LEN];
	char name[OST_NAME_LEN];
	enum ost_runtime runtime;
	struct ost_garbage_model model;
	uint64_t traps;
};

/** struct ost_batch_collection - one collection that ended */
struct ost_batch_collection {
	uint64_t instance_id;
	int64_t ended_unix_ms;
	char path[OST_PATH_LEN];
	char function[OST_NAME_LEN];
	char user[OST_NAME_LEN];
	char detail[OST_PATH_LEN];
	enum ost_runtime runtime;
	struct ost_collection last; /* without its @detail */
};

/** struct ost_batch_trap - a row of the trap table */
struct ost_batch_trap {
	struct ost_trap trap; /* without its links */
	int64_t first_unix_ms;
	int64_t last_unix_ms;
};

/** struct ost_batch_code - a place where a function lacked a feature */
struct ost_batch_code {
	struct ost_code code; /* without its links */
	char user[OST_NAME_LEN];
	char function[OST_NAME_LEN];
	int64_t first_unix_ms;
	int64_t last_unix_ms;
};

/** struct ost_batch_run - what a program did as a function */
struct ost_batch_run {
	struct ost_function_run run; /* without its link */
	char user[OST_NAME_LEN];
	char function[OST_NAME_LEN];
	int64_t first_unix_ms;
	int64_t last_unix_ms;
};

/** struct ost_batch_analysis - what a program needs */
struct ost_batch_analysis {
	char digest[OST_DIGEST_LEN];
	char program[OST_OBJECT_ID_MAX];
	uint8_t *closure, *needs;	/* copies */
	uint32_t closure_size, needs_size;
	int64_t made_unix_ms;
};

/**
 * struct ost_batch - everything that one transaction writes
 * @host: facts about the host; an empty name means that they are stored already
 */
struct ost_batch {
	struct ost_batch_function *functions;
	size_t function_count;
	struct ost_batch_collection *collections;
	size_t collection_count;
	struct ost_batch_trap *traps;
	size_t trap_count;
	struct ost_batch_code *codes;
	size_t code_count;
	struct ost_batch_run *runs;
	size_t run_count;
	struct ost_batch_analysis *analyses;
	size_t analysis_count;
	struct ost_host host;
	char features[2048];
	int64_t now_unix_ms;
};

/** Most rows kept in the table of collections; the oldest go. */
#define OST_BATCH_COLLECTIONS_KEPT 10000

/** Functions, likewise: those that changed longest ago go. */
#define OST_BATCH_FUNCTIONS_KEPT OST_FUNCTIONS_IDLE_MAX

/** Most rows kept of places, and of runs; the oldest go. */
#define OST_BATCH_CODES_KEPT OST_CODES_MAX
#define OST_BATCH_RUNS_KEPT 16384

/** Analyses, likewise: as many as the daemon itself remembers. */
#define OST_BATCH_ANALYSES_KEPT OST_ANALYSES_MAX
#define OST_BATCH_ANALYSES_BYTES OST_ANALYSES_BYTES

/** ost_batch_write() - write it in one transaction; 0 or negative errno, and then nothing of it is
 * stored */
int ost_batch_write(sqlite3 *db, const struct ost_batch *batch, struct ost_error *err);

/** ost_batch_clear() - free what it holds */
void ost_batch_clear(struct ost_batch *batch);

#endif
