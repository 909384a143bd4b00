// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/solve_seen.h"

#include <stdlib.h>

#define ROOM_FIRST 4096

/** Variables shorter than this are followed again from each address inside of them: bytes. */
#define SMALL 4096

/* a variable; or where one ends, and a condition */
struct seen_row {
	uint64_t address;
	uint64_t from;	 /* of an end: pointers were followed from here on */
	uint32_t member; /* and 1; 0: free */
	ost_cond under;	 /* OST_COND_ALL: of a variable */
	ost_cond cond;	 /* of a variable: it was followed under this */
};

static struct seen_row *row_of(struct seen_row *rows, size_t room, struct ost_place place,
			       ost_cond under)
{
	uint64_t key = place.address * 0x9e3779b97f4a7c15ull ^ place.member * 0x85ebca6bu;
	size_t at = (key >> 24 ^ under * 0x9e3779b1u) & (room - 1);

	while (rows[at].member &&
	       (rows[at].address != place.address || rows[at].member != place.member + 1 ||
		rows[at].under != under))
		at = (at + 1) & (room - 1);
	return &rows[at];
}

static struct ost_place place_of(const struct seen_row *row)
{
	return (struct ost_place){row->member - 1, row->address};
}

static bool grow(struct seen *seen)
{
	size_t room = seen->room ? seen->room * 2 : ROOM_FIRST;
	struct seen_row *rows = calloc(room, sizeof(*rows));

	if (!rows)
		return false;
	for (size_t i = 0; i < seen->room; i++)
		if (seen->rows[i].member)
			*row_of(rows, room, place_of(&seen->rows[i]), seen->rows[i].under) =
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
	if (!row->member) {
		*row = (struct seen_row){
			.address = place.address,
			.member = place.member + 1,
			.under = OST_COND_ALL,
			.cond = *cond,
		};
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
	struct seen_row *row;
	uint64_t before;

	if (end - from.address < SMALL)
		return end;
	row = find(seen, place, cond, failed);
	if (!row)
		return from.address;
	before = row->member ? row->from : end;
	if (!row->member) {
		*row = (struct seen_row){
			.address = end,
			.from = from.address,
			.member = from.member + 1,
			.under = cond,
		};
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
