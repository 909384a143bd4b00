// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/cell.h"

#include <stdlib.h>
#include <string.h>

struct cell {
	uint64_t granule; /* address / 4 */
	uint32_t space;
	ost_value bits;	     /* 32 of them */
	ost_value whole;     /* the value as stored, if all stores had @from and @bytes */
	uint8_t from, bytes; /* @bytes 0: none yet */
	bool used, mixed;
};

struct ost_cells {
	struct ost_values *values;
	struct cell *slots;
	size_t count, room; /* @room is a power of two */
};

struct ost_cells *ost_cells_new(struct ost_values *values)
{
	struct ost_cells *cells = calloc(1, sizeof(*cells));

	if (!cells)
		return NULL;
	cells->values = values;
	cells->room = 64;
	cells->slots = calloc(cells->room, sizeof(*cells->slots));
	if (cells->slots)
		return cells;
	free(cells);
	return NULL;
}

void ost_cells_free(struct ost_cells *cells)
{
	if (!cells)
		return;
	free(cells->slots);
	free(cells);
}

size_t ost_cells_size(const struct ost_cells *cells)
{
	return sizeof(*cells) + cells->room * sizeof(*cells->slots);
}

void ost_cells_clear(struct ost_cells *cells)
{
	for (size_t i = 0; i < cells->room; i++) {
		cells->slots[i].bits = cells->slots[i].whole = OST_VALUE_NOTHING;
		cells->slots[i].bytes = 0;
		cells->slots[i].mixed = false;
	}
}

static struct cell *slot_of(const struct cell *slots, size_t room, uint32_t space, uint64_t granule)
{
	size_t at = (granule * 0x9e3779b97f4a7c15ull ^ space * 0x85ebca6bu) >> 20 & (room - 1);

	while (slots[at].used && (slots[at].granule != granule || slots[at].space != space))
		at = (at + 1) & (room - 1);
	return (struct cell *)&slots[at];
}

static const struct cell *find(const struct ost_cells *cells, uint32_t space, uint64_t granule)
{
	const struct cell *cell = slot_of(cells->slots, cells->room, space, granule);

	return cell->used ? cell : NULL;
}

static bool grow(struct ost_cells *cells)
{
	struct cell *slots = calloc(cells->room * 2, sizeof(*slots));

	if (!slots)
		return false;
	for (size_t i = 0; i < cells->room; i++)
		if (cells->slots[i].used)
			*slot_of(slots, cells->room * 2, cells->slots[i].space,
				 cells->slots[i].granule) = cells->slots[i];
	free(cells->slots);
	cells->slots = slots;
	cells->room *= 2;
	return true;
}

static struct cell *make(struct ost_cells *cells, uint32_t space, uint64_t granule)
{
	struct cell *cell = slot_of(cells->slots, cells->room, space, granule);

	if (cell->used)
		return cell;
	if (2 * cells->count >= cells->room) {
		if (!grow(cells))
			return NULL;
		cell = slot_of(cells->slots, cells->room, space, granule);
	}
	*cell = (struct cell){granule, space, OST_VALUE_NOTHING, OST_VALUE_NOTHING, 0, 0,
			      true,    false};
	cells->count++;
	return cell;
}

bool ost_cells_has(const struct ost_cells *cells, uint32_t space, uint64_t address,
		   unsigned int bytes)
{
	for (uint64_t at = address / 4; at <= (address + bytes - 1) / 4; at++)
		if (find(cells, space, at))
			return true;
	return false;
}

static bool set(ost_value *at, ost_value value)
{
	bool changed = *at != value;

	*at = value;
	return changed;
}

/* @from and @bytes: in the cell; what the rest of the cell may be stays as it is */
static bool store_bits(struct ost_cells *cells, struct cell *cell, unsigned int from,
		       unsigned int bytes, ost_value value)
{
	if (cell->bits == OST_VALUE_ANY)
		return false;
	return set(&cell->bits,
		   ost_value_blend(cells->values, cell->bits, value, from * 8, bytes * 8));
}

static bool store_whole(struct ost_cells *cells, struct cell *cell, unsigned int from,
			unsigned int bytes, ost_value value, bool *lost)
{
	if (cell->bytes && (cell->from != from || cell->bytes != bytes)) {
		bool changed = !cell->mixed;

		*lost = *lost || ost_value_has_address(cells->values, cell->whole) ||
			ost_value_has_address(cells->values, value);
		cell->mixed = true;
		return changed;
	}
	cell->from = from;
	cell->bytes = bytes;
	return set(&cell->whole, ost_value_join(cells->values, cell->whole, OST_COND_NONE, value,
						OST_COND_NONE, lost));
}

bool ost_cells_store(struct ost_cells *cells, uint32_t space, uint64_t address, unsigned int bytes,
		     ost_value value, bool *lost)
{
	unsigned int from = address % 4, low = bytes < 4 ? bytes : 4;
	bool changed, crosses = from + bytes > 4 && !(from == 0 && bytes == 8);
	struct cell *cell = make(cells, space, address / 4), *next;

	if (!cell)
		return false;
	if (crosses) {
		*lost = *lost || ost_value_has_address(cells->values, value);
		value = OST_VALUE_ANY;
		low = 4 - from;
	}
	changed =
		store_bits(cells, cell, from, low, ost_value_cut(cells->values, value, 0, low * 8));
	changed |= store_whole(cells, cell, from, bytes, value, lost);
	if (from + bytes <= 4)
		return changed;
	/* make() may have moved the first one, which is done with */
	next = make(cells, space, address / 4 + 1);
	if (!next)
		return changed;
	changed |= store_bits(cells, next, 0, from + bytes - 4,
			      ost_value_cut(cells->values, value, 32, (from + bytes - 4) * 8));
	changed |= store_whole(cells, next, 4, bytes, OST_VALUE_ANY, lost);
	return changed;
}

ost_value ost_cells_load(const struct ost_cells *cells, uint32_t space, uint64_t address,
			 unsigned int bytes)
{
	unsigned int from = address % 4;
	const struct cell *cell = find(cells, space, address / 4), *next;

	if (from + bytes <= 4 || (from == 0 && bytes == 8)) {
		if (cell && !cell->mixed && cell->bytes == bytes && cell->from == from)
			return cell->whole;
	} else {
		return OST_VALUE_ANY;
	}
	if (from + bytes <= 4)
		return cell ? ost_value_cut(cells->values, cell->bits, from * 8, bytes * 8)
			    : OST_VALUE_NOTHING;
	next = find(cells, space, address / 4 + 1);
	if (!cell && !next)
		return OST_VALUE_NOTHING;
	return ost_value_paste(cells->values, cell ? cell->bits : OST_VALUE_ANY,
			       next ? next->bits : OST_VALUE_ANY, 32, 32);
}
