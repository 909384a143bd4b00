// SPDX-License-Identifier: GPL-2.0-or-later
/* `features snapshot`: this host's processor as text, for --host of scan elsewhere. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "isa/snapshot.h"
#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

#define CPUS_MAX 8192	/* highest CPU number + 1 that Linux can be built for */
#define KINDS_MAX 64	/* kinds of CPUs that one host has */

struct kinds {
	struct ost_snapshot list[KINDS_MAX];
	struct ost_feature_set usable[KINDS_MAX];
	unsigned int count, cpus;
};

/* CPUs differ in numbers that mean nothing here (their own id): what they can do is compared. */
static void add_cpu(struct kinds *kinds)
{
	struct ost_feature_set processor, usable;
	struct ost_snapshot snapshot;

	ost_snapshot_take(&snapshot);
	ost_snapshot_evaluate(&snapshot, &processor, &usable);
	kinds->cpus++;
	for (unsigned int i = 0; i < kinds->count; i++)
		if (ost_feature_set_equal(&kinds->usable[i], &usable))
			return;
	if (kinds->count == KINDS_MAX)
		return;
	kinds->list[kinds->count] = snapshot;
	kinds->usable[kinds->count++] = usable;
}

/* Every CPU that this process may run on; it stays on the last. */
static int look(struct kinds *kinds)
{
	size_t size = CPU_ALLOC_SIZE(CPUS_MAX);
	cpu_set_t *all = CPU_ALLOC(CPUS_MAX), *one = CPU_ALLOC(CPUS_MAX);
	int ret = all && one ? 0 : -ENOMEM;

	if (!ret && sched_getaffinity(0, size, all))
		ret = -errno;
	for (unsigned int cpu = 0; !ret && cpu < CPUS_MAX; cpu++) {
		if (!CPU_ISSET_S(cpu, size, all))
			continue;
		CPU_ZERO_S(size, one);
		CPU_SET_S(cpu, size, one);
		/* a CPU may go offline meanwhile */
		if (!sched_setaffinity(0, size, one))
			add_cpu(kinds);
	}
	CPU_FREE(all);
	CPU_FREE(one);
	return !ret && !kinds->count ? -ENODEV : ret;
}

int ost_ctl_snapshot(void)
{
	static struct kinds kinds;
	char text[OST_SNAPSHOT_TEXT_MAX];
	struct utsname name = {0};
	int ret = look(&kinds);

	if (ret)
		return ost_ctl_fail(OST_CTL_FAILED, "can't look at this host's CPUs: %s",
				    strerror(-ret));
	uname(&name);
	/* a comment: at most 120 bytes of it are read again */
	printf("# %.40s, %.20s %.20s: %u CPUs of %u kind%s\n", name.nodename, name.sysname,
	       name.release, kinds.cpus, kinds.count, kinds.count == 1 ? "" : "s");
	for (unsigned int i = 0; i < kinds.count; i++) {
		ret = ost_snapshot_format(&kinds.list[i], text, sizeof(text));
		if (ret < 0)
			return ost_ctl_fail(OST_CTL_FAILED, "can't format a snapshot: %s",
					    strerror(-ret));
		fputs(text, stdout);
	}
	return OST_CTL_OK;
}
