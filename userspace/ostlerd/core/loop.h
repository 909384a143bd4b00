/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CORE_LOOP_H
#define OST_CORE_LOOP_H

#include <liburing.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/cleanup.h"
#include "lib/error.h"

/*
 * The daemon's one wait: an io_uring. A completion's user data is a struct ost_op, whose @done is the one
 * way in. Whatever embeds an op must live until the op is idle again (ost_op_busy() is false): after a
 * cancel that is when @done has been called with -ECANCELED.
 */

struct ost_loop;
struct ost_op;

typedef void (*ost_op_done)(struct ost_op *op, int res);

/**
 * struct ost_op - one request in the ring; embed it
 * @done: called from the loop's thread with the result, or negative errno
 */
struct ost_op {
	ost_op_done done;
	struct ost_loop *loop;
	uint8_t kind;
	bool busy;
	bool closing;
	int fd;
	unsigned int mask;
	struct __kernel_timespec at;
};

struct ost_loop {
	struct io_uring ring;
	bool stop;
	uint64_t completions;
	uint64_t waits;
};

/** ost_now_ns() - CLOCK_MONOTONIC in nanoseconds */
uint64_t ost_now_ns(void);

/** ost_loop_init() - make the ring; @err says which kernel setting forbids it where one does */
int ost_loop_init(struct ost_loop *loop, unsigned int entries, struct ost_error *err);

/** ost_loop_run() - dispatch completions until ost_loop_stop(); 0 or negative errno */
int ost_loop_run(struct ost_loop *loop);

/** ost_loop_stop() - let ost_loop_run() return after the present batch */
void ost_loop_stop(struct ost_loop *loop);

/** ost_loop_exit() - drop the ring and what is still in it; no @done is called any more */
void ost_loop_exit(struct ost_loop *loop);

/**
 * ost_op_poll() - call @done with the ready mask every time @fd becomes ready
 * @mask: POLLIN, POLLPRI, ...
 *
 * Stays armed until cancelled. A negative result other than -ECANCELED means that it is no longer armed.
 */
int ost_op_poll(struct ost_loop *loop, struct ost_op *op, int fd, unsigned int mask);

/** ost_op_at() - call @done with 0 once CLOCK_MONOTONIC reaches @at_ns; moves the time of a busy op */
int ost_op_at(struct ost_loop *loop, struct ost_op *op, uint64_t at_ns);

/** ost_op_cancel() - @done will be called with -ECANCELED; nothing happens when the op is idle */
void ost_op_cancel(struct ost_op *op);

static inline bool ost_op_busy(const struct ost_op *op)
{
	return op->busy;
}

#endif
