// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/pool.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Bytes of stack for a worker: doors use small buffers, SQLite and libc's printf a few KiB. */
#define WORKER_STACK (256 * 1024)

static struct ost_job *take(struct ost_pool *pool)
{
	struct ost_job *job;

	pthread_mutex_lock(&pool->lock);
	while (!pool->head && !pool->stop)
		pthread_cond_wait(&pool->work, &pool->lock);
	job = pool->head;
	if (job) {
		pool->head = job->next;
		if (!pool->head)
			pool->tail = &pool->head;
		pool->busy++;
	}
	pthread_mutex_unlock(&pool->lock);
	return job;
}

static void give_back(struct ost_pool *pool, struct ost_job *job)
{
	uint64_t one = 1;

	pthread_mutex_lock(&pool->lock);
	pool->busy--;
	job->next = NULL;
	*pool->finished_tail = job;
	pool->finished_tail = &job->next;
	pthread_mutex_unlock(&pool->lock);
	/* can only fail when the counter is about to overflow, and then the loop is awake anyway */
	if (write(pool->eventfd, &one, sizeof(one)) < 0)
		return;
}

static void *worker(void *arg)
{
	struct ost_pool *pool = arg;
	struct ost_job *job;

	while ((job = take(pool))) {
		job->run(job);
		give_back(pool, job);
	}
	return NULL;
}

static void finish_jobs(struct ost_pool *pool)
{
	struct ost_job *job;

	pthread_mutex_lock(&pool->lock);
	job = pool->finished;
	pool->finished = NULL;
	pool->finished_tail = &pool->finished;
	pthread_mutex_unlock(&pool->lock);
	while (job) {
		struct ost_job *next = job->next;

		job->done(job);
		job = next;
	}
}

static void woken(struct ost_op *op, int res)
{
	struct ost_pool *pool = ost_container_of(op, struct ost_pool, wake);
	uint64_t count;

	if (res < 0)
		return;
	if (read(pool->eventfd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		return;
	finish_jobs(pool);
}

static int start_threads(struct ost_pool *pool, unsigned int threads, const char *name)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int ret = 0;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, WORKER_STACK);
	/* signals belong to the loop's thread */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (pool->count < threads) {
		ret = pthread_create(&pool->threads[pool->count], &attr, worker, pool);
		if (ret)
			break;
		pthread_setname_np(pool->threads[pool->count++], name);
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -ret;
}

int ost_pool_init(struct ost_pool *pool, struct ost_loop *loop, unsigned int threads,
		  const char *name, struct ost_error *err)
{
	int ret;

	memset(pool, 0, sizeof(*pool));
	pool->loop = loop;
	pool->tail = &pool->head;
	pool->finished_tail = &pool->finished;
	pool->wake.done = woken;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->work, NULL);
	pool->eventfd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pool->threads = calloc(threads, sizeof(*pool->threads));
	if (pool->eventfd < 0 || !pool->threads) {
		ret = pool->eventfd < 0 ? -errno : -ENOMEM;
		ost_error_set(err, ret, "can't make the %s workers: %s", name, strerror(-ret));
		goto undo;
	}
	ret = ost_op_poll(loop, &pool->wake, pool->eventfd, POLLIN);
	if (!ret)
		ret = start_threads(pool, threads, name);
	if (!ret)
		return 0;
	ost_error_set(err, ret, "can't start %u %s workers: %s", threads, name, strerror(-ret));
undo:
	ost_pool_exit(pool);
	return ret;
}

void ost_pool_submit(struct ost_pool *pool, struct ost_job *job)
{
	pthread_mutex_lock(&pool->lock);
	job->next = NULL;
	*pool->tail = job;
	pool->tail = &job->next;
	pthread_cond_signal(&pool->work);
	pthread_mutex_unlock(&pool->lock);
}

void ost_pool_exit(struct ost_pool *pool)
{
	if (!pool->loop)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->work);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned int i = 0; i < pool->count; i++)
		pthread_join(pool->threads[i], NULL);
	finish_jobs(pool);
	if (pool->eventfd >= 0)
		close(pool->eventfd);
	free(pool->threads);
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->work);
	memset(pool, 0, sizeof(*pool));
	pool->eventfd = -1;
}
