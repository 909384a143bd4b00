// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/control/view.h"

#include <linux/ostler.h>
#include <time.h>

/* Words for programs; ost_schedule_reason_text() has those for people. */
static const char *const reasons[] = {
	[OST_SCHEDULE_CHOSEN] = "chosen",	  [OST_SCHEDULE_BUSY_INSTANCE] = "busy_instance",
	[OST_SCHEDULE_LITTLE] = "little",	  [OST_SCHEDULE_NO_WORK] = "no_work",
	[OST_SCHEDULE_TOO_SOON] = "too_soon",	  [OST_SCHEDULE_POOR_YIELD] = "poor_yield",
	[OST_SCHEDULE_COLLECTING] = "collecting", [OST_SCHEDULE_PARKED] = "parked",
	[OST_SCHEDULE_NO_DOOR] = "no_door",	  [OST_SCHEDULE_NO_SLOT] = "no_slot",
	[OST_SCHEDULE_BUSY_HOST] = "busy_host",
};

_Static_assert(sizeof(reasons) / sizeof(reasons[0]) == OST_SCHEDULE_REASONS,
	       "every reason of the schedule has a word");

static const char *const statuses[] = {
	[OST_COLLECT_NEVER] = "never",	   [OST_COLLECT_DONE] = "done",
	[OST_COLLECT_BUSY] = "busy",	   [OST_COLLECT_REFUSED] = "refused",
	[OST_COLLECT_TIMEOUT] = "timeout", [OST_COLLECT_GONE] = "gone",
	[OST_COLLECT_NO_DOOR] = "no_door", [OST_COLLECT_FAILED] = "failed",
};

_Static_assert(sizeof(statuses) / sizeof(statuses[0]) == OST_COLLECT_STATUSES,
	       "every end of a collection has a word");

static const char *const modes[] = {
	[OSTLER_MODE_OFF] = "off",
	[OSTLER_MODE_OBSERVE] = "observe",
	[OSTLER_MODE_PARK] = "park",
};

_Static_assert(sizeof(modes) / sizeof(modes[0]) == OSTLER_MODE_MAX + 1, "every mode has a word");

static const char *const verdicts[] = {
	[OSTLER_VERDICT_UNSPEC] = "ask",
	[OSTLER_VERDICT_RETRY] = "retry",
	[OSTLER_VERDICT_DELIVER] = "deliver",
	[OSTLER_VERDICT_SKIP] = "skip",
};

_Static_assert(sizeof(verdicts) / sizeof(verdicts[0]) == OSTLER_VERDICT_MAX + 1,
	       "every verdict has a word");

#define WORD(table, i) ((size_t)(i) < sizeof(table) / sizeof((table)[0]) ? (table)[i] : "?")

const char *ost_view_mode(uint8_t mode)
{
	return WORD(modes, mode);
}

const char *ost_view_verdict(uint8_t verdict)
{
	return WORD(verdicts, verdict);
}

uint64_t ost_view_unix_ms(uint64_t moment_ns)
{
	struct timespec now;
	int64_t ago_ns = (int64_t)(ost_now_ns() - moment_ns);

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)((now.tv_sec * 1000000000ll + now.tv_nsec - ago_ns) / 1000000);
}

/* A moment that may never have been. */
static void put_moment(json_t *object, const char *name, uint64_t moment_ns)
{
	if (moment_ns)
		ost_json_put_u64(object, name, ost_view_unix_ms(moment_ns));
	else
		json_object_set_new(object, name, json_null());
}

json_t *ost_view_collection(const struct ost_collection *last)
{
	json_t *view = json_object();

	ost_json_put_text(view, "status", WORD(statuses, last->status));
	ost_json_put_text(view, "text", ost_collect_status_text(last->status));
	put_moment(view, "ended_unix_ms",
		   last->status == OST_COLLECT_DONE ? last->ended_ns : last->failed_ns);
	ost_json_put_u64(view, "estimate_bytes", last->estimate_bytes);
	ost_json_put_u64(view, "before_bytes", last->before_bytes);
	ost_json_put_u64(view, "after_bytes", last->after_bytes);
	ost_json_put_u64(view, "yield_bytes", last->yield_bytes);
	ost_json_put_u64(view, "cost_us", last->cost_us);
	ost_json_put_u64(view, "pause_us", last->pause_us);
	ost_json_put_text(view, "door", last->door);
	ost_json_put_text(view, "detail", last->detail);
	ost_json_put_u64(view, "count", last->count);
	ost_json_put_u64(view, "failures", last->failures);
	return view;
}

static json_t *view_memory(const struct ost_instance *instance)
{
	const struct ost_memory *memory = &instance->memory;
	json_t *view = json_object();

	ost_json_put_u64(view, "current_bytes", memory->current);
	ost_json_put_u64(view, "anon_bytes", memory->anon);
	ost_json_put_u64(view, "file_bytes", memory->file);
	ost_json_put_u64(view, "shmem_bytes", memory->shmem);
	ost_json_put_u64(view, "kernel_bytes", memory->kernel);
	ost_json_put_u64(view, "slab_bytes", memory->slab);
	ost_json_put_u64(view, "sock_bytes", memory->sock);
	ost_json_put_u64(view, "swap_bytes", memory->swap);
	put_moment(view, "sampled_unix_ms", instance->memory_ns);
	return view;
}

static json_t *view_demand(const struct ost_demand *demand)
{
	json_t *view = json_object();

	ost_json_put_u64(view, "messages", demand->messages);
	ost_json_put_u64(view, "bytes", demand->bytes);
	ost_json_put_u64(view, "cpu_ns", demand->cpu_ns);
	ost_json_put_real(view, "messages_per_s", demand->messages_per_s);
	ost_json_put_real(view, "cpu_share", demand->cpu_share);
	if (demand->active_ns)
		ost_json_put_u64(view, "idle_ms", (ost_now_ns() - demand->active_ns) / 1000000);
	else
		json_object_set_new(view, "idle_ms", json_null());
	return view;
}

static json_t *view_counters(const struct ost_instance *instance)
{
	json_t *view = json_object();

	ost_json_put_u64(view, "high_events", instance->high_events);
	ost_json_put_u64(view, "oom_events", instance->oom_events);
	ost_json_put_u64(view, "traps", instance->traps);
	ost_json_put_u64(view, "reclaim_passes", instance->reclaim_passes);
	ost_json_put_u64(view, "reclaim_pages", instance->reclaim_pages);
	ost_json_put_u64(view, "stall_ns", instance->stall_ns);
	ost_json_put_u64(view, "released_bytes", instance->released_bytes);
	return view;
}

static json_t *view_schedule(const struct ost_instance *instance)
{
	json_t *view = json_object();

	ost_json_put_text(view, "reason", WORD(reasons, instance->schedule_reason));
	ost_json_put_text(view, "text", ost_schedule_reason_text(instance->schedule_reason));
	return view;
}

json_t *ost_view_instance_name(const struct ost_instance *instance)
{
	json_t *view = json_object();

	ost_json_put_id(view, "id", instance->id);
	ost_json_put_text(view, "path", instance->path);
	ost_json_put_text(view, "function", instance->function->name);
	ost_json_put_text(view, "user", instance->user);
	return view;
}

json_t *ost_view_instance(const struct ost_instance *instance)
{
	json_t *view = ost_view_instance_name(instance);

	ost_json_put_text(view, "runtime", ost_runtime_name(instance->runtime));
	ost_json_put_bool(view, "runtime_labelled", instance->labelled_runtime);
	ost_json_put_bool(view, "populated", instance->populated);
	ost_json_put_bool(view, "frozen", instance->frozen);
	ost_json_put_bool(view, "collecting", instance->collecting);
	ost_json_put_text(view, "mode", ost_view_mode(instance->mode));
	ost_json_put_bool(view, "mode_in_force", instance->mode_set);
	ost_json_put_u64(view, "parked", instance->parked);
	put_moment(view, "attached_unix_ms", instance->since_ns);
	json_object_set_new(view, "memory", view_memory(instance));
	ost_json_put_u64(view, "garbage_bytes", instance->garbage_bytes);
	ost_json_put_u64(view, "kept_bytes", instance->kept_bytes);
	json_object_set_new(view, "schedule", view_schedule(instance));
	json_object_set_new(view, "demand", view_demand(&instance->demand));
	json_object_set_new(view, "counters", view_counters(instance));
	json_object_set_new(view, "last_collection", ost_view_collection(&instance->last));
	return view;
}

json_t *ost_view_function(const struct ost_function *function)
{
	const struct ost_garbage_model *model = &function->model;
	json_t *view = json_object(), *learned = json_object();

	ost_json_put_text(view, "name", function->name);
	ost_json_put_text(view, "user", function->user);
	ost_json_put_text(view, "runtime", ost_runtime_name(function->runtime));
	ost_json_put_u64(view, "traps", function->traps);
	ost_json_put_u64(learned, "collections", model->collections);
	ost_json_put_u64(learned, "kept_bytes", (uint64_t)model->kept_bytes);
	ost_json_put_u64(learned, "kept_dev_bytes", (uint64_t)model->kept_dev_bytes);
	ost_json_put_u64(learned, "yield_bytes", (uint64_t)model->yield_bytes);
	ost_json_put_real(learned, "yield_ratio", model->yield_ratio);
	ost_json_put_real(learned, "cost_us_per_mib", model->cost_us_per_mib);
	ost_json_put_real(learned, "pause_us", model->pause_us);
	json_object_set_new(view, "learned", learned);
	return view;
}
