/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_CELL_H
#define OST_ISA_CELL_H

#include <stddef.h>

#include "isa/flow/value.h"

/*
 * Memory, four bytes at a time: what was stored there so far, joined. A cell that was written with
 * one size at one place also keeps the value whole, with its alternatives.
 */

struct ost_cells;

/** ost_cells_new() - @values outlives it; NULL without memory */
struct ost_cells *ost_cells_new(struct ost_values *values);
void ost_cells_free(struct ost_cells *cells);

/** ost_cells_size() - bytes of memory that they take */
size_t ost_cells_size(const struct ost_cells *cells);

/** ost_cells_clear() - forget all values; the cells themselves stay known to ost_cells_has() */
void ost_cells_clear(struct ost_cells *cells);

/** ost_cells_has() - was any of these bytes ever stored to? */
bool ost_cells_has(const struct ost_cells *cells, uint32_t space, uint64_t address,
		   unsigned int bytes);

/**
 * ost_cells_store() - add a value to what may be there
 * @space: addresses of different spaces are different
 * @bytes: 1, 2, 4 or 8; what crosses a cell's border is stored as OST_VALUE_ANY
 * @lost: as of ost_value_join()
 *
 * Return: did anything change?
 */
bool ost_cells_store(struct ost_cells *cells, uint32_t space, uint64_t address, unsigned int bytes,
		     ost_value value, bool *lost);

/** ost_cells_load() - what may be there; OST_VALUE_NOTHING when nothing was stored yet */
ost_value ost_cells_load(const struct ost_cells *cells, uint32_t space, uint64_t address,
			 unsigned int bytes);

#endif
