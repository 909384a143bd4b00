// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/collect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "ostlerd/action/collect_work.h"
#include "ostlerd/action/recognise.h"
#include "ostlerd/core/sample.h"

/*
 * One collection. Blocking steps run on a worker of state->doors, the wait between them is a timer of the
 * loop, and only the loop's thread touches the instance table:
 *
 *   starting --job--> collecting --job done--> settling --timer--> measuring --job done--> finished
 *
 * Nothing is undone by a crash: what was thawed or lifted is remembered in the cgroup itself and put
 * back at the next start. A clean end waits for those that run, without the wait between the steps.
 */

enum state { STARTING, COLLECTING, SETTLING, MEASURING, FINISHED, STATES };
enum event { EVENT_START, EVENT_WORKED, EVENT_TIMER, EVENTS };

struct ost_collect {
	struct ost_collect *next;	/* of those that run */
	struct ost_job job;
	struct ost_op timer;
	struct ost_state *state;
	struct ost_instance *instance;
	const struct ost_function *function;	/* that it served when this began */
	enum state at;
	bool cut_short;			/* measured before memory had settled */
	struct ost_collect_work work;
};

typedef enum state (*step)(struct ost_collect *collect);

static enum state begin(struct ost_collect *collect);
static enum state settle(struct ost_collect *collect);
static enum state measure(struct ost_collect *collect);
static enum state finish(struct ost_collect *collect);

static const step steps[STATES][EVENTS] = {
	[STARTING] = { [EVENT_START] = begin },
	[COLLECTING] = { [EVENT_WORKED] = settle },
	[SETTLING] = { [EVENT_TIMER] = measure },
	[MEASURING] = { [EVENT_WORKED] = finish },
};

_Static_assert(sizeof(steps) / sizeof(steps[0]) == STATES, "every state has its row");

static void end(struct ost_collect *collect)
{
	struct ost_collect **at = &collect->state->collects;

	while (*at != collect)
		at = &(*at)->next;
	*at = collect->next;
	ost_instance_put(&collect->state->instances, collect->instance);
	ost_collect_work_close(&collect->work);
	free(collect);
}

static void dispatch(struct ost_collect *collect, enum event event)
{
	struct ost_state *state = collect->state;
	step next = steps[collect->at][event];

	if (!next)
		return;
	collect->at = next(collect);
	if (collect->at != FINISHED)
		return;
	end(collect);
	if (state->stopping && !state->collects)
		ost_loop_stop(&state->loop);
}

static void run_doors(struct ost_job *job)
{
	ost_collect_work_doors(&ost_container_of(job, struct ost_collect, job)->work);
}

static void run_measure(struct ost_job *job)
{
	ost_collect_work_measure(&ost_container_of(job, struct ost_collect, job)->work);
}

static void worked(struct ost_job *job)
{
	dispatch(ost_container_of(job, struct ost_collect, job), EVENT_WORKED);
}

static void settled(struct ost_op *op, int res)
{
	dispatch(ost_container_of(op, struct ost_collect, timer), EVENT_TIMER);
}

static enum state begin(struct ost_collect *collect)
{
	collect->job.run = run_doors;
	collect->job.done = worked;
	ost_pool_submit(&collect->state->doors, &collect->job);
	return COLLECTING;
}

static enum state settle(struct ost_collect *collect)
{
	uint64_t wait_ns = collect->state->config.settle_ms * 1000000;

	/* a failed one has changed nothing that must settle, but what was lifted must be put back */
	if (collect->work.status != OST_COLLECT_DONE)
		wait_ns = 0;
	if (wait_ns && collect->state->stopping) {
		collect->cut_short = true;
		wait_ns = 0;
	}
	collect->timer.done = settled;
	if (ost_op_at(&collect->state->loop, &collect->timer, ost_now_ns() + wait_ns))
		return measure(collect);
	return SETTLING;
}

static enum state measure(struct ost_collect *collect)
{
	/* an extra, which nobody waits for at the daemon's end */
	if (collect->state->stopping)
		collect->work.page_out = false;
	collect->job.run = run_measure;
	collect->job.done = worked;
	ost_pool_submit(&collect->state->doors, &collect->job);
	return MEASURING;
}

/* Take the outcome into the instance's row. */
static void record(struct ost_instance *instance, const struct ost_collect_work *work,
		   uint64_t now_ns)
{
	struct ost_collection *last = &instance->last;

	free(last->detail);
	last->detail = *work->detail ? strdup(work->detail) : NULL;
	last->status = work->status;
	last->ended_ns = now_ns;
	last->estimate_bytes = work->estimate_bytes;
	last->before_bytes = work->before.anon;
	last->after_bytes = work->after.anon;
	last->yield_bytes = 0;
	last->cost_us = work->cost_us;
	last->pause_us = work->pause_us;
	last->door = work->door;
	ost_recognise_note(instance, work->runtime);
	instance->no_door = work->status == OST_COLLECT_NO_DOOR;
	if (work->status != OST_COLLECT_DONE) {
		last->failures++;
		last->failed_ns = now_ns;
		return;
	}
	last->count++;
	last->failed_ns = 0;
	if (work->before.anon > work->after.anon)
		last->yield_bytes = work->before.anon - work->after.anon;
	instance->kept_bytes = work->after.anon;
	instance->garbage_bytes = 0;
	instance->memory = work->after;
	instance->memory_ns = now_ns;
	instance->messages_at_collect = instance->demand.messages;
}

static void learn(struct ost_instance *instance, const struct ost_collect_work *work)
{
	const struct ost_garbage_outcome outcome = {
		.before_bytes = work->before.anon,
		.after_bytes = work->after.anon,
		.estimate_bytes = work->estimate_bytes,
		.cost_us = work->cost_us,
		.pause_us = work->pause_us,
	};

	ost_garbage_learn(&instance->function->model, &outcome);
	instance->function->changed = true;
}

static enum state finish(struct ost_collect *collect)
{
	struct ost_state *state = collect->state;
	struct ost_instance *instance = collect->instance;
	const struct ost_collect_work *work = &collect->work;
	struct ost_notice notice = { .change = OST_CHANGE_COLLECTED, .instance = instance };

	state->host.collecting--;
	instance->collecting = false;
	record(instance, work, ost_now_ns());
	if (work->status == OST_COLLECT_DONE) {
		/* what was still to be given back would be taken for what is kept */
		if (!collect->cut_short && instance->function == collect->function)
			learn(instance, work);
		state->host.collections++;
		state->host.yield_bytes += instance->last.yield_bytes;
		ost_info("%s: %.1f MB back of %.1f, by %s in %.1f ms", instance->path,
			 instance->last.yield_bytes / 1e6, work->before.anon / 1e6, work->door,
			 work->cost_us / 1e3);
	} else {
		state->host.collections_failed++;
		ost_warn("%s: not collected: %s%s%s", instance->path,
			 ost_collect_status_text(work->status), *work->detail ? ": " : "",
			 work->detail);
	}
	ost_state_notify(state, &notice);
	return FINISHED;
}

int ost_collect_start(struct ost_state *state, struct ost_instance *instance, bool forced,
		      struct ost_error *err)
{
	struct ost_collect *collect;
	int cgroup_fd;

	if (state->stopping)
		return ost_error_set(err, -ESHUTDOWN, "the daemon is stopping");
	if (instance->collecting)
		return ost_error_set(err, -EALREADY, "%s is being collected", instance->path);
	if (state->host.collecting >= state->config.slots)
		return ost_error_set(err, -EAGAIN,
				     "all %llu slots are taken; try again, or raise [collect] slots",
				     (unsigned long long)state->config.slots);
	cgroup_fd = ost_instance_open(&state->instances, instance);
	if (cgroup_fd < 0)
		return ost_error_set(err, cgroup_fd == -ESTALE ? -ENOENT : cgroup_fd,
				     "%s can't be opened: %s", instance->path, strerror(-cgroup_fd));
	collect = calloc(1, sizeof(*collect));
	if (!collect) {
		close(cgroup_fd);
		return ost_error_set(err, -ENOMEM, "no memory for a collection");
	}
	/* the last sample may be old; what is learned from a stale estimate would be wrong */
	ost_sample_memory(state, instance);
	collect->state = state;
	collect->instance = instance;
	collect->function = instance->function;
	ost_collect_work_init(&collect->work, &state->config, state->broker, cgroup_fd,
			      instance->garbage_bytes);
	collect->next = state->collects;
	state->collects = collect;
	ost_instance_hold(instance);
	instance->collecting = true;
	state->host.collecting++;
	ost_debug("%s: collecting%s, estimate %.1f MB", instance->path, forced ? " (asked for)" : "",
		  instance->garbage_bytes / 1e6);
	dispatch(collect, EVENT_START);
	return 0;
}

void ost_collect_stop(struct ost_state *state)
{
	struct ost_collect *collect;
	unsigned int count = 0;

	state->stopping = true;
	for (collect = state->collects; collect; collect = collect->next) {
		count++;
		if (collect->at != SETTLING)
			continue;
		collect->cut_short = true;
		ost_op_at(&state->loop, &collect->timer, ost_now_ns());
	}
	if (count)
		ost_info("waiting for the end of %u collection%s", count, count == 1 ? "" : "s");
	else
		ost_loop_stop(&state->loop);
}

void ost_collect_close(struct ost_state *state)
{
	while (state->collects) {
		struct ost_collect *collect = state->collects;

		ost_collect_work_put_back(&collect->work);
		end(collect);
	}
}

static struct ost_schedule_limits limits_of(const struct ost_config *config)
{
	return (struct ost_schedule_limits){
		.slots = config->slots,
		.idle_ns = config->idle_ms * 1000000,
		.garbage_min_bytes = config->garbage_min_bytes,
		.garbage_min_share = config->garbage_min_share,
		.interval_min_ns = config->interval_min_ms * 1000000,
		.yield_min_ratio = config->yield_min_ratio,
		.retry_ns = config->retry_ms * 1000000,
		.busy_max = config->busy_max,
	};
}

static void describe(const struct ost_instance *instance, uint64_t retry_ns, uint64_t now_ns,
		     struct ost_schedule_instance *out)
{
	bool retry = instance->last.failed_ns && now_ns - instance->last.failed_ns >= retry_ns;

	*out = (struct ost_schedule_instance){
		.id = instance->id,
		.anon_bytes = instance->memory.anon,
		.garbage_bytes = instance->garbage_bytes,
		.active_ns = instance->demand.active_ns,
		.collected_ns = instance->last.count ? instance->last.ended_ns : 0,
		.failed_ns = instance->last.failed_ns,
		.cost_us = ost_garbage_cost_us(&instance->function->model, instance->garbage_bytes),
		.worked = !instance->last.count ||
			  instance->demand.messages != instance->messages_at_collect ||
			  instance->demand.active_ns > instance->last.ended_ns,
		.collecting = instance->collecting,
		.parked = instance->parked > 0,
		.collectable = instance->populated && (!instance->no_door || retry),
		.model = &instance->function->model,
	};
}

void ost_collect_schedule(struct ost_state *state)
{
	const struct ost_schedule_limits limits = limits_of(&state->config);
	const struct ost_schedule_host host = {
		.now_ns = ost_now_ns(),
		.running = state->host.collecting,
		.busy = state->host.busy,
		.pressure = state->host.pressure,
	};
	size_t count = state->instances.count, n = 0, picked;
	struct ost_schedule_instance *rows = calloc(count + 1, sizeof(*rows));
	struct ost_instance **of = calloc(count + 1, sizeof(*of));
	enum ost_schedule_reason *reasons = calloc(count + 1, sizeof(*reasons));
	struct ost_instance *instance = NULL;
	size_t chosen[64];

	if (!rows || !of || !reasons)
		goto out;
	while (n < count && (instance = ost_instance_next(&state->instances, instance))) {
		describe(instance, limits.retry_ns, host.now_ns, &rows[n]);
		of[n++] = instance;
	}
	picked = ost_schedule_pick(&limits, &host, rows, n, reasons, chosen,
				   sizeof(chosen) / sizeof(chosen[0]));
	for (size_t i = 0; i < n; i++)
		of[i]->schedule_reason = reasons[i];
	for (size_t i = 0; state->config.collect && i < picked; i++) {
		struct ost_error err;

		if (ost_collect_start(state, of[chosen[i]], false, &err))
			ost_debug("%s", err.text);
	}
out:
	free(rows);
	free(of);
	free(reasons);
}
