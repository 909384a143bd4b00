// SPDX-License-Identifier: GPL-2.0-or-later
/* Questions about a loaded object. */
#include <errno.h>

#include "object_file.h"

/* How many symbols before an address are asked whether they reach that far. */
#define SYMBOL_STEPS 64

const struct ost_segment *ost_object_segment(const struct ost_object *object, uint64_t address)
{
	size_t low = 0, high = object->segment_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (object->segments[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address >= object->segments[low - 1].end)
		return NULL;
	return &object->segments[low - 1];
}

int ost_object_offset(const struct ost_object *object, uint64_t address, uint64_t *offset,
		      uint64_t *left)
{
	const struct ost_segment *segment = ost_object_segment(object, address);

	if (!segment || address - segment->start >= segment->size)
		return -EBADMSG;
	*offset = segment->offset + (address - segment->start);
	*left = segment->size - (address - segment->start);
	return 0;
}

const uint8_t *ost_object_at(const struct ost_object *object, uint64_t address, size_t *left)
{
	const struct ost_segment *segment = ost_object_segment(object, address);

	if (!segment || !segment->bytes || address - segment->start >= segment->size)
		return NULL;
	if (left)
		*left = segment->size - (address - segment->start);
	return segment->bytes + (address - segment->start);
}

bool ost_object_is_code(const struct ost_object *object, uint64_t address)
{
	const struct ost_segment *segment = ost_object_segment(object, address);

	return segment && segment->execute && address - segment->start < segment->size;
}

const struct ost_section *ost_object_section(const struct ost_object *object, uint64_t address)
{
	size_t low = 0, high = object->section_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (object->sections[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || address >= object->sections[low - 1].end)
		return NULL;
	return &object->sections[low - 1];
}

size_t ost_object_relocs_from(const struct ost_object *object, uint64_t address)
{
	size_t low = 0, high = object->reloc_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (object->relocs[middle].offset < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct ost_reloc *ost_object_reloc(const struct ost_object *object, uint64_t address)
{
	size_t i = ost_object_relocs_from(object, address);

	if (i < object->reloc_count && object->relocs[i].offset == address)
		return &object->relocs[i];
	return NULL;
}

/* What people would call it: a function rather than a variable, a global rather than a local name. */
static unsigned int rank_symbol(const struct ost_symbol *symbol)
{
	unsigned int rank = symbol->size ? 1 : 0;

	if (symbol->type == STT_FUNC || symbol->type == STT_GNU_IFUNC)
		rank += 16;
	else if (symbol->type == STT_OBJECT)
		rank += 8;
	if (symbol->bind == STB_GLOBAL)
		rank += 4;
	if (symbol->name[0])
		rank += 2;
	return rank;
}

const struct ost_symbol *ost_object_symbol(const struct ost_object *object, uint64_t address)
{
	const struct ost_symbol *best = NULL, *open_end = NULL;
	size_t low = 0, high = object->symbol_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (object->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t steps = 0, first = low; low-- && steps < SYMBOL_STEPS; steps++) {
		const struct ost_symbol *symbol = &object->symbols[low];
		bool nearest = symbol->address == object->symbols[first - 1].address;

		/* the nearest start wins; of several there, the best name */
		if (best && best->address != symbol->address)
			break;
		if (symbol->type == STT_TLS)
			continue;
		if (symbol->size && address - symbol->address < symbol->size) {
			if (!best || rank_symbol(symbol) > rank_symbol(best))
				best = symbol;
		} else if (!symbol->size && nearest) {
			if (!open_end || rank_symbol(symbol) > rank_symbol(open_end))
				open_end = symbol;
		}
	}
	if (best || !open_end)
		return best;
	/* without a size it reaches to the next one, but not out of its segment */
	return ost_object_segment(object, address) == ost_object_segment(object, open_end->address) ?
	       open_end : NULL;
}
