/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CORE_HOST_H
#define OST_CORE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#define OST_DEGRADED_MAX 16

/** struct ost_degraded - something is missing: what, and what still works */
struct ost_degraded {
	char part[24];		/* "module", "probes", "store", ... */
	char text[320];
};

/** struct ost_host - this host as the daemon sees it */
struct ost_host {
	char name[64];
	char kernel[64];
	bool emulated;			/* its CPU is emulated */
	unsigned int cpus;
	uint64_t started_ns;		/* of the daemon, CLOCK_MONOTONIC */
	uint64_t memory_total;		/* bytes */
	uint64_t memory_available;	/* bytes, at the last sample */
	double busy;			/* share of CPU time in use since the last sample, 0 .. 1 */
	uint64_t cpu_busy_ticks;
	uint64_t cpu_all_ticks;
	bool pressure;			/* a PSI trigger fired within the last seconds */
	uint64_t pressure_ns;
	uint32_t collecting;		/* collections running */
	uint64_t collections;		/* since start */
	uint64_t collections_failed;
	uint64_t yield_bytes;		/* since start */
	uint64_t events;		/* ring records handled */
	uint64_t drops;			/* ring records lost */
	uint64_t samples;
	uint64_t sampled_ns;		/* when the last one was taken, CLOCK_MONOTONIC */
	struct ost_degraded degraded[OST_DEGRADED_MAX];
	unsigned int degraded_count;
};

/** ost_host_init() - name, kernel, CPUs, memory */
void ost_host_init(struct ost_host *host);

/** ost_host_sample() - CPU use and available memory since the last call */
void ost_host_sample(struct ost_host *host);

/** ost_host_degrade() - note what is missing; one line a part, a later one replaces it */
void ost_host_degrade(struct ost_host *host, const char *part, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** ost_host_mend() - the part is back */
void ost_host_mend(struct ost_host *host, const char *part);

#endif
