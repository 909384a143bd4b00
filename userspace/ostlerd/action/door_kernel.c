// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/door.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/maps.h"
#include "ostlerd/action/deadline.h"
#include "ostlerd/source/memory.h"

/*
 * What the kernel alone can do. Neither door collects garbage: one drops page cache, the other
 * moves memory to swap, garbage or not.
 */

/* Page cache reclaimed by one write, bytes: between two the deadline is looked at. */
#define RECLAIM_STEP (16ull * 1024 * 1024)

/* Memory paged out by one call, bytes; likewise. The kernel cuts a call off at 2 GiB. */
#define PAGEOUT_STEP (64ull * 1024 * 1024)

/* Mappings in one call; the kernel allows 1024. */
#define PAGEOUT_BATCH 64

/* Mappings of one process that are looked at. */
#define MAPS_MAX 70000

static uint64_t less(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

static uint64_t since_us(uint64_t begun)
{
	return (ost_deadline_now() - begun) / 1000;
}

/* ---- page cache ---- */

static bool reclaim_fits(const struct ost_process *process, const struct ost_door_config *config,
			 char *why_not, size_t size)
{
	if (!config->page_cache)
		snprintf(why_not, size, "page cache is left alone, as configured ([collect] "
			 "page_cache)");
	return config->page_cache;
}

/*
 * One write to memory.reclaim. Swappiness 0 keeps it off anonymous memory; kernels before 6.9
 * don't know that word, there it takes page cache first where there is swap, and only page cache
 * where there is none.
 */
static int reclaim_step(int cgroup_fd, uint64_t bytes, bool *plain)
{
	char text[64];
	int r;

	if (!*plain) {
		snprintf(text, sizeof(text), "%llu swappiness=0", (unsigned long long)bytes);
		r = ost_file_write(cgroup_fd, "memory.reclaim", text);
		if (r != -EINVAL)
			return r;
		*plain = true;
	}
	snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
	return ost_file_write(cgroup_fd, "memory.reclaim", text);
}

static int reclaim_all(int cgroup_fd, uint64_t bytes, uint64_t deadline_ns)
{
	bool plain = false;

	while (bytes) {
		uint64_t step = bytes < RECLAIM_STEP ? bytes : RECLAIM_STEP;
		int r = reclaim_step(cgroup_fd, step, &plain);

		/* less than that could be found: there is no more */
		if (r == -EAGAIN)
			return 0;
		if (r && r != -EINTR)
			return r;
		if (!ost_deadline_left_ms(deadline_ns))
			return -ETIMEDOUT;
		if (!r)
			bytes -= step;
	}
	return 0;
}

static int reclaim_collect(const struct ost_process *process, const struct ost_door_request *req,
			   struct ost_door_result *res, struct ost_error *err)
{
	uint64_t begun = ost_deadline_now(), want;
	struct ost_memory before, after;
	int r = ost_memory_read(req->cgroup_fd, &before, err);

	if (r)
		return r;
	want = less(before.file, before.shmem);
	if (req->reclaim_bytes && req->reclaim_bytes < want)
		want = req->reclaim_bytes;
	r = reclaim_all(req->cgroup_fd, want, req->deadline_ns);
	res->trim_us = since_us(begun);
	if (!ost_memory_read(req->cgroup_fd, &after, NULL))
		res->dropped_bytes = less(before.current, after.current);
	snprintf(res->detail, sizeof(res->detail), "page cache: %llu KiB wanted, %llu KiB less",
		 (unsigned long long)want / 1024, (unsigned long long)res->dropped_bytes / 1024);
	if (r == -ENOENT)
		return ost_error_set(err, -EOPNOTSUPP, "no memory.reclaim: it needs Linux 5.19 and "
				     "the memory controller in the instance");
	return r ? ost_error_set(err, r, "memory.reclaim of the instance: %s", strerror(-r)) : 0;
}

const struct ost_door_ops ost_door_reclaim = {
	.name = "kernel-reclaim",
	.fits = reclaim_fits,
	.collect = reclaim_collect,
};

/* ---- anonymous memory ---- */

struct pageout {
	int pidfd;
	uint64_t deadline_ns;
	uint64_t left;		/* bytes that may still be paged out */
	uint64_t advised;
	uint64_t batched;
	struct iovec batch[PAGEOUT_BATCH];
	unsigned int count;
};

/*
 * Give the batch to the kernel. It stops at a mapping that it can't page out; that one is left
 * out.
 */
static int flush(struct pageout *po)
{
	struct iovec *at = po->batch, *end = po->batch + po->count;

	while (at < end) {
		ssize_t n = syscall(SYS_process_madvise, po->pidfd, at, end - at, MADV_PAGEOUT, 0);

		if (n < 0 && errno != EINVAL && errno != ENOMEM && errno != EINTR)
			return -errno;
		if (!ost_deadline_left_ms(po->deadline_ns))
			return -ETIMEDOUT;
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			at++;
			continue;
		}
		po->advised += n;
		for (; at < end && (size_t)n >= at->iov_len; at++)
			n -= at->iov_len;
		if (at < end && n) {
			at->iov_base = (char *)at->iov_base + n;
			at->iov_len -= n;
		}
	}
	po->count = 0;
	po->batched = 0;
	return 0;
}

static int add_map(const struct ost_map *map, void *arg)
{
	struct pageout *po = arg;
	uint64_t start = map->start, left = map->end - map->start;

	if (!ost_map_is_heap(map))
		return 0;
	while (left && po->left) {
		uint64_t room = PAGEOUT_STEP - po->batched;
		uint64_t take = left < room ? left : room;
		int r;

		take = take < po->left ? take : po->left;
		po->batch[po->count++] = (struct iovec){ (void *)(uintptr_t)start, take };
		po->batched += take;
		po->left -= take;
		start += take;
		left -= take;
		if (po->count == PAGEOUT_BATCH || po->batched == PAGEOUT_STEP) {
			r = flush(po);
			if (r)
				return r;
		}
	}
	/* enough: E2BIG is what ost_maps_read() says of mappings that it left out */
	return po->left ? 0 : -E2BIG;
}

static bool pageout_fits(const struct ost_process *process, const struct ost_door_config *config,
			 char *why_not, size_t size)
{
	if (!config->page_out)
		snprintf(why_not, size, "anonymous memory is not paged out, as configured "
			 "([collect] page_out)");
	return config->page_out;
}

static int pageout_collect(const struct ost_process *process, const struct ost_door_request *req,
			   struct ost_door_result *res, struct ost_error *err)
{
	_ost_close_ int fd = openat(process->procfd, "maps", O_RDONLY | O_CLOEXEC);
	uint64_t page = sysconf(_SC_PAGESIZE);
	uint64_t begun = ost_deadline_now();
	struct pageout po = {
		.pidfd = process->pidfd,
		.deadline_ns = req->deadline_ns,
		.left = req->reclaim_bytes ? req->reclaim_bytes / page * page : UINT64_MAX,
	};
	int r;

	if (fd < 0)
		return ost_error_set(err, -errno, "pid %d: its mappings can't be read: %s",
				     process->pid, strerror(errno));
	r = ost_maps_read(fd, MAPS_MAX, add_map, &po);
	if (!r || r == -E2BIG)
		r = flush(&po);
	res->trim_us = since_us(begun);
	snprintf(res->detail, sizeof(res->detail), "asked to page out %llu KiB",
		 (unsigned long long)po.advised / 1024);
	if (r == -EPERM)
		return ost_error_set(err, r, "pid %d: process_madvise is not permitted: the daemon "
				     "needs CAP_SYS_NICE and CAP_SYS_PTRACE", process->pid);
	return r ? ost_error_set(err, r, "pid %d: process_madvise: %s", process->pid,
				 strerror(-r)) : 0;
}

const struct ost_door_ops ost_door_pageout = {
	.name = "pageout",
	.fits = pageout_fits,
	.collect = pageout_collect,
};
