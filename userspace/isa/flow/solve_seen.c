// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/solve_seen.h"

#include <stdlib.h>

#define ROOM_FIRST 4096

/* a variable; or where one ends, and a condition */
struct seen_row {
	struct ost_place place;
	ost_cond under; /* OST_COND_ALL: of a variable */
	ost_cond cond;	/* of a variable: it was followed under this */
	uint64_t from;	/* of an end: pointers were followed from here on */
	bool used;
};

static struct seen_row *row_of(struct seen_row *rows, size_t room, struct ost_place place,
			       ost_cond under)
{
	uint64_t key = place.address ^ (uint64_t)under << 48;
	size_t at = (key * 0x9e3779b97f4a7c15ull ^ place.member * 0x85ebca6bu) >> 24 & (room - 1);

	while (rows[at].used &&
	       (rows[at].place.address != place.address || rows[at].place.member != place.member ||
		rows[at].under != under))
		at = (at + 1) & (room - 1);
	return &rows[at];
}

static bool grow(struct seen *seen)
{
	size_t room = seen->room ? seen->room * 2 : ROOM_FIRST;
	struct seen_row *rows = calloc(room, sizeof(*rows));

	if (!rows)
		return false;
	for (size_t i = 0; i < seen->room; i++)
		if (seen->rows[i].used)
			*row_of(rows, room, seen->rows[i].place, seen->rows[i].under) =
				seen->rows[i];
	free(seen->rows);
	seen->rows = rows;
	seen->room = room;
	return true;
}

/* The row for these, which may be a free one. */
static struct seen_row *find(struct seen *seen, struct ost_place place, ost_cond under,
			     bool *failed)
{
	if (2 * seen->count >= seen->room && !grow(seen)) {
		*failed = true;
		return NULL;
	}
	return row_of(seen->rows, seen->room, place, under);
}

bool seen_variable(struct seen *seen, struct ost_conds *conds, struct ost_place place,
		   ost_cond *cond, bool *failed)
{
	struct seen_row *row = find(seen, place, OST_COND_ALL, failed);
	ost_cond either;

	if (!row)
		return false;
	if (!row->used) {
		*row = (struct seen_row){place, OST_COND_ALL, *cond, 0, true};
		seen->count++;
		return true;
	}
	either = ost_cond_either(conds, row->cond, *cond);
	if (either == row->cond)
		return false;
	*cond = row->cond = either;
	return true;
}

uint64_t seen_until(struct seen *seen, struct ost_place from, uint64_t end, ost_cond cond,
		    bool *failed)
{
	struct ost_place place = {from.member, end};
	struct seen_row *row = find(seen, place, cond, failed);
	uint64_t before;

	if (!row)
		return from.address;
	before = row->used ? row->from : end;
	if (!row->used) {
		*row = (struct seen_row){place, cond, cond, from.address, true};
		seen->count++;
	} else if (from.address < row->from) {
		row->from = from.address;
	}
	return before;
}

void seen_free(struct seen *seen)
{
	free(seen->rows);
}
