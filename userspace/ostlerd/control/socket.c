// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/control/socket.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* Connections that wait to be accepted. */
#define BACKLOG 512

static int make_parent(const char *path, struct ost_error *err)
{
	char parent[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char *slash;

	strcpy(parent, path);
	slash = strrchr(parent, '/');
	if (!slash || slash == parent)
		return 0;
	*slash = '\0';
	/* the umask may forbid what everybody needs here: to reach the socket */
	if (mkdir(parent, 0755) == 0)
		return chmod(parent, 0755) < 0 ? -errno : 0;
	if (errno == EEXIST)
		return 0;
	return ost_error_set(err, -errno,
			     "can't make the directory %s for the socket: %s; make it, or set "
			     "[api] socket to another path",
			     parent, strerror(errno));
}

/* 0 when the path is free now: nothing was there, or a socket without a listener. */
static int clear_path(const struct sockaddr_un *addr, struct ost_error *err)
{
	_ost_close_ int fd = -1;
	struct stat st;

	if (lstat(addr->sun_path, &st) < 0)
		return errno == ENOENT
			       ? 0
			       : ost_error_set(err, -errno, "can't look at the socket %s: %s",
					       addr->sun_path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return ost_error_set(
			err, -EEXIST,
			"%s is there and is no socket; remove it, or set [api] socket to "
			"another path",
			addr->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ost_error_set(err, -errno, "can't make a socket: %s", strerror(errno));
	/* EAGAIN is a listener whose backlog is full */
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno == EAGAIN)
		return ost_error_set(
			err, -EADDRINUSE,
			"another daemon answers at %s; stop it, or give this one another "
			"[api] socket",
			addr->sun_path);
	if (errno != ECONNREFUSED && errno != ENOENT)
		return ost_error_set(err, -errno, "can't tell whether a daemon answers at %s: %s",
				     addr->sun_path, strerror(errno));
	if (unlink(addr->sun_path) < 0 && errno != ENOENT)
		return ost_error_set(err, -errno,
				     "can't remove the socket %s of a daemon that is gone: %s",
				     addr->sun_path, strerror(errno));
	return 0;
}

int ost_socket_listen(const char *path, gid_t gid, struct ost_error *err)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd, ret;

	if (path[0] != '/' || strlen(path) >= sizeof(addr.sun_path))
		return ost_error_set(
			err, -EINVAL,
			"[api] socket = %s must be an absolute path of at most %zu bytes", path,
			sizeof(addr.sun_path) - 1);
	strcpy(addr.sun_path, path);
	ret = make_parent(path, err);
	if (!ret)
		ret = clear_path(&addr, err);
	if (ret)
		return ret;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ost_error_set(err, -errno, "can't make a socket: %s", strerror(errno));
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) < 0) {
		ret = ost_error_set(err, -errno, "can't make the socket %s: %s", path,
				    strerror(errno));
		goto close_fd;
	}
	if ((gid != (gid_t)-1 && chown(path, -1, gid) < 0) || chmod(path, 0666) < 0) {
		ret = ost_error_set(err, -errno, "can't set owner and mode of %s: %s", path,
				    strerror(errno));
		goto remove;
	}
	if (listen(fd, BACKLOG) == 0)
		return fd;
	ret = ost_error_set(err, -errno, "can't listen on %s: %s", path, strerror(errno));
remove:
	unlink(path);
close_fd:
	close(fd);
	return ret;
}

void ost_socket_close(const char *path, int fd)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	_ost_close_ int probe = -1;

	/*
	 * A descriptor doesn't tell the inode of its file. With ours shut down, a path that still
	 * answers belongs to another daemon. Closing it would not do: the ring still polls it.
	 */
	shutdown(fd, SHUT_RDWR);
	close(fd);
	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (probe >= 0 && connect(probe, (struct sockaddr *)&addr, sizeof(addr)) < 0 &&
	    errno == ECONNREFUSED)
		unlink(path);
}
