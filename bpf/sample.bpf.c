// SPDX-License-Identifier: GPL-2.0
/*
 * The sampling iterator: one walk over the cgroups below a root reads memory and CPU time of
 * every instance.
 *
 * The samples go to a map that the reader has mapped: what an iterator over cgroups prints may be
 * 8 pages at most, the walk can't be resumed after that.
 */
#include "ostler.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* set by the loader */
const volatile __u32 samples_max = 1;	/* entries of `samples` */
const volatile __u32 cpus = 1;		/* possible CPUs */
const volatile __u32 page_bytes = 4096;

/* the reader clears both before a walk */
__u32 sample_count;			/* entries filled */
__u32 sample_lost;			/* cgroups that found no entry */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ost_sample);
} samples SEC(".maps");

/*
 * How far each CPU's per-CPU data is from the address that names it. The kernel's own table is no
 * symbol on every kernel; where the values of a per-CPU map lie, and which address names them,
 * can be seen on all.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} distances SEC(".maps");

#define CSS_ONLINE (1U << 1)

/* A pointer as the number that it is; the verifier keeps track of pointers only as long as it
 * sees them. */
static __always_inline unsigned long number_of(const void *pointer)
{
	const void *volatile slot = pointer;
	unsigned long number = 0;

	bpf_probe_read_kernel(&number, sizeof(number), (const void *)&slot);
	return number;
}

static __always_inline void measure_distances(void)
{
	struct bpf_array *map = (void *)number_of(&distances);
	unsigned long name = 0;
	__u32 zero = 0;

	bpf_core_read(&name, sizeof(name), &map->pptrs[0]);
	for (__u32 cpu = 0; cpu < cpus; cpu++) {
		__u64 *distance = bpf_map_lookup_percpu_elem(&distances, &zero, cpu);

		if (distance)
			*distance = number_of(distance) - name;
	}
}

/* @cgroup's instance: itself (0), an ancestor (its id), or none (false) */
static __always_inline bool instance_of(struct cgroup *cgroup, __u64 id, __u64 *parent_id)
{
	struct cgroup_subsys_state *parent;

	*parent_id = 0;
	if (counters_of(id))
		return true;
	for (int depth = 0; depth < DEPTH_MAX; depth++) {
		parent = cgroup->self.parent;
		if (!parent)
			return false;
		cgroup = parent->cgroup;
		if (!cgroup)
			return false;
		*parent_id = cgroup->kn->id;
		if (counters_of(*parent_id))
			return true;
	}
	return false;
}

/* Address of the cgroup's per-CPU base statistics, to be shifted by a CPU's distance. */
static __always_inline unsigned long base_stat_percpu(struct cgroup *cgroup)
{
	struct cgroup___base *base = (void *)cgroup;
	unsigned long percpu = 0;

	if (bpf_core_field_exists(base->rstat_base_cpu))
		bpf_core_read(&percpu, sizeof(percpu), &base->rstat_base_cpu);
	else
		bpf_core_read(&percpu, sizeof(percpu), &cgroup->rstat_cpu);
	return percpu;
}

static __always_inline __u64 run_time_on(unsigned long address)
{
	struct cgroup_rstat_base_cpu *base = (void *)address;
	struct cgroup_rstat_cpu *whole = (void *)address;
	__u64 ns = 0;

	if (bpf_core_type_exists(struct cgroup_rstat_base_cpu))
		bpf_core_read(&ns, sizeof(ns), &base->bstat.cputime.sum_exec_runtime);
	else
		bpf_core_read(&ns, sizeof(ns), &whole->bstat.cputime.sum_exec_runtime);
	return ns;
}

/*
 * The kernel adds run time to the CPU's own statistics at once and to the cgroup's sum only when
 * somebody reads cpu.stat. The CPU's are never reset, so their sum is exact and needs no flush.
 */
static __always_inline __u64 run_time(struct cgroup *cgroup)
{
	unsigned long percpu = base_stat_percpu(cgroup);
	__u32 zero = 0;
	__u64 ns = 0;

	if (!percpu)
		return 0;
	for (__u32 cpu = 0; cpu < cpus; cpu++) {
		__u64 *distance = bpf_map_lookup_percpu_elem(&distances, &zero, cpu);

		if (distance)
			ns += run_time_on(percpu + *distance);
	}
	return ns;
}

static __always_inline __u64 read_event(struct mem_cgroup *memcg, __u64 index)
{
	__u64 value = 0;

	bpf_probe_read_kernel(&value, sizeof(value),
			      (void *)__builtin_preserve_access_index(&memcg->memory_events[0]) +
				      index * sizeof(value));
	return value;
}

static __always_inline void read_memory(struct cgroup *cgroup, struct ost_sample *sample)
{
	__u64 index = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	struct cgroup_subsys_state *css = NULL;
	struct mem_cgroup *memcg;

	bpf_probe_read_kernel(&css, sizeof(css),
			      (void *)__builtin_preserve_access_index(&cgroup->subsys[0]) +
				      index * sizeof(css));
	if (!css)
		return;
	memcg = (void *)css - bpf_core_field_offset(struct mem_cgroup, css);
	sample->memory_bytes = BPF_CORE_READ(memcg, memory.usage.counter) * page_bytes;
	sample->swap_bytes = BPF_CORE_READ(memcg, swap.usage.counter) * page_bytes;
	sample->high_events =
		read_event(memcg, bpf_core_enum_value(enum memcg_memory_event, MEMCG_HIGH));
	sample->oom_events =
		read_event(memcg, bpf_core_enum_value(enum memcg_memory_event, MEMCG_OOM_KILL));
}

SEC("iter/cgroup")
int sample_cgroup(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgroup = ctx->cgroup;
	struct ost_sample *sample;
	__u64 id, parent_id;
	__u32 at;

	if (!ctx->meta->seq_num)
		measure_distances();
	/* the root has no statistics of this kind; what is being removed is nobody's instance */
	if (!cgroup || !cgroup->level || !(cgroup->self.flags & CSS_ONLINE))
		return 0;
	id = cgroup->kn->id;
	if (!instance_of(cgroup, id, &parent_id))
		return 0;
	at = sample_count;
	sample = at < samples_max ? bpf_map_lookup_elem(&samples, &at) : NULL;
	if (!sample) {
		sample_lost++;
		return 0;
	}
	sample_count = at + 1;
	__builtin_memset(sample, 0, sizeof(*sample));
	sample->instance_id = id;
	sample->parent_id = parent_id;
	sample->cpu_ns = run_time(cgroup);
	sample->tasks = cgroup->nr_populated_csets || cgroup->nr_populated_domain_children ||
			cgroup->nr_populated_threaded_children;
	read_memory(cgroup, sample);
	return 0;
}
