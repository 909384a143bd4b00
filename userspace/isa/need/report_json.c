// SPDX-License-Identifier: GPL-2.0-or-later
/* The report for programs. Its form is a promise: fields are added, never changed. */
#include <inttypes.h>
#include <string.h>

#include "isa/insn.h"
#include "isa/need/report.h"
#include "lib/json.h"

#define REPORT_VERSION 1

/* 64-bit addresses don't fit into the numbers of every JSON reader. */
static void put_address(json_t *object, const char *name, uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	ost_json_put_text(object, name, text);
}

static void put_path(const struct ost_report *report, json_t *object, const char *name,
		     const char *path)
{
	char shown[OST_REPORT_PATH_MAX];

	ost_json_put_text(object, name, ost_report_path(report, path, shown, sizeof(shown)));
}

static const struct ost_object *object_of(const struct ost_report *report, uint32_t member)
{
	return member < report->program->count ? report->program->members[member].object : NULL;
}

static void put_object(const struct ost_report *report, json_t *to, uint32_t member)
{
	const struct ost_object *object = object_of(report, member);

	if (object)
		put_path(report, to, "object", object->path);
	else
		ost_json_put_text(to, "object", NULL);
}

static void put_symbol(const struct ost_report *report, json_t *to, uint32_t member,
		       uint64_t address)
{
	struct ost_need_place own;
	const struct ost_need_place *place = ost_report_place(report, member, address, &own);

	ost_json_put_text(to, "symbol", place->symbol);
	ost_need_place_free(&own);
}

static json_t *names_of(const struct ost_feature_set *set)
{
	json_t *names = json_array();

	for (unsigned int i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++)
		if (ost_feature_set_has(set, i))
			json_array_append_new(names, json_string(ost_feature_name(i)));
	return names;
}

static json_t *guard_of(const struct ost_report *report, const struct ost_need *need)
{
	json_t *guard;

	if (ost_feature_set_empty(&need->guard) && !need->guard_site)
		return json_null();
	guard = json_object();
	json_object_set_new(guard, "features", names_of(&need->guard));
	if (need->guard_site) {
		put_object(report, guard, need->guard_member);
		put_symbol(report, guard, need->guard_member, need->guard_site);
		put_address(guard, "address", need->guard_site);
	} else {
		json_object_set_new(guard, "object", json_null());
		json_object_set_new(guard, "symbol", json_null());
		json_object_set_new(guard, "address", json_null());
	}
	return guard;
}

static json_t *evidence_of(const struct ost_report *report, const struct ost_need *need)
{
	const struct ost_object *object = object_of(report, need->member);
	json_t *evidence = json_object();
	struct ost_site site;

	ost_report_site(report, need->member, need->site, &site);
	put_object(report, evidence, need->member);
	ost_json_put_text(evidence, "build_id", object ? object->id : NULL);
	put_symbol(report, evidence, need->member, need->site);
	put_address(evidence, "function", need->function);
	put_address(evidence, "address", need->site);
	ost_json_put_text(evidence, "instruction", *site.text ? site.text : NULL);
	json_object_set_new(evidence, "guard", guard_of(report, need));
	return evidence;
}

/* The loader's refusal, which is for the sake of an object; or what is not in the closure. */
static json_t *whole_evidence_of(const struct ost_report *report, const struct ost_need *need)
{
	static const char *const nothing[] = {"symbol", "function", "address", "instruction", "guard"};
	const struct ost_need_outside *outside = &need->outside;
	const struct ost_object *object = object_of(report, need->member);
	json_t *evidence;
	char text[400];

	if (!ost_report_object(report, need, text, sizeof(text)))
		return json_null();
	evidence = json_object();
	if (*outside->id) {
		ost_json_put_text(evidence, "object", *outside->name ? outside->name : NULL);
		ost_json_put_text(evidence, "build_id", outside->id);
	} else {
		put_object(report, evidence, need->member);
		ost_json_put_text(evidence, "build_id", object ? object->id : NULL);
	}
	for (size_t i = 0; i < sizeof(nothing) / sizeof(nothing[0]); i++)
		json_object_set_new(evidence, nothing[i], json_null());
	return evidence;
}

static const char *step_name(char how)
{
	switch (how) {
	case 'r':
		return "root";
	case 'c':
		return "call";
	case 'j':
		return "jump";
	case 'a':
		return "address";
	case 'd':
		return "data";
	case 'v':
		return "virtual";
	case 'i':
		return "resolver";
	default:
		return "unknown";
	}
}

static json_t *path_of(const struct ost_report *report, const struct ost_need *need)
{
	json_t *path = json_array();

	for (uint32_t i = 0; i < need->steps && i < OST_NEED_STEPS_MAX; i++) {
		const struct ost_need_step *step = &need->path[i];
		json_t *row = json_object();

		put_object(report, row, step->member);
		put_symbol(report, row, step->member, step->site);
		put_address(row, "function", step->function);
		put_address(row, "address", step->site);
		ost_json_put_text(row, "how", step_name(step->how));
		json_array_append_new(path, row);
	}
	return path;
}

static json_t *feature_of(const struct ost_report *report, const struct ost_need *need)
{
	const struct ost_feature_info *info = ost_feature_get(need->feature);
	json_t *feature = json_object();
	char where[64];

	ost_feature_where(need->feature, where, sizeof(where));
	ost_json_put_text(feature, "name", ost_feature_name(need->feature));
	ost_json_put_text(feature, "verdict", ost_need_verdict_name(need->verdict));
	ost_json_put_u64(feature, "count", need->count);
	ost_json_put_text(feature, "cpuid", where);
	ost_json_put_text(feature, "without_it", info ? ost_absence_text(info->absence) : NULL);
	ost_json_put_bool(feature, "known", need->known);
	ost_json_put_bool(feature, "run", need->run);
	ost_json_put_bool(feature, "unsure", need->unsure);
	json_object_set_new(feature, "evidence",
			    need->site ? evidence_of(report, need) :
					 whole_evidence_of(report, need));
	json_object_set_new(feature, "path", path_of(report, need));
	return feature;
}

static const char *how_name(enum ost_how how)
{
	static const char *const names[] = {
		[OST_HOW_MAIN] = "main",
		[OST_HOW_INTERPRETER] = "interpreter",
		[OST_HOW_NEEDED] = "needed",
		[OST_HOW_DLOPEN] = "dlopen",
	};

	return how <= OST_HOW_DLOPEN ? names[how] : "unknown";
}

static json_t *objects_of(const struct ost_report *report)
{
	json_t *objects = json_array();

	for (size_t i = 0; i < report->program->count; i++) {
		const struct ost_member *member = &report->program->members[i];
		json_t *row = json_object();

		put_path(report, row, "path", member->object->path);
		ost_json_put_text(row, "build_id", member->object->id);
		ost_json_put_text(row, "how", how_name(member->how));
		json_array_append_new(objects, row);
	}
	return objects;
}

static json_t *missing_of(const struct ost_report *report)
{
	json_t *missing = json_array();

	for (size_t i = 0; i < report->program->missing_count; i++) {
		const struct ost_missing *one = &report->program->missing[i];
		json_t *row = json_object();

		ost_json_put_text(row, "name", one->name);
		put_path(report, row, "wanted_by", one->wanted_by ? one->wanted_by : "");
		ost_json_put_text(row, "why", one->why);
		ost_json_put_bool(row, "dlopen", one->dlopen);
		json_array_append_new(missing, row);
	}
	return missing;
}

static json_t *host_of(const struct ost_report *report, const struct ost_report_host *host)
{
	json_t *row = json_object();
	struct ost_feature_set unmet;
	bool runs = ost_needs_unmet(report->needs, &host->have, &unmet);

	ost_json_put_text(row, "name", host->name);
	if (ost_needs_unsure(report->needs, &unmet))
		json_object_set_new(row, "runs", json_null());
	else
		ost_json_put_bool(row, "runs", runs);
	json_object_set_new(row, "unmet", names_of(&unmet));
	return row;
}

json_t *ost_report_json(const struct ost_report *report, const struct ost_report_host *host)
{
	const struct ost_needs *needs = report->needs;
	unsigned int level = ost_needs_level(needs);
	json_t *whole = json_object(), *features = json_array();

	if (!whole || !features) {
		json_decref(whole);
		json_decref(features);
		return NULL;
	}
	ost_json_put_u64(whole, "version", REPORT_VERSION);
	if (report->path)
		ost_json_put_text(whole, "path", report->path);
	else
		put_path(report, whole, "path", report->program->members[0].object->path);
	ost_json_put_bool(whole, "complete", needs->complete);
	ost_json_put_text(whole, "incomplete", needs->incomplete);
	ost_json_put_text(whole, "level", level ? ost_report_level(needs) : NULL);
	for (size_t i = 0; i < needs->count; i++)
		json_array_append_new(features, feature_of(report, &needs->list[i]));
	json_object_set_new(whole, "features", features);
	json_object_set_new(whole, "objects", objects_of(report));
	json_object_set_new(whole, "missing", missing_of(report));
	if (host)
		json_object_set_new(whole, "host", host_of(report, host));
	ost_json_put_u64(whole, "code_bytes", needs->code_bytes);
	ost_json_put_u64(whole, "functions", needs->functions);
	ost_json_put_u64(whole, "analysed", needs->analysed);
	ost_json_put_bool(whole, "cached", report->cached);
	ost_json_put_real(whole, "duration_ms", needs->duration_ns / 1e6);
	return whole;
}
