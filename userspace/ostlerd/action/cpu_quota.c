// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/cpu_quota.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "lib/file.h"
#include "ostlerd/action/cgroup_mark.h"

static const char file[] = "cpu.max";
static const char unlimited[] = "max";

/* "quota period" of cpu.max; two numbers of at most 20 digits. */
#define TEXT_ROOM 64

static int read_quota(int cgroup_fd, char *text)
{
	ssize_t n = ost_file_read(cgroup_fd, file, text, TEXT_ROOM);

	if (n < 0)
		return n;
	text[strcspn(text, "\n")] = '\0';
	return 0;
}

static bool is_unlimited(const char *text)
{
	return !strncmp(text, unlimited, sizeof(unlimited) - 1);
}

/* Two numbers: anything else in the mark was not written by ost_cpu_quota_lift(). */
static bool is_quota(const char *text)
{
	size_t quota = strspn(text, "0123456789");
	size_t period = text[quota] == ' ' ? strspn(text + quota + 1, "0123456789") : 0;

	return quota && period && !text[quota + 1 + period];
}

int ost_cpu_quota_lift(int cgroup_fd, struct ost_error *err)
{
	char text[TEXT_ROOM];
	int r = read_quota(cgroup_fd, text);

	if (r == -ENOENT)
		return 0;
	if (r)
		return ost_error_set(err, r, "%s of the instance can't be read: %s", file,
				     strerror(-r));
	if (is_unlimited(text))
		return 0;
	/* a mark that is there already tells of an earlier lift: the quota of now is newer */
	ost_cgroup_mark_remove(cgroup_fd, OST_CPU_QUOTA_XATTR);
	r = ost_cgroup_mark_set(cgroup_fd, OST_CPU_QUOTA_XATTR, text);
	if (r)
		return ost_error_set(err, r,
				     "the CPU quota \"%s\" stays: it can't be remembered in %s: %s",
				     text, OST_CPU_QUOTA_XATTR, strerror(-r));
	r = ost_file_write(cgroup_fd, file, unlimited);
	if (r) {
		ost_cgroup_mark_remove(cgroup_fd, OST_CPU_QUOTA_XATTR);
		return ost_error_set(err, r, "the CPU quota \"%s\" can't be lifted: %s", text,
				     strerror(-r));
	}
	return 1;
}

/* Write the quota back unless somebody has set another since. 1 when it was written. */
static int put_back(int cgroup_fd, const char *remembered, struct ost_error *err)
{
	char now[TEXT_ROOM];
	int r = read_quota(cgroup_fd, now);

	if (r == -ENOENT || r == -ENODEV)
		return 0;
	if (!r && !is_unlimited(now))
		return 0;
	if (!r)
		r = ost_file_write(cgroup_fd, file, remembered);
	if (r == -ENODEV)
		return 0;
	if (r)
		return ost_error_set(err, r, "the CPU quota \"%s\" can't be put back: %s",
				     remembered, strerror(-r));
	return 1;
}

int ost_cpu_quota_restore(int cgroup_fd, struct ost_error *err)
{
	char remembered[TEXT_ROOM];
	int done, r;

	r = ost_cgroup_mark_get(cgroup_fd, OST_CPU_QUOTA_XATTR, remembered, sizeof(remembered));
	if (r == -ENODATA || r == -ENOENT || r == -ENODEV)
		return 0;
	if (r)
		return ost_error_set(err, r, "%s of the instance can't be read: %s",
				     OST_CPU_QUOTA_XATTR, strerror(-r));
	if (!is_quota(remembered))
		return ost_error_set(err, -EBADMSG,
				     "%s of the instance holds no quota: it should be two numbers "
				     "as in cpu.max; remove it", OST_CPU_QUOTA_XATTR);
	done = put_back(cgroup_fd, remembered, err);
	if (done < 0)
		return done;
	r = ost_cgroup_mark_remove(cgroup_fd, OST_CPU_QUOTA_XATTR);
	if (r && r != -ENOENT && r != -ENODEV)
		return ost_error_set(err, r, "%s of the instance can't be removed: %s",
				     OST_CPU_QUOTA_XATTR, strerror(-r));
	return done;
}
