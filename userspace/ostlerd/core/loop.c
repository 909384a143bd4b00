// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/loop.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum op_kind { KIND_NONE, KIND_POLL, KIND_TIMER };

/* User data of requests about other requests: their own completion says nothing. */
#define NOBODY NULL

uint64_t ost_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

int ost_loop_init(struct ost_loop *loop, unsigned int entries, struct ost_error *err)
{
	struct io_uring_params params = {
		.flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER |
			 IORING_SETUP_COOP_TASKRUN | IORING_SETUP_CLAMP,
		.cq_entries = entries * 4,
	};
	int ret;

	memset(loop, 0, sizeof(*loop));
	ret = io_uring_queue_init_params(entries, &loop->ring, &params);
	if (ret == -EPERM || ret == -ENOSYS)
		return ost_error_set(err, ret,
				     "io_uring is not to be had (%s): the kernel must have CONFIG_IO_URING, "
				     "and sysctl kernel.io_uring_disabled must be 0 (or 1 for root)",
				     strerror(-ret));
	if (ret < 0)
		return ost_error_set(err, ret, "can't make an io_uring of %u entries: %s", entries,
				     strerror(-ret));
	return 0;
}

/* A free submission entry; makes room by submitting when the queue is full. */
static struct io_uring_sqe *next_sqe(struct ost_loop *loop)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&loop->ring);

	if (!sqe) {
		io_uring_submit(&loop->ring);
		sqe = io_uring_get_sqe(&loop->ring);
	}
	return sqe;
}

static int arm_poll(struct ost_op *op)
{
	struct io_uring_sqe *sqe = next_sqe(op->loop);

	if (!sqe)
		return -EBUSY;
	io_uring_prep_poll_multishot(sqe, op->fd, op->mask);
	io_uring_sqe_set_data(sqe, op);
	op->busy = true;
	return 0;
}

int ost_op_poll(struct ost_loop *loop, struct ost_op *op, int fd, unsigned int mask)
{
	if (op->busy)
		return -EBUSY;
	op->loop = loop;
	op->kind = KIND_POLL;
	op->closing = false;
	op->fd = fd;
	op->mask = mask;
	return arm_poll(op);
}

static void set_time(struct ost_op *op, uint64_t at_ns)
{
	op->at.tv_sec = at_ns / 1000000000;
	op->at.tv_nsec = at_ns % 1000000000;
}

int ost_op_at(struct ost_loop *loop, struct ost_op *op, uint64_t at_ns)
{
	struct io_uring_sqe *sqe = next_sqe(loop);

	if (!sqe)
		return -EBUSY;
	set_time(op, at_ns);
	if (op->busy) {
		io_uring_prep_timeout_update(sqe, &op->at, (uintptr_t)op, IORING_TIMEOUT_ABS);
		io_uring_sqe_set_data(sqe, NOBODY);
		return 0;
	}
	op->loop = loop;
	op->kind = KIND_TIMER;
	op->closing = false;
	io_uring_prep_timeout(sqe, &op->at, 0, IORING_TIMEOUT_ABS);
	io_uring_sqe_set_data(sqe, op);
	op->busy = true;
	return 0;
}

void ost_op_cancel(struct ost_op *op)
{
	struct io_uring_sqe *sqe;

	if (!op->busy || op->closing)
		return;
	sqe = next_sqe(op->loop);
	if (!sqe)
		return;
	op->closing = true;
	if (op->kind == KIND_TIMER)
		io_uring_prep_timeout_remove(sqe, (uintptr_t)op, 0);
	else
		io_uring_prep_poll_remove(sqe, (uintptr_t)op);
	io_uring_sqe_set_data(sqe, NOBODY);
}

/* The one place where completions become calls. */
static void dispatch(struct ost_op *op, int res, unsigned int flags)
{
	bool more = flags & IORING_CQE_F_MORE;

	if (op->kind == KIND_TIMER) {
		op->busy = false;
		op->done(op, res == -ETIME ? 0 : res);
		return;
	}
	if (!more)
		op->busy = false;
	/* the kernel ends a multishot poll when the completion queue ran over: arm it again */
	if (!more && res >= 0) {
		if (op->closing)
			res = -ECANCELED;
		else
			arm_poll(op);
	}
	if (op->closing && more)
		return;
	op->done(op, res);
}

int ost_loop_run(struct ost_loop *loop)
{
	while (!loop->stop) {
		struct io_uring_cqe *cqe;
		int ret = io_uring_submit_and_wait(&loop->ring, 1);

		if (ret < 0 && ret != -EINTR && ret != -EBUSY && ret != -EAGAIN)
			return ret;
		loop->waits++;
		while (!loop->stop && io_uring_peek_cqe(&loop->ring, &cqe) == 0) {
			/* read it before it is marked seen: its slot is the kernel's from then on */
			struct ost_op *op = io_uring_cqe_get_data(cqe);
			unsigned int flags = cqe->flags;
			int res = cqe->res;

			io_uring_cqe_seen(&loop->ring, cqe);
			loop->completions++;
			if (op != NOBODY)
				dispatch(op, res, flags);
		}
	}
	return 0;
}

void ost_loop_stop(struct ost_loop *loop)
{
	loop->stop = true;
}

void ost_loop_exit(struct ost_loop *loop)
{
	io_uring_queue_exit(&loop->ring);
}
