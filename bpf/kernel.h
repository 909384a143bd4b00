/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the probes read of the kernel, and nothing else of it: each access is relocated by the
 * running kernel's type information, so order and size here don't matter, names do.
 */
#ifndef OST_BPF_KERNEL_H
#define OST_BPF_KERNEL_H

#include <linux/types.h>
#include <stdbool.h>

#include <linux/bpf.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	__u64 id;
};

struct cgroup_root {
	int hierarchy_id;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
	unsigned int flags;
};

/* of each CPU: what the tasks of this very cgroup used there */
struct task_cputime {
	unsigned long long sum_exec_runtime;
};

struct cgroup_base_stat {
	struct task_cputime cputime;
};

struct cgroup_rstat_cpu {
	struct cgroup_base_stat bstat;
};

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	int nr_populated_csets;
	int nr_populated_domain_children;
	int nr_populated_threaded_children;
	struct kernfs_node *kn;
	struct cgroup_subsys_state *subsys[1];
	struct cgroup_root *root;
	struct cgroup_rstat_cpu *rstat_cpu;
	struct cgroup *ancestors[1];
};

/* since 6.16 (5da3bfa029d6) the base statistics have a struct of their own */
struct cgroup_rstat_base_cpu {
	struct cgroup_base_stat bstat;
};

struct cgroup___base {
	struct cgroup_rstat_base_cpu *rstat_base_cpu;
};

enum cgroup_subsys_id {
	memory_cgrp_id = 1,
};

typedef struct {
	__s64 counter;
} atomic_long_t;

struct page_counter {
	atomic_long_t usage;
};

enum memcg_memory_event {
	MEMCG_HIGH = 1,
	MEMCG_OOM_KILL = 4,
};

struct mem_cgroup {
	struct cgroup_subsys_state css;
	struct page_counter memory;
	struct page_counter swap;
	atomic_long_t memory_events[1];
};

struct css_set {
	struct cgroup *dfl_cgrp;
};

struct mm_struct {
	unsigned long flags;
};

struct task_struct {
	int pid;
	int tgid;
	char comm[16];
	struct css_set *cgroups;
	struct mm_struct *mm;
};

union __sifields {
	struct {
		void *_addr;
	} _sigfault;
};

struct kernel_siginfo {
	int si_signo;
	int si_code;
	union __sifields _sifields;
};

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
	__u64 session_id;
	__u64 seq_num;
};

struct bpf_iter__cgroup {
	struct bpf_iter_meta *meta;
	struct cgroup *cgroup;
};

struct bpf_array {
	void *pptrs[1];
};

struct trace_event_raw_mm_vmscan_direct_reclaim_end_template {
	unsigned long nr_reclaimed;
};

#pragma clang attribute pop

#endif
