/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_AGENT_MEET_H
#define OST_ACTION_AGENT_MEET_H

#include <stdbool.h>

#include "lib/error.h"
#include "ostlerd/action/door.h"
#include "ostlerd/action/guest_dir.h"

/*
 * A meeting of a worker with the collector inside one process: where the collector can dial, and
 * waiting until it does. Under other mounts than the daemon's its socket can't be reached, so a
 * place in the process's own /tmp is prepared there.
 */

/**
 * struct ost_agent_meeting - one appointment
 * @process: who is expected
 * @broker: gets the connections that are made to the daemon's socket; may be NULL
 * @place: in the process's /tmp, where @guest says so
 * @guest: there is such a place
 * @listener: in it; -1 when there is none
 * @waiter: the broker's, NULL when there is none
 */
struct ost_agent_meeting {
	const struct ost_process *process;
	struct ost_agent_broker *broker;
	struct ost_guest_dir place;
	bool guest;
	int listener;
	struct ost_agent_waiter *waiter;
};

/**
 * ost_agent_meeting_open() - be reachable for the collector of @process
 * @guest: prepare a place in the process's own /tmp too
 *
 * Return: 0; -EBUSY when somebody else is waiting for the same process; another negative errno.
 */
int ost_agent_meeting_open(struct ost_agent_meeting *meeting, struct ost_agent_broker *broker,
			   const struct ost_process *process, bool guest, struct ost_error *err);

/**
 * ost_agent_meeting_wait() - wait for its connection
 *
 * Return: a descriptor whose peer is that process, to be closed by the caller; -ETIMEDOUT, -ESRCH,
 * another negative errno.
 */
int ost_agent_meeting_wait(struct ost_agent_meeting *meeting, uint64_t deadline_ns);

/** ost_agent_meeting_close() - leave no trace; safe to call on one that could not be opened */
void ost_agent_meeting_close(struct ost_agent_meeting *meeting);

#endif
