// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ostler_event.h>
#include <math.h>
#include <stdlib.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "ostlerd/source/bpf.h"
#include "ostlerd/source/cgroup.h"
#include "ostlerd/source/process.h"

/* Share of one CPU, over one sample, from which an instance counts as in use though no message came.
 * Idle JVMs and Node processes stay below 0.5 %. */
#define CPU_ACTIVE_SHARE 0.05

/* Seconds over which demand is averaged. */
#define DEMAND_SECONDS 60.0

/* Change of memory.current, in bytes, that makes memory by kind worth reading again. */
#define MEMORY_STEP (1 << 20)

/* Most instances whose memory by kind is read in one sample: 50 us each. */
#define MEMORY_READS_MAX 128

/* Memory by kind is read at least this often while an instance is in use, nanoseconds. */
#define MEMORY_AGE_NS 60000000000ull

/* Most processes whose anonymous memory is summed without the memory controller. */
#define PROCESSES_MAX 64

int ost_memory_of(int cgroup_fd, struct ost_memory *memory, struct ost_error *err)
{
	int ret = ost_memory_read(cgroup_fd, memory, err);
	pid_t pids[PROCESSES_MAX];
	ssize_t n;

	if (ret != -ENOENT)
		return ret;
	*memory = (struct ost_memory){ 0 };
	n = ost_cgroup_processes(cgroup_fd, pids, PROCESSES_MAX);
	if (n < 0)
		return ost_error_set(err, n, "the instance's cgroup is gone");
	for (ssize_t i = 0; i < n && i < PROCESSES_MAX; i++) {
		char path[48], text[4096];
		uint64_t kib;

		snprintf(path, sizeof(path), "/proc/%d/status", pids[i]);
		if (ost_file_read(AT_FDCWD, path, text, sizeof(text)) > 0 &&
		    !ost_text_field(text, "RssAnon", &kib))
			memory->anon += kib * 1024;
	}
	memory->current = memory->anon;
	return 0;
}

int ost_sample_memory(struct ost_state *state, struct ost_instance *instance)
{
	_ost_close_ int fd = ost_instance_open(&state->instances, instance);
	int ret;

	if (fd < 0)
		return fd;
	ret = ost_memory_of(fd, &instance->memory, NULL);
	if (ret)
		return ret;
	instance->memory_ns = ost_now_ns();
	instance->garbage_bytes = ost_garbage_estimate(instance->memory.anon, instance->kept_bytes,
						       &instance->function->model);
	return 0;
}

/* What the walk in the kernel is summed into. */
struct walk {
	struct ost_state *state;
	uint64_t now_ns;
	double seconds;	/* since the last walk */
	double weight;	/* of this sample in the averages */
};

static double blend(double average, double value, double weight)
{
	return average + weight * (value - average);
}

/* CPU time of nested cgroups is told apart, so each instance's sum is begun anew with a walk. */
static void take_sample(void *context, const struct ost_sample *sample)
{
	struct walk *walk = context;
	uint64_t id = sample->parent_id ? sample->parent_id : sample->instance_id;
	struct ost_instance *instance = ost_instance_find(&walk->state->instances, id);

	if (!instance)
		return;
	instance->cpu_walk_ns += sample->cpu_ns;
	if (sample->parent_id)
		return;
	if (sample->memory_bytes) {
		instance->memory.current = sample->memory_bytes;
		instance->memory.swap = sample->swap_bytes;
	}
	instance->high_events = sample->high_events;
	instance->oom_events = sample->oom_events;
}

static void take_counters(void *context, uint64_t id, const struct ost_counters *counters)
{
	struct walk *walk = context;
	struct ost_instance *instance = ost_instance_find(&walk->state->instances, id);

	if (!instance)
		return;
	instance->reclaim_passes = counters->reclaim_passes;
	instance->reclaim_pages = counters->reclaim_pages;
	instance->stall_ns = counters->stall_ns;
	instance->released_bytes = counters->released_bytes;
	instance->traps = counters->traps;
	instance->demand.bytes = counters->ingress_bytes;
	instance->messages_walk = counters->ingress_messages;
	if (counters->last_ingress_ns > instance->demand.active_ns)
		instance->demand.active_ns = counters->last_ingress_ns;
}

static void sample_files(struct walk *walk, struct ost_instance *instance)
{
	_ost_close_ int fd = ost_instance_open(&walk->state->instances, instance);
	char text[1024];
	uint64_t value;

	if (fd < 0)
		return;
	if (ost_file_read(fd, "cpu.stat", text, sizeof(text)) > 0 &&
	    !ost_text_field(text, "usage_usec", &value))
		instance->cpu_walk_ns = value * 1000;
	if (!ost_file_read_u64(fd, "memory.current", &value))
		instance->memory.current = value;
}

static void update_demand(struct walk *walk, struct ost_instance *instance)
{
	struct ost_demand *demand = &instance->demand;
	bool first = !demand->cpu_ns && !demand->messages;
	double cpu = 0, messages = 0;

	if (instance->cpu_walk_ns > demand->cpu_ns)
		cpu = (instance->cpu_walk_ns - demand->cpu_ns) / (walk->seconds * 1e9);
	if (instance->messages_walk > demand->messages)
		messages = (instance->messages_walk - demand->messages) / walk->seconds;
	demand->cpu_ns = instance->cpu_walk_ns;
	if (!first && instance->run && instance->messages_walk > demand->messages) {
		instance->run->requests += instance->messages_walk - demand->messages;
		instance->run->last_ns = walk->now_ns;
		instance->run->changed = true;
	}
	demand->messages = instance->messages_walk;
	/* what was used before it was first seen tells no rate */
	if (first)
		return;
	demand->messages_per_s = blend(demand->messages_per_s, messages, walk->weight);
	demand->cpu_share = blend(demand->cpu_share, cpu, walk->weight);
	/* the CPU time of a collection is not the instance's own business */
	if (cpu >= CPU_ACTIVE_SHARE && !instance->collecting &&
	    (!instance->last.ended_ns ||
	     walk->now_ns - instance->last.ended_ns > walk->seconds * 1e9))
		demand->active_ns = walk->now_ns;
}

/* Reading memory by kind is worth it when there is more or less of it, or it is old and in use. */
static bool memory_is_stale(const struct walk *walk, const struct ost_instance *instance)
{
	uint64_t now = instance->memory.current, then = instance->memory_seen_bytes;

	if (instance->collecting)
		return false;
	if (!instance->memory_ns)
		return true;
	if (now > then + MEMORY_STEP || then > now + MEMORY_STEP)
		return true;
	return instance->demand.active_ns > instance->memory_ns &&
	       (!now || walk->now_ns - instance->memory_ns > MEMORY_AGE_NS ||
		walk->now_ns - instance->demand.active_ns >
			walk->state->config.idle_ms * 1000000 / 2);
}

static void read_counters(struct walk *walk)
{
	struct ost_state *state = walk->state;
	struct ost_bpf_losses losses;

	ost_bpf_counters_each(state->bpf, take_counters, walk);
	if (!ost_bpf_drops_get(state->bpf, &losses))
		state->host.drops = losses.drops.ring_full + losses.skipped;
}

void ost_sample_all(struct ost_state *state)
{
	uint64_t last_ns = state->host.sampled_ns;
	struct walk walk = { .state = state, .now_ns = ost_now_ns() };
	struct ost_instance *instance = NULL;
	unsigned int reads = 0;
	bool walked = false;

	walk.seconds = last_ns ? (walk.now_ns - last_ns) / 1e9 : state->config.sample_ms / 1e3;
	walk.weight = 1 - exp(-walk.seconds / DEMAND_SECONDS);
	state->host.sampled_ns = walk.now_ns;
	ost_host_sample(&state->host);
	while ((instance = ost_instance_next(&state->instances, instance)))
		instance->cpu_walk_ns = 0;
	if (ost_bpf_have(state->bpf, OST_BPF_SAMPLE))
		walked = ost_bpf_sample(state->bpf, take_sample, &walk) >= 0;
	if (state->bpf)
		read_counters(&walk);
	while ((instance = ost_instance_next(&state->instances, instance))) {
		if (!walked)
			sample_files(&walk, instance);
		update_demand(&walk, instance);
		if (reads < MEMORY_READS_MAX && memory_is_stale(&walk, instance)) {
			reads++;
			if (!ost_sample_memory(state, instance))
				instance->memory_seen_bytes = instance->memory.current;
		}
	}
	state->host.samples++;
}
