// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/schedule.h"

/* Collections a function must have had before its poor yield counts against it. */
#define YIELD_JUDGED_AFTER 3

/* Under memory pressure an instance counts as idle after this share of the usual time. */
#define PRESSURE_IDLE_SHARE 0.1

const char *ost_schedule_reason_text(enum ost_schedule_reason reason)
{
	static const char *const text[OST_SCHEDULE_REASONS] = {
		[OST_SCHEDULE_CHOSEN] = "chosen",
		[OST_SCHEDULE_BUSY_INSTANCE] = "in use",
		[OST_SCHEDULE_LITTLE] = "too little garbage",
		[OST_SCHEDULE_NO_WORK] = "nothing ran since the last collection",
		[OST_SCHEDULE_TOO_SOON] = "too soon after the last collection",
		[OST_SCHEDULE_POOR_YIELD] = "its function gives too little back",
		[OST_SCHEDULE_COLLECTING] = "collecting",
		[OST_SCHEDULE_PARKED] = "has a parked task",
		[OST_SCHEDULE_NO_DOOR] = "no way into its runtime",
		[OST_SCHEDULE_NO_SLOT] = "waits for a slot",
		[OST_SCHEDULE_BUSY_HOST] = "the host is busy",
	};

	return (unsigned int)reason < OST_SCHEDULE_REASONS ? text[reason] : "unknown";
}

/* Whether @span has passed since @then; an event that never was is long ago. */
static bool passed(uint64_t now, uint64_t then, uint64_t span)
{
	return !then || (now >= then && now - then >= span);
}

static bool gives_little(const struct ost_schedule_limits *limits,
			 const struct ost_garbage_model *model)
{
	return model && model->collections >= YIELD_JUDGED_AFTER &&
	       model->yield_ratio < limits->yield_min_ratio;
}

static enum ost_schedule_reason judge(const struct ost_schedule_limits *limits,
				      const struct ost_schedule_host *host,
				      const struct ost_schedule_instance *instance)
{
	uint64_t idle = host->pressure ? limits->idle_ns * PRESSURE_IDLE_SHARE : limits->idle_ns;
	uint64_t share = instance->anon_bytes * limits->garbage_min_share;
	uint64_t least = share > limits->garbage_min_bytes ? share : limits->garbage_min_bytes;

	if (instance->collecting)
		return OST_SCHEDULE_COLLECTING;
	if (instance->parked)
		return OST_SCHEDULE_PARKED;
	if (!instance->collectable)
		return OST_SCHEDULE_NO_DOOR;
	if (!instance->worked)
		return OST_SCHEDULE_NO_WORK;
	if (instance->garbage_bytes < least && !host->pressure)
		return OST_SCHEDULE_LITTLE;
	if (!instance->garbage_bytes)
		return OST_SCHEDULE_LITTLE;
	if (!passed(host->now_ns, instance->collected_ns, limits->interval_min_ns) ||
	    !passed(host->now_ns, instance->failed_ns, limits->retry_ns))
		return OST_SCHEDULE_TOO_SOON;
	if (gives_little(limits, instance->model))
		return OST_SCHEDULE_POOR_YIELD;
	if (!passed(host->now_ns, instance->active_ns, idle))
		return OST_SCHEDULE_BUSY_INSTANCE;
	if (host->busy > limits->busy_max && !host->pressure)
		return OST_SCHEDULE_BUSY_HOST;
	return OST_SCHEDULE_CHOSEN;
}

/* Bytes given back for each microsecond of collector time. */
static double worth(const struct ost_schedule_instance *instance)
{
	return instance->garbage_bytes / (double)(instance->cost_us + 1);
}

/* Keep @chosen sorted by falling worth while it grows; slots are few, so insertion is the fastest. */
static size_t insert(const struct ost_schedule_instance *instances, size_t *chosen, size_t count,
		     size_t max, size_t candidate)
{
	double value = worth(&instances[candidate]);
	size_t at = count;

	while (at && worth(&instances[chosen[at - 1]]) < value)
		at--;
	if (at == max)
		return count;
	if (count < max)
		count++;
	for (size_t i = count - 1; i > at; i--)
		chosen[i] = chosen[i - 1];
	chosen[at] = candidate;
	return count;
}

size_t ost_schedule_pick(const struct ost_schedule_limits *limits,
			 const struct ost_schedule_host *host,
			 const struct ost_schedule_instance *instances, size_t count,
			 enum ost_schedule_reason *reasons, size_t *chosen, size_t chosen_max)
{
	size_t room = limits->slots > host->running ? limits->slots - host->running : 0;
	size_t picked = 0;

	if (room > chosen_max)
		room = chosen_max;
	for (size_t i = 0; i < count; i++) {
		reasons[i] = judge(limits, host, &instances[i]);
		if (reasons[i] != OST_SCHEDULE_CHOSEN)
			continue;
		reasons[i] = OST_SCHEDULE_NO_SLOT;
		if (room)
			picked = insert(instances, chosen, picked, room, i);
	}
	for (size_t i = 0; i < picked; i++)
		reasons[chosen[i]] = OST_SCHEDULE_CHOSEN;
	return picked;
}
