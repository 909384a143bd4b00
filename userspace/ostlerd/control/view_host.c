// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/host.h"
#include "ostlerd/control/view.h"

static json_t *view_name_and_load(const struct ost_host *host)
{
	json_t *view = json_object();

	ost_json_put_text(view, "name", host->name);
	ost_json_put_text(view, "kernel", host->kernel);
	ost_json_put_bool(view, "emulated", host->emulated);
	ost_json_put_u64(view, "cpus", host->cpus);
	ost_json_put_u64(view, "memory_total_bytes", host->memory_total);
	ost_json_put_u64(view, "memory_available_bytes", host->memory_available);
	ost_json_put_real(view, "busy_share", host->busy);
	ost_json_put_bool(view, "pressure", host->pressure);
	return view;
}

static json_t *view_degraded(const struct ost_host *host)
{
	json_t *rows = json_array();

	for (unsigned int i = 0; i < host->degraded_count; i++) {
		json_t *row = json_object();

		ost_json_put_text(row, "part", host->degraded[i].part);
		ost_json_put_text(row, "text", host->degraded[i].text);
		json_array_append_new(rows, row);
	}
	return rows;
}

static void put_totals(json_t *view, const struct ost_state *state)
{
	const struct ost_host *host = &state->host;

	ost_json_put_u64(view, "up_ms", (ost_now_ns() - host->started_ns) / 1000000);
	ost_json_put_u64(view, "instances", state->instances.count);
	ost_json_put_u64(view, "functions", state->instances.functions.count);
	ost_json_put_u64(view, "parked", state->traps.parked_count);
	ost_json_put_u64(view, "trap_kinds", state->traps.rows);
	ost_json_put_u64(view, "collecting", host->collecting);
	ost_json_put_u64(view, "collections", host->collections);
	ost_json_put_u64(view, "collections_failed", host->collections_failed);
	ost_json_put_u64(view, "yield_bytes", host->yield_bytes);
}

/* Sums over all instances, for the one line that people look at first. */
static void put_sums(json_t *view, const struct ost_state *state)
{
	const struct ost_instance *instance = NULL;
	uint64_t current = 0, anon = 0, garbage = 0;

	while ((instance = ost_instance_next(&state->instances, instance))) {
		current += instance->memory.current;
		anon += instance->memory.anon;
		garbage += instance->garbage_bytes;
	}
	ost_json_put_u64(view, "memory_bytes", current);
	ost_json_put_u64(view, "anon_bytes", anon);
	ost_json_put_u64(view, "garbage_bytes", garbage);
}

json_t *ost_view_status(const struct ost_state *state, bool names)
{
	json_t *view = json_object(), *parts;

	ost_json_put_u64(view, "api", 1);
	put_totals(view, state);
	if (!names)
		return view;
	put_sums(view, state);
	ost_json_put_u64(view, "events", state->host.events);
	ost_json_put_u64(view, "drops", state->host.drops);
	ost_json_put_u64(view, "samples", state->host.samples);
	json_object_set_new(view, "host", view_name_and_load(&state->host));
	parts = json_object();
	ost_json_put_bool(parts, "module", state->kmod);
	ost_json_put_bool(parts, "probes", state->bpf);
	ost_json_put_bool(parts, "store", state->store);
	ost_json_put_bool(parts, "agent", state->broker);
	json_object_set_new(view, "parts", parts);
	json_object_set_new(view, "degraded", view_degraded(&state->host));
	return view;
}

json_t *ost_view_features(const struct ost_state *state)
{
	const struct ost_host_features *have = &state->features;
	json_t *view = json_object(), *rows = json_array();

	ost_json_put_u64(view, "x86_64_level", ost_feature_level(&have->usable));
	ost_json_put_u64(view, "cpus", have->cpus);
	ost_json_put_u64(view, "cpus_read", have->read);
	for (unsigned int f = OST_FEATURE_NONE + 1; f < OST_FEATURE_END; f++) {
		const struct ost_feature_info *info = ost_feature_get(f);
		char where[64], withheld[160];
		json_t *row = json_object();

		ost_feature_where(f, where, sizeof(where));
		ost_host_feature_withheld(have, f, withheld, sizeof(withheld));
		ost_json_put_text(row, "name", info->name);
		ost_json_put_text(row, "title", info->title);
		ost_json_put_u64(row, "level", info->level);
		ost_json_put_bool(row, "processor", ost_feature_set_has(&have->processor, f));
		ost_json_put_bool(row, "usable", ost_feature_set_has(&have->usable, f));
		ost_json_put_bool(row, "some_cpus", ost_feature_set_has(&have->some, f));
		ost_json_put_text(row, "withheld", *withheld ? withheld : NULL);
		ost_json_put_text(row, "without", ost_absence_text(info->absence));
		ost_json_put_text(row, "where", where);
		json_array_append_new(rows, row);
	}
	json_object_set_new(view, "features", rows);
	ost_json_put_text(view, "unknown", *have->degraded ? have->degraded : NULL);
	return view;
}
