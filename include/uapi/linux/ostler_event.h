/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * What the probes tell: the records of the ring and the values of the pinned maps.
 *
 * Ring: every record begins with struct ost_event, whose @size is that of the whole record. A
 * reader skips types it doesn't know and takes from a longer record the part it knows; structs
 * grow only at the end. The ring drops when it is full (struct ost_drops counts); whatever
 * matters can be read again from the maps, from cgroupfs or by a netlink dump.
 *
 * Maps, pinned under /sys/fs/bpf/ostler:
 *   instances  hash  u64 instance id -> struct ost_watch     what the ring tells of an instance
 *   counters   hash  u64 instance id -> struct ost_counters  who is counted, and what was
 *   drops      array u32 0           -> struct ost_drops     what got lost
 * The manager alone adds and deletes rows; the probes only count in rows that are there.
 *
 * All times are CLOCK_MONOTONIC nanoseconds. An instance's id is its cgroup id. What a task of a
 * nested cgroup does counts for the innermost watched cgroup that it is in.
 */
#ifndef _UAPI_LINUX_OSTLER_EVENT_H
#define _UAPI_LINUX_OSTLER_EVENT_H

#include <linux/types.h>

#define OST_EVENT_INSN_MAX 15
#define OST_EVENT_COMM_LEN 16

enum ost_event_type {
	OST_EVENT_UNSPEC,
	OST_EVENT_TRAP,		/* struct ost_event_trap */
	OST_EVENT_STALL,	/* struct ost_event_stall */
	OST_EVENT_OOM,		/* struct ost_event_oom */
	OST_EVENT_RELEASE,	/* struct ost_event_release */
};

/**
 * struct ost_event - head of every record
 * @type: enum ost_event_type
 * @size: bytes of the whole record, head included
 * @time_ns: when
 * @instance_id: cgroup id of the instance
 */
struct ost_event {
	__u32 type;
	__u32 size;
	__u64 time_ns;
	__u64 instance_id;
};

/* struct ost_event_trap.source */
enum ost_trap_source {
	OST_TRAP_MODULE,	/* the module's tracepoint: before any signal */
	OST_TRAP_SIGNAL,	/* signal:signal_generate: no module, or a kind that passes it by */
};

/* struct ost_event_trap.action */
enum ost_trap_action {
	OST_TRAP_SIGNALLED,	/* SIGILL is on its way */
	OST_TRAP_PARKED,	/* held by the module */
	OST_TRAP_RESUMED,	/* a verdict was consumed */
};

/**
 * struct ost_event_trap - a user-mode #UD, or an AMX first use without permission
 * @event: the module's number of the trap; 0 from OST_TRAP_SIGNAL
 * @ip: address of the instruction
 * @pid: thread, initial pid namespace
 * @tgid: process
 * @source: enum ost_trap_source
 * @action: enum ost_trap_action
 * @si_code: ILL_ILLOPN (2) for a #UD, ILL_ILLOPC (1) for AMX without permission; 0 when not known
 * @insn_class: enum ostler_insn_class of <linux/ostler.h>; 0 when not known
 * @insn_len: how many bytes of @insn are valid
 * @insn: the opcode bytes
 * @comm: name of the thread
 */
struct ost_event_trap {
	struct ost_event head;
	__u64 event;
	__u64 ip;
	__u32 pid;
	__u32 tgid;
	__u8 source;
	__u8 action;
	__u8 si_code;
	__u8 insn_class;
	__u8 insn_len;
	__u8 insn[OST_EVENT_INSN_MAX];
	__u8 pad[4];
	char comm[OST_EVENT_COMM_LEN];
};

/**
 * struct ost_event_stall - a task of the instance waited long in direct reclaim
 * @stall_ns: how long; only stalls from the configured threshold on are told
 * @pages: reclaimed in that pass
 * @pid: the stalled thread
 */
struct ost_event_stall {
	struct ost_event head;
	__u64 stall_ns;
	__u64 pages;
	__u32 pid;
	__u32 pad;
};

/**
 * struct ost_event_oom - the OOM killer chose a victim in the instance
 * @tgid: the victim
 * @comm: its name
 */
struct ost_event_oom {
	struct ost_event head;
	__u32 tgid;
	__u32 pad;
	char comm[OST_EVENT_COMM_LEN];
};

/**
 * struct ost_event_release - a runtime returned a large block by itself (madvise)
 * @bytes: length of the range
 * @advice: MADV_* value
 * @tgid: the process
 */
struct ost_event_release {
	struct ost_event head;
	__u64 bytes;
	__u32 advice;
	__u32 tgid;
};

/* struct ost_watch.flags; other bits must be 0 */
#define OST_WATCH_TRAPS		(1U << 0)	/* tell traps on the ring, not only count them */
#define OST_WATCH_STALLS	(1U << 1)	/* tell long stalls on the ring */
#define OST_WATCH_RELEASES	(1U << 2)	/* tell large releases on the ring */

/**
 * struct ost_watch - value of map `instances`
 * @flags: OST_WATCH_*
 */
struct ost_watch {
	__u32 flags;
	__u32 pad;
};

/**
 * struct ost_counters - value of map `counters`; all since the instance was first watched
 * @reclaim_passes: direct reclaim passes that a task of the instance had to run: for memory.high
 *	and memory.max, its own or of a cgroup above it, and for memory of the host
 * @reclaim_pages: pages that those passes took, whoever they belonged to
 * @stall_ns: time its tasks spent in them; the pause that memory.high adds afterwards is not in it
 * @target_passes: passes that aimed at the instance's memory, whoever ran them (memory.reclaim
 *	too); counted only where the kernel has BPF trampolines, else 0
 * @target_pages: pages those took; as above
 * @traps: user-mode #UD and AMX first uses without permission
 * @parks: of them parked by the module
 * @released_bytes: length of the ranges given back by MADV_DONTNEED, MADV_DONTNEED_LOCKED,
 *	MADV_FREE and MADV_PAGEOUT, resident or not; needs BPF trampolines, else 0
 * @released_calls: how many calls that were
 * @ingress_messages: packets that reached an IP socket of the instance, TCP segments without a
 *	payload not counted; what the network stack merged on the way is one
 * @ingress_bytes: their payload
 * @oom_kills: victims the OOM killer chose in it
 * @last_ingress_ns: when the last of @ingress_messages came; 0 when none has
 */
struct ost_counters {
	__u64 reclaim_passes;
	__u64 reclaim_pages;
	__u64 stall_ns;
	__u64 target_passes;
	__u64 target_pages;
	__u64 traps;
	__u64 parks;
	__u64 released_bytes;
	__u64 released_calls;
	__u64 ingress_messages;
	__u64 ingress_bytes;
	__u64 oom_kills;
	__u64 last_ingress_ns;
};

/**
 * struct ost_drops - value of map `drops`
 * @ring_full: records that found no room in the ring
 * @untimed: reclaim passes whose begin could not be remembered: counted, but not in @stall_ns
 */
struct ost_drops {
	__u64 ring_full;
	__u64 untimed;
};

/**
 * struct ost_sample - what a walk finds of each watched instance, and of each cgroup nested in one
 * @instance_id: cgroup id
 * @memory_bytes: charged now, as memory.current; 0 where the memory controller is on v1
 * @swap_bytes: as memory.swap.current
 * @cpu_ns: CPU time of the tasks in this very cgroup, nested ones not included, since it was made
 * @parent_id: cgroup id of the innermost watched ancestor when this is not watched itself, else 0
 * @high_events: times memory.high was passed, as `high` in memory.events
 * @oom_events: OOM kills, as `oom_kill` in memory.events
 * @tasks: 1 when the cgroup or one below it has tasks, else 0
 */
struct ost_sample {
	__u64 instance_id;
	__u64 memory_bytes;
	__u64 swap_bytes;
	__u64 cpu_ns;
	__u64 parent_id;
	__u64 high_events;
	__u64 oom_events;
	__u32 tasks;
	__u32 pad;
};

#endif /* _UAPI_LINUX_OSTLER_EVENT_H */
