/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CORE_SAMPLE_H
#define OST_CORE_SAMPLE_H

#include "ostlerd/core/state.h"

/**
 * ost_sample_all() - bring host, memory and demand of all instances up to date
 *
 * With probes one walk in the kernel reads all; without, each instance's cgroup files. Memory by kind is
 * read only for instances that have changed since, because that costs a hundred times as much.
 */
void ost_sample_all(struct ost_state *state);

/** ost_sample_memory() - memory by kind of one instance, and its garbage estimate; 0 or negative errno */
int ost_sample_memory(struct ost_state *state, struct ost_instance *instance);

/**
 * ost_memory_of() - memory by kind of a cgroup
 *
 * Where the memory controller is not to be had, anonymous memory is summed over the processes and the
 * other kinds are 0. Thread-safe.
 */
int ost_memory_of(int cgroup_fd, struct ost_memory *memory, struct ost_error *err);

#endif
