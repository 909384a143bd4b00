// SPDX-License-Identifier: GPL-2.0-or-later
/* The instructions that verdicts name, as symbols and text. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isa/insn.h"
#include "isa/need/need.h"

static int by_place(const void *a, const void *b)
{
	const struct ost_need_place *left = a, *right = b;

	if (left->member != right->member)
		return left->member < right->member ? -1 : 1;
	return (left->address > right->address) - (left->address < right->address);
}

const struct ost_need_place *ost_needs_place(const struct ost_needs *needs, uint32_t member,
					     uint64_t address)
{
	const struct ost_need_place key = {.member = member, .address = address};

	if (!needs->place_count)
		return NULL;
	return bsearch(&key, needs->places, needs->place_count, sizeof(key), by_place);
}

void ost_need_place_free(struct ost_need_place *place)
{
	free(place->symbol);
	free(place->text);
	place->symbol = place->text = NULL;
}

int ost_need_place_read(struct ost_need_place *place, const struct ost_program *program,
			uint32_t member, uint64_t address)
{
	const struct ost_symbol *symbol;
	struct ost_object *object;
	struct ost_insn insn;
	const uint8_t *bytes;
	size_t left = 0;

	*place = (struct ost_need_place){.member = member, .address = address};
	if (member >= program->count)
		return 0;
	object = program->members[member].object;
	/* without its tables there is an address all the same */
	ost_object_load(object, NULL);
	symbol = ost_object_symbol(object, address);
	if (symbol && symbol->name && *symbol->name) {
		place->into = address - symbol->address;
		place->symbol = strdup(symbol->name);
		if (!place->symbol)
			return -ENOMEM;
	}
	bytes = ost_object_at(object, address, &left);
	if (!bytes)
		return 0;
	if (left > OST_INSN_LENGTH_MAX)
		left = OST_INSN_LENGTH_MAX;
	if (ost_insn_decode(bytes, left, &insn) != OST_INSN_OK)
		return 0;
	place->text = strdup(insn.text);
	if (place->text)
		return 0;
	ost_need_place_free(place);
	return -ENOMEM;
}

static void add(struct ost_need_place *places, size_t *count, uint32_t member, uint64_t address)
{
	places[(*count)++] = (struct ost_need_place){.member = member, .address = address};
}

static size_t note_all(const struct ost_needs *needs, struct ost_need_place *places)
{
	size_t count = 0;

	for (size_t i = 0; i < needs->count; i++) {
		const struct ost_need *need = &needs->list[i];

		if (need->site)
			add(places, &count, need->member, need->site);
		if (need->guard_site)
			add(places, &count, need->guard_member, need->guard_site);
		for (uint32_t k = 0; k < need->steps && k < OST_NEED_STEPS_MAX; k++)
			add(places, &count, need->path[k].member, need->path[k].site);
	}
	return count;
}

int ost_needs_describe(struct ost_needs *needs, const struct ost_program *program)
{
	struct ost_need_place *places;
	size_t count, kept = 0;
	int ret = 0;

	if (needs->places)
		return 0;
	places = calloc(needs->count * (OST_NEED_STEPS_MAX + 2) + 1, sizeof(*places));
	if (!places)
		return -ENOMEM;
	count = note_all(needs, places);
	qsort(places, count, sizeof(*places), by_place);
	for (size_t i = 0; i < count && !ret; i++) {
		if (kept && !by_place(&places[kept - 1], &places[i]))
			continue;
		ret = ost_need_place_read(&places[kept], program, places[i].member,
					  places[i].address);
		kept += !ret;
	}
	needs->places = places;
	needs->place_count = kept;
	if (ret)
		ost_needs_drop_places(needs);
	return ret;
}

void ost_needs_drop_places(struct ost_needs *needs)
{
	for (size_t i = 0; i < needs->place_count; i++)
		ost_need_place_free(&needs->places[i]);
	free(needs->places);
	needs->places = NULL;
	needs->place_count = 0;
}
