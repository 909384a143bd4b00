// SPDX-License-Identifier: GPL-2.0-or-later
#include "program_root.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"

/* Symbolic links on the way to one file, as Linux counts them. */
#define LINKS_MAX 40

/* To find what a path leads to does nothing to it, whatever it is. */
#define FIND_FLAGS (O_PATH | O_CLOEXEC)

static int real_path(int fd, char *buf)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, buf, OST_ROOT_PATH_MAX - 1);
	if (n < 0)
		return -errno;
	if (n == OST_ROOT_PATH_MAX - 1)
		return -ENAMETOOLONG;
	buf[n] = '\0';
	return buf[0] == '/' ? 0 : -ENOENT;
}

int ost_root_open(struct ost_root *root, const char *path)
{
	char real[OST_ROOT_PATH_MAX];
	int r;

	*root = (struct ost_root){ .fd = AT_FDCWD };
	if (path && strcmp(path, "/")) {
		root->fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (root->fd < 0)
			return -errno;
		r = real_path(root->fd, real);
		if (r) {
			ost_root_close(root);
			return r;
		}
	}
	root->path = strdup(root->fd < 0 || !strcmp(real, "/") ? "" : real);
	if (root->path)
		return 0;
	ost_root_close(root);
	return -ENOMEM;
}

void ost_root_leave(struct ost_root *root)
{
	if (root->fd < 0)
		return;
	close(root->fd);
	/* not AT_FDCWD: that would be this host's */
	root->fd = -1;
}

void ost_root_close(struct ost_root *root)
{
	ost_root_leave(root);
	free(root->path);
	*root = (struct ost_root){ .fd = AT_FDCWD };
}

/** struct walk - a path that is followed name by name, folders above kept open to go back up */
struct walk {
	int folders[OST_ROOT_PATH_MAX / 2];
	size_t depth;			/* folders[0] is the root and not ours to close */
	char rest[OST_ROOT_PATH_MAX];	/* what is left to follow */
	unsigned int links;
};

static void leave_folder(struct walk *walk)
{
	if (walk->depth)
		close(walk->folders[walk->depth--]);
}

/* A link's text stands before what was left. */
static int follow_link(struct walk *walk, const char *name)
{
	char text[OST_ROOT_PATH_MAX];
	ssize_t n = readlinkat(walk->folders[walk->depth], name, text, sizeof(text));
	size_t rest = strlen(walk->rest) + 1;

	if (n < 0)
		return -errno;
	if (++walk->links > LINKS_MAX)
		return -ELOOP;
	if (n + 1 + rest > sizeof(walk->rest))
		return -ENAMETOOLONG;
	memmove(walk->rest + n + 1, walk->rest, rest);
	memcpy(walk->rest, text, n);
	/* a slash at the end would ask for a folder */
	walk->rest[n] = rest > 1 ? '/' : '\0';
	if (text[0] == '/')
		while (walk->depth)
			leave_folder(walk);
	return 0;
}

static bool is_link(int fd)
{
	struct stat st;

	return fd >= 0 && !fstat(fd, &st) && S_ISLNK(st.st_mode);
}

/* The next name: a descriptor of what it leads to when nothing is left, else -EAGAIN or an error. */
static int step(struct walk *walk)
{
	char name[OST_ROOT_PATH_MAX];
	size_t skip = strspn(walk->rest, "/"), size = strcspn(walk->rest + skip, "/");
	size_t after = skip + size + strspn(walk->rest + skip + size, "/");
	bool last = !walk->rest[after] && !walk->rest[skip + size];
	int fd;

	memcpy(name, walk->rest + skip, size);
	name[size] = '\0';
	memmove(walk->rest, walk->rest + after, strlen(walk->rest + after) + 1);
	if (!size) {
		fd = openat(walk->folders[walk->depth], ".", FIND_FLAGS);
		return fd < 0 ? -errno : fd;
	}
	if (!strcmp(name, "..")) {
		leave_folder(walk);
		return -EAGAIN;
	}
	if (!strcmp(name, "."))
		return -EAGAIN;
	fd = openat(walk->folders[walk->depth], name, O_NOFOLLOW | FIND_FLAGS | (last ? 0 : O_DIRECTORY));
	if (is_link(fd)) {
		close(fd);
		fd = -1;
		errno = ENOTDIR;
	}
	if (fd < 0 && errno == ENOTDIR) {
		int q = follow_link(walk, name);

		return !q ? -EAGAIN : q == -EINVAL ? -ENOTDIR : q;
	}
	if (fd < 0)
		return -errno;
	if (last)
		return fd;
	if (walk->depth + 1 == sizeof(walk->folders) / sizeof(walk->folders[0])) {
		close(fd);
		return -ENAMETOOLONG;
	}
	walk->folders[++walk->depth] = fd;
	return -EAGAIN;
}

int ost_root_walk(const struct ost_root *root, const char *path)
{
	struct walk *walk;
	int r;

	if (strlen(path) >= OST_ROOT_PATH_MAX)
		return -ENAMETOOLONG;
	walk = calloc(1, sizeof(*walk));
	if (!walk)
		return -ENOMEM;
	strcpy(walk->rest, path);
	walk->folders[0] = root->fd;
	do
		r = step(walk);
	while (r == -EAGAIN);
	while (walk->depth)
		leave_folder(walk);
	free(walk);
	return r;
}

static int find_below(const struct ost_root *root, const char *path)
{
	struct open_how how = {
		.flags = FIND_FLAGS,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd;

	/* EAGAIN: something was renamed meanwhile, the kernel can't tell whether it stays inside */
	for (unsigned int tries = 0; tries < 8; tries++) {
		fd = syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return ost_root_walk(root, path);
	return fd < 0 ? -errno : fd;
}

int ost_root_again(int fd)
{
	struct stat st;
	char link[64];
	int again;

	if (fstat(fd, &st))
		return -errno;
	/* a pipe would block, a device may do anything when it is opened */
	if (S_ISREG(st.st_mode)) {
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		again = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	} else {
		again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	}
	return again < 0 ? -errno : again;
}

int ost_root_file(const struct ost_root *root, const char *path)
{
	int found, fd;

	if (root->fd != AT_FDCWD) {
		found = find_below(root, path);
	} else {
		found = open(path, FIND_FLAGS);
		found = found < 0 ? -errno : found;
	}
	if (found < 0)
		return found;
	fd = ost_root_again(found);
	close(found);
	return fd;
}

int ost_root_stat(const struct ost_root *root, const char *path, struct statx *st)
{
	_ost_close_ int fd = -1;
	int flags = AT_STATX_FORCE_SYNC | AT_NO_AUTOMOUNT;

	if (root->fd == AT_FDCWD)
		return statx(AT_FDCWD, path, flags, STATX_BASIC_STATS, st) ? -errno : 0;
	fd = find_below(root, path);
	if (fd < 0)
		return fd;
	return statx(fd, "", flags | AT_EMPTY_PATH, STATX_BASIC_STATS, st) ? -errno : 0;
}

int ost_root_real(const struct ost_root *root, int fd, char *buf)
{
	size_t size = strlen(root->path);
	int r = real_path(fd, buf);

	if (r)
		return r;
	if (strncmp(buf, root->path, size) || (buf[size] != '/' && buf[size]))
		return -ENOENT;
	memmove(buf, buf + size, strlen(buf + size) + 1);
	if (!buf[0])
		strcpy(buf, "/");
	return 0;
}
