// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <linux/ostler.h>
#include <string.h>

#include "lib/log.h"
#include "ostlerd/action/attach.h"
#include "ostlerd/action/collect.h"
#include "ostlerd/action/module.h"
#include "ostlerd/action/park.h"
#include "ostlerd/control/request.h"
#include "ostlerd/control/view.h"

/* The handlers that change something. Each change is logged with the account that asked for it. */

/*
 * A request that waits for a collection gives up after twice the time that the runtimes have to
 * answer and the memory to settle, and this long on top, in nanoseconds: paging out may take as long
 * again as collecting.
 */
#define WAIT_MARGIN_NS 5000000000ull

/* The body's members into variables; -errno with the request answered. */
static int read_body(struct ost_request *req, const struct ost_json_member *members, size_t count,
		     json_t **object)
{
	struct ost_error err = {0};
	int ret;

	*object = NULL;
	/* where nothing is required an empty body is as good as {} */
	if (!req->body_len && !members[0].required)
		return 0;
	ret = ost_json_parse(req->body ? req->body : "", req->body_len, object, &err);
	if (!ret)
		ret = ost_json_read(*object, members, count, &err);
	if (!ret)
		return 0;
	json_decref(*object);
	*object = NULL;
	ost_request_fail(req, ret, "%s", err.text);
	return ret;
}

static void log_change(const struct ost_request *req, const char *what, uint64_t id,
		       const struct ost_error *err)
{
	ost_info("api: account %u: %s %" PRIu64 ": %s", (unsigned int)req->peer->uid, what, id,
		 err->code ? err->text : "accepted");
}

void ost_act_collect(struct ost_request *req)
{
	struct ost_state *state = req->control->state;
	struct ost_instance *instance = ost_read_find(req);
	struct ost_error err = {0};
	bool wait = false;
	const struct ost_json_member members[] = {
		{"wait", OST_JSON_BOOL, false, &wait},
	};
	json_t *object;
	int ret;

	if (!instance || read_body(req, members, 1, &object))
		return;
	json_decref(object);
	ret = ost_collect_start(state, instance, true, &err);
	log_change(req, "collect instance", instance->id, &err);
	if (ret) {
		ost_request_fail(req, ret, "%s", err.text);
	} else if (wait && instance->collecting) {
		uint64_t bound_ms = 2 * (state->config.timeout_ms + state->config.settle_ms);

		ost_request_suspend(req, OST_WAIT_COLLECTION, instance->id,
				    ost_now_ns() + bound_ms * 1000000 + WAIT_MARGIN_NS);
	} else {
		ost_request_reply(req, instance->collecting ? MHD_HTTP_ACCEPTED : MHD_HTTP_OK,
				  ost_view_instance(instance));
	}
}

void ost_act_collected(struct ost_request *req, const struct ost_instance *instance)
{
	ost_request_reply(req, MHD_HTTP_OK, ost_view_instance(instance));
	ost_request_resume(req);
}

void ost_act_mode(struct ost_request *req)
{
	struct ost_instance *instance = ost_read_find(req);
	const char *word = NULL;
	const struct ost_json_member members[] = {
		{"mode", OST_JSON_TEXT, true, &word},
	};
	struct ost_error err = {0};
	uint8_t mode = 0;
	json_t *object;
	int ret;

	if (!instance || read_body(req, members, 1, &object))
		return;
	while (mode <= OSTLER_MODE_MAX && strcmp(word, ost_view_mode(mode)))
		mode++;
	if (mode > OSTLER_MODE_MAX) {
		ost_request_fail(req, -EINVAL, "there is no mode %.32s; it is off, observe or park",
				 word);
	} else {
		ret = ost_attach_mode(req->control->state, instance, mode, &err);
		log_change(req, "set the mode of instance", instance->id, &err);
		if (ret)
			ost_request_fail(req, ret, "%s", err.text);
		else
			ost_request_reply(req, MHD_HTTP_OK, ost_view_instance(instance));
	}
	json_decref(object);
}

void ost_act_module(struct ost_request *req)
{
	struct ost_state *state = req->control->state;
	bool release = false;
	const struct ost_json_member members[] = {
		{"released", OST_JSON_BOOL, true, &release},
	};
	struct ost_error err = {0};
	json_t *object, *view;
	int ret;

	if (read_body(req, members, 1, &object))
		return;
	json_decref(object);
	ret = release ? ost_module_release(state, &err) : ost_module_take(state, &err);
	ost_info("api: account %u: %s the module: %s", (unsigned int)req->peer->uid,
		 release ? "let go of" : "take", ret ? err.text : "accepted");
	if (ret) {
		ost_request_fail(req, ret, "%s", err.text);
		return;
	}
	view = json_object();
	ost_json_put_bool(view, "released", state->module_released);
	ost_request_reply(req, MHD_HTTP_OK, view);
}

void ost_act_verdict(struct ost_request *req)
{
	struct ost_state *state = req->control->state;
	const struct ost_parked *parked;
	const char *word = NULL;
	const struct ost_json_member members[] = {
		{"verdict", OST_JSON_TEXT, true, &word},
	};
	uint8_t verdict = OSTLER_VERDICT_UNSPEC + 1;
	struct ost_error err = {0};
	json_t *object, *view;
	uint64_t event;
	int ret = ost_http_number(req->param, &event);

	if (ret) {
		ost_request_fail(req, ret,
				 "%.40s is no event number; it is the decimal number of member "
				 "event in /v1/parks",
				 req->param);
		return;
	}
	if (read_body(req, members, 1, &object))
		return;
	while (verdict <= OSTLER_VERDICT_MAX && strcmp(word, ost_view_verdict(verdict)))
		verdict++;
	parked = ost_parked_find(&state->traps, event);
	if (verdict > OSTLER_VERDICT_MAX) {
		ost_request_fail(req, -EINVAL,
				 "there is no verdict %.32s; it is retry, deliver or skip", word);
	} else if (!parked) {
		ost_request_fail(req, -ESRCH,
				 "no task is parked at event %" PRIu64 "; /v1/parks lists them",
				 event);
	} else {
		/* the park may be gone once the verdict is given */
		view = ost_view_park(state, parked);
		ret = ost_park_verdict(state, event, verdict, &err);
		log_change(req, "give a verdict to the park of event", event, &err);
		if (ret) {
			json_decref(view);
			ost_request_fail(req, ret, "%s", err.text);
		} else {
			ost_json_put_text(view, "verdict", ost_view_verdict(verdict));
			ost_request_reply(req, MHD_HTTP_OK, view);
		}
	}
	json_decref(object);
}
