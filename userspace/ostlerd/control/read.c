// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ostlerd/control/list.h"
#include "ostlerd/control/view.h"

/* The handlers that only look. */

void ost_read_status(struct ost_request *req)
{
	ost_request_reply(req, MHD_HTTP_OK, ost_view_status(req->control->state, req->peer->all));
}

void ost_read_features(struct ost_request *req)
{
	ost_request_reply(req, MHD_HTTP_OK, ost_view_features(req->control->state));
}

static void put_key(void *context, const char *section, const char *name, const char *value,
		    bool many)
{
	json_t *root = context, *object = json_object_get(root, section), *values;

	if (!object) {
		object = json_object();
		json_object_set_new(root, section, object);
	}
	if (!many) {
		ost_json_put_text(object, name, value);
		return;
	}
	values = json_object_get(object, name);
	if (!values) {
		values = json_array();
		json_object_set_new(object, name, values);
	}
	json_array_append_new(values, ost_json_bytes(value));
}

void ost_read_config(struct ost_request *req)
{
	json_t *view = json_object();

	ost_config_each(&req->control->state->config, put_key, view);
	ost_request_reply(req, MHD_HTTP_OK, view);
}

static json_t *instance_row(struct ost_state *state, const void *row)
{
	uint64_t id;
	const struct ost_instance *instance;

	memcpy(&id, row, sizeof(id));
	instance = ost_instance_find(&state->instances, id);
	return instance ? ost_view_instance(instance) : NULL;
}

void ost_read_instances(struct ost_request *req)
{
	struct ost_state *state = req->control->state;
	struct ost_list *list = ost_list_new(state, "instances", sizeof(uint64_t), instance_row);
	const char *user = ost_http_target_arg(&req->target, "user");
	const char *function = ost_http_target_arg(&req->target, "function");
	const struct ost_instance *instance = NULL;

	while ((instance = ost_instance_next(&state->instances, instance)))
		if ((!user || !strcmp(user, instance->user)) &&
		    (!function || !strcmp(function, instance->function->name)) &&
		    ost_peer_sees(req->peer, instance->user) && ost_list_add(list, &instance->id))
			break;
	ost_list_send(list, req);
}

struct ost_instance *ost_read_find(struct ost_request *req)
{
	struct ost_instance *instance = NULL;
	uint64_t id;
	int ret = ost_http_number(req->param, &id);

	if (ret) {
		ost_request_fail(req, ret,
				 "%.40s is no instance id; it is the decimal number of member "
				 "id in /v1/instances",
				 req->param);
		return NULL;
	}
	instance = ost_instance_find(&req->control->state->instances, id);
	if (instance && ost_peer_sees(req->peer, instance->user))
		return instance;
	ost_request_fail(req, -ENOENT, "there is no instance %" PRIu64 "; /v1/instances lists them",
			 id);
	return NULL;
}

void ost_read_instance(struct ost_request *req)
{
	const struct ost_instance *instance = ost_read_find(req);

	json_t *view;

	if (!instance)
		return;
	view = ost_view_instance(instance);
	/* not in the list of all: it has to be unpacked */
	json_object_set_new(view, "program",
			    instance->run ? json_string(instance->run->program) : json_null());
	json_object_set_new(view, "needs",
			    ost_view_instance_needs(req->control->state, instance));
	ost_request_reply(req, MHD_HTTP_OK, view);
}

/* A list is sent piece by piece, and its rows may be gone by then: they are named. */
struct function_name {
	char user[OST_NAME_LEN], name[OST_NAME_LEN];
};

static json_t *function_row(struct ost_state *state, const void *row)
{
	const struct function_name *named = row;
	const struct ost_function *function =
		ost_function_find(&state->instances, named->user, named->name);

	return function ? ost_view_function(function) : NULL;
}

void ost_read_functions(struct ost_request *req)
{
	struct ost_state *state = req->control->state;
	struct ost_list *list =
		ost_list_new(state, "functions", sizeof(struct function_name), function_row);
	const char *user = ost_http_target_arg(&req->target, "user");
	const struct ost_function *function = NULL;

	while ((function = ost_function_next(&state->instances, function))) {
		struct function_name row;

		if ((user && strcmp(user, function->user)) ||
		    !ost_peer_sees(req->peer, function->user))
			continue;
		memcpy(row.user, function->user, sizeof(row.user));
		memcpy(row.name, function->name, sizeof(row.name));
		if (ost_list_add(list, &row))
			break;
	}
	ost_list_send(list, req);
}

/* The one that the request names; NULL, and the request has failed. */
static const struct ost_function *find_function(struct ost_request *req)
{
	const struct ost_instances *table = &req->control->state->instances;
	const char *user = ost_http_target_arg(&req->target, "user");
	const struct ost_function *function = NULL, *found = NULL;

	while ((function = ost_function_next(table, function))) {
		if (strcmp(function->name, req->param) || (user && strcmp(user, function->user)) ||
		    !ost_peer_sees(req->peer, function->user))
			continue;
		if (found) {
			ost_request_fail(req, -ENOTUNIQ,
					 "several users have a function %.64s; name one by ?user=, "
					 "/v1/functions lists them",
					 req->param);
			return NULL;
		}
		found = function;
	}
	if (!found)
		ost_request_fail(req, -ENOENT, "there is no function %.64s; /v1/functions lists them",
				 req->param);
	return found;
}

void ost_read_needs(struct ost_request *req)
{
	const struct ost_function *function = find_function(req);

	if (function)
		ost_request_reply(req, MHD_HTTP_OK,
				  ost_view_needs(req->control->state, function));
}

void ost_read_run(struct ost_request *req)
{
	struct ost_state *state = req->control->state;
	const struct ost_function *function = find_function(req);

	if (!function)
		return;
	for (struct ost_trap *trap = state->traps.first; trap; trap = trap->next)
		ost_trap_settle(trap);
	ost_request_reply(req, MHD_HTTP_OK, ost_view_runs(state, function));
}

/* A list is sent piece by piece: the place may be gone by then. */
struct listed_trap {
	struct ost_trap trap;
	struct ost_code code;
};

static json_t *trap_row(struct ost_state *state, const void *row)
{
	struct listed_trap listed;

	memcpy(&listed, row, sizeof(listed));
	if (listed.trap.code)
		listed.trap.code = &listed.code;
	return ost_view_trap(&listed.trap);
}

void ost_read_traps(struct ost_request *req)
{
	struct ost_state *state = req->control->state;
	struct ost_list *list = ost_list_new(state, "traps", sizeof(struct listed_trap), trap_row);
	const struct ost_trap *trap;

	for (trap = state->traps.first; trap; trap = trap->next) {
		struct listed_trap row = {.trap = *trap};

		if (trap->code)
			row.code = *trap->code;
		if (ost_peer_sees_id(req->peer, &state->instances, trap->instance_id) &&
		    ost_peer_sees(req->peer, trap->user) && ost_list_add(list, &row))
			break;
	}
	ost_list_send(list, req);
}

static json_t *park_row(struct ost_state *state, const void *row)
{
	return ost_view_park(state, row);
}

void ost_read_parks(struct ost_request *req)
{
	struct ost_state *state = req->control->state;
	struct ost_list *list = ost_list_new(state, "parks", sizeof(struct ost_parked), park_row);
	const struct ost_parked *parked;

	for (parked = state->traps.parked; parked; parked = parked->next)
		if (ost_peer_sees_id(req->peer, &state->instances, parked->instance_id) &&
		    ost_list_add(list, parked))
			break;
	ost_list_send(list, req);
}
