// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/jvm_client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "ostlerd/action/deadline.h"
#include "ostlerd/source/hsperf.h"
#include "ostlerd/source/identity.h"

/* Between two looks for the socket after SIGQUIT, microseconds; the JVM takes 2 to 9 ms. */
#define LOOK_US 2000

/* Room for a command with three arguments at their longest. */
#define REQUEST_ROOM 4096

/* Called with the process's identity. An O_PATH descriptor of its socket, or -ENOENT. */
static int open_socket_file(int tmp_fd, const struct ost_process *process)
{
	struct stat st;
	char name[32];
	int fd;

	snprintf(name, sizeof(name), ".java_pid%d", process->nspid);
	fd = openat(tmp_fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISSOCK(st.st_mode) && st.st_uid == process->euid)
		return fd;
	close(fd);
	return -ENOENT;
}

bool ost_jvm_is_listening(const struct ost_process *process)
{
	_ost_close_ int tmp_fd = ost_process_opendir(process, "/tmp");
	_ost_close_ int fd = -1;
	struct ost_identity identity;

	if (tmp_fd < 0 || ost_identity_take(&identity, process->euid, process->egid, NULL))
		return false;
	fd = open_socket_file(tmp_fd, process);
	ost_identity_drop(&identity);
	return fd >= 0;
}

/* A connection to the JVM itself. -ECONNREFUSED when the socket is one that another left behind. */
static int dial(int tmp_fd, const struct ost_process *process, uint64_t deadline_ns)
{
	_ost_close_ int path_fd = -1;
	struct ost_identity identity;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	int fd, r;

	/*
	 * the JVM lets in its own user (and root, but only newer ones, and not across user
	 * namespaces)
	 */
	r = ost_identity_take(&identity, process->euid, process->egid, NULL);
	if (r)
		return r;
	path_fd = open_socket_file(tmp_fd, process);
	fd = path_fd < 0 ? path_fd : ost_deadline_connect(SOCK_STREAM, path_fd, process->pidfd,
							  deadline_ns);
	ost_identity_drop(&identity);
	if (fd < 0)
		return fd;
	r = getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) ? -errno : 0;
	if (!r && cred.pid == process->pid)
		return fd;
	close(fd);
	return r ? r : -EPERM;
}

/* Make or remove the file by which the JVM knows that SIGQUIT means it should listen. */
static int trigger_file(int tmp_fd, const struct ost_process *process, bool make)
{
	struct ost_identity identity;
	char name[32];
	int fd, r;

	snprintf(name, sizeof(name), ".attach_pid%d", process->nspid);
	r = ost_identity_take(&identity, process->euid, process->egid, NULL);
	if (r)
		return r;
	/* what stands there already, a FIFO or a link perhaps, is neither opened nor followed */
	r = unlinkat(tmp_fd, name, 0) && errno != ENOENT ? -errno : 0;
	if (!r && make) {
		fd = openat(tmp_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			    0600);
		r = fd < 0 ? -errno : 0;
		if (fd >= 0)
			close(fd);
	}
	ost_identity_drop(&identity);
	return r;
}

/* May the JVM be sent SIGQUIT? */
static int check_signal(const struct ost_process *process, struct ost_error *err)
{
	struct ost_hsperf perf;
	int r = ost_hsperf_read(process, &perf, NULL);

	if (r)
		return ost_error_set(err, -EPERM, "pid %d: the JVM does not tell whether it can be "
				     "attached to (-XX:-UsePerfData?), and asking one that can't "
				     "would write into its output", process->pid);
	if (!perf.attach)
		return ost_error_set(err, -EPERM, "pid %d: the JVM was started with "
				     "-XX:+DisableAttachMechanism", process->pid);
	if (!ost_process_catches(process, SIGQUIT))
		return ost_error_set(err, -EPERM, "pid %d: the JVM does not catch SIGQUIT, it was "
				     "started with -Xrs or is still starting", process->pid);
	return 0;
}

/* Wait until the JVM answers on its socket. */
static int wait_listening(struct ost_jvm_client *client, uint64_t deadline_ns)
{
	for (;;) {
		int r;

		client->fd = dial(client->tmp_fd, client->process, deadline_ns);
		if (client->fd >= 0)
			return 0;
		if (client->fd != -ENOENT && client->fd != -ECONNREFUSED)
			return client->fd;
		r = ost_deadline_pause(LOOK_US, client->process->pidfd, deadline_ns);
		if (r)
			return r;
	}
}

static int trigger(struct ost_jvm_client *client, uint64_t deadline_ns, struct ost_error *err)
{
	const struct ost_process *process = client->process;
	int r = check_signal(process, err);

	if (r)
		return r;
	r = trigger_file(client->tmp_fd, process, true);
	if (r)
		return ost_error_set(err, r, "pid %d: /tmp/.attach_pid%d can't be made: %s",
				     process->pid, process->nspid, strerror(-r));
	r = ost_process_signal(process, SIGQUIT);
	if (!r)
		r = wait_listening(client, deadline_ns);
	/*
	 * a JVM that sees to the signal only later must still find it, or it would dump its
	 * threads
	 */
	if (r != -ETIMEDOUT)
		trigger_file(client->tmp_fd, process, false);
	if (r == -ETIMEDOUT)
		return ost_error_set(err, r, "pid %d: the JVM did not begin to listen on "
				     "/tmp/.java_pid%d", process->pid, process->nspid);
	return r ? ost_error_set(err, r, "pid %d: the JVM can't be attached to: %s", process->pid,
				 strerror(-r)) : 0;
}

int ost_jvm_client_new(struct ost_jvm_client **client, const struct ost_process *process,
		       uint64_t deadline_ns, struct ost_error *err)
{
	struct ost_jvm_client *c = malloc(sizeof(*c));
	int r;

	*client = c;
	if (!c)
		return ost_error_set(err, -ENOMEM, "no memory for the reply of a JVM");
	c->process = process;
	c->fd = -1;
	c->tmp_fd = ost_process_opendir(process, "/tmp");
	if (c->tmp_fd < 0)
		return ost_error_set(err, c->tmp_fd, "pid %d: its /tmp can't be opened: %s",
				     process->pid, strerror(-c->tmp_fd));
	c->fd = dial(c->tmp_fd, process, deadline_ns);
	if (c->fd >= 0) {
		/* left by an attempt that was given up */
		trigger_file(c->tmp_fd, process, false);
		return 0;
	}
	r = c->fd;
	if (r == -ENOENT || r == -ECONNREFUSED)
		return trigger(c, deadline_ns, err);
	return ost_error_set(err, r, "pid %d: its /tmp/.java_pid%d can't be connected to%s: %s",
			     process->pid, process->nspid,
			     r == -EPERM ? ", another process listens there or the daemon lacks "
			     "CAP_SETUID" : "", strerror(-r));
}

void ost_jvm_client_free(struct ost_jvm_client *client)
{
	if (!client)
		return;
	if (client->fd >= 0)
		close(client->fd);
	if (client->tmp_fd >= 0)
		close(client->tmp_fd);
	free(client);
}

/* Everything up to the end of the stream. */
static ssize_t receive(struct ost_jvm_client *client, int fd, uint64_t deadline_ns)
{
	size_t have = 0;

	for (;;) {
		ssize_t n = ost_deadline_recv(fd, client->reply + have,
					      sizeof(client->reply) - have,
					      client->process->pidfd, deadline_ns);

		if (n <= 0)
			return n ? n : (ssize_t)have;
		have += n;
		if (have == sizeof(client->reply))
			return -EFBIG;
	}
}

int ost_jvm_command(struct ost_jvm_client *client, const char *command,
		    const char *const args[OST_JVM_ATTACH_ARGS], uint64_t deadline_ns,
		    struct ost_jvm_attach_reply *reply, struct ost_error *err)
{
	_ost_close_ int fd = -1;
	char request[REQUEST_ROOM];
	ssize_t n = ost_jvm_attach_request(request, sizeof(request), command, args);
	int r;

	if (n < 0)
		return ost_error_set(err, n, "the JVM's command %s has too long an argument",
				     command);
	fd = client->fd;
	client->fd = -1;
	if (fd < 0)
		fd = dial(client->tmp_fd, client->process, deadline_ns);
	r = fd < 0 ? fd : ost_deadline_send(fd, request, n, client->process->pidfd, deadline_ns);
	n = r ? r : receive(client, fd, deadline_ns);
	if (n >= 0)
		n = ost_jvm_attach_parse(client->reply, n, reply);
	if (n < 0)
		return ost_error_set(err, n, "pid %d: the JVM's answer to %s: %s",
				     client->process->pid, command,
				     n == -ETIMEDOUT ? "none by the deadline" :
				     n == -EBADMSG ? "it does not begin with a code" :
				     strerror(-n));
	return 0;
}
