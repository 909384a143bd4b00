/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CONTROL_CONTROL_H
#define OST_CONTROL_CONTROL_H

#include "lib/error.h"
#include "ostlerd/core/state.h"

/*
 * The HTTP/JSON API on a unix socket; Documentation/api.rst tells its paths. It has no thread of
 * its own: the library's epoll descriptor is polled through the ring. Who may do what is decided by
 * the credentials that the kernel keeps for the peer, never by the socket file's mode.
 */

/**
 * ost_control_open() - listen on config.socket and serve from the loop from now on
 * @state: its loop and disk pool must be running; it must outlive the control
 *
 * Puts itself into @state->control and listens to changes. The socket of a daemon that died
 * is replaced, that of a living one is left alone. The directory of the socket is made when it is
 * missing.
 *
 * Return: 0; -EADDRINUSE when another daemon answers there; another negative errno. @err tells what
 * would be right.
 */
int ost_control_open(struct ost_state *state, struct ost_error *err);

/**
 * ost_control_close() - end all connections and remove the socket
 *
 * Call it after ost_loop_run() and ost_pool_exit() of @state->disk have returned, before
 * ost_loop_exit() and while the instances are still there. Does nothing when the control is not
 * open.
 */
void ost_control_close(struct ost_state *state);

#endif
