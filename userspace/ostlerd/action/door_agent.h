/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_DOOR_AGENT_H
#define OST_ACTION_DOOR_AGENT_H

#include "lib/error.h"
#include "ostlerd/action/door.h"

/*
 * The broker brings a worker that wants to talk to process P together with the connection that
 * P's in-process collector makes to the daemon once it was poked. The main loop owns the
 * listening socket and offers each connection; a worker waits for the one whose peer is P.
 * Nothing from a peer is read before a worker owns the connection, so a peer can't hold up the
 * main loop.
 */

struct ost_agent_broker;

/** ost_agent_broker_new() - make an empty broker; 0 or negative errno */
int ost_agent_broker_new(struct ost_agent_broker **broker, struct ost_error *err);

/** ost_agent_broker_free() - no door may be using it any more */
void ost_agent_broker_free(struct ost_agent_broker *broker);

/**
 * ost_agent_listen() - bind and listen where collectors dial in
 * @path: at most 107 bytes; a socket that a dead daemon left behind is replaced
 *
 * The socket can be connected to by anybody: who it is says the kernel.
 *
 * Return: a non-blocking SOCK_SEQPACKET listener, -EADDRINUSE when another daemon answers there,
 * another negative errno.
 */
int ost_agent_listen(const char *path, struct ost_error *err);

/**
 * ost_agent_broker_offer() - hand over a connection just accepted
 * @fd: from accept4(..., SOCK_CLOEXEC); the broker's from here on, whatever happens
 *
 * Never blocks. Return: 0 when a worker was waiting for that peer, -ENOENT when nobody was and
 * the connection was closed, another negative errno when the peer can't be told and it was
 * closed.
 */
int ost_agent_broker_offer(struct ost_agent_broker *broker, int fd);

#endif
