// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/control/watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ostlerd/control/request.h"
#include "ostlerd/control/view.h"
#include "ostlerd/source/kmod.h"

/* Most watchers at once. */
#define WATCHERS_MAX 32

/* Of them for all peers that see only their own instances. */
#define WATCHERS_STRANGERS 16

/* Bytes of notices that wait for one watcher. */
#define BUFFER_SIZE 65536

/* Bytes of the buffer that notices leave free, so that word of the lost ones always fits. */
#define BUFFER_RESERVE 256

/* How often a silent stream shows a sign of life, so that both sides notice the other's end;
 * nanoseconds. */
#define BEAT_NS 15000000000ull

struct ost_watcher {
	struct ost_watcher *next;
	struct ost_control *control;
	struct MHD_Connection *connection;
	struct ost_peer peer;
	bool suspended;
	bool ended;
	uint64_t lost;
	uint64_t beat_ns;
	size_t start; /* of what is not sent yet, in @buffer */
	size_t len;
	char buffer[BUFFER_SIZE];
};

static const char *const changes[] = {
	[OST_CHANGE_ATTACHED] = "attached",   [OST_CHANGE_GONE] = "gone",
	[OST_CHANGE_COLLECTED] = "collected", [OST_CHANGE_TRAP] = "trap",
	[OST_CHANGE_PARKED] = "parked",	      [OST_CHANGE_PARK_END] = "park_end",
	[OST_CHANGE_PRESSURE] = "pressure",   [OST_CHANGE_OOM] = "oom",
};

_Static_assert(sizeof(changes) / sizeof(changes[0]) == OST_CHANGES, "every change has a word");

static void wake(struct ost_watcher *watcher)
{
	if (watcher->suspended) {
		watcher->suspended = false;
		MHD_resume_connection(watcher->connection);
		ost_control_wake(watcher->control);
	}
}

/* The buffer is a ring: the text may wrap around its end. */
static void append(struct ost_watcher *watcher, const char *text, size_t len)
{
	size_t at = (watcher->start + watcher->len) % BUFFER_SIZE;
	size_t first = len < BUFFER_SIZE - at ? len : BUFFER_SIZE - at;

	memcpy(watcher->buffer + at, text, first);
	memcpy(watcher->buffer, text + first, len - first);
	watcher->len += len;
}

static json_t *begin_line(const char *change)
{
	json_t *line = json_object();

	ost_json_put_u64(line, "time_unix_ms", ost_view_unix_ms(ost_now_ns()));
	ost_json_put_text(line, "change", change);
	return line;
}

/* Text of a line, newline included; NULL when memory is short. */
static char *line_text(json_t *line, size_t *len)
{
	size_t need = json_dumpb(line, NULL, 0, OST_JSON_STYLE);
	char *text = need ? malloc(need + 1) : NULL;

	if (text) {
		json_dumpb(line, text, need, OST_JSON_STYLE);
		text[need] = '\n';
		*len = need + 1;
	}
	json_decref(line);
	return text;
}

static void tell_lost(struct ost_watcher *watcher)
{
	json_t *line = begin_line("lost");
	size_t len;
	char *text;

	ost_json_put_u64(line, "lost", watcher->lost);
	text = line_text(line, &len);
	if (text && watcher->len + len <= BUFFER_SIZE) {
		append(watcher, text, len);
		watcher->lost = 0;
	}
	free(text);
}

static void give(struct ost_watcher *watcher, const char *text, size_t len)
{
	/* notices after a gap come only once the gap was told, and in their order */
	if (watcher->lost && watcher->len < BUFFER_SIZE / 2)
		tell_lost(watcher);
	if (!text || watcher->lost || watcher->len + len > BUFFER_SIZE - BUFFER_RESERVE)
		watcher->lost++;
	else
		append(watcher, text, len);
	watcher->beat_ns = ost_now_ns() + BEAT_NS;
	wake(watcher);
}

static bool may_know(const struct ost_watcher *watcher, const struct ost_notice *notice)
{
	const struct ost_instances *table = &watcher->control->state->instances;

	if (watcher->peer.all)
		return true;
	/* an instance that is gone can no longer be found by its id */
	if (notice->instance)
		return ost_peer_sees(&watcher->peer, notice->instance->user);
	if (notice->trap)
		return ost_peer_sees_id(&watcher->peer, table, notice->trap->instance_id);
	if (notice->parked)
		return ost_peer_sees_id(&watcher->peer, table, notice->parked->instance_id);
	return false;
}

static json_t *view_notice(const struct ost_state *state, const struct ost_notice *notice)
{
	json_t *line = begin_line(changes[notice->change]);

	if (notice->instance)
		json_object_set_new(line, "instance", ost_view_instance_name(notice->instance));
	if (notice->change == OST_CHANGE_COLLECTED && notice->instance)
		json_object_set_new(line, "collection",
				    ost_view_collection(&notice->instance->last));
	if (notice->trap)
		json_object_set_new(line, "trap", ost_view_trap(notice->trap));
	if (notice->parked)
		json_object_set_new(line, "park", ost_view_park(state, notice->parked));
	if (notice->change == OST_CHANGE_PARK_END)
		ost_json_put_text(line, "end", ost_kmod_end_name(notice->end));
	return line;
}

void ost_watch_tell(struct ost_control *control, const struct ost_notice *notice)
{
	struct ost_watcher *watcher;
	char *text = NULL;
	size_t len = 0;
	bool made = false;

	for (watcher = control->watchers; watcher; watcher = watcher->next) {
		if (!may_know(watcher, notice))
			continue;
		if (!made)
			text = line_text(view_notice(control->state, notice), &len);
		made = true;
		give(watcher, text, len);
	}
	free(text);
}

uint64_t ost_watch_beat(struct ost_control *control, uint64_t now_ns)
{
	struct ost_watcher *watcher;
	uint64_t soonest = 0;

	for (watcher = control->watchers; watcher; watcher = watcher->next) {
		if (now_ns >= watcher->beat_ns) {
			size_t len;
			char *text = line_text(begin_line("alive"), &len);

			/* a full buffer is a sign of life of its own */
			if (text && !watcher->lost && !watcher->len)
				append(watcher, text, len);
			free(text);
			watcher->beat_ns = now_ns + BEAT_NS;
			wake(watcher);
		}
		if (!soonest || watcher->beat_ns < soonest)
			soonest = watcher->beat_ns;
	}
	return soonest;
}

void ost_watch_end_all(struct ost_control *control)
{
	struct ost_watcher *watcher;

	for (watcher = control->watchers; watcher; watcher = watcher->next) {
		watcher->ended = true;
		wake(watcher);
	}
}

static ssize_t read_watcher(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct ost_watcher *watcher = cls;
	size_t take;

	if (!watcher->len && watcher->lost)
		tell_lost(watcher);
	if (!watcher->len) {
		if (watcher->ended)
			return MHD_CONTENT_READER_END_OF_STREAM;
		watcher->suspended = true;
		MHD_suspend_connection(watcher->connection);
		return 0;
	}
	take = watcher->len < BUFFER_SIZE - watcher->start ? watcher->len
							   : BUFFER_SIZE - watcher->start;
	if (take > max)
		take = max;
	memcpy(buf, watcher->buffer + watcher->start, take);
	watcher->start = (watcher->start + take) % BUFFER_SIZE;
	watcher->len -= take;
	return (ssize_t)take;
}

static void free_watcher(void *cls)
{
	struct ost_watcher *watcher = cls, **at = &watcher->control->watchers;

	while (*at && *at != watcher)
		at = &(*at)->next;
	if (*at) {
		*at = watcher->next;
		watcher->control->watcher_count--;
	}
	free(watcher);
}

static unsigned int strangers(const struct ost_control *control)
{
	const struct ost_watcher *watcher;
	unsigned int count = 0;

	for (watcher = control->watchers; watcher; watcher = watcher->next)
		count += !watcher->peer.all;
	return count;
}

void ost_watch_begin(struct ost_request *req)
{
	struct ost_control *control = req->control;
	struct MHD_Response *response = NULL;
	struct ost_watcher *watcher = NULL;

	if (control->watcher_count >= WATCHERS_MAX ||
	    (!req->peer->all && strangers(control) >= WATCHERS_STRANGERS)) {
		ost_request_fail(req, -EUSERS, "%u watchers are connected already; end one of them",
				 control->watcher_count);
		return;
	}
	watcher = calloc(1, sizeof(*watcher));
	if (watcher)
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, read_watcher,
							     watcher, free_watcher);
	if (!response) {
		free(watcher);
		ost_request_fail(req, -ENOMEM, "the daemon is short of memory; try again");
		return;
	}
	watcher->control = control;
	watcher->connection = req->connection;
	watcher->peer = *req->peer;
	/* the first line comes at once: whoever reads it knows that nothing is missed from then on
	 */
	watcher->beat_ns = ost_now_ns();
	watcher->next = control->watchers;
	control->watchers = watcher;
	control->watcher_count++;
	/* a reader that stops reading for a while is told what it lost, not cut off */
	MHD_set_connection_option(req->connection, MHD_CONNECTION_OPTION_TIMEOUT, 0u);
	MHD_add_response_header(response, "Content-Type", "application/x-ndjson");
	ost_request_respond(req, MHD_HTTP_OK, response);
}
