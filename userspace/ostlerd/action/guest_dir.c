// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/guest_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "ostlerd/source/identity.h"

/* Largest file that is copied, bytes; the collector has less than 100 KiB. */
#define COPY_MAX (16 * 1024 * 1024)

/* Everything that is ever put there, so that it can be removed. */
static const char *const contents[] = { OST_GUEST_SOCKET, OST_AGENT_OBJECT };

/* Called with the process's identity. */
static int make_and_open(struct ost_guest_dir *dir)
{
	struct stat st;

	if (mkdirat(dir->tmp_fd, dir->name, 0700) && errno != EEXIST)
		return -errno;
	dir->fd = openat(dir->tmp_fd, dir->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir->fd < 0)
		return errno == ENOTDIR || errno == ELOOP ? -EACCES : -errno;
	if (fstat(dir->fd, &st))
		return -errno;
	return st.st_uid == dir->process->euid ? 0 : -EACCES;
}

int ost_guest_dir_make(struct ost_guest_dir *dir, const struct ost_process *process,
		       struct ost_error *err)
{
	struct ost_identity identity;
	int r;

	*dir = OST_GUEST_DIR_NONE;
	dir->process = process;
	snprintf(dir->name, sizeof(dir->name), ".ostler-%d", process->nspid);
	dir->tmp_fd = ost_process_opendir(process, "/tmp");
	if (dir->tmp_fd < 0)
		return ost_error_set(err, dir->tmp_fd, "pid %d: its /tmp can't be opened: %s",
				     process->pid, strerror(-dir->tmp_fd));
	r = ost_identity_take(&identity, process->euid, process->egid, err);
	if (!r) {
		r = make_and_open(dir);
		ost_identity_drop(&identity);
		if (r)
			ost_error_set(err, r, "pid %d: /tmp/%s can't be made as a folder of user "
				      "%u: %s", process->pid, dir->name, process->euid,
				      strerror(-r));
	}
	if (r) {
		close(dir->tmp_fd);
		if (dir->fd >= 0)
			close(dir->fd);
		*dir = OST_GUEST_DIR_NONE;
	}
	return r;
}

void ost_guest_dir_remove(struct ost_guest_dir *dir)
{
	struct ost_identity identity;

	if (dir->fd < 0)
		return;
	if (!ost_identity_take(&identity, dir->process->euid, dir->process->egid, NULL)) {
		for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++)
			unlinkat(dir->fd, contents[i], 0);
		unlinkat(dir->tmp_fd, dir->name, AT_REMOVEDIR);
		ost_identity_drop(&identity);
	}
	close(dir->fd);
	close(dir->tmp_fd);
	*dir = OST_GUEST_DIR_NONE;
}

int ost_guest_dir_path(const struct ost_guest_dir *dir, const char *file, char *path, size_t size)
{
	int n = snprintf(path, size, "/tmp/%s/%s", dir->name, file);

	return (size_t)n < size ? 0 : -ENAMETOOLONG;
}

/* Called with the process's identity: the listener's credentials are those of the listen() call. */
static int bind_and_listen(const struct ost_guest_dir *dir, int fd)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "/proc/self/fd/%d/%s", dir->fd,
		 OST_GUEST_SOCKET);
	if (unlinkat(dir->fd, OST_GUEST_SOCKET, 0) && errno != ENOENT)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 4))
		return -errno;
	return 0;
}

int ost_guest_dir_listen(const struct ost_guest_dir *dir, struct ost_error *err)
{
	struct ost_identity identity;
	int fd, r;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ost_error_set(err, -errno, "no socket: %s", strerror(errno));
	r = ost_identity_take(&identity, dir->process->euid, dir->process->egid, err);
	if (!r) {
		r = bind_and_listen(dir, fd);
		ost_identity_drop(&identity);
		if (r)
			ost_error_set(err, r, "pid %d: no socket in its /tmp/%s: %s",
				      dir->process->pid, dir->name, strerror(-r));
	}
	if (!r)
		return fd;
	close(fd);
	return r;
}

static int copy_contents(int in, int out)
{
	struct stat st;
	off_t left;

	if (fstat(in, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_size > COPY_MAX)
		return -EFBIG;
	for (left = st.st_size; left;) {
		ssize_t n = sendfile(out, in, NULL, left);

		if (n <= 0)
			return n ? -errno : -EIO;
		left -= n;
	}
	return 0;
}

int ost_guest_dir_copy(const struct ost_guest_dir *dir, const char *source, const char *file,
		       struct ost_error *err)
{
	_ost_close_ int in = open(source, O_RDONLY | O_CLOEXEC);
	_ost_close_ int out = -1;
	struct ost_identity identity;
	int r;

	if (in < 0)
		return ost_error_set(err, -errno, "%s can't be opened: %s", source,
				     strerror(errno));
	r = ost_identity_take(&identity, dir->process->euid, dir->process->egid, err);
	if (r)
		return r;
	unlinkat(dir->fd, file, 0);
	out = openat(dir->fd, file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0500);
	r = out < 0 ? -errno : copy_contents(in, out);
	ost_identity_drop(&identity);
	if (r)
		return ost_error_set(err, r, "pid %d: %s can't be copied into its /tmp/%s: %s",
				     dir->process->pid, source, dir->name, strerror(-r));
	return 0;
}
