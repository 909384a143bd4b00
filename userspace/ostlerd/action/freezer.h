/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_FREEZER_H
#define OST_ACTION_FREEZER_H

#include <stdint.h>

#include "lib/error.h"

/*
 * A frozen instance answers nobody, so it is thawed for its collection and frozen again after.
 * That it was frozen is remembered in an extended attribute of the cgroup, for the same reason
 * and in the same way as in cpu_quota.h.
 *
 * A platform that thaws the instance meanwhile, to serve a request, writes what is written
 * already; that can't be seen. Call ost_freezer_forget() when the instance was found in use, else
 * it is frozen again.
 */

/** Extended attribute that says "1" while an instance is thawed for a collection. */
#define OST_FREEZER_XATTR "trusted.ostler.frozen"

/**
 * ost_freezer_thaw() - thaw a frozen instance and wait until it runs
 * @cgroup_fd: its cgroup v2 directory, readable (not O_PATH)
 * @deadline_ns: CLOCK_MONOTONIC
 *
 * Return: 1 when it was thawed and ost_freezer_restore() or ost_freezer_forget() must follow; 0
 * when it was not frozen; -EBUSY when an ancestor is frozen, which is not ours to thaw;
 * -ETIMEDOUT; another negative errno. On failure it is as it was.
 */
int ost_freezer_thaw(int cgroup_fd, uint64_t deadline_ns, struct ost_error *err);

/**
 * ost_freezer_restore() - freeze again what was thawed; also for every instance when the daemon
 * starts
 *
 * Does not wait until all its tasks stand still.
 *
 * Return: 1 when it was frozen again; 0 when there was nothing to do, also when the cgroup is gone;
 * negative errno.
 */
int ost_freezer_restore(int cgroup_fd, struct ost_error *err);

/** ost_freezer_forget() - leave it thawed; 0 or negative errno */
int ost_freezer_forget(int cgroup_fd, struct ost_error *err);

#endif
