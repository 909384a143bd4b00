// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/control/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A body that goes on after it was too large is read up to this many bytes, then the connection
 * ends. */
#define BODY_DISCARD_MAX (1024 * 1024)

/* How long the name of an account may take to find, in nanoseconds. */
#define NAME_WAIT_NS 5000000000ull

const struct ost_route ost_routes[] = {
	{"GET", "/v1/status", "", false, false, ost_read_status},
	{"GET", "/v1/instances", "user function", false, false, ost_read_instances},
	{"GET", "/v1/instances/:", "", false, false, ost_read_instance},
	{"POST", "/v1/instances/:/collect", "", true, true, ost_act_collect},
	{"PUT", "/v1/instances/:/mode", "", true, true, ost_act_mode},
	{"GET", "/v1/functions", "user", false, false, ost_read_functions},
	{"GET", "/v1/functions/:/needs", "user", false, false, ost_read_needs},
	{"GET", "/v1/functions/:/run", "user", false, false, ost_read_run},
	{"GET", "/v1/traps", "", false, false, ost_read_traps},
	{"GET", "/v1/parks", "", false, false, ost_read_parks},
	{"POST", "/v1/parks/:/verdict", "", true, true, ost_act_verdict},
	{"PUT", "/v1/module", "", true, true, ost_act_module},
	{"GET", "/v1/features", "", false, false, ost_read_features},
	{"GET", "/v1/watch", "", false, false, ost_watch_begin},
	{"GET", "/v1/config", "", false, true, ost_read_config},
};

const size_t ost_route_count = sizeof(ost_routes) / sizeof(ost_routes[0]);

/* What an errno means to a client. */
static const struct {
	int code;
	unsigned int status;
	const char *word;
} failures[] = {
	{-EINVAL, MHD_HTTP_BAD_REQUEST, "invalid"},
	{-ERANGE, MHD_HTTP_BAD_REQUEST, "invalid"},
	{-E2BIG, MHD_HTTP_BAD_REQUEST, "invalid"},
	{-ENAMETOOLONG, MHD_HTTP_URI_TOO_LONG, "too_long"},
	{-EMSGSIZE, MHD_HTTP_CONTENT_TOO_LARGE, "too_large"},
	{-EACCES, MHD_HTTP_FORBIDDEN, "forbidden"},
	{-EPERM, MHD_HTTP_FORBIDDEN, "forbidden"},
	{-ENOENT, MHD_HTTP_NOT_FOUND, "not_found"},
	{-ESRCH, MHD_HTTP_NOT_FOUND, "not_found"},
	{-EOPNOTSUPP, MHD_HTTP_METHOD_NOT_ALLOWED, "bad_method"},
	{-EALREADY, MHD_HTTP_CONFLICT, "already"},
	{-ESTALE, MHD_HTTP_CONFLICT, "stale"},
	{-ENOTUNIQ, MHD_HTTP_CONFLICT, "ambiguous"},
	{-EDQUOT, MHD_HTTP_CONFLICT, "quota"},
	{-EBUSY, MHD_HTTP_CONFLICT, "busy"},
	{-EAGAIN, MHD_HTTP_SERVICE_UNAVAILABLE, "no_slot"},
	{-EUSERS, MHD_HTTP_SERVICE_UNAVAILABLE, "too_many"},
	{-ENOTCONN, MHD_HTTP_SERVICE_UNAVAILABLE, "no_module"},
	{-ESHUTDOWN, MHD_HTTP_SERVICE_UNAVAILABLE, "stopping"},
	{-ENOMEM, MHD_HTTP_SERVICE_UNAVAILABLE, "no_memory"},
	{-ETIMEDOUT, MHD_HTTP_GATEWAY_TIMEOUT, "timeout"},
};

void ost_request_respond(struct ost_request *req, unsigned int status,
			 struct MHD_Response *response)
{
	if (req->response)
		MHD_destroy_response(req->response);
	req->response = response;
	req->status = status;
}

/* The answer when there is no memory for a better one. */
static struct MHD_Response *last_resort(void)
{
	static char text[] = "{\"error\":{\"code\":\"no_memory\",\"text\":\"the daemon is short of "
			     "memory; try again\"}}\n";

	return MHD_create_response_from_buffer(sizeof(text) - 1, text, MHD_RESPMEM_PERSISTENT);
}

void ost_request_reply(struct ost_request *req, unsigned int status, json_t *value)
{
	struct MHD_Response *response = NULL;
	char *text = value ? json_dumps(value, OST_JSON_STYLE) : NULL;
	size_t len = text ? strlen(text) : 0;

	/* the line's end takes the place of the NUL */
	if (text) {
		text[len] = '\n';
		response = MHD_create_response_from_buffer(len + 1, text, MHD_RESPMEM_MUST_FREE);
	}
	json_decref(value);
	if (!response) {
		free(text);
		response = last_resort();
		status = MHD_HTTP_SERVICE_UNAVAILABLE;
	}
	if (response)
		MHD_add_response_header(response, "Content-Type", "application/json");
	ost_request_respond(req, status, response);
}

void ost_request_fail(struct ost_request *req, int code, const char *fmt, ...)
{
	unsigned int status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	json_t *root = json_object(), *error = json_object();
	const char *word = "failed";
	struct ost_error text;
	va_list args;

	va_start(args, fmt);
	ost_error_vset(&text, code, fmt, args);
	va_end(args);
	for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
		if (failures[i].code == code) {
			status = failures[i].status;
			word = failures[i].word;
		}
	ost_json_put_text(error, "code", word);
	ost_json_put_text(error, "text", text.text);
	json_object_set_new(root, "error", error);
	ost_request_reply(req, status, root);
}

static void leave_waiting(struct ost_request *req)
{
	struct ost_request **at = &req->control->waiting;

	while (*at && *at != req)
		at = &(*at)->next;
	if (*at)
		*at = req->next;
	req->wait = OST_WAIT_NOTHING;
}

void ost_request_suspend(struct ost_request *req, enum ost_wait wait, uint64_t id,
			 uint64_t deadline_ns)
{
	req->wait = wait;
	req->wait_id = id;
	req->deadline_ns = deadline_ns;
	req->next = req->control->waiting;
	req->control->waiting = req;
	MHD_suspend_connection(req->connection);
}

void ost_request_resume(struct ost_request *req)
{
	leave_waiting(req);
	MHD_resume_connection(req->connection);
	ost_control_wake(req->control);
}

uint64_t ost_request_expire(struct ost_control *control, uint64_t now_ns)
{
	struct ost_request *req = control->waiting, *next;
	uint64_t soonest = 0;

	for (; req; req = next) {
		next = req->next;
		if (now_ns < req->deadline_ns) {
			if (!soonest || req->deadline_ns < soonest)
				soonest = req->deadline_ns;
			continue;
		}
		if (req->wait == OST_WAIT_NAME)
			ost_request_fail(
				req, -ETIMEDOUT,
				"the name of account %u could not be found in time; is the "
				"name service of this host slow?",
				(unsigned int)req->peer->uid);
		else
			ost_request_fail(req, -ETIMEDOUT,
					 "the collection has not ended in time; it goes on, "
					 "GET /v1/instances/%llu tells how it ended",
					 (unsigned long long)req->wait_id);
		ost_request_resume(req);
	}
	return soonest;
}

void *ost_request_new(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct ost_request *req = calloc(1, sizeof(*req));

	if (!req)
		return NULL;
	req->control = cls;
	ost_http_target_parse(uri, &req->target, &req->target_error);
	return req;
}

void ost_request_end(void *cls, struct MHD_Connection *connection, void **context,
		     enum MHD_RequestTerminationCode code)
{
	struct ost_request *req = *context;

	*context = NULL;
	if (!req)
		return;
	if (req->wait)
		leave_waiting(req);
	if (req->response)
		MHD_destroy_response(req->response);
	free(req->body);
	free(req);
}

static bool word_in(const char *word, const char *list)
{
	size_t len = strlen(word);

	for (const char *at = list; (at = strstr(at, word)); at += len)
		if ((at == list || at[-1] == ' ') && (at[len] == ' ' || !at[len]) && len)
			return true;
	return false;
}

/* The route, or NULL with the request answered. */
static const struct ost_route *find_route(struct ost_request *req)
{
	const char *allowed = NULL;

	for (size_t i = 0; i < ost_route_count; i++) {
		const struct ost_route *route = &ost_routes[i];
		const char *param;

		if (!ost_http_target_match(&req->target, route->path, &param))
			continue;
		if (!strcmp(route->method, req->method)) {
			req->param = param;
			return route;
		}
		allowed = route->method;
	}
	if (!allowed) {
		ost_request_fail(req, -ENOENT,
				 "there is no such path; ostlerctl(1) names the man page "
				 "and the document that list them");
		return NULL;
	}
	ost_request_fail(req, -EOPNOTSUPP, "this path takes %s only", allowed);
	MHD_add_response_header(req->response, "Allow", allowed);
	return NULL;
}

static int check_request(struct ost_request *req, const struct ost_route *route)
{
	for (unsigned int i = 0; i < req->target.args; i++)
		if (!word_in(req->target.arg[i].name, route->args)) {
			ost_request_fail(
				req, -EINVAL, "there is no argument %.64s here; known are: %s",
				req->target.arg[i].name, *route->args ? route->args : "none");
			return -EINVAL;
		}
	if (req->body_len && !route->body) {
		ost_request_fail(req, -EINVAL, "%s %s takes no body", route->method, route->path);
		return -EINVAL;
	}
	if (route->all && !req->peer->all) {
		ost_request_fail(
			req, -EACCES,
			"only root and members of group %s may do this, and account %u is neither",
			req->control->state->config.group, (unsigned int)req->peer->uid);
		return -EACCES;
	}
	return 0;
}

/* Answer the request, or leave it waiting. */
static void run(struct ost_request *req)
{
	const struct ost_route *route;

	if (req->control->closing) {
		ost_request_fail(req, -ESHUTDOWN, "the daemon is stopping");
		return;
	}
	if (req->target_error.code) {
		ost_request_fail(req, req->target_error.code, "%s", req->target_error.text);
		return;
	}
	route = find_route(req);
	if (!route)
		return;
	if (!req->peer->all && !ost_peers_name(req->control->peers, req->peer)) {
		ost_request_suspend(req, OST_WAIT_NAME, 0, ost_now_ns() + NAME_WAIT_NS);
		return;
	}
	if (!check_request(req, route))
		route->handle(req);
}

static enum MHD_Result take_body(struct ost_request *req, const char *data, size_t len)
{
	char *grown;

	req->body_len += len;
	if (req->body_len > OST_BODY_MAX) {
		free(req->body);
		req->body = NULL;
		return req->body_len > BODY_DISCARD_MAX ? MHD_NO : MHD_YES;
	}
	grown = realloc(req->body, req->body_len);
	if (!grown)
		return MHD_NO;
	req->body = grown;
	memcpy(req->body + req->body_len - len, data, len);
	return MHD_YES;
}

static void too_large(struct ost_request *req)
{
	ost_request_fail(req, -EMSGSIZE, "the body is larger than %d bytes", OST_BODY_MAX);
}

/* First call for a request: only its head has come. */
static void begin(struct ost_request *req, struct MHD_Connection *connection, const char *method)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	const char *length =
		MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
	uint64_t bytes;

	req->connection = connection;
	if (info && info->socket_context)
		req->peer = &((struct ost_connection *)info->socket_context)->peer;
	strncpy(req->method, method, sizeof(req->method) - 1);
	/* one that is not much too large is read before it is refused: a client that is still
	 * sending when the connection ends may never look at the answer */
	if (length && (ost_http_number(length, &bytes) || bytes > BODY_DISCARD_MAX))
		too_large(req);
}

static enum MHD_Result send_response(struct ost_request *req)
{
	return req->response ? MHD_queue_response(req->connection, req->status, req->response)
			     : MHD_NO;
}

enum MHD_Result ost_request_handle(void *cls, struct MHD_Connection *connection, const char *url,
				   const char *method, const char *version, const char *upload,
				   size_t *upload_size, void **context)
{
	struct ost_request *req = *context;

	if (!req)
		return MHD_NO;
	if (!req->connection) {
		begin(req, connection, method);
		if (!req->peer)
			return MHD_NO;
		/* no need to read a body that is too large by its own word */
		return req->response ? send_response(req) : MHD_YES;
	}
	if (*upload_size) {
		size_t len = *upload_size;

		*upload_size = 0;
		return take_body(req, upload, len);
	}
	if (!req->response) {
		if (req->body_len > OST_BODY_MAX)
			too_large(req);
		else
			run(req);
	}
	return req->response || !req->wait ? send_response(req) : MHD_YES;
}
