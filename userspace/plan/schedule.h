/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_PLAN_SCHEDULE_H
#define OST_PLAN_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/garbage.h"

/*
 * Which instances of one host collect now? Those that are idle, hold enough garbage, and have done work
 * since the last time; the most worthwhile first, never more than the host's slots at once.
 */

/**
 * struct ost_schedule_limits - the operator's choices
 * @slots: most collections running at once on the host
 * @idle_ns: an instance counts as idle this long after its last message or CPU use
 * @garbage_min_bytes: least estimate that is worth a collection
 * @garbage_min_share: least estimate as a share of anonymous memory, 0 .. 1
 * @interval_min_ns: least time between two collections of one instance
 * @yield_min_ratio: functions whose yield ÷ estimate stays below this are left alone
 * @retry_ns: how long an instance that failed or timed out is left alone
 * @busy_max: no collection starts while more than this share of the host's CPUs is busy, 0 .. 1
 */
struct ost_schedule_limits {
	unsigned int slots;
	uint64_t idle_ns;
	uint64_t garbage_min_bytes;
	double garbage_min_share;
	uint64_t interval_min_ns;
	double yield_min_ratio;
	uint64_t retry_ns;
	double busy_max;
};

/** struct ost_schedule_host - the host at the moment of the question */
struct ost_schedule_host {
	uint64_t now_ns;
	unsigned int running;	/* collections running now */
	double busy;		/* share of CPU time in use, 0 .. 1 */
	bool pressure;		/* memory is short: idle time and quiet CPUs matter less */
};

/** struct ost_schedule_instance - one instance at that moment; times are CLOCK_MONOTONIC, 0 = never */
struct ost_schedule_instance {
	uint64_t id;
	uint64_t anon_bytes;
	uint64_t garbage_bytes;
	uint64_t active_ns;	/* last message or CPU use */
	uint64_t collected_ns;	/* end of the last collection */
	uint64_t failed_ns;	/* end of the last one that failed */
	uint64_t cost_us;	/* expected */
	bool worked;		/* has served or run since the last collection */
	bool collecting;
	bool parked;		/* has a parked task */
	bool collectable;	/* a door into its runtime is known, or not yet tried */
	const struct ost_garbage_model *model;
};

/** enum ost_schedule_reason - why an instance was chosen, or why not */
enum ost_schedule_reason {
	OST_SCHEDULE_CHOSEN,
	OST_SCHEDULE_BUSY_INSTANCE,	/* not idle long enough */
	OST_SCHEDULE_LITTLE,		/* estimate below the limits */
	OST_SCHEDULE_NO_WORK,		/* nothing ran since the last collection */
	OST_SCHEDULE_TOO_SOON,		/* interval_min_ns or retry_ns has not passed */
	OST_SCHEDULE_POOR_YIELD,	/* the function gives too little back */
	OST_SCHEDULE_COLLECTING,
	OST_SCHEDULE_PARKED,
	OST_SCHEDULE_NO_DOOR,
	OST_SCHEDULE_NO_SLOT,		/* worthwhile, but all slots are taken */
	OST_SCHEDULE_BUSY_HOST,
	OST_SCHEDULE_REASONS
};

/** ost_schedule_reason_text() - a few words for people */
const char *ost_schedule_reason_text(enum ost_schedule_reason reason);

/**
 * ost_schedule_pick() - choose the instances whose collection starts now
 * @reasons: gets one reason for each instance, in the order of @instances
 * @chosen: gets indices into @instances, the most worthwhile first; room for @host free slots suffices
 *
 * Worth is garbage bytes ÷ expected cost, so that cheap memory comes first. Under memory pressure idle
 * time, CPU business and worth limits give way, the interval and failures do not.
 *
 * Return: how many were chosen, at most the free slots.
 */
size_t ost_schedule_pick(const struct ost_schedule_limits *limits,
			 const struct ost_schedule_host *host,
			 const struct ost_schedule_instance *instances, size_t count,
			 enum ost_schedule_reason *reasons, size_t *chosen, size_t chosen_max);

#endif
