/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CONTROL_SERVER_H
#define OST_CONTROL_SERVER_H

#include <microhttpd.h>

#include "ostlerd/control/peer.h"
#include "ostlerd/core/loop.h"
#include "ostlerd/core/state.h"

/* What the parts of the control share. */

/* Most connections at once. */
#define OST_CONNECTIONS_MAX 256

/* Of them, most for all peers that may not change things, and for each account among those. */
#define OST_CONNECTIONS_STRANGERS 128
#define OST_CONNECTIONS_STRANGER  16

/* Largest request body, bytes. */
#define OST_BODY_MAX 65536

/* How JSON is written: numbers without the noise of their last binary digits. */
#define OST_JSON_STYLE (JSON_COMPACT | JSON_REAL_PRECISION(9))

struct ost_request;
struct ost_watcher;

/** struct ost_connection - one connection's peer; lives as long as the connection */
struct ost_connection {
	struct ost_connection *next;
	struct ost_peer peer;
};

/**
 * struct ost_control - the API server
 * @waiting: requests whose connection is suspended until something has happened
 * @watchers: streams of notices
 */
struct ost_control {
	struct ost_state *state;
	struct MHD_Daemon *http;
	struct ost_peers *peers;
	int listen_fd;
	struct ost_op accept_op;
	struct ost_op epoll_op;
	struct ost_op timer_op;
	bool accept_paused;
	bool resumed; /* a connection was resumed since the library last had its turn */
	bool closing;
	char path[OST_PATH_LEN];
	struct ost_connection *connections;
	struct ost_request *waiting;
	struct ost_watcher *watchers;
	unsigned int watcher_count;
	struct ost_listener listener;
};

/** ost_control_pump() - let the HTTP library do what is due, and wake up when it is due again */
void ost_control_pump(struct ost_control *control);

/** ost_control_wake() - pump soon: a suspended connection was resumed */
void ost_control_wake(struct ost_control *control);

#endif
