/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_BPF_INTERNAL_H
#define OST_SOURCE_BPF_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf.h"

/* What the files of the probes' loader share; nobody else includes this. */

struct ostler_bpf;

/** struct ost_bpf_ring - the reader's view of a BPF ring buffer; mapped memory shared with the
 * kernel */
struct ost_bpf_ring {
	int fd;
	size_t bytes;		/* of the data area, a power of two */
	size_t page;
	unsigned long *consumer;
	const unsigned long *producer;
	const uint8_t *data;	/* mapped twice in a row, so that a record never wraps */
	uint64_t skipped;	/* records whose head makes no sense */
};

/** enum ost_bpf_probe - the programs of the object; the table in bpf_probe.c has a row for each */
enum ost_bpf_probe {
	OST_PROBE_RECLAIM_MEMCG_BEGIN,
	OST_PROBE_RECLAIM_MEMCG_END,
	OST_PROBE_RECLAIM_DIRECT_BEGIN,
	OST_PROBE_RECLAIM_DIRECT_END,
	OST_PROBE_RECLAIM_TARGET,
	OST_PROBE_RECLAIM_OOM,
	OST_PROBE_TRAP_MODULE,
	OST_PROBE_TRAP_SIGNAL,
	OST_PROBE_GC_MADVISE,
	OST_PROBE_DEMAND_INGRESS,
	OST_PROBE_SAMPLE_CGROUP,
	OST_PROBES
};

struct ost_bpf {
	struct ost_bpf_config config;
	struct ostler_bpf *skeleton;
	struct bpf_link *links[OST_PROBES];
	int load_error[OST_PROBES];	/* negative errno: the kernel refused to load it */
	struct ost_bpf_status status[OST_BPF_CAPABILITIES];
	struct ost_bpf_ring ring;
	int pin_fd;			/* the pin folder, locked; -1 without pins */
	struct ost_sample *samples;	/* mapped; NULL when there is no iterator */
	size_t samples_bytes;
};

/* ---- bpf_probe.c: which programs there are, and what becomes of those a kernel refuses ---- */

/** ost_bpf_status_init() - every capability missing, for a reason not known yet */
void ost_bpf_status_init(struct ost_bpf *bpf);

/** ost_bpf_missing() - note and log that a capability is missing: @fmt says why */
void ost_bpf_missing(struct ost_bpf *bpf, enum ost_bpf_capability capability, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * ost_bpf_probes_load() - open and load the object with every program that this kernel accepts
 * @err: why nothing could be loaded at all
 *
 * Sets @bpf->skeleton and @bpf->load_error.
 */
int ost_bpf_probes_load(struct ost_bpf *bpf, struct ost_error *err);

/** ost_bpf_probes_attach() - attach what needs nothing more than the kernel */
void ost_bpf_probes_attach(struct ost_bpf *bpf);

/** ost_bpf_capability_attach() - attach the programs of one capability, all or none */
int ost_bpf_capability_attach(struct ost_bpf *bpf, enum ost_bpf_capability capability,
			      int cgroup_fd);

/** ost_bpf_capability_detach() - and say why it is missing from now on */
void ost_bpf_capability_detach(struct ost_bpf *bpf, enum ost_bpf_capability capability);

/** ost_bpf_program() - the loaded program of a probe; NULL when it is not loaded */
struct bpf_program *ost_bpf_program(const struct ost_bpf *bpf, enum ost_bpf_probe probe);

/* ---- bpf_pin.c: maps that outlive the process ---- */

/** ost_bpf_pin_lock() - make and lock the pin folder; a missing bpffs costs OST_BPF_PINS alone */
int ost_bpf_pin_lock(struct ost_bpf *bpf, struct ost_error *err);

/** ost_bpf_pin_adopt() - before the load: let the maps be those that are pinned, if they are
 * alike */
int ost_bpf_pin_adopt(struct ost_bpf *bpf, struct bpf_object *object, struct ost_error *err);

/** ost_bpf_pin_maps() - after the load: pin those that are new */
void ost_bpf_pin_maps(struct ost_bpf *bpf);

/** ost_bpf_pin_close() - unlock; remove the pins unless @keep */
void ost_bpf_pin_close(struct ost_bpf *bpf, bool keep);

/* ---- bpf_ring.c ---- */

int ost_bpf_ring_open(struct ost_bpf_ring *ring, int fd, size_t bytes);
void ost_bpf_ring_close(struct ost_bpf_ring *ring);

#endif
