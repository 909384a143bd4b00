// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/store/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/log.h"
#include "ostlerd/store/batch.h"
#include "ostlerd/store/database.h"
#include "ostlerd/store/load.h"

/* Collections that wait to be written; while the disk fails the oldest make room. */
#define PENDING_MAX 256

/* Longest pause between two attempts while writing fails, in nanoseconds. */
#define RETRY_MAX_NS 300000000000ull

struct ost_store {
	struct ost_state *state;
	sqlite3 *db; /* the worker's while a job is under way, else the loop's */
	struct ost_op timer;
	struct ost_job job;
	bool writing;
	bool pending_host;
	struct ost_batch batch; /* kept until it is written */
	bool batch_full;
	int result;
	struct ost_error error;
	uint64_t pause_ns; /* until the next attempt, doubled by each failure */
	int64_t epoch_ns;  /* CLOCK_MONOTONIC + this = nanoseconds since 1970, fixed at the start */
	uint64_t traps_seen_ns; /* traps noted before this are in a batch already */
	struct ost_batch_collection *pending;
	size_t pending_count;
	uint64_t pending_lost;
	struct ost_listener listener;
};

static int64_t unix_ms(const struct ost_store *store, uint64_t moment_ns)
{
	return ((int64_t)moment_ns + store->epoch_ns) / 1000000;
}

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static void *grow(void *rows, size_t count, size_t size)
{
	/* powers of two, from 64 on */
	if (count && (count < 64 || count & (count - 1)))
		return rows;
	return realloc(rows, (count ? count * 2 : 64) * size);
}

static int gather_functions(struct ost_store *store)
{
	struct ost_batch *batch = &store->batch;
	struct ost_function *function = NULL;

	while ((function = ost_function_next(&store->state->instances, function))) {
		struct ost_batch_function *rows;

		/* what is only a name may never be more */
		if (!function->changed || !ost_function_learned(function))
			continue;
		rows = grow(batch->functions, batch->function_count, sizeof(*rows));
		if (!rows)
			return -ENOMEM;
		batch->functions = rows;
		rows += batch->function_count++;
		memcpy(rows->user, function->user, sizeof(rows->user));
		memcpy(rows->name, function->name, sizeof(rows->name));
		rows->runtime = function->runtime;
		rows->model = function->model;
		rows->traps = function->traps;
		function->changed = false;
	}
	return 0;
}

static int gather_traps(struct ost_store *store, uint64_t now)
{
	struct ost_batch *batch = &store->batch;
	const struct ost_trap *trap = store->state->traps.first;

	/* the most recent are first; moments of an earlier boot are negative as signed numbers */
	for (; trap && (int64_t)trap->last_ns >= (int64_t)store->traps_seen_ns; trap = trap->next) {
		struct ost_batch_trap *rows = grow(batch->traps, batch->trap_count, sizeof(*rows));

		if (!rows)
			return -ENOMEM;
		batch->traps = rows;
		rows += batch->trap_count++;
		rows->trap = *trap;
		rows->first_unix_ms = unix_ms(store, trap->first_ns);
		rows->last_unix_ms = unix_ms(store, trap->last_ns);
	}
	store->traps_seen_ns = now;
	return 0;
}

static int gather_codes(struct ost_store *store)
{
	struct ost_batch *batch = &store->batch;
	struct ost_code *code = NULL;

	for (struct ost_trap *trap = store->state->traps.first; trap; trap = trap->next)
		ost_trap_settle(trap);
	while ((code = ost_code_next(&store->state->codes, code))) {
		struct ost_batch_code *rows;

		if (!code->changed)
			continue;
		rows = grow(batch->codes, batch->code_count, sizeof(*rows));
		if (!rows)
			return -ENOMEM;
		batch->codes = rows;
		rows += batch->code_count++;
		rows->code = *code;
		memcpy(rows->user, code->function->user, sizeof(rows->user));
		memcpy(rows->function, code->function->name, sizeof(rows->function));
		rows->first_unix_ms = unix_ms(store, code->first_ns);
		rows->last_unix_ms = unix_ms(store, code->last_ns);
		code->changed = false;
	}
	return 0;
}

static int gather_runs(struct ost_store *store, const struct ost_function *function)
{
	struct ost_batch *batch = &store->batch;
	struct ost_function_run *run;

	for (run = function->runs; run; run = run->next) {
		struct ost_batch_run *rows;

		if (!run->changed)
			continue;
		rows = grow(batch->runs, batch->run_count, sizeof(*rows));
		if (!rows)
			return -ENOMEM;
		batch->runs = rows;
		rows += batch->run_count++;
		rows->run = *run;
		memcpy(rows->user, function->user, sizeof(rows->user));
		memcpy(rows->function, function->name, sizeof(rows->function));
		rows->first_unix_ms = unix_ms(store, run->first_ns);
		rows->last_unix_ms = unix_ms(store, run->last_ns);
		run->changed = false;
	}
	return 0;
}

static int gather_all_runs(struct ost_store *store)
{
	const struct ost_function *function = NULL;
	int ret = 0;

	while (!ret && (function = ost_function_next(&store->state->instances, function)))
		ret = gather_runs(store, function);
	return ret;
}

static int copy_analysis(struct ost_batch_analysis *row, const struct ost_analysis *analysis)
{
	row->closure = malloc(analysis->closure_size);
	row->needs = malloc(analysis->needs_size);
	if (!row->closure || !row->needs) {
		free(row->closure);
		free(row->needs);
		return -ENOMEM;
	}
	memcpy(row->closure, analysis->closure, analysis->closure_size);
	memcpy(row->needs, analysis->needs, analysis->needs_size);
	row->closure_size = analysis->closure_size;
	row->needs_size = analysis->needs_size;
	memcpy(row->digest, analysis->digest, sizeof(row->digest));
	memcpy(row->program, analysis->program, sizeof(row->program));
	return 0;
}

static int gather_analyses(struct ost_store *store)
{
	struct ost_batch *batch = &store->batch;
	struct ost_analysis *analysis = store->state->analyses.first;

	for (; analysis; analysis = analysis->next) {
		struct ost_batch_analysis *rows;

		if (!analysis->changed)
			continue;
		rows = grow(batch->analyses, batch->analysis_count, sizeof(*rows));
		if (!rows)
			return -ENOMEM;
		batch->analyses = rows;
		rows += batch->analysis_count;
		if (copy_analysis(rows, analysis))
			return -ENOMEM;
		rows->made_unix_ms = unix_ms(store, analysis->made_ns);
		batch->analysis_count++;
		analysis->changed = false;
	}
	return 0;
}

static int gather_collections(struct ost_store *store)
{
	size_t size = store->pending_count * sizeof(*store->pending);

	if (!size)
		return 0;
	store->batch.collections = malloc(size);
	if (!store->batch.collections)
		return -ENOMEM;
	memcpy(store->batch.collections, store->pending, size);
	store->batch.collection_count = store->pending_count;
	store->pending_count = 0;
	return 0;
}

/* Copy what has changed into the batch, unless one still waits to be written. */
static void gather(struct ost_store *store)
{
	uint64_t now = ost_now_ns();
	struct ost_batch *batch = &store->batch;

	if (store->batch_full)
		return;
	/* what a lack of memory leaves out now is found changed the next time, traps excepted */
	if (gather_functions(store) || gather_collections(store) || gather_traps(store, now) ||
	    gather_codes(store) || gather_all_runs(store) || gather_analyses(store))
		ost_warn("store: short of memory; what was learned is written later");
	if (store->pending_host) {
		batch->host = store->state->host;
		ost_feature_set_format(&store->state->features.usable, batch->features,
				       sizeof(batch->features));
		store->pending_host = false;
	}
	batch->now_unix_ms = unix_ms(store, now);
	store->batch_full = batch->function_count || batch->collection_count || batch->trap_count ||
			    batch->code_count || batch->run_count || batch->analysis_count ||
			    batch->host.name[0];
}

static void arm(struct ost_store *store, uint64_t pause_ns)
{
	ost_op_at(&store->state->loop, &store->timer, ost_now_ns() + pause_ns);
}

static void note_collection(struct ost_store *store, const struct ost_instance *instance)
{
	struct ost_batch_collection *row;

	if (store->pending_count == PENDING_MAX) {
		memmove(store->pending, store->pending + 1,
			(PENDING_MAX - 1) * sizeof(*store->pending));
		store->pending_count--;
		store->pending_lost++;
	}
	row = &store->pending[store->pending_count++];
	row->instance_id = instance->id;
	row->ended_unix_ms = unix_ms(store, ost_now_ns());
	copy_text(row->path, sizeof(row->path), instance->path);
	copy_text(row->function, sizeof(row->function), instance->function->name);
	copy_text(row->user, sizeof(row->user), instance->user);
	copy_text(row->detail, sizeof(row->detail), instance->last.detail);
	row->runtime = instance->runtime;
	row->last = instance->last;
	row->last.detail = NULL;
	if (store->pending_count == PENDING_MAX / 2 && !store->writing && !store->batch_full)
		arm(store, 0);
}

static void on_notice(struct ost_listener *listener, const struct ost_notice *notice)
{
	if (notice->change == OST_CHANGE_COLLECTED && notice->instance)
		note_collection(ost_container_of(listener, struct ost_store, listener),
				notice->instance);
}

/* Worker thread: owns the batch and the database until written() is called. */
static void write_batch(struct ost_job *job)
{
	struct ost_store *store = ost_container_of(job, struct ost_store, job);

	store->result = ost_batch_write(store->db, &store->batch, &store->error);
}

static void took_failure(struct ost_store *store)
{
	store->pause_ns = store->pause_ns * 2 < RETRY_MAX_NS ? store->pause_ns * 2 : RETRY_MAX_NS;
	ost_host_degrade(
		&store->state->host, "store",
		"%s; what is learned waits in memory and is tried again, everything else works",
		store->error.text);
}

static void written(struct ost_job *job)
{
	struct ost_store *store = ost_container_of(job, struct ost_store, job);
	uint64_t interval_ns = store->state->config.store_ms * 1000000;

	store->writing = false;
	if (store->result) {
		took_failure(store);
	} else {
		if (store->pending_lost)
			ost_warn("store: %llu collections ended faster than they could be written "
				 "and are not in its history",
				 (unsigned long long)store->pending_lost);
		store->pending_lost = 0;
		store->pause_ns = interval_ns;
		store->batch_full = false;
		ost_batch_clear(&store->batch);
		ost_host_mend(&store->state->host, "store");
	}
	arm(store, store->pause_ns);
}

static void on_timer(struct ost_op *op, int res)
{
	struct ost_store *store = ost_container_of(op, struct ost_store, timer);

	if (res < 0 || store->writing)
		return;
	gather(store);
	if (!store->batch_full) {
		arm(store, store->pause_ns);
		return;
	}
	store->writing = true;
	store->job.run = write_batch;
	store->job.done = written;
	ost_pool_submit(&store->state->disk, &store->job);
}

static int64_t epoch(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec - (int64_t)ost_now_ns();
}

static int open_store(struct ost_store *store, struct ost_error *err)
{
	struct ost_state *state = store->state;
	int ret;

	store->pending = calloc(PENDING_MAX, sizeof(*store->pending));
	if (!store->pending)
		return ost_error_set(err, -ENOMEM, "no memory for the store");
	ret = ost_database_open(state->config.store, &store->db, err);
	if (!ret)
		ret = ost_load_all(store->db, state, store->epoch_ns, err);
	return ret;
}

static void free_store(struct ost_store *store)
{
	ost_batch_clear(&store->batch);
	if (store->db)
		sqlite3_close(store->db);
	free(store->pending);
	free(store);
}

int ost_store_open(struct ost_state *state, struct ost_error *err)
{
	struct ost_error own = {0};
	struct ost_store *store;
	int ret = -ENOMEM;

	if (!state->config.store[0])
		return 0;
	if (!err)
		err = &own;
	store = calloc(1, sizeof(*store));
	if (!store) {
		ost_error_set(err, ret, "no memory for the store");
	} else {
		store->state = state;
		store->epoch_ns = epoch();
		store->pending_host = true;
		store->pause_ns = state->config.store_ms * 1000000;
		store->timer.done = on_timer;
		ret = open_store(store, err);
	}
	if (ret) {
		ost_host_degrade(
			&state->host, "store",
			"%s; the daemon works without, but forgets at its end what it learns",
			err->text);
		if (store)
			free_store(store);
		return ret;
	}
	store->traps_seen_ns = ost_now_ns();
	store->listener.notice = on_notice;
	ost_state_listen(state, &store->listener);
	state->store = store;
	arm(store, store->pause_ns);
	return 0;
}

void ost_store_close(struct ost_state *state)
{
	struct ost_store *store = state->store;
	struct ost_error err = {0};
	int ret = 0;

	if (!store)
		return;
	/* at most two batches: one that failed before, and what has changed since */
	for (int i = 0; i < 2 && !ret; i++) {
		gather(store);
		if (!store->batch_full)
			break;
		ret = ost_batch_write(store->db, &store->batch, &err);
		if (!ret) {
			store->batch_full = false;
			ost_batch_clear(&store->batch);
		}
	}
	if (ret)
		ost_err("store: the last changes are lost: %s", err.text);
	ost_state_unlisten(state, &store->listener);
	state->store = NULL;
	free_store(store);
}
