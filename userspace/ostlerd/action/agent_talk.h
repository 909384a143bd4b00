/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_AGENT_TALK_H
#define OST_ACTION_AGENT_TALK_H

#include "lib/error.h"
#include "ostlerd/action/door.h"

/* The manager's half of agent/protocol.h, once a collector has dialled in. */

/**
 * ost_agent_verify() - is the other end of a connection this very process?
 * @fd: connected unix socket
 *
 * Compares what the kernel says of the peer; with SO_PEERPIDFD (Linux 6.5) also a pid that was
 * used again is told apart.
 *
 * Return: 0, -EPERM when it is another process.
 */
int ost_agent_verify(int fd, const struct ost_process *process);

/**
 * ost_agent_talk() - hear the hello, ask to collect, take the reply
 * @fd: non-blocking or not; stays the caller's
 *
 * Whatever comes is hostile: a wrong size, kind, version or id ends the conversation with -EPROTO,
 * and times are cut to what really passed.
 *
 * Return: 0 with @res filled in; -EBUSY, -ESHUTDOWN, -ECANCELED, ... as the collector answered;
 * -ETIMEDOUT, -ESRCH, another negative errno.
 */
int ost_agent_talk(int fd, const struct ost_process *process, uint64_t deadline_ns,
		   struct ost_door_result *res, struct ost_error *err);

#endif
