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
 * the instance has no process; -ESHUTDOWN after ost_collect_stop().
 */
int ost_collect_start(struct ost_state *state, struct ost_instance *instance, bool forced,
		      struct ost_error *err);

/** ost_collect_schedule() - ask the plan and begin what it chooses */
void ost_collect_schedule(struct ost_state *state);

/**
 * ost_collect_stop() - no new ones; those that run come to their end, and with the last the loop to its own
 *
 * What a runtime was asked for is awaited, until the collection's deadline; then it is measured at once.
 */
void ost_collect_stop(struct ost_state *state);

/**
 * ost_collect_close() - put back what collections that did not come to their end have changed, and forget them
 *
 * Call it after ost_pool_exit() of @state->doors: a worker's step is not cut short.
 */
void ost_collect_close(struct ost_state *state);

#endif
