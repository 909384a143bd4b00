/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_COLLECT_WORK_H
#define OST_ACTION_COLLECT_WORK_H

#include "ostlerd/action/door.h"
#include "ostlerd/core/config.h"
#include "ostlerd/core/instance.h"

/*
 * The blocking half of a collection, run on a worker: it knows a cgroup directory and the configuration, and
 * nothing of the instance table.
 */

/** Most processes of one instance that are asked to collect. */
#define OST_COLLECT_PROCESSES_MAX 64

struct ost_collect_work {
	/* in */
	int cgroup_fd;
	uint64_t timeout_ms;
	uint64_t estimate_bytes;
	bool lift_quota;
	bool page_out;
	struct ost_door_config doors;
	/* between the steps */
	uint64_t deadline_ns;	/* of thawing and of all its processes together */
	bool thawed;
	bool lifted;
	/* out */
	enum ost_collect_status status;
	enum ost_runtime runtime;
	struct ost_memory before, after;
	uint64_t cost_us;	/* in the instance: collecting, giving back */
	uint64_t pause_us;	/* of that, collecting */
	const char *door;
	char detail[320];
};

/** ost_collect_work_init() - @cgroup_fd belongs to the work from here on */
void ost_collect_work_init(struct ost_collect_work *work, const struct ost_config *config,
			   struct ost_agent_broker *broker, int cgroup_fd, uint64_t estimate_bytes);

/** ost_collect_work_doors() - thaw, lift the quota, measure, and ask each process; blocks */
void ost_collect_work_doors(struct ost_collect_work *work);

/** ost_collect_work_measure() - measure again, page out if wanted, put quota and freezer back; blocks */
void ost_collect_work_measure(struct ost_collect_work *work);

/** ost_collect_work_put_back() - put back quota and freezer, as far as they were changed */
void ost_collect_work_put_back(struct ost_collect_work *work);

void ost_collect_work_close(struct ost_collect_work *work);

#endif
