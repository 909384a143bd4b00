// SPDX-License-Identifier: GPL-2.0-or-later
/* What the programs of functions need of a host's processor. */
#include <errno.h>
#include <string.h>

#include "isa/need/report.h"
#include "ostlerd/control/view.h"

/*
 * Bytes of records that an answer is made of, at most: they are unpacked while everybody waits. One
 * program's always fit; it takes an unusual lot of libraries that not all of a function's do.
 */
#define ANSWER_BYTES (2u << 20)

static struct ost_report_host this_host(const struct ost_state *state)
{
	return (struct ost_report_host){
		.name = state->host.name,
		.have = state->features.usable,
		.features = &state->features,
	};
}

/* Beside each verdict that of the code alone: what happened at run time may have changed it. */
static void put_static(json_t *report, const struct ost_needs *found)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(report, "features"), i, row) {
		const char *name = json_string_value(json_object_get(row, "name"));
		const struct ost_need *need =
			name ? ost_needs_get(found, ost_feature_find(name)) : NULL;

		ost_json_put_text(row, "static",
				  need ? ost_need_verdict_name(need->verdict) : NULL);
	}
}

static json_t *view_report(const struct ost_state *state, const struct ost_analysed *analysed)
{
	struct ost_report_host host = this_host(state);
	struct ost_report report = {
		.program = analysed->program,
		.needs = &analysed->needs,
		.cached = true,
	};
	json_t *view = ost_report_json(&report, &host);

	if (view)
		put_static(view, &analysed->found);
	return view;
}

static const char *state_of(const struct ost_state *state, const struct ost_function_run *run,
			    int result)
{
	if (!result || result == -E2BIG)
		return "analysed";
	if (*run->analyse_error)
		return "failed";
	return state->config.analyse ? "waiting" : "off";
}

/* @room: bytes of records that one answer may be made of, still */
static json_t *view_program(struct ost_state *state, const struct ost_function *function,
			    const struct ost_function_run *run, size_t *room)
{
	const struct ost_analysis *analysis = ost_analysis_find(&state->analyses, run->analysis);
	size_t size = analysis ? analysis->closure_size + analysis->needs_size : 0;
	struct ost_analysed analysed;
	int ret = -E2BIG;
	json_t *view = json_object();

	if (size <= *room) {
		ret = ost_analysis_read(state, function, run, &analysed);
		*room -= size;
	}

	ost_json_put_text(view, "program", run->program);
	ost_json_put_u64(view, "instances", run->users);
	ost_json_put_text(view, "state", state_of(state, run, ret));
	ost_json_put_text(view, "error", *run->analyse_error ? run->analyse_error : NULL);
	if (run->analysed_ns)
		ost_json_put_u64(view, "looked_unix_ms", ost_view_unix_ms(run->analysed_ns));
	else
		json_object_set_new(view, "looked_unix_ms", json_null());
	if (ret) {
		json_object_set_new(view, "report", json_null());
		return view;
	}
	json_object_set_new(view, "report", view_report(state, &analysed));
	ost_analysed_free(&analysed);
	return view;
}

json_t *ost_view_needs(struct ost_state *state, const struct ost_function *function)
{
	json_t *view = json_object(), *rows = json_array();
	size_t room = ANSWER_BYTES;

	for (const struct ost_function_run *run = function->runs; run; run = run->next)
		json_array_append_new(rows, view_program(state, function, run, &room));
	ost_json_put_text(view, "function", function->name);
	ost_json_put_text(view, "user", function->user);
	json_object_set_new(view, "programs", rows);
	return view;
}

static json_t *view_names(const struct ost_feature_set *set)
{
	json_t *names = json_array();

	for (unsigned int f = OST_FEATURE_NONE + 1; f < OST_FEATURE_END; f++)
		if (ost_feature_set_has(set, f))
			json_array_append_new(names, json_string(ost_feature_name(f)));
	return names;
}

json_t *ost_view_instance_needs(struct ost_state *state, const struct ost_instance *instance)
{
	const struct ost_analysis_short *found =
		instance->run ? ost_analysis_summary(state, instance->function, instance->run) : NULL;
	json_t *view;

	if (!found)
		return json_null();
	view = json_object();
	ost_json_put_text(view, "level", found->level);
	ost_json_put_bool(view, "complete", found->complete);
	json_object_set_new(view, "required", view_names(&found->hard));
	json_object_set_new(view, "probable", view_names(&found->soft));
	ost_json_put_bool(view, "runs_here", found->runs);
	json_object_set_new(view, "unmet", view_names(&found->unmet));
	return view;
}
