// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim: how often an instance's tasks have to find memory for themselves, how long they wait
 * for it, and, where functions can be traced, how often its memory is aimed at. And the OOM
 * killer's victims.
 *
 * The tracepoints don't say whose memory is reclaimed. They run in the task that waits, so that
 * one is charged; a manager that writes memory.reclaim belongs to no instance and is not counted.
 */
#include "ostler.bpf.h"

char LICENSE[] SEC("license") = "GPL";

static __always_inline int reclaim_begin(void)
{
	struct ost_counters *instance;
	struct task_state *task;
	__u64 id;

	instance = counters_of_current(&id);
	if (!instance)
		return 0;
	task = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!task) {
		count(&instance->reclaim_passes, 1);
		count_untimed();
		return 0;
	}
	task->reclaim_id = id;
	task->reclaim_since = bpf_ktime_get_ns();
	return 0;
}

static __always_inline void tell_stall(__u64 id, __u64 stall_ns, __u64 pages)
{
	struct ost_event_stall *event;

	event = event_begin(OST_EVENT_STALL, sizeof(*event), id);
	if (!event)
		return;
	event->stall_ns = stall_ns;
	event->pages = pages;
	event->pid = (__u32)bpf_get_current_pid_tgid();
	event_end(event, sizeof(*event), false);
}

static __always_inline int reclaim_end(__u64 pages)
{
	struct ost_counters *instance;
	struct task_state *task;
	__u64 stall_ns;

	task = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL, 0);
	if (!task || !task->reclaim_since)
		return 0;
	stall_ns = bpf_ktime_get_ns() - task->reclaim_since;
	task->reclaim_since = 0;
	instance = counters_of(task->reclaim_id);
	if (!instance)
		return 0;
	count(&instance->reclaim_passes, 1);
	count(&instance->reclaim_pages, pages);
	count(&instance->stall_ns, stall_ns);
	if (stall_ns >= stall_min_ns && watches(task->reclaim_id, OST_WATCH_STALLS))
		tell_stall(task->reclaim_id, stall_ns, pages);
	return 0;
}

/* Begin needs no argument and so takes the cheap way in; the order of end's raw arguments is no
 * promise. */

SEC("raw_tp/mm_vmscan_memcg_reclaim_begin")
int reclaim_memcg_begin(void *ctx)
{
	return reclaim_begin();
}

SEC("tp/vmscan/mm_vmscan_memcg_reclaim_end")
int reclaim_memcg_end(struct trace_event_raw_mm_vmscan_direct_reclaim_end_template *ctx)
{
	return reclaim_end(ctx->nr_reclaimed);
}

SEC("raw_tp/mm_vmscan_direct_reclaim_begin")
int reclaim_direct_begin(void *ctx)
{
	return reclaim_begin();
}

SEC("tp/vmscan/mm_vmscan_direct_reclaim_end")
int reclaim_direct_end(struct trace_event_raw_mm_vmscan_direct_reclaim_end_template *ctx)
{
	return reclaim_end(ctx->nr_reclaimed);
}

SEC("fexit/try_to_free_mem_cgroup_pages")
int BPF_PROG(reclaim_target, struct mem_cgroup *memcg)
{
	struct ost_counters *instance;
	__u64 id, pages = 0;

	instance = counters_of_cgroup(BPF_CORE_READ(memcg, css.cgroup), &id);
	if (!instance)
		return 0;
	bpf_get_func_ret(ctx, &pages);
	count(&instance->target_passes, 1);
	count(&instance->target_pages, pages);
	return 0;
}

SEC("tp_btf/mark_victim")
int BPF_PROG(reclaim_oom, struct task_struct *victim)
{
	struct ost_counters *instance;
	struct ost_event_oom *event;
	__u64 id;

	instance = counters_of_cgroup(BPF_CORE_READ(victim, cgroups, dfl_cgrp), &id);
	if (!instance)
		return 0;
	count(&instance->oom_kills, 1);
	event = event_begin(OST_EVENT_OOM, sizeof(*event), id);
	if (!event)
		return 0;
	event->tgid = BPF_CORE_READ(victim, tgid);
	bpf_core_read_str(event->comm, sizeof(event->comm), &victim->comm);
	event_end(event, sizeof(*event), true);
	return 0;
}
