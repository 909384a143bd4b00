/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_CPU_QUOTA_H
#define OST_ACTION_CPU_QUOTA_H

#include <stdbool.h>

#include "lib/error.h"

/*
 * An instance's CPU quota is lifted while it collects: under 5 % of a CPU a collection that takes
 * 20 ms lasts 400 ms. What it was is remembered in an extended attribute of the cgroup before it
 * is changed, so that a daemon which died between the two puts it back at its next start.
 *
 * The attribute is in the trusted namespace: a cgroup may be delegated to the instance's own
 * user, who could else forge one and be given any quota.
 */

/** Extended attribute that holds the text of cpu.max as it was. */
#define OST_CPU_QUOTA_XATTR "trusted.ostler.cpu_max"

/**
 * ost_cpu_quota_lift() - let the instance use as much CPU as there is
 * @cgroup_fd: its cgroup v2 directory, readable (not O_PATH)
 *
 * Return: 1 when a quota was lifted and ost_cpu_quota_restore() must follow; 0 when there was
 * none to lift (no limit, or no CPU controller); negative errno when it was left as it was.
 */
int ost_cpu_quota_lift(int cgroup_fd, struct ost_error *err);

/**
 * ost_cpu_quota_restore() - put back what was remembered
 *
 * Also to be called on every instance when the daemon starts. When somebody else set a quota
 * meanwhile, theirs is newer and stays.
 *
 * Return: 1 when a quota was put back; 0 when there was nothing to do, also when the cgroup is
 * gone; negative errno when the quota is still lifted.
 */
int ost_cpu_quota_restore(int cgroup_fd, struct ost_error *err);

#endif
