// SPDX-License-Identifier: GPL-2.0-or-later
#include "bpf_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ostler.skel.h"

/* Rows fetched with one system call. */
#define BATCH 256

static int counters_fd(const struct ost_bpf *bpf)
{
	return bpf_map__fd(bpf->skeleton->maps.counters);
}

static int instances_fd(const struct ost_bpf *bpf)
{
	return bpf_map__fd(bpf->skeleton->maps.instances);
}

int ost_bpf_watch_set(struct ost_bpf *bpf, uint64_t id, uint32_t flags)
{
	const uint32_t known = OST_WATCH_TRAPS | OST_WATCH_STALLS | OST_WATCH_RELEASES;
	struct ost_counters none = { 0 };
	struct ost_watch watch = { .flags = flags };

	if (!id || (flags & ~known))
		return -EINVAL;
	if (bpf_map_update_elem(instances_fd(bpf), &id, &watch, BPF_ANY))
		return -errno;
	/* counting begins with this row: what the ring tells must be set by then */
	if (bpf_map_update_elem(counters_fd(bpf), &id, &none, BPF_NOEXIST) && errno != EEXIST) {
		int error = -errno;

		bpf_map_delete_elem(instances_fd(bpf), &id);
		return error;
	}
	return 0;
}

int ost_bpf_watch_del(struct ost_bpf *bpf, uint64_t id)
{
	int error = 0;

	if (bpf_map_delete_elem(counters_fd(bpf), &id))
		error = -errno;
	bpf_map_delete_elem(instances_fd(bpf), &id);
	return error;
}

int ost_bpf_counters_get(struct ost_bpf *bpf, uint64_t id, struct ost_counters *counters)
{
	return bpf_map_lookup_elem(counters_fd(bpf), &id, counters) ? -errno : 0;
}

int ost_bpf_counters_each(struct ost_bpf *bpf, ost_bpf_counters_fn fn, void *context)
{
	struct ost_counters values[BATCH];
	uint64_t ids[BATCH];
	uint32_t token, count;
	void *from = NULL;
	int rows = 0, end = 0;

	while (!end) {
		count = BATCH;
		end = bpf_map_lookup_batch(counters_fd(bpf), from, &token, ids, values, &count,
					   NULL) ? -errno : 0;
		if (end && end != -ENOENT)
			return end;
		for (uint32_t i = 0; i < count; i++)
			fn(context, ids[i], &values[i]);
		rows += count;
		from = &token;
	}
	return rows;
}

static uint64_t runs_missed(const struct ost_bpf *bpf)
{
	uint64_t missed = 0;

	for (int i = 0; i < OST_PROBES; i++) {
		struct bpf_program *program = ost_bpf_program(bpf, i);
		struct bpf_prog_info info = { 0 };
		uint32_t length = sizeof(info);

		if (program && !bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &length))
			missed += info.recursion_misses;
	}
	return missed;
}

int ost_bpf_drops_get(struct ost_bpf *bpf, struct ost_bpf_losses *losses)
{
	uint32_t zero = 0;

	*losses = (struct ost_bpf_losses){ .skipped = bpf->ring.skipped };
	if (bpf_map_lookup_elem(bpf_map__fd(bpf->skeleton->maps.drops), &zero, &losses->drops))
		return -errno;
	losses->missed = runs_missed(bpf);
	return 0;
}

/* The walk prints nothing; what read(2) returns is only its end or its failure. */
static int walk(int link_fd)
{
	int fd = bpf_iter_create(link_fd), error = 0;
	char nothing[64];
	ssize_t n;

	if (fd < 0)
		return -errno;
	do {
		n = read(fd, nothing, sizeof(nothing));
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0)
		error = -errno;
	close(fd);
	return error;
}

int ost_bpf_sample(struct ost_bpf *bpf, ost_bpf_sample_fn fn, void *context)
{
	struct bpf_link *link = bpf->links[OST_PROBE_SAMPLE_CGROUP];
	uint32_t count;
	int error;

	if (!link)
		return -ENOTCONN;
	bpf->skeleton->bss->sample_count = 0;
	bpf->skeleton->bss->sample_lost = 0;
	error = walk(bpf_link__fd(link));
	if (error)
		return error;
	count = bpf->skeleton->bss->sample_count;
	for (uint32_t i = 0; i < count; i++)
		fn(context, &bpf->samples[i]);
	return bpf->skeleton->bss->sample_lost ? -ENOSPC : (int)count;
}
