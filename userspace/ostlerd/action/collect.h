/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_COLLECT_H
#define OST_ACTION_COLLECT_H

#include "lib/error.h"
#include "ostlerd/core/state.h"

/**
 * ost_collect_start() - begin a collection of one instance
 * @forced: a person asked: the schedule's limits don't apply, the slots do
 *
 * Goes on asynchronously: thaw and lift the CPU quota, collect through the door that fits each process,
 * settle, sample, put quota and freezer back, learn. Ends with an OST_CHANGE_COLLECTED notice.
 *
 * Return: 0; -EALREADY when one is running there; -EAGAIN when all slots are taken; -ENOENT when
 * the instance has no process.
 */
int ost_collect_start(struct ost_state *state, struct ost_instance *instance, bool forced,
		      struct ost_error *err);

/** ost_collect_schedule() - ask the plan and begin what it chooses */
void ost_collect_schedule(struct ost_state *state);

#endif
