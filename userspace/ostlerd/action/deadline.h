/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_DEADLINE_H
#define OST_ACTION_DEADLINE_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Waiting that ends: all times are CLOCK_MONOTONIC nanoseconds, all descriptors non-blocking. */

/** ost_deadline_now() - the time */
uint64_t ost_deadline_now(void);

/** ost_deadline_left_ms() - milliseconds until @deadline_ns, rounded up; 0 once it has passed */
int ost_deadline_left_ms(uint64_t deadline_ns);

/** ost_deadline_sooner() - @us microseconds from now, or @deadline_ns if that comes first */
uint64_t ost_deadline_sooner(uint64_t deadline_ns, uint64_t us);

/** ost_deadline_poll() - poll(2) up to a deadline; 0 when one is ready, -ETIMEDOUT, -errno */
int ost_deadline_poll(struct pollfd *fds, nfds_t count, uint64_t deadline_ns);

/**
 * ost_deadline_wait() - wait until @fd is ready, its process has ended, or it is too late
 * @events: POLLIN, POLLOUT
 * @pidfd: of the process at the other end; -1: nobody's
 *
 * Return: 0 when @fd is ready, also with an error or at its end; -ESRCH when only the process has
 * ended; -ETIMEDOUT; another negative errno.
 */
int ost_deadline_wait(int fd, short events, int pidfd, uint64_t deadline_ns);

/**
 * ost_deadline_pause() - let @us microseconds pass, less when the process ends or the deadline
 * comes
 *
 * Return: 0, -ESRCH, -ETIMEDOUT when the deadline has passed.
 */
int ost_deadline_pause(uint64_t us, int pidfd, uint64_t deadline_ns);

/** ost_deadline_send() - send all of it; 0, -ETIMEDOUT, -ESRCH, another negative errno */
int ost_deadline_send(int fd, const void *buf, size_t len, int pidfd, uint64_t deadline_ns);

/**
 * ost_deadline_recv() - receive what has come, once something has
 *
 * Return: bytes, 0 at the end of the stream, or as ost_deadline_wait().
 */
ssize_t ost_deadline_recv(int fd, void *buf, size_t len, int pidfd, uint64_t deadline_ns);

/** ost_deadline_recv_all() - receive @len bytes; 0, -ECONNRESET when it ends before, likewise */
int ost_deadline_recv_all(int fd, void *buf, size_t len, int pidfd, uint64_t deadline_ns);

/**
 * ost_deadline_connect() - connect to a unix socket that is held by an O_PATH descriptor
 * @type: SOCK_STREAM or SOCK_SEQPACKET
 * @path_fd: of the socket's file; what its name means may change meanwhile, this doesn't
 *
 * A listener with a full backlog is tried again until the deadline.
 *
 * Return: a non-blocking descriptor, or as ost_deadline_wait().
 */
int ost_deadline_connect(int type, int path_fd, int pidfd, uint64_t deadline_ns);

#endif
