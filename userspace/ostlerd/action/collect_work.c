// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/collect_work.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "ostlerd/action/cpu_quota.h"
#include "ostlerd/action/freezer.h"
#include "ostlerd/core/loop.h"
#include "ostlerd/core/sample.h"
#include "ostlerd/source/cgroup.h"
#include "ostlerd/source/process.h"

void ost_collect_work_init(struct ost_collect_work *work, const struct ost_config *config,
			   struct ost_agent_broker *broker, int cgroup_fd, uint64_t estimate_bytes)
{
	memset(work, 0, sizeof(*work));
	work->cgroup_fd = cgroup_fd;
	work->timeout_ms = config->timeout_ms;
	work->estimate_bytes = estimate_bytes;
	work->lift_quota = config->lift_quota;
	work->page_out = config->page_out;
	work->status = OST_COLLECT_NO_DOOR;
	work->doors = (struct ost_door_config){
		.broker = broker,
		.agent_library = config->agent_library,
		.agent_socket = config->agent_socket,
		.dotnet_hook = config->dotnet_hook,
		.page_cache = config->page_cache,
	};
}

static enum ost_collect_status status_of(enum ost_door_status status)
{
	static const enum ost_collect_status map[OST_DOOR_STATUSES] = {
		[OST_DOOR_DONE] = OST_COLLECT_DONE,
		[OST_DOOR_BUSY] = OST_COLLECT_BUSY,
		[OST_DOOR_REFUSED] = OST_COLLECT_REFUSED,
		[OST_DOOR_TIMEOUT] = OST_COLLECT_TIMEOUT,
		[OST_DOOR_GONE] = OST_COLLECT_GONE,
		[OST_DOOR_FAILED] = OST_COLLECT_FAILED,
	};

	return (unsigned int)status < OST_DOOR_STATUSES ? map[status] : OST_COLLECT_FAILED;
}

/*
 * An instance may have several processes: a shell around the function, workers. It counts as collected when
 * one of them did; else what the most telling one said is kept.
 */
static void take_result(struct ost_collect_work *work, const struct ost_process *process,
			const struct ost_door_ops *door, const struct ost_door_result *res,
			const struct ost_error *err)
{
	enum ost_collect_status status = status_of(res->status);
	enum ost_runtime runtime = res->runtime ? res->runtime : process->runtime;

	/* waiting for its lock or its idle point costs the instance nothing */
	work->cost_us += res->collect_us + res->trim_us;
	work->pause_us += res->collect_us;
	if (!work->runtime || ost_runtime_outranks(runtime, work->runtime))
		work->runtime = runtime;
	if (work->status == OST_COLLECT_DONE && status != OST_COLLECT_DONE)
		return;
	work->status = status;
	work->door = door->name;
	if (status == OST_COLLECT_DONE)
		snprintf(work->detail, sizeof(work->detail), "%s", res->detail);
	else
		snprintf(work->detail, sizeof(work->detail), "%s", err->text);
}

/* Of several processes each may take half of the time that is left: one that is stuck leaves some. */
static uint64_t deadline_of(const struct ost_collect_work *work, bool last)
{
	uint64_t now = ost_now_ns();

	if (last || now >= work->deadline_ns)
		return work->deadline_ns;
	return now + (work->deadline_ns - now) / 2;
}

static void ask(struct ost_collect_work *work, pid_t pid, bool last)
{
	struct ost_process process = OST_PROCESS_NONE;
	struct ost_door_request request = { .config = &work->doors, .cgroup_fd = work->cgroup_fd };
	const struct ost_door_ops *door;
	struct ost_door_result result;
	struct ost_error err = { 0 };
	char why_not[160] = "";

	if (ost_process_open(pid, &process, &err)) {
		if (work->status == OST_COLLECT_NO_DOOR)
			snprintf(work->detail, sizeof(work->detail), "%s", err.text);
		return;
	}
	door = ost_door_choose(&process, &work->doors, why_not, sizeof(why_not));
	/* the page cache is the whole instance's: once, and only if no process could be asked */
	if (door == &ost_door_reclaim && (!last || work->status != OST_COLLECT_NO_DOOR))
		door = NULL;
	if (!door) {
		if (work->status == OST_COLLECT_NO_DOOR && *why_not)
			snprintf(work->detail, sizeof(work->detail), "%s", why_not);
		if (!work->runtime || ost_runtime_outranks(process.runtime, work->runtime))
			work->runtime = process.runtime;
		ost_process_close(&process);
		return;
	}
	request.deadline_ns = deadline_of(work, last);
	ost_door_run(door, &process, &request, &result, &err);
	take_result(work, &process, door, &result, &err);
	ost_process_close(&process);
}

static void ask_all(struct ost_collect_work *work, const pid_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (ost_now_ns() < work->deadline_ns) {
			ask(work, pids[i], i == count - 1);
			continue;
		}
		ost_debug("%zu of %zu processes were not asked: the time is over", count - i, count);
		/* what one of them answered tells more */
		if (work->status == OST_COLLECT_NO_DOOR) {
			work->status = OST_COLLECT_TIMEOUT;
			snprintf(work->detail, sizeof(work->detail),
				 "%zu of its %zu processes could not be asked in %llu ms; raise "
				 "[collect] timeout_ms",
				 count - i, count, (unsigned long long)work->timeout_ms);
		}
		return;
	}
}

void ost_collect_work_doors(struct ost_collect_work *work)
{
	pid_t pids[OST_COLLECT_PROCESSES_MAX];
	struct ost_error err = { 0 };
	ssize_t count;
	int ret;

	work->deadline_ns = ost_now_ns() + work->timeout_ms * 1000000;
	ret = ost_freezer_thaw(work->cgroup_fd, work->deadline_ns, &err);
	if (ret < 0) {
		work->status = ret == -ETIMEDOUT ? OST_COLLECT_TIMEOUT : OST_COLLECT_REFUSED;
		snprintf(work->detail, sizeof(work->detail), "%s", err.text);
		return;
	}
	work->thawed = ret;
	if (work->lift_quota)
		work->lifted = ost_cpu_quota_lift(work->cgroup_fd, &err) > 0;
	count = ost_cgroup_processes(work->cgroup_fd, pids, OST_COLLECT_PROCESSES_MAX);
	if (count <= 0 || ost_memory_of(work->cgroup_fd, &work->before, &err)) {
		work->status = OST_COLLECT_GONE;
		snprintf(work->detail, sizeof(work->detail), "%s",
			 count ? "its cgroup was removed" : "it has no process");
		return;
	}
	work->after = work->before;
	if (count > OST_COLLECT_PROCESSES_MAX)
		count = OST_COLLECT_PROCESSES_MAX;
	ask_all(work, pids, count);
}

/* Page out what is left, process by process; it is an extra, so failing is no failure. */
static void page_out(struct ost_collect_work *work)
{
	struct ost_door_request request = {
		.config = &work->doors,
		.cgroup_fd = work->cgroup_fd,
		.deadline_ns = ost_now_ns() + work->timeout_ms * 1000000,
	};
	pid_t pids[OST_COLLECT_PROCESSES_MAX];
	ssize_t count =
		ost_cgroup_processes(work->cgroup_fd, pids, OST_COLLECT_PROCESSES_MAX);

	for (ssize_t i = 0; i < count && i < OST_COLLECT_PROCESSES_MAX; i++) {
		struct ost_process process = OST_PROCESS_NONE;
		struct ost_door_result result;
		struct ost_error err = { 0 };

		if (ost_process_open(pids[i], &process, &err))
			continue;
		if (ost_door_run(&ost_door_pageout, &process, &request, &result, &err))
			ost_debug("not paged out: %s", err.text);
		ost_process_close(&process);
	}
}

void ost_collect_work_put_back(struct ost_collect_work *work)
{
	struct ost_error err = { 0 };

	if (work->lifted && ost_cpu_quota_restore(work->cgroup_fd, &err) < 0)
		ost_err("%s", err.text);
	if (work->thawed && ost_freezer_restore(work->cgroup_fd, &err) < 0)
		ost_err("%s", err.text);
	work->lifted = work->thawed = false;
}

void ost_collect_work_measure(struct ost_collect_work *work)
{
	struct ost_error err = { 0 };

	if (work->status == OST_COLLECT_DONE) {
		if (ost_memory_of(work->cgroup_fd, &work->after, &err)) {
			work->status = OST_COLLECT_GONE;
			snprintf(work->detail, sizeof(work->detail), "%s", err.text);
		} else if (work->page_out) {
			page_out(work);
		}
	}
	ost_collect_work_put_back(work);
}

void ost_collect_work_close(struct ost_collect_work *work)
{
	if (work->cgroup_fd >= 0)
		close(work->cgroup_fd);
	work->cgroup_fd = -1;
}
