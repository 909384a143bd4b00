// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/need/run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where a file's bytes are in memory; false when nothing of it is loaded there. */
static bool address_of(const struct ost_object *object, uint64_t offset, uint64_t *address)
{
	for (size_t i = 0; i < object->segment_count; i++) {
		const struct ost_segment *segment = &object->segments[i];

		if (segment->execute && offset >= segment->offset &&
		    offset - segment->offset < segment->size) {
			*address = segment->start + (offset - segment->offset);
			return true;
		}
	}
	return false;
}

static bool find_place(const struct ost_program *program, const struct ost_run_trap *trap,
		       uint32_t *member, uint64_t *address)
{
	for (size_t i = 0; i < program->count; i++)
		if (!strcmp(program->members[i].object->id, trap->object) &&
		    address_of(program->members[i].object, trap->offset, address)) {
			*member = i;
			return true;
		}
	return false;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_named(const struct ost_object *object, const char *name)
{
	return !strncmp(object->name, name, OST_NEED_NAME_MAX - 1) ||
	       !strncmp(base_name(object->path), name, OST_NEED_NAME_MAX - 1);
}

/* Is it in a file that the program loads by a name that was not seen, rather than in another build of
 * one that was? Without a name that can't be told. */
static bool is_outside(const struct ost_program *program, const struct ost_run_trap *trap)
{
	if (!trap->name || !*trap->name)
		return false;
	for (size_t i = 0; i < program->count; i++)
		if (!strcmp(program->members[i].object->id, trap->object) ||
		    is_named(program->members[i].object, trap->name))
			return false;
	return true;
}

/* The verdict for a feature, made where there is none; NULL when memory is short. */
static struct ost_need *get(struct ost_needs *needs, unsigned int feature)
{
	struct ost_need *grown;
	size_t at = 0;

	while (at < needs->count && needs->list[at].feature < feature)
		at++;
	if (at < needs->count && needs->list[at].feature == feature)
		return &needs->list[at];
	grown = reallocarray(needs->list, needs->count + 1, sizeof(*grown));
	if (!grown)
		return NULL;
	needs->list = grown;
	memmove(grown + at + 1, grown + at, (needs->count - at) * sizeof(*grown));
	needs->count++;
	memset(&grown[at], 0, sizeof(*grown));
	grown[at].feature = feature;
	grown[at].verdict = OST_NEED_UNREACHED;
	return &grown[at];
}

static void put_outside(struct ost_need *need, const struct ost_run_trap *trap)
{
	snprintf(need->outside.id, sizeof(need->outside.id), "%s", trap->object);
	snprintf(need->outside.name, sizeof(need->outside.name), "%s", trap->name);
	need->outside.offset = trap->offset;
}

static int promote(struct ost_needs *needs, const struct ost_program *program,
		   const struct ost_run_trap *trap, struct ost_feature_set *trapped)
{
	bool inside, outside;
	struct ost_need *need;
	uint64_t address = 0;
	uint32_t member = 0;

	if (!ost_feature_get(trap->feature))
		return 0;
	inside = find_place(program, trap, &member, &address);
	outside = !inside && is_outside(program, trap);
	if (!inside && !outside)
		return 0;
	need = get(needs, trap->feature);
	if (!need)
		return -ENOMEM;
	ost_feature_set_add(trapped, trap->feature);
	need->run = true;
	need->unsure = false;
	if (need->verdict >= OST_NEED_HAZARD)
		return 0;
	need->verdict = OST_NEED_REQUIRED;
	need->member = member;
	need->function = 0;
	need->site = address;
	need->steps = 0;
	if (outside)
		put_outside(need, trap);
	memset(&need->guard, 0, sizeof(need->guard));
	need->guard_member = 0;
	need->guard_site = 0;
	return 1;
}

/* Requests served without a trap for this feature, where it was missing. */
static uint64_t clean_requests(const struct ost_program *program, const struct ost_run *run,
			       unsigned int feature)
{
	uint64_t requests = 0;

	for (size_t i = 0; i < run->clean_count; i++) {
		const struct ost_run_clean *clean = &run->clean[i];

		if (strcmp(program->members[0].object->id, clean->object) ||
		    !ost_feature_set_has(&clean->lacking, feature))
			continue;
		if (ost_feature_set_has(&clean->touched, feature))
			return 0;
		if (__builtin_add_overflow(requests, clean->requests, &requests))
			requests = UINT64_MAX;
	}
	return requests;
}

static bool demote(struct ost_need *need, const struct ost_program *program, const struct ost_run *run,
		   const struct ost_feature_set *trapped)
{
	const struct ost_feature_info *info = ost_feature_get(need->feature);

	if (need->verdict != OST_NEED_PROBABLE || info->absence != OST_ABSENT_TRAPS ||
	    ost_feature_set_has(trapped, need->feature) ||
	    clean_requests(program, run, need->feature) < OST_RUN_REQUESTS_MIN)
		return false;
	need->verdict = OST_NEED_DISPATCHED;
	need->run = true;
	return true;
}

int ost_needs_correct(struct ost_needs *needs, const struct ost_program *program,
		      const struct ost_run *run)
{
	struct ost_feature_set trapped = { 0 };
	int changed = 0;

	if (!program->count)
		return 0;
	for (size_t i = 0; i < run->trap_count; i++) {
		int ret = promote(needs, program, &run->traps[i], &trapped);

		if (ret < 0)
			return ret;
		changed += ret;
	}
	for (size_t i = 0; i < needs->count; i++)
		changed += demote(&needs->list[i], program, run, &trapped);
	return changed;
}
