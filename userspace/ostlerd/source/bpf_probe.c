// SPDX-License-Identifier: GPL-2.0-or-later
#include "bpf_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"

#include "ostler.skel.h"

/* kernel-internal errno that gets out of the attach of a trampoline: ENOTSUPP */
#define KERNEL_ENOTSUPP 524

/* ---- the tables ---- */

enum attach_at {
	AT_OPEN,	/* when the object is loaded */
	AT_CGROUP,	/* when the instances' root is known */
	AT_MODULE,	/* when the module is there */
};

/* @without: what still works when it is missing */
static const struct {
	const char *name, *gives, *without;
	bool mandatory;
	enum attach_at at;
} capabilities[] = {
	[OST_BPF_PINS] = {
		"pins", "counters that outlive the daemon, and bpftool map dump pinned",
		"counters work and begin at 0 with each start", true, AT_OPEN },
	[OST_BPF_RECLAIM] = {
		"reclaim", "direct reclaim: passes, pages, stalls",
		"memory pressure is still seen through PSI", true, AT_OPEN },
	[OST_BPF_TARGET] = {
		"target", "reclaim passes that aim at an instance",
		"passes that its own tasks run are still counted", false, AT_OPEN },
	[OST_BPF_OOM] = {
		"oom", "OOM kills as they happen",
		"samples still count them", true, AT_OPEN },
	[OST_BPF_SIGNAL] = {
		"signal", "traps by their SIGILL",
		"the module's traps are still counted", true, AT_OPEN },
	[OST_BPF_MODULE] = {
		"module", "traps and parks before any signal",
		"traps are counted by their SIGILL, none is parked", false, AT_MODULE },
	[OST_BPF_RELEASE] = {
		"release", "memory that runtimes give back by madvise",
		"samples still show that it shrank", false, AT_OPEN },
	[OST_BPF_DEMAND] = {
		"demand", "messages that reach an instance",
		"demand is still seen by CPU time", true, AT_CGROUP },
	[OST_BPF_SAMPLE] = {
		"sample", "memory and CPU time of all instances in one read",
		"cgroup files can still be read", true, AT_CGROUP },
};

/* @function: what it traces, to ask for before the load; NULL when there is nothing to ask */
static const struct {
	const char *program;
	enum ost_bpf_capability capability;
	const char *function;
} probes[] = {
	[OST_PROBE_RECLAIM_MEMCG_BEGIN] = { "reclaim_memcg_begin", OST_BPF_RECLAIM, NULL },
	[OST_PROBE_RECLAIM_MEMCG_END] = { "reclaim_memcg_end", OST_BPF_RECLAIM, NULL },
	[OST_PROBE_RECLAIM_DIRECT_BEGIN] = { "reclaim_direct_begin", OST_BPF_RECLAIM, NULL },
	[OST_PROBE_RECLAIM_DIRECT_END] = { "reclaim_direct_end", OST_BPF_RECLAIM, NULL },
	[OST_PROBE_RECLAIM_TARGET] = { "reclaim_target", OST_BPF_TARGET,
				       "try_to_free_mem_cgroup_pages" },
	[OST_PROBE_RECLAIM_OOM] = { "reclaim_oom", OST_BPF_OOM, NULL },
	[OST_PROBE_TRAP_MODULE] = { "trap_module", OST_BPF_MODULE, NULL },
	[OST_PROBE_TRAP_SIGNAL] = { "trap_signal", OST_BPF_SIGNAL, NULL },
	[OST_PROBE_GC_MADVISE] = { "gc_madvise", OST_BPF_RELEASE, "do_madvise" },
	[OST_PROBE_DEMAND_INGRESS] = { "demand_ingress", OST_BPF_DEMAND, NULL },
	[OST_PROBE_SAMPLE_CGROUP] = { "sample_cgroup", OST_BPF_SAMPLE, NULL },
};

_Static_assert(sizeof(capabilities) / sizeof(capabilities[0]) == OST_BPF_CAPABILITIES,
	       "a row for each capability");
_Static_assert(sizeof(probes) / sizeof(probes[0]) == OST_PROBES, "a row for each probe");

/* ---- status ---- */

void ost_bpf_status_init(struct ost_bpf *bpf)
{
	for (int i = 0; i < OST_BPF_CAPABILITIES; i++) {
		struct ost_bpf_status *status = &bpf->status[i];

		status->name = capabilities[i].name;
		status->gives = capabilities[i].gives;
		status->mandatory = capabilities[i].mandatory;
		status->have = false;
		snprintf(status->reason, sizeof(status->reason), "not attached yet; %s",
			 capabilities[i].without);
	}
}

void ost_bpf_missing(struct ost_bpf *bpf, enum ost_bpf_capability capability, const char *fmt, ...)
{
	struct ost_bpf_status *status = &bpf->status[capability];
	char before[sizeof(status->reason)];
	size_t room = sizeof(status->reason), used;
	va_list args;

	memcpy(before, status->reason, sizeof(before));
	va_start(args, fmt);
	used = vsnprintf(status->reason, room, fmt, args);
	va_end(args);
	if (used < room)
		snprintf(status->reason + used, room - used, "; %s",
			 capabilities[capability].without);
	/* once, however often it is tried again; of what should be there the owner tells by ost_bpf_status() */
	if (status->have || strcmp(before, status->reason))
		ost_log(status->mandatory ? LOG_DEBUG : LOG_INFO, "probes: no %s (%s): %s",
			status->name, status->gives, status->reason);
	status->have = false;
}

static const char *hint(const struct bpf_program *program, int error)
{
	const char *section = program ? bpf_program__section_name(program) : "";

	if (!strncmp(section, "fexit/", 6))
		return error == -KERNEL_ENOTSUPP || error == -EPERM || error == -EOPNOTSUPP ?
			       " (this kernel has no BPF trampolines)" : "";
	if (!strncmp(section, "tp/", 3) && error == -ENOENT)
		return " (no such tracepoint, or no tracefs: "
		       "mount -t tracefs tracefs /sys/kernel/tracing)";
	if (!strcmp(section, "raw_tp/ostler_trap") && error == -ENOENT)
		return " (the module ostler is not loaded)";
	if (!strncmp(section, "raw_tp/", 7) && error == -ENOENT)
		return " (no such tracepoint)";
	return "";
}

static const char *error_text(int error)
{
	return error == -KERNEL_ENOTSUPP ? "Operation not supported" : strerror(-error);
}

static struct bpf_program *find_program(const struct bpf_object *object, enum ost_bpf_probe probe)
{
	return bpf_object__find_program_by_name(object, probes[probe].program);
}

struct bpf_program *ost_bpf_program(const struct ost_bpf *bpf, enum ost_bpf_probe probe)
{
	if (bpf->load_error[probe])
		return NULL;
	return find_program(bpf->skeleton->obj, probe);
}

/* ---- load ---- */

/* A trial only shows whether the kernel accepts a program: its maps are as small as they may be. */
static void configure(struct ostler_bpf *skeleton, const struct ost_bpf_config *config, bool trial)
{
	uint32_t page = sysconf(_SC_PAGESIZE);
	uint32_t instances = trial ? 1 : config->instances_max;
	uint32_t ring = trial ? page : config->ring_bytes;

	bpf_map__set_max_entries(skeleton->maps.instances, instances);
	bpf_map__set_max_entries(skeleton->maps.counters, instances);
	bpf_map__set_max_entries(skeleton->maps.samples, 2 * instances);
	bpf_map__set_max_entries(skeleton->maps.ring, ring);
	skeleton->rodata->samples_max = 2 * instances;
	skeleton->rodata->cpus = libbpf_num_possible_cpus();
	skeleton->rodata->page_bytes = page;
	skeleton->rodata->stall_min_ns = config->stall_ns;
	skeleton->rodata->release_min_bytes = config->release_bytes;
	/* 16 KiB, where that leaves the reader time before the ring is full */
	skeleton->rodata->wake_bytes = ring / 4 < 16384 ? ring / 4 : 16384;
}

static struct ostler_bpf *open_object(const struct ost_bpf *bpf, bool trial)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = bpf->config.btf_path);
	struct ostler_bpf *skeleton = ostler_bpf__open_opts(&opts);

	if (skeleton)
		configure(skeleton, &bpf->config, trial);
	return skeleton;
}

/* Load only this program, or none (OST_PROBES), and throw it away. */
static int try_load(const struct ost_bpf *bpf, unsigned int only)
{
	struct ostler_bpf *skeleton = open_object(bpf, true);
	int error;

	if (!skeleton)
		return -errno;
	for (unsigned int i = 0; i < OST_PROBES; i++)
		bpf_program__set_autoload(find_program(skeleton->obj, i), i == only);
	error = ostler_bpf__load(skeleton);
	ostler_bpf__destroy(skeleton);
	return error;
}

/* What the programs trace may be missing from this kernel: no need to try. */
static void look_for_functions(struct ost_bpf *bpf)
{
	for (unsigned int i = 0; i < OST_PROBES; i++)
		if (probes[i].function &&
		    libbpf_find_vmlinux_btf_id(probes[i].function, BPF_TRACE_FEXIT) < 0)
			bpf->load_error[i] = -ESRCH;
}

static int load_accepted(struct ost_bpf *bpf, struct ost_error *err)
{
	int error;

	bpf->skeleton = open_object(bpf, false);
	if (!bpf->skeleton)
		return ost_error_set(err, -errno, "probes: open: %s", strerror(errno));
	for (unsigned int i = 0; i < OST_PROBES; i++)
		bpf_program__set_autoload(find_program(bpf->skeleton->obj, i),
					  !bpf->load_error[i]);
	error = ost_bpf_pin_adopt(bpf, bpf->skeleton->obj, err);
	if (!error) {
		error = ostler_bpf__load(bpf->skeleton);
		if (error)
			ost_error_set(err, error, "probes: load: %s", error_text(error));
	}
	if (error) {
		ostler_bpf__destroy(bpf->skeleton);
		bpf->skeleton = NULL;
	}
	return error;
}

static void report_refused(struct ost_bpf *bpf)
{
	for (unsigned int i = 0; i < OST_PROBES; i++) {
		int error = bpf->load_error[i];

		if (error == -ESRCH)
			ost_bpf_missing(bpf, probes[i].capability, "this kernel has no function %s",
					probes[i].function);
		else if (error)
			ost_bpf_missing(bpf, probes[i].capability, "load %s: %s%s",
					probes[i].program, error_text(error),
					hint(find_program(bpf->skeleton->obj, i), error));
	}
}

int ost_bpf_probes_load(struct ost_bpf *bpf, struct ost_error *err)
{
	int error;

	look_for_functions(bpf);
	error = load_accepted(bpf, err);
	/* libbpf loads all or nothing and doesn't say which program it was */
	if (error && !try_load(bpf, OST_PROBES)) {
		for (unsigned int i = 0; i < OST_PROBES; i++)
			if (!bpf->load_error[i])
				bpf->load_error[i] = try_load(bpf, i);
		error = load_accepted(bpf, err);
	}
	if (!error)
		report_refused(bpf);
	return error;
}

/* ---- attach ---- */

static struct bpf_link *attach(struct bpf_program *program, enum attach_at at, int cgroup_fd)
{
	union bpf_iter_link_info info = { 0 };
	LIBBPF_OPTS(bpf_iter_attach_opts, opts, .link_info = &info, .link_info_len = sizeof(info));

	if (bpf_program__type(program) == BPF_PROG_TYPE_CGROUP_SKB)
		return bpf_program__attach_cgroup(program, cgroup_fd);
	if (at == AT_CGROUP) {
		info.cgroup.cgroup_fd = cgroup_fd;
		info.cgroup.order = BPF_CGROUP_ITER_DESCENDANTS_PRE;
		return bpf_program__attach_iter(program, &opts);
	}
	return bpf_program__attach(program);
}

static void detach(struct ost_bpf *bpf, enum ost_bpf_capability capability)
{
	for (unsigned int i = 0; i < OST_PROBES; i++) {
		if (probes[i].capability != capability || !bpf->links[i])
			continue;
		bpf_link__destroy(bpf->links[i]);
		bpf->links[i] = NULL;
	}
}

int ost_bpf_capability_attach(struct ost_bpf *bpf, enum ost_bpf_capability capability,
			      int cgroup_fd)
{
	enum attach_at at = capabilities[capability].at;

	detach(bpf, capability);
	for (unsigned int i = 0; i < OST_PROBES; i++) {
		struct bpf_program *program;

		if (probes[i].capability != capability)
			continue;
		if (bpf->load_error[i])
			return bpf->load_error[i];
		program = find_program(bpf->skeleton->obj, i);
		bpf->links[i] = attach(program, at, cgroup_fd);
		if (!bpf->links[i]) {
			int error = -errno;

			detach(bpf, capability);
			ost_bpf_missing(bpf, capability, "attach %s: %s%s",
					bpf_program__section_name(program), error_text(error),
					hint(program, error));
			return error;
		}
	}
	bpf->status[capability].have = true;
	bpf->status[capability].reason[0] = '\0';
	return 0;
}

void ost_bpf_capability_detach(struct ost_bpf *bpf, enum ost_bpf_capability capability)
{
	detach(bpf, capability);
	ost_bpf_missing(bpf, capability, "detached");
}

void ost_bpf_probes_attach(struct ost_bpf *bpf)
{
	for (int i = 0; i < OST_BPF_CAPABILITIES; i++)
		if (i != OST_BPF_PINS && capabilities[i].at == AT_OPEN)
			ost_bpf_capability_attach(bpf, i, -1);
}
