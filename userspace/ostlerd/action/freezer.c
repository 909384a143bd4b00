// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/freezer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "ostlerd/action/cgroup_mark.h"
#include "ostlerd/action/deadline.h"

static const char file[] = "cgroup.freeze";
static const char events[] = "cgroup.events";

/* 1 while its tasks stand still, whoever froze them. */
static int parse_frozen(const char *text)
{
	uint64_t frozen;
	int r = ost_text_field(text, "frozen", &frozen);

	return r ? r : frozen != 0;
}

static int is_frozen(int cgroup_fd)
{
	char text[256];
	ssize_t n = ost_file_read(cgroup_fd, events, text, sizeof(text));

	return n < 0 ? (int)n : parse_frozen(text);
}

/*
 * Wait until cgroup.events says that the tasks run. A poll is woken by changes since the last read
 * of the same descriptor, so this one is read, not another.
 */
static int wait_running(int cgroup_fd, uint64_t deadline_ns)
{
	_ost_close_ int fd = openat(cgroup_fd, events, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	for (;;) {
		char text[256];
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		int r;

		if (n < 0)
			return -errno;
		text[n] = '\0';
		r = parse_frozen(text);
		if (r > 0)
			r = ost_deadline_wait(fd, POLLPRI, -1, deadline_ns);
		else
			return r;
		if (r)
			return r;
	}
}

int ost_freezer_thaw(int cgroup_fd, uint64_t deadline_ns, struct ost_error *err)
{
	uint64_t own;
	int r = ost_file_read_u64(cgroup_fd, file, &own);

	if (r == -ENOENT)
		return 0;
	if (r)
		return ost_error_set(err, r, "%s of the instance can't be read: %s", file,
				     strerror(-r));
	if (!own) {
		r = is_frozen(cgroup_fd);
		if (r > 0)
			return ost_error_set(err, -EBUSY, "the instance is frozen by a cgroup "
					     "above it, whose owner must thaw it");
		return r == -ENOENT ? 0 : r;
	}
	r = ost_cgroup_mark_set(cgroup_fd, OST_FREEZER_XATTR, "1");
	if (r && r != -EEXIST)
		return ost_error_set(err, r, "the instance stays frozen: that it was can't be "
				     "remembered in %s: %s", OST_FREEZER_XATTR, strerror(-r));
	r = ost_file_write(cgroup_fd, file, "0");
	if (!r)
		r = wait_running(cgroup_fd, deadline_ns);
	if (r) {
		ost_freezer_restore(cgroup_fd, NULL);
		return ost_error_set(err, r, "the instance can't be thawed%s: %s",
				     r == -ETIMEDOUT ? ", perhaps a cgroup above it is frozen" : "",
				     strerror(-r));
	}
	return 1;
}

int ost_freezer_restore(int cgroup_fd, struct ost_error *err)
{
	char text[8];
	int r = ost_cgroup_mark_get(cgroup_fd, OST_FREEZER_XATTR, text, sizeof(text));

	if (r == -ENODATA || r == -ENOENT || r == -ENODEV)
		return 0;
	if (!r)
		r = ost_file_write(cgroup_fd, file, "1");
	if (r == -ENOENT || r == -ENODEV)
		return 0;
	if (r)
		return ost_error_set(err, r, "the instance can't be frozen again: %s",
				     strerror(-r));
	r = ost_freezer_forget(cgroup_fd, err);
	return r ? r : 1;
}

int ost_freezer_forget(int cgroup_fd, struct ost_error *err)
{
	int r = ost_cgroup_mark_remove(cgroup_fd, OST_FREEZER_XATTR);

	if (r && r != -ENOENT && r != -ENODEV)
		return ost_error_set(err, r, "%s of the instance can't be removed: %s",
				     OST_FREEZER_XATTR, strerror(-r));
	return 0;
}
