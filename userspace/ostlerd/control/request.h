/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CONTROL_REQUEST_H
#define OST_CONTROL_REQUEST_H

#include "lib/http.h"
#include "lib/json.h"
#include "ostlerd/control/server.h"

/* One request: read whole, checked, handed to its route's handler, answered now or later. */

/** enum ost_wait - what a request whose connection is suspended waits for */
enum ost_wait {
	OST_WAIT_NOTHING,
	OST_WAIT_NAME,	     /* of the peer's account */
	OST_WAIT_COLLECTION, /* of its instance */
};

/**
 * struct ost_request - one request
 * @param: the part of the path that names something, NULL when the route has none
 * @response: what is going to be sent; NULL until it is known
 */
struct ost_request {
	struct ost_request *next;
	struct ost_control *control;
	struct MHD_Connection *connection;
	struct ost_peer *peer;
	struct ost_http_target target;
	struct ost_error target_error;
	const char *param;
	char method[8];
	char *body;
	size_t body_len;
	enum ost_wait wait;
	uint64_t wait_id;
	uint64_t deadline_ns;
	unsigned int status;
	struct MHD_Response *response;
};

/**
 * struct ost_route - what a method and a path lead to
 * @args: names of the arguments it takes, separated by blanks
 * @body: it reads a body; elsewhere a request with one is refused
 * @all: only for peers that may see and change everything
 * @handle: must answer the request or make it wait
 */
struct ost_route {
	const char *method;
	const char *path;
	const char *args;
	bool body;
	bool all;
	void (*handle)(struct ost_request *req);
};

extern const struct ost_route ost_routes[];
extern const size_t ost_route_count;

/** ost_request_reply() - answer with JSON; takes @value over */
void ost_request_reply(struct ost_request *req, unsigned int status, json_t *value);

/** ost_request_respond() - answer with a response made elsewhere; takes it over */
void ost_request_respond(struct ost_request *req, unsigned int status,
			 struct MHD_Response *response);

/**
 * ost_request_fail() - answer with an error object
 * @code: negative errno; decides the HTTP status and the error's code
 */
void ost_request_fail(struct ost_request *req, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** ost_request_suspend() - answer later, from a notice or at the deadline; from within a handler
 * only */
void ost_request_suspend(struct ost_request *req, enum ost_wait wait, uint64_t id,
			 uint64_t deadline_ns);

/** ost_request_resume() - go on with a request that waits: send its answer, or handle it again */
void ost_request_resume(struct ost_request *req);

/** ost_request_expire() - answer those that have waited too long; returns the next deadline or 0 */
uint64_t ost_request_expire(struct ost_control *control, uint64_t now_ns);

/* The HTTP library's callbacks. */
void *ost_request_new(void *control, const char *uri, struct MHD_Connection *connection);
enum MHD_Result ost_request_handle(void *control, struct MHD_Connection *connection,
				   const char *url, const char *method, const char *version,
				   const char *upload, size_t *upload_size, void **context);
void ost_request_end(void *control, struct MHD_Connection *connection, void **context,
		     enum MHD_RequestTerminationCode code);

/* The handlers: read.c, act.c, watch.c */
void ost_read_status(struct ost_request *req);
void ost_read_config(struct ost_request *req);
void ost_read_features(struct ost_request *req);
void ost_read_instances(struct ost_request *req);
void ost_read_instance(struct ost_request *req);
/** the instance that the path names, if the peer may know of it; NULL with the request answered */
struct ost_instance *ost_read_find(struct ost_request *req);
void ost_read_functions(struct ost_request *req);
void ost_read_needs(struct ost_request *req);
void ost_read_run(struct ost_request *req);
void ost_read_traps(struct ost_request *req);
void ost_read_parks(struct ost_request *req);
void ost_act_collect(struct ost_request *req);
/** answer a request that waits for this instance's collection */
void ost_act_collected(struct ost_request *req, const struct ost_instance *instance);
void ost_act_verdict(struct ost_request *req);
void ost_act_mode(struct ost_request *req);
void ost_act_module(struct ost_request *req);
void ost_watch_begin(struct ost_request *req);

#endif
