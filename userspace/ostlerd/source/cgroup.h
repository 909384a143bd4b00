/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_CGROUP_H
#define OST_SOURCE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

/*
 * Finds the instances: cgroup directories whose path below the cgroup root matches a glob. One inotify
 * descriptor tells of directories that come and go, of changed labels, and of changes of cgroup.events;
 * when its queue runs over everything is looked at again.
 */

struct ost_cgroups;

/** struct ost_cgroup_labels - extended attributes of an instance; "" where there is none */
struct ost_cgroup_labels {
	char function[64];	/* user.ostler.function; default: last part of the path */
	char user[64];		/* user.ostler.user */
	char runtime[16];	/* user.ostler.runtime */
	char mode[16];		/* user.ostler.mode: off, observe or park */
};

/** struct ost_cgroup_ops - what is called, from ost_cgroups_open() and ost_cgroups_drain() */
struct ost_cgroup_ops {
	/** a directory matches; @path is relative to the root. Also called again when its labels changed. */
	void (*found)(void *context, uint64_t id, const char *path,
		      const struct ost_cgroup_labels *labels);
	/** it was removed */
	void (*gone)(void *context, uint64_t id);
	/** its cgroup.events changed, or it was just found */
	void (*events)(void *context, uint64_t id, bool populated, bool frozen);
};

/**
 * ost_cgroups_open() - look at the whole tree once and go on watching it
 * @root_fd: the cgroup v2 root
 * @globs: paths below it; `*`, `?` and `[]` match within one level
 */
int ost_cgroups_open(struct ost_cgroups **out, int root_fd, const char *const *globs, size_t count,
		     const struct ost_cgroup_ops *ops, void *context, struct ost_error *err);

/** ost_cgroups_fd() - readable when ost_cgroups_drain() has something to do */
int ost_cgroups_fd(const struct ost_cgroups *cgroups);

/** ost_cgroups_drain() - handle all pending changes */
void ost_cgroups_drain(struct ost_cgroups *cgroups);

/** ost_cgroups_close() - stop watching; no op is called */
void ost_cgroups_close(struct ost_cgroups *cgroups);

/** ost_cgroup_labels_read() - labels of the directory @fd, whose path is @path */
void ost_cgroup_labels_read(int fd, const char *path, struct ost_cgroup_labels *labels);

/**
 * ost_cgroup_processes() - processes of a cgroup and of those below it
 * @fd: its directory, readable
 * @pids: gets at most @max pids
 *
 * Return: how many there are, which may be more than @max; negative errno when the cgroup is gone.
 */
ssize_t ost_cgroup_processes(int fd, pid_t *pids, size_t max);

#endif
