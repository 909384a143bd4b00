/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CORE_POOL_H
#define OST_CORE_POOL_H

#include <pthread.h>
#include <stdbool.h>

#include "ostlerd/core/loop.h"

/*
 * Threads for what blocks: doors into runtimes, SQLite. A job runs on a worker and is handed back to
 * the loop's thread, where @done may touch core state. Between the two the worker alone owns the job.
 */

struct ost_job {
	struct ost_job *next;
	void (*run)(struct ost_job *job);	/* worker thread */
	void (*done)(struct ost_job *job);	/* loop thread */
};

struct ost_pool {
	struct ost_loop *loop;
	struct ost_op wake;
	int eventfd;
	pthread_t *threads;
	unsigned int count;
	unsigned int busy;
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct ost_job *head, **tail;
	struct ost_job *finished, **finished_tail;
	bool stop;
};

/** ost_pool_init() - start @threads workers; a pool of one keeps the order of its jobs */
int ost_pool_init(struct ost_pool *pool, struct ost_loop *loop, unsigned int threads,
		  const char *name, struct ost_error *err);

/** ost_pool_submit() - queue a job; it must live until its @done was called */
void ost_pool_submit(struct ost_pool *pool, struct ost_job *job);

/** ost_pool_exit() - run what is queued, then join the workers; each @done is called */
void ost_pool_exit(struct ost_pool *pool);

#endif
