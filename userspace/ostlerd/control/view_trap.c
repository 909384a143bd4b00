// SPDX-License-Identifier: GPL-2.0-or-later
#include <inttypes.h>
#include <linux/ostler.h>
#include <linux/ostler_event.h>
#include <stdio.h>

#include "isa/decode.h"
#include "ostlerd/control/view.h"

/* A decoded trap's features as names. */
static json_t *view_set(const struct ost_feature_set *set)
{
	json_t *names = json_array();

	for (unsigned int f = OST_FEATURE_NONE + 1; f < OST_FEATURE_END; f++)
		if (ost_feature_set_has(set, f))
			json_array_append_new(names, json_string(ost_feature_name(f)));
	return names;
}

static void put_insn(json_t *view, const uint8_t *insn, uint8_t len)
{
	char hex[OST_INSN_BYTES_MAX * 3 + 1] = "";
	size_t at = 0;

	for (uint8_t i = 0; i < len && i < OST_INSN_BYTES_MAX; i++)
		at += snprintf(hex + at, sizeof(hex) - at, "%s%02x", i ? " " : "", insn[i]);
	ost_json_put_text(view, "insn", hex);
}

static void put_address(json_t *view, const char *name, uint64_t address)
{
	char hex[24];

	snprintf(hex, sizeof(hex), "0x%" PRIx64, address);
	ost_json_put_text(view, name, hex);
}

static void put_decode(json_t *view, const struct ost_trap_decode *decode)
{
	ost_json_put_text(view, "class", ost_trap_class_name(decode->trap_class));
	ost_json_put_text(view, "assembly", decode->text);
	ost_json_put_text(view, "why", decode->why);
	ost_json_put_text(view, "feature",
			  decode->missing_youngest == OST_FEATURE_NONE
				  ? NULL
				  : ost_feature_name(decode->missing_youngest));
	json_object_set_new(view, "missing", view_set(&decode->missing));
	json_object_set_new(view, "needs", view_set(&decode->needs));
}

json_t *ost_view_trap(const struct ost_trap *trap)
{
	json_t *view = json_object();

	ost_json_put_text(view, "function", trap->function);
	ost_json_put_text(view, "user", trap->user);
	ost_json_put_u64(view, "count", trap->count);
	ost_json_put_u64(view, "first_unix_ms", ost_view_unix_ms(trap->first_ns));
	ost_json_put_u64(view, "last_unix_ms", ost_view_unix_ms(trap->last_ns));
	ost_json_put_id(view, "instance_id", trap->instance_id);
	put_address(view, "ip", trap->ip);
	ost_json_put_u64(view, "pid", trap->pid);
	ost_json_put_text(view, "comm", trap->comm);
	ost_json_put_text(view, "source", trap->source == OST_TRAP_MODULE ? "module" : "signal");
	put_insn(view, trap->insn, trap->insn_len);
	put_decode(view, &trap->decode);
	ost_json_put_text(view, "build_id", trap->code ? trap->code->id : NULL);
	ost_json_put_text(view, "object", trap->code ? trap->code->object : NULL);
	if (trap->code)
		put_address(view, "offset", trap->code->offset);
	else
		json_object_set_new(view, "offset", json_null());
	return view;
}

/* The places where a function lacked a feature, as rows. */
static json_t *view_codes(const struct ost_state *state, const struct ost_function *function)
{
	json_t *rows = json_array();
	const struct ost_code *code = NULL;

	while (function->codes && (code = ost_code_next(&state->codes, code))) {
		json_t *row;

		if (code->function != function)
			continue;
		row = json_object();
		ost_json_put_text(row, "build_id", code->id);
		ost_json_put_text(row, "object", code->object);
		put_address(row, "offset", code->offset);
		ost_json_put_text(row, "feature", ost_feature_name(code->feature));
		ost_json_put_u64(row, "count", code->count);
		ost_json_put_u64(row, "first_unix_ms", ost_view_unix_ms(code->first_ns));
		ost_json_put_u64(row, "last_unix_ms", ost_view_unix_ms(code->last_ns));
		json_array_append_new(rows, row);
	}
	return rows;
}

json_t *ost_view_runs(const struct ost_state *state, const struct ost_function *function)
{
	json_t *view = json_object(), *rows = json_array();
	const struct ost_function_run *run;

	for (run = function->runs; run; run = run->next) {
		json_t *row = json_object();

		ost_json_put_text(row, "program", run->program);
		ost_json_put_u64(row, "requests", run->requests);
		json_object_set_new(row, "lacking", view_set(&run->lacking));
		json_object_set_new(row, "touched", view_set(&run->touched));
		ost_json_put_u64(row, "first_unix_ms", ost_view_unix_ms(run->first_ns));
		ost_json_put_u64(row, "last_unix_ms", ost_view_unix_ms(run->last_ns));
		json_array_append_new(rows, row);
	}
	ost_json_put_text(view, "function", function->name);
	ost_json_put_text(view, "user", function->user);
	json_object_set_new(view, "runs", rows);
	json_object_set_new(view, "traps", view_codes(state, function));
	return view;
}

json_t *ost_view_park(const struct ost_state *state, const struct ost_parked *parked)
{
	const struct ost_instance *instance =
		ost_instance_find(&state->instances, parked->instance_id);
	uint64_t now = ost_now_ns();
	json_t *view = json_object();

	ost_json_put_id(view, "event", parked->event);
	ost_json_put_id(view, "instance_id", parked->instance_id);
	ost_json_put_text(view, "path", instance ? instance->path : NULL);
	ost_json_put_text(view, "function", instance ? instance->function->name : NULL);
	ost_json_put_u64(view, "pid", parked->pid);
	ost_json_put_u64(view, "tgid", parked->tgid);
	ost_json_put_text(view, "comm", parked->comm);
	put_address(view, "ip", parked->ip);
	ost_json_put_text(view, "state",
			  parked->state == OSTLER_PARK_WAITING ? "waiting" : "decided");
	ost_json_put_u64(view, "since_unix_ms", ost_view_unix_ms(parked->since_ns));
	ost_json_put_u64(view, "left_ms",
			 now < parked->deadline_ns ? (parked->deadline_ns - now) / 1000000 : 0);
	ost_json_put_u64(view, "retraps", parked->retraps);
	put_insn(view, parked->insn, parked->insn_len);
	put_decode(view, &parked->decode);
	return view;
}
