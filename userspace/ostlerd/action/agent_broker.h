/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_AGENT_BROKER_H
#define OST_ACTION_AGENT_BROKER_H

#include <sys/types.h>

#include "ostlerd/action/door_agent.h"

/* The workers' side of the broker; the main loop's is door_agent.h. */

struct ost_agent_waiter;

/**
 * ost_agent_waiter_new() - expect a connection from @pid
 *
 * Return: 0; -EBUSY when somebody else does already; another negative errno.
 */
int ost_agent_waiter_new(struct ost_agent_broker *broker, pid_t pid,
			 struct ost_agent_waiter **waiter);

/** ost_agent_waiter_fd() - readable once the connection is there */
int ost_agent_waiter_fd(const struct ost_agent_waiter *waiter);

/**
 * ost_agent_waiter_take() - the connection, from then on the caller's; -EAGAIN when there is none
 */
int ost_agent_waiter_take(struct ost_agent_waiter *waiter);

/** ost_agent_waiter_free() - expect no more; a connection that was not taken is closed */
void ost_agent_waiter_free(struct ost_agent_waiter *waiter);

#endif
