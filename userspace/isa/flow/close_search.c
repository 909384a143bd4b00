// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "isa/flow/close_internal.h"

/* Features that are looked for by their names: in /proc/cpuinfo, or in a list that somebody made. */

/** Longest name of a feature that is looked for in strings: bytes. */
#define NAME_BYTES 32

static const char cpuinfo[] = "/proc/cpuinfo";

unsigned int ost_close_named(const struct ost_object *object, uint64_t address)
{
	char name[NAME_BYTES];
	size_t left, length = 0;
	const uint8_t *bytes = ost_object_at(object, address, &left);
	unsigned int feature;

	for (; bytes && left && *bytes == ' '; left--)
		bytes++;
	while (bytes && length < left && length < NAME_BYTES - 1 && bytes[length] > ' ') {
		name[length] = bytes[length];
		length++;
	}
	if (!length || length == left)
		return OST_FEATURE_NONE;
	name[length] = 0;
	feature = ost_feature_find(name);
	/* what every x86-64 processor has guards nothing */
	return feature && ost_feature_get(feature)->level == 1 ? OST_FEATURE_NONE : feature;
}

static unsigned int named(struct look *look, ost_value value)
{
	const struct ost_program *program = ost_graph_program(look->close->graph);
	const struct ost_alt *alts;
	unsigned int count;

	alts = ost_value_alts(look->close->values, value, &count);
	return count == 1 && alts[0].kind == OST_ALT_ADDRESS
		       ? ost_close_named(program->members[alts[0].member].object, alts[0].number)
		       : OST_FEATURE_NONE;
}

/* what a call compares or finds */
enum search { SEARCH_NONE, SEARCH_COMPARE, SEARCH_FIND };

static enum search search_of(const char *symbol)
{
	static const struct {
		const char *name;
		enum search what;
	} searches[] = {
		{"strcmp", SEARCH_COMPARE},	{"strncmp", SEARCH_COMPARE},
		{"strcasecmp", SEARCH_COMPARE}, {"strncasecmp", SEARCH_COMPARE},
		{"memcmp", SEARCH_COMPARE},	{"strstr", SEARCH_FIND},
		{"strcasestr", SEARCH_FIND},
	};

	/* most calls are of something else */
	if (!symbol || (symbol[0] != 's' && symbol[0] != 'm'))
		return SEARCH_NONE;
	for (size_t i = 0; i < sizeof(searches) / sizeof(searches[0]); i++)
		if (!strcmp(symbol, searches[i].name))
			return searches[i].what;
	return SEARCH_NONE;
}

static bool names_cpuinfo(const struct ost_object *object)
{
	for (size_t i = 0; i < object->segment_count; i++) {
		const struct ost_segment *segment = &object->segments[i];

		if (!segment->write && segment->bytes &&
		    memmem(segment->bytes, segment->size, cpuinfo, sizeof(cpuinfo)))
			return true;
	}
	return false;
}

/* Does it name /proc/cpuinfo? Who compares words otherwise may mean a cipher by "aes". */
static bool reads_cpuinfo(struct look *look)
{
	const struct ost_program *program = ost_graph_program(look->close->graph);
	uint32_t member = look->function->member;
	uint8_t *known;

	/* all of its bytes are looked at, so once */
	if (!look->close->cpuinfo)
		look->close->cpuinfo = calloc(program->count, 1);
	if (!look->close->cpuinfo)
		return false;
	known = &look->close->cpuinfo[member];
	if (!*known)
		*known = names_cpuinfo(program->members[member].object) ? 2 : 1;
	return *known == 2;
}

/* A comparison answers zero where it was found, and less or more than that where it wasn't. */
static ost_value compared(struct ost_values *values, ost_cond cond)
{
	struct ost_alt equal = {.kind = OST_ALT_NUMBER, .cond = cond};
	bool lost = false;
	ost_value value =
		ost_value_join(values, ost_value_number(values, 1), OST_COND_NONE,
			       ost_value_number(values, UINT32_MAX), OST_COND_NONE, &lost);

	return ost_value_join(values, value, OST_COND_NONE, ost_value_alt(values, &equal),
			      OST_COND_NONE, &lost);
}

/* A search answers zero, or something else where it was found. */
static ost_value found(struct ost_values *values, ost_cond cond)
{
	struct ost_alt where = {.kind = OST_ALT_UNKNOWN, .number = 1, .cond = cond};
	bool lost = false;

	return ost_value_join(values, ost_value_number(values, 0), OST_COND_NONE,
			      ost_value_alt(values, &where), OST_COND_NONE, &lost);
}

ost_value close_search(struct look *look, const char *symbol, const ost_value *arguments)
{
	enum search what = search_of(symbol);
	struct ost_feature_set set = {0};
	unsigned int feature;
	ost_cond cond;

	if (what == SEARCH_NONE)
		return OST_VALUE_ANY;
	feature = named(look, arguments[1]);
	if (!feature && what == SEARCH_COMPARE)
		feature = named(look, arguments[0]);
	if (!feature || (what == SEARCH_COMPARE && !reads_cpuinfo(look)))
		return OST_VALUE_ANY;
	ost_feature_set_add(&set, feature);
	cond = ost_cond_of(look->close->conds, &set);
	return what == SEARCH_COMPARE ? compared(look->close->values, cond)
				      : found(look->close->values, cond);
}

static bool calls_search(struct look *look, const struct ost_function *function)
{
	for (uint32_t i = 0; i < function->ref_count; i++) {
		struct ost_place to = {function->member, function->refs[i].target};

		if ((function->refs[i].kind == OST_REF_CALL &&
		     search_of(ost_graph_code(look->close->graph, to).symbol)) ||
		    (function->refs[i].kind == OST_REF_CALL_SLOT &&
		     search_of(ost_graph_slot(look->close->graph, to).symbol)))
			return true;
	}
	return false;
}

bool close_searches(struct look *look, const struct state *state,
		    const struct ost_function *callee)
{
	struct habits *habits = close_habits(look->close, callee);

	if (!habits || callee->end - callee->start > INLINE_BYTES)
		return false;
	if (!habits->searches)
		habits->searches = calls_search(look, callee) ? 2 : 1;
	for (unsigned int i = 0; i < 6 && habits->searches == 2; i++)
		if (named(look, state->reg[close_argument_registers[i]]))
			return true;
	return false;
}
