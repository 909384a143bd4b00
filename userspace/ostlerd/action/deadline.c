// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/deadline.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

/* Between two attempts to connect to a listener with a full backlog, microseconds. */
#define BACKLOG_PAUSE_US 2000

uint64_t ost_deadline_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int ost_deadline_left_ms(uint64_t deadline_ns)
{
	uint64_t now = ost_deadline_now(), ms;

	if (now >= deadline_ns)
		return 0;
	ms = (deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

uint64_t ost_deadline_sooner(uint64_t deadline_ns, uint64_t us)
{
	uint64_t at = ost_deadline_now() + us * 1000;

	return at < deadline_ns ? at : deadline_ns;
}

int ost_deadline_poll(struct pollfd *fds, nfds_t count, uint64_t deadline_ns)
{
	for (;;) {
		uint64_t now = ost_deadline_now();
		uint64_t left = now < deadline_ns ? deadline_ns - now : 0;
		struct timespec ts = { .tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S };
		int n = ppoll(fds, count, &ts, NULL);

		if (n > 0)
			return 0;
		if (!n && ost_deadline_now() >= deadline_ns)
			return -ETIMEDOUT;
		if (n < 0 && errno != EINTR)
			return -errno;
	}
}

int ost_deadline_wait(int fd, short events, int pidfd, uint64_t deadline_ns)
{
	struct pollfd fds[] = {
		{ .fd = fd, .events = events },
		{ .fd = pidfd, .events = POLLIN },
	};
	int r = ost_deadline_poll(fds, 2, deadline_ns);

	if (r)
		return r;
	/* what a process left in a socket before it ended can still be read */
	return fds[0].revents ? 0 : -ESRCH;
}

int ost_deadline_pause(uint64_t us, int pidfd, uint64_t deadline_ns)
{
	struct pollfd fds = { .fd = pidfd, .events = POLLIN };
	int r = ost_deadline_poll(&fds, 1, ost_deadline_sooner(deadline_ns, us));

	if (r != -ETIMEDOUT)
		return r ? r : -ESRCH;
	return ost_deadline_now() >= deadline_ns ? -ETIMEDOUT : 0;
}

int ost_deadline_send(int fd, const void *buf, size_t len, int pidfd, uint64_t deadline_ns)
{
	const char *p = buf;

	while (len) {
		ssize_t n = send(fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		int r;

		if (n >= 0) {
			p += n;
			len -= n;
			continue;
		}
		if (errno == EINTR)
			continue;
		if (errno != EAGAIN)
			return -errno;
		r = ost_deadline_wait(fd, POLLOUT, pidfd, deadline_ns);
		if (r)
			return r;
	}
	return 0;
}

ssize_t ost_deadline_recv(int fd, void *buf, size_t len, int pidfd, uint64_t deadline_ns)
{
	for (;;) {
		ssize_t n;
		int r = ost_deadline_wait(fd, POLLIN, pidfd, deadline_ns);

		if (r)
			return r;
		n = recv(fd, buf, len, MSG_DONTWAIT);
		if (n >= 0)
			return n;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
	}
}

int ost_deadline_recv_all(int fd, void *buf, size_t len, int pidfd, uint64_t deadline_ns)
{
	char *p = buf;

	while (len) {
		ssize_t n = ost_deadline_recv(fd, p, len, pidfd, deadline_ns);

		if (n <= 0)
			return n ? (int)n : -ECONNRESET;
		p += n;
		len -= n;
	}
	return 0;
}

int ost_deadline_connect(int type, int path_fd, int pidfd, uint64_t deadline_ns)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, r;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d", path_fd);
	fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	for (;;) {
		if (!connect(fd, (struct sockaddr *)&addr, sizeof(addr)))
			return fd;
		r = -errno;
		if (r == -EAGAIN)
			r = ost_deadline_pause(BACKLOG_PAUSE_US, pidfd, deadline_ns);
		if (r && r != -EINTR)
			break;
	}
	close(fd);
	return r;
}
