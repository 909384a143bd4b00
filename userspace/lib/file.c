// SPDX-License-Identifier: GPL-2.0-or-later
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

/* Read until the end, @size bytes or an error. */
static ssize_t read_full(int fd, char *buf, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = read(fd, buf + have, size - have);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		have += n;
	}
	return have;
}

ssize_t ost_file_read(int dirfd, const char *path, char *buf, size_t size)
{
	_ost_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (size)
		buf[0] = '\0';
	if (fd < 0)
		return -errno;
	n = read_full(fd, buf, size - 1);
	if (n >= 0)
		buf[n] = '\0';
	return n;
}

ssize_t ost_file_read_all(int dirfd, const char *path, size_t max, char **out)
{
	_ost_close_ int fd = openat(dirfd, path, O_RDONLY | O_CLOEXEC);
	_ost_free_ char *buf = NULL;
	size_t room = 4096, have = 0;

	if (fd < 0)
		return -errno;
	/* files of /proc and cgroupfs tell no size, so grow as they turn out to be longer */
	for (;;) {
		char *grown = realloc(buf, room + 1);
		ssize_t n;

		if (!grown)
			return -ENOMEM;
		buf = grown;
		n = read_full(fd, buf + have, room - have);
		if (n < 0)
			return n;
		have += n;
		if (have > max)
			return -EFBIG;
		if (have < room)
			break;
		room *= 2;
	}
	buf[have] = '\0';
	*out = buf;
	buf = NULL;
	return have;
}

int ost_file_read_u64(int dirfd, const char *path, uint64_t *value)
{
	char text[64], *end;
	ssize_t n = ost_file_read(dirfd, path, text, sizeof(text));

	if (n < 0)
		return n;
	if (!strncmp(text, "max", 3)) {
		*value = UINT64_MAX;
		return 0;
	}
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return errno ? -errno : 0;
}

int ost_file_write(int dirfd, const char *path, const char *text)
{
	_ost_close_ int fd = openat(dirfd, path, O_WRONLY | O_CLOEXEC);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	do
		n = write(fd, text, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int ost_text_field(const char *text, const char *key, uint64_t *value)
{
	size_t len = strlen(key);
	const char *line = text;

	while (line && *line) {
		if (!strncmp(line, key, len) && strchr(" \t:", line[len]) && line[len]) {
			const char *p = line + len;
			char *end;

			p += strspn(p, ": \t");
			if (*p < '0' || *p > '9')
				return -EINVAL;
			errno = 0;
			*value = strtoull(p, &end, 10);
			return errno ? -errno : 0;
		}
		line = strchr(line, '\n');
		if (line)
			line++;
	}
	return -ENOENT;
}
