/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_CGROUP_MARK_H
#define OST_ACTION_CGROUP_MARK_H

#include <stddef.h>

/*
 * A mark is a short text that stays with a cgroup while the daemon is away: an extended attribute
 * of its directory. It is set before what it undoes is changed, and removed after that was put
 * back.
 */

/**
 * ost_cgroup_mark_set() - leave a mark
 * @cgroup_fd: readable descriptor of the directory (not O_PATH)
 * @name: in the trusted namespace, which needs CAP_SYS_ADMIN
 *
 * Return: 0; -EEXIST when there is one, which then stays; another negative errno.
 */
int ost_cgroup_mark_set(int cgroup_fd, const char *name, const char *text);

/** ost_cgroup_mark_get() - read one; 0, -ENODATA when there is none, another negative errno */
int ost_cgroup_mark_get(int cgroup_fd, const char *name, char *text, size_t size);

/** ost_cgroup_mark_remove() - 0 also when there was none; negative errno */
int ost_cgroup_mark_remove(int cgroup_fd, const char *name);

#endif
