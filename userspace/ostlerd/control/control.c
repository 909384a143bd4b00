// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/control/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"
#include "ostlerd/control/request.h"
#include "ostlerd/control/socket.h"
#include "ostlerd/control/watch.h"

/* A connection on which nothing moves is closed after this, in seconds. */
#define IDLE_S 30u

/* Memory of one connection: request head, pieces of body and answer; bytes. */
#define CONNECTION_MEMORY 24576u

/* Turns of the HTTP library, and connections taken, before the ring gets its turn again. */
#define TURNS	16
#define ACCEPTS 256

/* Pause after accept(2) failed for want of descriptors or memory, in nanoseconds. */
#define ACCEPT_PAUSE_NS 100000000ull

static void sooner(uint64_t *at, uint64_t other)
{
	if (other && (!*at || other < *at))
		*at = other;
}

static bool epoll_ready(const struct ost_control *control)
{
	struct pollfd fd = {.fd = control->epoll_op.fd, .events = POLLIN};

	return poll(&fd, 1, 0) > 0;
}

void ost_control_pump(struct ost_control *control)
{
	uint64_t now = ost_now_ns(), at = 0;
	MHD_UNSIGNED_LONG_LONG ms;
	bool more = true;

	for (int turn = 0; more && turn < TURNS; turn++) {
		control->resumed = false;
		MHD_run(control->http);
		more = (MHD_get_timeout(control->http, &ms) == MHD_YES && ms == 0) ||
		       control->resumed || epoll_ready(control);
	}
	sooner(&at, ost_request_expire(control, now));
	sooner(&at, ost_watch_beat(control, now));
	if (control->accept_paused)
		sooner(&at, now + ACCEPT_PAUSE_NS);
	/* asked anew: what expired and what beat has work for the library, which counts no resumed
	 * connection */
	if (MHD_get_timeout(control->http, &ms) == MHD_YES)
		sooner(&at, now + ms * 1000000);
	if (control->resumed || more)
		at = now;
	if (at)
		ost_op_at(&control->state->loop, &control->timer_op, at);
}

void ost_control_wake(struct ost_control *control)
{
	/* not at once: whoever calls may be called by the library itself */
	control->resumed = true;
	if (!control->closing)
		ost_op_at(&control->state->loop, &control->timer_op, ost_now_ns());
}

static void on_epoll(struct ost_op *op, int res)
{
	struct ost_control *control = ost_container_of(op, struct ost_control, epoll_op);

	if (res == -ECANCELED || control->closing)
		return;
	if (res < 0) {
		ost_err("api: can't wait for connections any more: %s", strerror(-res));
		return;
	}
	ost_control_pump(control);
}

/* Tell a peer that there is no room for it; it may not be listening, which is its own affair. */
static void refuse(int fd)
{
	static const char text[] =
		"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\n"
		"Connection: close\r\n\r\n"
		"{\"error\":{\"code\":\"too_many\",\"text\":\"there are too many connections; "
		"close "
		"some, or try again in a while\"}}\n";

	if (send(fd, text, sizeof(text) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		ost_debug("api: a refused peer left: %s", strerror(errno));
	close(fd);
}

static bool has_room(const struct ost_control *control, const struct ost_peer *peer)
{
	const struct ost_connection *connection;
	unsigned int all = 0, strangers = 0, same = 0;

	for (connection = control->connections; connection; connection = connection->next) {
		all++;
		strangers += !connection->peer.all;
		same += !connection->peer.all && connection->peer.uid == peer->uid;
	}
	if (all >= OST_CONNECTIONS_MAX)
		return false;
	return peer->all ||
	       (strangers < OST_CONNECTIONS_STRANGERS && same < OST_CONNECTIONS_STRANGER);
}

static void take_connection(struct ost_control *control, int fd)
{
	struct sockaddr addr = {.sa_family = AF_UNIX};
	struct ost_peer peer;

	if (ost_peer_read(control->peers, fd, &peer)) {
		close(fd);
		return;
	}
	if (!has_room(control, &peer)) {
		refuse(fd);
		return;
	}
	/* closes the descriptor also when it fails */
	if (MHD_add_connection(control->http, fd, &addr, sizeof(addr)) != MHD_YES)
		ost_warn("api: can't take a connection: %s", strerror(errno));
}

static void accept_all(struct ost_control *control)
{
	control->accept_paused = false;
	for (int i = 0; i < ACCEPTS; i++) {
		int fd = accept4(control->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			take_connection(control, fd);
			continue;
		}
		if (errno == EAGAIN)
			return;
		if (errno != EINTR && errno != ECONNABORTED) {
			ost_warn("api: can't accept a connection: %s", strerror(errno));
			break;
		}
	}
	/* more are waiting, but nothing else will say so again */
	control->accept_paused = true;
}

static void on_accept(struct ost_op *op, int res)
{
	struct ost_control *control = ost_container_of(op, struct ost_control, accept_op);

	if (res < 0 || control->closing)
		return;
	accept_all(control);
	ost_control_pump(control);
}

static void on_timer(struct ost_op *op, int res)
{
	struct ost_control *control = ost_container_of(op, struct ost_control, timer_op);

	if (res < 0 || control->closing)
		return;
	if (control->accept_paused)
		accept_all(control);
	ost_control_pump(control);
}

/* A connection begins or ends. */
static void on_connection(void *cls, struct MHD_Connection *connection, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct ost_control *control = cls;
	struct ost_connection *own, **at;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info =
			MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

		own = calloc(1, sizeof(*own));
		/* without it the connection's requests are refused */
		if (!own || ost_peer_read(control->peers, info->connect_fd, &own->peer)) {
			free(own);
			return;
		}
		own->next = control->connections;
		control->connections = own;
		*context = own;
		return;
	}
	own = *context;
	*context = NULL;
	for (at = &control->connections; *at && *at != own;)
		at = &(*at)->next;
	if (own && *at) {
		*at = own->next;
		free(own);
	}
}

static void on_notice(struct ost_listener *listener, const struct ost_notice *notice)
{
	struct ost_control *control = ost_container_of(listener, struct ost_control, listener);
	struct ost_request *req, *next;

	ost_watch_tell(control, notice);
	if (notice->change != OST_CHANGE_COLLECTED || !notice->instance)
		return;
	for (req = control->waiting; req; req = next) {
		next = req->next;
		if (req->wait == OST_WAIT_COLLECTION && req->wait_id == notice->instance->id)
			ost_act_collected(req, notice->instance);
	}
}

static void on_named(void *context)
{
	struct ost_control *control = context;
	struct ost_request *req, *next;

	for (req = control->waiting; req; req = next) {
		next = req->next;
		if (req->wait == OST_WAIT_NAME)
			ost_request_resume(req);
	}
}

static void on_log(void *cls, const char *fmt, va_list args)
{
	char line[256];

	vsnprintf(line, sizeof(line), fmt, args);
	/* the library takes every socket for TCP, and says each time that ours is none */
	if (strstr(line, "TCP_") || strstr(line, "Failed to push the data"))
		return;
	line[strcspn(line, "\n")] = '\0';
	ost_debug("api: %s", line);
}

static struct MHD_Daemon *start_http(struct ost_control *control)
{
	return MHD_start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME |
			MHD_USE_ERROR_LOG,
		0, NULL, NULL, ost_request_handle, control, MHD_OPTION_EXTERNAL_LOGGER, on_log,
		NULL, MHD_OPTION_URI_LOG_CALLBACK, ost_request_new, control,
		MHD_OPTION_NOTIFY_COMPLETED, ost_request_end, control, MHD_OPTION_NOTIFY_CONNECTION,
		on_connection, control, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_MEMORY,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned int)OST_CONNECTIONS_MAX,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_END);
}

static int start(struct ost_control *control, struct ost_error *err)
{
	struct ost_state *state = control->state;
	const union MHD_DaemonInfo *info;
	int ret;

	control->http = start_http(control);
	if (!control->http)
		return ost_error_set(err, errno ? -errno : -ENOMEM,
				     "can't start the HTTP library for the API: %s",
				     strerror(errno ? errno : ENOMEM));
	info = MHD_get_daemon_info(control->http, MHD_DAEMON_INFO_EPOLL_FD);
	if (!info || info->epoll_fd < 0)
		return ost_error_set(err, -ENOTSUP,
				     "this build of libmicrohttpd has no epoll; "
				     "the API needs it");
	control->accept_op.done = on_accept;
	control->epoll_op.done = on_epoll;
	control->timer_op.done = on_timer;
	ret = ost_op_poll(&state->loop, &control->epoll_op, info->epoll_fd, POLLIN);
	if (!ret)
		ret = ost_op_poll(&state->loop, &control->accept_op, control->listen_fd, POLLIN);
	if (ret)
		return ost_error_set(err, ret, "can't wait for the API's socket: %s",
				     strerror(-ret));
	return 0;
}

/* The library may not be stopped while connections are suspended. */
static void end_connections(struct ost_control *control)
{
	control->closing = true;
	while (control->waiting) {
		ost_request_fail(control->waiting, -ESHUTDOWN, "the daemon is stopping");
		ost_request_resume(control->waiting);
	}
	ost_watch_end_all(control);
	for (int turn = 0; turn < TURNS; turn++)
		MHD_run(control->http);
	MHD_stop_daemon(control->http);
}

static void destroy(struct ost_control *control)
{
	if (control->http)
		end_connections(control);
	if (control->listen_fd >= 0)
		ost_socket_close(control->path, control->listen_fd);
	ost_peers_free(control->peers);
	free(control);
}

int ost_control_open(struct ost_state *state, struct ost_error *err)
{
	struct ost_control *control = calloc(1, sizeof(*control));
	int ret = -ENOMEM;

	if (!control)
		return ost_error_set(err, -ENOMEM, "no memory for the API");
	control->state = state;
	control->listen_fd = -1;
	strcpy(control->path, state->config.socket);
	control->peers = ost_peers_new(&state->disk, state->config.group, on_named, control);
	if (!control->peers) {
		ost_error_set(err, ret, "no memory for the API");
		goto undo;
	}
	ret = ost_socket_listen(control->path, ost_peers_gid(control->peers), err);
	if (ret < 0)
		goto undo;
	control->listen_fd = ret;
	ret = start(control, err);
	if (ret)
		goto undo;
	control->listener.notice = on_notice;
	ost_state_listen(state, &control->listener);
	state->control = control;
	return 0;
undo:
	destroy(control);
	return ret;
}

void ost_control_close(struct ost_state *state)
{
	struct ost_control *control = state->control;

	if (!control)
		return;
	ost_state_unlisten(state, &control->listener);
	state->control = NULL;
	destroy(control);
}
