/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_HOST_H
#define OST_ISA_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "isa/feature.h"
#include "isa/snapshot.h"

/* What this host has: a task may run on any CPU, so only what every one of them has counts. */

/** struct ost_host_features - the features of a host */
struct ost_host_features {
	struct ost_feature_set processor;	/* CPUID tells of it on every CPU */
	struct ost_feature_set usable;		/* and a process can use it on every CPU */
	struct ost_feature_set some;		/* usable on some CPUs, not on all */
	struct ost_snapshot first;		/* the lowest-numbered CPU that was read */
	unsigned int cpus;			/* online */
	unsigned int read;			/* of them, looked at */
	char degraded[160];			/* what could not be found out; "" when all was */
};

/**
 * ost_host_features_read() - look at every online CPU, from a thread that moves across them
 *
 * CPUs that the caller's cpuset keeps it from are left out, which @host->degraded says; with none
 * readable the CPU that happens to run the thread stands for all.
 *
 * Return: 0, or negative errno when no thread could be started or @host can't be filled.
 */
int ost_host_features_read(struct ost_host_features *host);

/**
 * ost_host_features_from() - the same from recorded snapshots, of this or of another host
 * @count: at least 1, else -EINVAL
 */
int ost_host_features_from(struct ost_host_features *host, const struct ost_snapshot *snapshots,
			   unsigned int count);

/**
 * ost_host_feature_withheld() - why a process can't use what the processor has
 * @buf: gets a reason in words, "" when it is usable or the processor lacks it
 */
void ost_host_feature_withheld(const struct ost_host_features *host, unsigned int feature,
			       char *buf, size_t size);

#endif
