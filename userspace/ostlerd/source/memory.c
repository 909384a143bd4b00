// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/source/memory.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "lib/file.h"

/* memory.stat of Linux 6.12 has about 70 lines of at most 40 bytes. */
#define STAT_ROOM 8192

static const struct {
	const char *key;
	size_t offset;
} fields[] = {
	{ "anon", offsetof(struct ost_memory, anon) },
	{ "file", offsetof(struct ost_memory, file) },
	{ "shmem", offsetof(struct ost_memory, shmem) },
	{ "kernel", offsetof(struct ost_memory, kernel) },
	{ "slab", offsetof(struct ost_memory, slab) },
	{ "sock", offsetof(struct ost_memory, sock) },
	{ "inactive_file", offsetof(struct ost_memory, inactive_file) },
};

int ost_memory_parse(const char *stat, struct ost_memory *memory)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		uint64_t *value = (uint64_t *)((char *)memory + fields[i].offset);

		if (!ost_text_field(stat, fields[i].key, value))
			continue;
		*value = 0;
		/* kernels before 5.18 have no "kernel" line, all have this one */
		if (!i)
			return -EINVAL;
	}
	return 0;
}

static int fail(struct ost_error *err, int code, const char *file)
{
	if (code == -ENOENT)
		return ost_error_set(err, code,
				     "the instance has no %s: enable the memory controller in its "
				     "parent's cgroup.subtree_control", file);
	return ost_error_set(err, code, "%s of the instance can't be read: %s", file,
			     strerror(-code));
}

int ost_memory_read(int cgroup_fd, struct ost_memory *memory, struct ost_error *err)
{
	char stat[STAT_ROOM];
	ssize_t n = ost_file_read(cgroup_fd, "memory.stat", stat, sizeof(stat));
	int r;

	*memory = (struct ost_memory){ 0 };
	if (n < 0)
		return fail(err, n, "memory.stat");
	r = ost_memory_parse(stat, memory);
	if (r)
		return ost_error_set(err, r, "memory.stat of the instance has no line \"anon\"");
	r = ost_file_read_u64(cgroup_fd, "memory.current", &memory->current);
	if (r)
		return fail(err, r, "memory.current");
	r = ost_file_read_u64(cgroup_fd, "memory.swap.current", &memory->swap);
	if (r && r != -ENOENT)
		return fail(err, r, "memory.swap.current");
	return 0;
}
