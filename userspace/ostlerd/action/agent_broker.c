// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/agent_broker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Connections that may wait for the main loop to accept them. */
#define BACKLOG 64

struct ost_agent_waiter {
	struct ost_agent_waiter *next;
	struct ost_agent_broker *broker;
	pid_t pid;
	int event;
	int fd;		/* the connection, -1 until it is there */
};

/* There are as many waiters as workers, so a list will do. */
struct ost_agent_broker {
	pthread_mutex_t lock;
	struct ost_agent_waiter *first;
};

int ost_agent_broker_new(struct ost_agent_broker **broker, struct ost_error *err)
{
	struct ost_agent_broker *b = calloc(1, sizeof(*b));

	if (!b)
		return ost_error_set(err, -ENOMEM, "no memory for the broker of collectors");
	pthread_mutex_init(&b->lock, NULL);
	*broker = b;
	return 0;
}

void ost_agent_broker_free(struct ost_agent_broker *broker)
{
	if (!broker)
		return;
	pthread_mutex_destroy(&broker->lock);
	free(broker);
}

static struct ost_agent_waiter *find_locked(struct ost_agent_broker *broker, pid_t pid)
{
	struct ost_agent_waiter *w = broker->first;

	while (w && w->pid != pid)
		w = w->next;
	return w;
}

int ost_agent_broker_offer(struct ost_agent_broker *broker, int fd)
{
	struct ost_agent_waiter *waiter;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int r = -ENOENT;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len)) {
		r = -errno;
		close(fd);
		return r;
	}
	pthread_mutex_lock(&broker->lock);
	waiter = find_locked(broker, cred.pid);
	if (waiter && waiter->fd < 0) {
		waiter->fd = fd;
		r = eventfd_write(waiter->event, 1) ? -errno : 0;
	}
	pthread_mutex_unlock(&broker->lock);
	if (r == -ENOENT)
		close(fd);
	return r;
}

int ost_agent_waiter_new(struct ost_agent_broker *broker, pid_t pid,
			 struct ost_agent_waiter **waiter)
{
	struct ost_agent_waiter *w = calloc(1, sizeof(*w));
	bool taken;

	if (!w)
		return -ENOMEM;
	*w = (struct ost_agent_waiter){ .broker = broker, .pid = pid, .fd = -1 };
	w->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->event < 0) {
		int r = -errno;

		free(w);
		return r;
	}
	pthread_mutex_lock(&broker->lock);
	taken = find_locked(broker, pid);
	if (!taken) {
		w->next = broker->first;
		broker->first = w;
	}
	pthread_mutex_unlock(&broker->lock);
	if (taken) {
		close(w->event);
		free(w);
		return -EBUSY;
	}
	*waiter = w;
	return 0;
}

int ost_agent_waiter_fd(const struct ost_agent_waiter *waiter)
{
	return waiter->event;
}

int ost_agent_waiter_take(struct ost_agent_waiter *waiter)
{
	eventfd_t ignored;
	int fd;

	pthread_mutex_lock(&waiter->broker->lock);
	eventfd_read(waiter->event, &ignored);
	fd = waiter->fd;
	waiter->fd = -1;
	pthread_mutex_unlock(&waiter->broker->lock);
	return fd < 0 ? -EAGAIN : fd;
}

void ost_agent_waiter_free(struct ost_agent_waiter *waiter)
{
	struct ost_agent_broker *broker;
	struct ost_agent_waiter **at;

	if (!waiter)
		return;
	broker = waiter->broker;
	pthread_mutex_lock(&broker->lock);
	for (at = &broker->first; *at && *at != waiter; at = &(*at)->next)
		;
	if (*at)
		*at = waiter->next;
	pthread_mutex_unlock(&broker->lock);
	if (waiter->fd >= 0)
		close(waiter->fd);
	close(waiter->event);
	free(waiter);
}

/* Does somebody answer at a socket? One that a dead daemon left refuses. */
static bool is_answered(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool answered = fd >= 0 && (!connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) ||
				    errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return answered;
}

static int listen_at(int fd, const struct sockaddr_un *addr)
{
	struct stat st;

	if (!lstat(addr->sun_path, &st)) {
		if (!S_ISSOCK(st.st_mode))
			return -EEXIST;
		if (is_answered(addr))
			return -EADDRINUSE;
		unlink(addr->sun_path);
	}
	if (bind(fd, (const struct sockaddr *)addr, sizeof(*addr)))
		return -errno;
	/* who may dial in decides SO_PEERCRED, and whether somebody waits for that process */
	if (chmod(addr->sun_path, 0666) || listen(fd, BACKLOG))
		return -errno;
	return 0;
}

int ost_agent_listen(const char *path, struct ost_error *err)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd, r;

	if (strlen(path) >= sizeof(addr.sun_path))
		return ost_error_set(err, -ENAMETOOLONG,
				     "agent socket %s: a socket's path has at most %zu bytes", path,
				     sizeof(addr.sun_path) - 1);
	strcpy(addr.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	r = fd < 0 ? -errno : listen_at(fd, &addr);
	if (!r)
		return fd;
	if (fd >= 0)
		close(fd);
	switch (r) {
	case -EEXIST:
		return ost_error_set(err, r, "agent socket %s: something that is no socket is "
				     "there; remove it or choose another path", path);
	case -EADDRINUSE:
		return ost_error_set(err, r, "agent socket %s: another daemon answers there", path);
	}
	return ost_error_set(err, r, "agent socket %s can't be bound: %s", path, strerror(-r));
}
