// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/host.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"

#define CPUS_MAX 8192	/* highest CPU number + 1 that Linux can be built for */

static void add_snapshot(struct ost_host_features *host, const struct ost_snapshot *snapshot)
{
	struct ost_feature_set processor, usable;

	ost_snapshot_evaluate(snapshot, &processor, &usable);
	if (!host->read++) {
		host->first = *snapshot;
		host->processor = processor;
		host->usable = usable;
		host->some = usable;
		return;
	}
	ost_feature_set_intersect(&host->processor, &processor);
	ost_feature_set_intersect(&host->usable, &usable);
	ost_feature_set_unite(&host->some, &usable);
}

int ost_host_features_from(struct ost_host_features *host, const struct ost_snapshot *snapshots,
			   unsigned int count)
{
	unsigned int i;

	memset(host, 0, sizeof(*host));
	if (!count)
		return -EINVAL;
	for (i = 0; i < count; i++)
		add_snapshot(host, &snapshots[i]);
	host->cpus = count;
	ost_feature_set_subtract(&host->some, &host->usable);
	return 0;
}

/* A list such as "0-3,8" into a CPU mask. */
static int parse_cpu_list(const char *text, cpu_set_t *set, size_t size)
{
	unsigned int count = 0;

	while (*text >= '0' && *text <= '9') {
		char *end;
		unsigned long first = strtoul(text, &end, 10), last = first;

		if (*end == '-')
			last = strtoul(end + 1, &end, 10);
		if (last < first || last >= CPUS_MAX)
			return -EINVAL;
		for (; first <= last; first++, count++)
			CPU_SET_S(first, size, set);
		text = *end == ',' ? end + 1 : end;
	}
	return count ? 0 : -EINVAL;
}

static void look_at_all(struct ost_host_features *host, const cpu_set_t *online, cpu_set_t *one,
			size_t size)
{
	struct ost_snapshot snapshot;
	unsigned int cpu;
	int error = 0;

	for (cpu = 0; cpu < CPUS_MAX; cpu++) {
		if (!CPU_ISSET_S(cpu, size, online))
			continue;
		host->cpus++;
		CPU_ZERO_S(size, one);
		CPU_SET_S(cpu, size, one);
		if (sched_setaffinity(0, size, one)) {
			error = errno;
			continue;
		}
		ost_snapshot_take(&snapshot);
		add_snapshot(host, &snapshot);
	}
	if (host->read == host->cpus)
		return;
	snprintf(host->degraded, sizeof(host->degraded),
		 "%u of %u CPUs were not looked at (%s): taken to have what the others have",
		 host->cpus - host->read, host->cpus, strerror(error));
	if (!host->read) {
		ost_snapshot_take(&snapshot);
		add_snapshot(host, &snapshot);
		host->read = 0;
	}
}

/* The thread: its affinity is its own, so nothing has to be put back. */
static void *look(void *arg)
{
	struct ost_host_features *host = arg;
	size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
	cpu_set_t *online = CPU_ALLOC(CPUS_MAX), *one = CPU_ALLOC(CPUS_MAX);
	struct ost_snapshot snapshot;
	char list[4096];
	int ret = -ENOMEM;

	if (online && one) {
		CPU_ZERO_S(size, online);
		ret = ost_file_read(AT_FDCWD, "/sys/devices/system/cpu/online", list, sizeof(list));
		if (ret >= 0)
			ret = parse_cpu_list(list, online, size);
		if (!ret)
			look_at_all(host, online, one, size);
	}
	if (ret) {
		snprintf(host->degraded, sizeof(host->degraded),
			 "the list of online CPUs could not be read (%s): one CPU stands for all",
			 strerror(-ret));
		ost_snapshot_take(&snapshot);
		add_snapshot(host, &snapshot);
		host->cpus = 1;
	}
	CPU_FREE(online);
	CPU_FREE(one);
	return NULL;
}

int ost_host_features_read(struct ost_host_features *host)
{
	pthread_t thread;
	int ret;

	memset(host, 0, sizeof(*host));
	ret = pthread_create(&thread, NULL, look, host);
	if (ret)
		return -ret;
	ret = pthread_join(thread, NULL);
	if (ret)
		return -ret;
	ost_feature_set_subtract(&host->some, &host->usable);
	return 0;
}

static const char *switch_text(unsigned int os)
{
	switch (os) {
	case OST_OS_FSGSBASE:
		return "the kernel has not switched on FSGSBASE (nofsgsbase, or older than 5.9)";
	case OST_OS_PKE:
		return "the kernel has not switched on protection keys (nopku?)";
	case OST_OS_XSAVE:
		return "the kernel has not switched on XSAVE (noxsave?)";
	case OST_OS_SHSTK:
		return "the kernel has no user shadow stacks (CONFIG_X86_USER_SHADOW_STACK)";
	case OST_OS_KEYLOCKER:
		return "the kernel has not switched on Key Locker";
	default:
		return "Linux does not let processes use it";
	}
}

void ost_host_feature_withheld(const struct ost_host_features *host, unsigned int feature,
			       char *buf, size_t size)
{
	const struct ost_feature_info *info = ost_feature_get(feature);
	uint64_t off;

	buf[0] = '\0';
	if (!info || !ost_feature_set_has(&host->processor, feature) ||
	    ost_feature_set_has(&host->usable, feature))
		return;
	off = info->xcr0 & ~host->first.xcr0;
	if (info->kernel_only)
		snprintf(buf, size, "only kernels and hypervisors can use it");
	else if (ost_feature_set_has(&host->some, feature))
		snprintf(buf, size, "not every CPU of this host lets a process use it");
	else if (off)
		snprintf(buf, size,
			 "the kernel has not switched on its state (XCR0 lacks 0x%" PRIx64 ")",
			 off);
	else if (info->permission)
		snprintf(buf, size, "the kernel offers no permission for it (older than 5.16?)");
	else
		snprintf(buf, size, "%s", switch_text(info->os));
}
