/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_BPF_H
#define OST_SOURCE_BPF_H

#include <linux/ostler_event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/*
 * The eBPF probes: load, attach, pin, and read what they tell. One user at a time: a lock on the
 * pin folder keeps a second daemon out. The probes leave the kernel with the process that loaded
 * them; what they have counted stays in the pinned maps, and the next process goes on from there.
 *
 * Everything here is for one thread.
 */

struct ost_bpf;

#define OST_BPF_PIN_DIR "/sys/fs/bpf/ostler"

/** struct ost_bpf_config - how to load; start from ost_bpf_config_default() */
struct ost_bpf_config {
	/* Folder of the pinned maps, made when missing; its parent must be a bpffs. Default
	 * OST_BPF_PIN_DIR; NULL or "" pins nothing: counters then end with the process and
	 * bpftool finds the maps by name only. */
	const char *pin_dir;
	/* Type information of the running kernel. Default NULL: /sys/kernel/btf/vmlinux. */
	const char *btf_path;
	/* Most instances watched at once; twice as many cgroups are sampled. Default 16384; about
	 * 400 bytes of kernel memory each, taken at the start. */
	uint32_t instances_max;
	/* Room of the ring in bytes, a power of two of at least a page. Default 1 MiB. */
	uint32_t ring_bytes;
	/* Stalls from this length on, in nanoseconds, are told on the ring where OST_WATCH_STALLS
	 * asks. Default 10,000,000. */
	uint64_t stall_ns;
	/* Releases from this length on, in bytes, are told where OST_WATCH_RELEASES asks. Default
	 * 1 MiB. */
	uint64_t release_bytes;
};

void ost_bpf_config_default(struct ost_bpf_config *config);

/** enum ost_bpf_capability - what the probes can do; each can be missing by itself */
enum ost_bpf_capability {
	OST_BPF_PINS,		/* counters outlive the process; `bpftool map dump pinned` */
	OST_BPF_RECLAIM,	/* reclaim_passes, reclaim_pages, stall_ns; OST_EVENT_STALL */
	OST_BPF_TARGET,		/* target_passes, target_pages; needs BPF trampolines */
	OST_BPF_OOM,		/* oom_kills; OST_EVENT_OOM */
	OST_BPF_SIGNAL,		/* traps by their signal: all without the module, AMX with it */
	OST_BPF_MODULE,		/* traps and parks from the module's tracepoints */
	OST_BPF_RELEASE,	/* released_bytes, released_calls; needs BPF trampolines */
	OST_BPF_DEMAND,		/* ingress_messages, ingress_bytes; after ost_bpf_attach_cgroup() */
	OST_BPF_SAMPLE,		/* ost_bpf_sample(); after ost_bpf_attach_cgroup() */
	OST_BPF_CAPABILITIES
};

/**
 * struct ost_bpf_status - one capability, for people and for /status
 * @name: short and constant: "reclaim", "demand", ...
 * @gives: constant: what it tells
 * @mandatory: kernels that Ostler supports have it; when it is missing something is wrong with
 * this host
 * @have: it works
 * @reason: why not and what still works; "" while it works
 */
struct ost_bpf_status {
	const char *name;
	const char *gives;
	bool mandatory;
	bool have;
	char reason[256];
};

/**
 * ost_bpf_open() - load the probes, attach all that need no cgroup, pin the maps
 * @out: gets the handle; untouched on failure
 * @err: why not, and what still works without the probes
 *
 * A probe that this kernel refuses, at load or at attach, costs its capability alone; tell of those
 * that are mandatory by ost_bpf_status(), the others are logged as one line each. Maps that an
 * earlier process left pinned are taken over when their definition is the same, else replaced with a
 * warning.
 *
 * Return: 0; -EBUSY when another process uses @pin_dir; -ENOTSUP on a kernel without BTF; -EPERM
 * without CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN; -EINVAL for a config value out of range;
 * another negative errno.
 */
int ost_bpf_open(struct ost_bpf **out, const struct ost_bpf_config *config, struct ost_error *err);

/**
 * ost_bpf_close() - detach and unload everything
 * @keep: leave the maps pinned, so that the counters go on at the next ost_bpf_open()
 */
void ost_bpf_close(struct ost_bpf *bpf, bool keep);

/** ost_bpf_have() - does this capability work now? false for @bpf NULL */
bool ost_bpf_have(const struct ost_bpf *bpf, enum ost_bpf_capability capability);

/** ost_bpf_status() - all there is to say of a capability; valid until the next attach */
const struct ost_bpf_status *ost_bpf_status(const struct ost_bpf *bpf,
					    enum ost_bpf_capability capability);

/**
 * ost_bpf_attach_cgroup() - count ingress in, and sample, all that is below a cgroup v2 directory
 * @cgroup_fd: an ancestor of all instances; may be closed afterwards
 *
 * Once for all instances, not once for each. Calling it again moves both to the new directory.
 *
 * Return: 0 when OST_BPF_DEMAND and OST_BPF_SAMPLE both work, else the negative errno of what
 * failed; what did not fail works.
 */
int ost_bpf_attach_cgroup(struct ost_bpf *bpf, int cgroup_fd, struct ost_error *err);

/**
 * ost_bpf_module_changed() - the module may have been loaded: take traps from its tracepoints if
 * it is there
 *
 * While attached the module can't be unloaded; ost_bpf_module_release() lets it go.
 *
 * Return: whether OST_BPF_MODULE works now.
 */
bool ost_bpf_module_changed(struct ost_bpf *bpf);

/** ost_bpf_module_release() - detach from the module's tracepoints so that it can be unloaded */
void ost_bpf_module_release(struct ost_bpf *bpf);

/* ---- the ring ---- */

/** ost_bpf_ring_fd() - readable (POLLIN) when something urgent, or enough, is in the ring */
int ost_bpf_ring_fd(const struct ost_bpf *bpf);

/**
 * ost_bpf_event_fn - one record, in place: valid only during the call
 * @event: its size fits its type; types and sizes that don't are counted and skipped
 */
typedef void (*ost_bpf_event_fn)(void *context, const struct ost_event *event);

/**
 * ost_bpf_drain() - hand out the records of the ring until it is empty
 * @max: most records in one call, so that a flood can't hold up the loop; 0 is no limit
 *
 * Telemetry doesn't wake: call this from a timer as well as on POLLIN.
 *
 * Return: records taken; when that is @max there may be more.
 */
size_t ost_bpf_drain(struct ost_bpf *bpf, size_t max, ost_bpf_event_fn fn, void *context);

/* ---- the maps ---- */

/**
 * ost_bpf_watch_set() - count an instance, or change what the ring tells of it
 * @flags: OST_WATCH_*
 *
 * Counters begin at 0, or go on where an earlier process left them.
 *
 * Return: 0; -EINVAL for id 0 or unknown flags; -E2BIG when instances_max are watched already.
 */
int ost_bpf_watch_set(struct ost_bpf *bpf, uint64_t id, uint32_t flags);

/** ost_bpf_watch_del() - stop counting an instance and forget its counters; 0, or -ENOENT */
int ost_bpf_watch_del(struct ost_bpf *bpf, uint64_t id);

/** ost_bpf_counters_get() - counters of one instance; 0, or -ENOENT when it isn't watched */
int ost_bpf_counters_get(struct ost_bpf *bpf, uint64_t id, struct ost_counters *counters);

/** ost_bpf_counters_fn - one row; rows must not be added or deleted from within */
typedef void (*ost_bpf_counters_fn)(void *context, uint64_t id,
				    const struct ost_counters *counters);

/**
 * ost_bpf_counters_each() - all counters, in few system calls
 *
 * After a restart rows of instances that ended meanwhile are among them: ost_bpf_watch_del() those.
 *
 * Return: rows handed out, or negative errno.
 */
int ost_bpf_counters_each(struct ost_bpf *bpf, ost_bpf_counters_fn fn, void *context);

/**
 * struct ost_bpf_losses - what did not arrive
 * @drops: of the probes, since the counters began
 * @missed: runs that the kernel refused a probe because it was running on that CPU already; this
 *	and the next since ost_bpf_open()
 * @skipped: records of unknown type or wrong size
 */
struct ost_bpf_losses {
	struct ost_drops drops;
	uint64_t missed;
	uint64_t skipped;
};

/** ost_bpf_drops_get() - what got lost; 0 or negative errno */
int ost_bpf_drops_get(struct ost_bpf *bpf, struct ost_bpf_losses *losses);

/* ---- samples ---- */

/** ost_bpf_sample_fn - one cgroup; valid only during the call */
typedef void (*ost_bpf_sample_fn)(void *context, const struct ost_sample *sample);

/**
 * ost_bpf_sample() - read memory and CPU time of all watched instances and of what is nested there
 *
 * One walk in the kernel, parents before children. A nested cgroup carries the id of its instance
 * in @parent_id; its memory is part of the instance's, its CPU time is not.
 *
 * Return: samples handed out; -ENOTCONN before ost_bpf_attach_cgroup(); -ENOSPC when there were
 * more cgroups than room, after what fitted was handed out; another negative errno.
 */
int ost_bpf_sample(struct ost_bpf *bpf, ost_bpf_sample_fn fn, void *context);

#endif
