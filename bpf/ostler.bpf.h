/* SPDX-License-Identifier: GPL-2.0 */
/* What the probes share: the maps, what the loader sets, and how a task finds its instance. */
#ifndef OST_OSTLER_BPF_H
#define OST_OSTLER_BPF_H

#include "kernel.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <linux/ostler_event.h>

/* ---- set by the loader, constant from then on ---- */

/* Stalls from this length on are told on the ring; ns. */
extern const volatile __u64 stall_min_ns;
/* Releases from this length on are told on the ring; bytes. */
extern const volatile __u64 release_min_bytes;
/* Telemetry wakes the reader each time another so many bytes wait in the ring; a power of two. */
extern const volatile __u64 wake_bytes;

/* ---- maps ---- */

/* Entries are set by the loader; the number here only has to be valid. */
struct instances_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct ost_watch);
};

struct counters_map {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct ost_counters);
};

struct drops_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ost_drops);
};

struct ring_map {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
};

/**
 * struct task_state - what one probe remembers for a later one in the same task
 * @reclaim_since: when the pass began that the task is in, 0 while it is in none
 * @reclaim_id: the instance it counts for
 * @trap_ip: where the module saw it trap, until the signal for that is met; 0 for nowhere
 */
struct task_state {
	__u64 reclaim_since;
	__u64 reclaim_id;
	__u64 trap_ip;
};

struct tasks_map {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_state);
};

extern struct instances_map instances SEC(".maps");
extern struct counters_map counters SEC(".maps");
extern struct drops_map drops SEC(".maps");
extern struct ring_map ring SEC(".maps");
extern struct tasks_map tasks SEC(".maps");

static __always_inline void count(__u64 *counter, __u64 by)
{
	__sync_fetch_and_add(counter, by);
}

/* ---- whose is it ---- */

/* Deepest cgroup in which a task is still found to belong to an instance further up. */
#define DEPTH_MAX 32

static __always_inline struct ost_counters *counters_of(__u64 id)
{
	return bpf_map_lookup_elem(&counters, &id);
}

/* An instance's tasks are mostly in its own directory: one look-up; only else the way down to it.
 * */
static __always_inline struct ost_counters *counters_of_current(__u64 *instance)
{
	struct ost_counters *found;
	__u64 id = bpf_get_current_cgroup_id();

	*instance = id;
	found = counters_of(id);
	if (found)
		return found;
	for (int level = 1; level < DEPTH_MAX; level++) {
		struct ost_counters *inner;

		id = bpf_get_current_ancestor_cgroup_id(level);
		if (!id)
			break;
		inner = counters_of(id);
		if (inner) {
			found = inner;
			*instance = id;
		}
	}
	return found;
}

/* For cgroups that aren't the current task's. On a v1 hierarchy ids mean other directories. */
static __always_inline struct ost_counters *counters_of_cgroup(struct cgroup *cgroup,
							       __u64 *instance)
{
	struct ost_counters *found;

	if (!cgroup || BPF_CORE_READ(cgroup, root, hierarchy_id))
		return NULL;
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		*instance = BPF_CORE_READ(cgroup, kn, id);
		found = counters_of(*instance);
		if (found)
			return found;
		cgroup = BPF_CORE_READ(cgroup, self.parent, cgroup);
		if (!cgroup)
			break;
	}
	return NULL;
}

static __always_inline bool watches(__u64 instance, __u32 flag)
{
	struct ost_watch *watch = bpf_map_lookup_elem(&instances, &instance);

	return watch && (watch->flags & flag);
}

/* ---- the ring ---- */

static __always_inline void count_ring_full(void)
{
	__u32 zero = 0;
	struct ost_drops *lost = bpf_map_lookup_elem(&drops, &zero);

	if (lost)
		count(&lost->ring_full, 1);
}

static __always_inline void count_untimed(void)
{
	__u32 zero = 0;
	struct ost_drops *lost = bpf_map_lookup_elem(&drops, &zero);

	if (lost)
		count(&lost->untimed, 1);
}

/* room for a record of @size bytes, cleared, its head filled in; NULL and counted when full */
static __always_inline void *event_begin(__u32 type, const __u64 size, __u64 instance)
{
	struct ost_event *head = bpf_ringbuf_reserve(&ring, size, 0);

	if (!head) {
		count_ring_full();
		return NULL;
	}
	__builtin_memset(head, 0, size);
	head->type = type;
	head->size = size;
	head->time_ns = bpf_ktime_get_ns();
	head->instance_id = instance;
	return head;
}

/*
 * Waking the reader costs more than everything else about a record. What is urgent wakes always,
 * telemetry only when it passes the next multiple of wake_bytes; the reader's timer fetches the
 * rest.
 */
static __always_inline void event_end(void *record, const __u64 size, bool urgent)
{
	__u64 after, before, flags = BPF_RB_NO_WAKEUP;

	if (urgent) {
		flags = BPF_RB_FORCE_WAKEUP;
	} else {
		after = bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA);
		before = after - ((size + BPF_RINGBUF_HDR_SZ + 7) & ~7ULL);
		if ((after ^ before) & ~(wake_bytes - 1))
			flags = BPF_RB_FORCE_WAKEUP;
	}
	bpf_ringbuf_submit(record, flags);
}

#endif
