// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/cgroup_mark.h"

#include <errno.h>
#include <string.h>
#include <sys/xattr.h>

int ost_cgroup_mark_set(int cgroup_fd, const char *name, const char *text)
{
	return fsetxattr(cgroup_fd, name, text, strlen(text), XATTR_CREATE) ? -errno : 0;
}

int ost_cgroup_mark_get(int cgroup_fd, const char *name, char *text, size_t size)
{
	ssize_t n = fgetxattr(cgroup_fd, name, text, size - 1);

	if (n < 0)
		return -errno;
	text[n] = '\0';
	return 0;
}

int ost_cgroup_mark_remove(int cgroup_fd, const char *name)
{
	return fremovexattr(cgroup_fd, name) && errno != ENODATA ? -errno : 0;
}
