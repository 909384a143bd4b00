/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_MEMORY_H
#define OST_SOURCE_MEMORY_H

#include <stdint.h>

#include "lib/error.h"

/**
 * struct ost_memory - memory of an instance by kind, in bytes
 * @current: all of it (memory.current)
 * @swap: what was swapped out (memory.swap.current); 0 on a host without swap accounting
 * @anon: anonymous: heaps, stacks; the only kind that a collection gives back
 * @file: page cache, including @shmem
 * @shmem: shared memory and tmpfs, part of @file
 * @kernel: all kernel memory, of which @slab is a part
 * @slab: dentries, inodes and other kernel objects
 * @sock: network buffers
 * @inactive_file: page cache that the kernel would reclaim first, part of @file
 */
struct ost_memory {
	uint64_t current;
	uint64_t swap;
	uint64_t anon;
	uint64_t file;
	uint64_t shmem;
	uint64_t kernel;
	uint64_t slab;
	uint64_t sock;
	uint64_t inactive_file;
};

/**
 * ost_memory_read() - sample the memory of an instance
 * @cgroup_fd: descriptor of its cgroup v2 directory
 *
 * About 50 us, most of it memory.stat. Fields are as of their own read; they need not add up.
 *
 * Return: 0; -ENOENT where the memory controller is not enabled for the cgroup; -ENODEV when the
 * cgroup was removed; another negative errno.
 */
int ost_memory_read(int cgroup_fd, struct ost_memory *memory, struct ost_error *err);

/**
 * ost_memory_parse() - fill in what a memory.stat text tells, leave @current and @swap alone
 *
 * Return: 0, -EINVAL when it has no "anon" line.
 */
int ost_memory_parse(const char *stat, struct ost_memory *memory);

#endif
