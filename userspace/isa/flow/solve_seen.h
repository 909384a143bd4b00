/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_SOLVE_SEEN_H
#define OST_ISA_SOLVE_SEEN_H

#include "isa/flow/cond.h"
#include "isa/flow/graph.h"

/*
 * Pointers in data that were followed, and under which conditions. A hostile object has as many
 * pointers into one variable as it likes: each variable is followed once, and each pointer of it once
 * under a condition, whichever address inside of it they lead to.
 */

struct seen_row;

/** struct seen - zero is empty */
struct seen {
	struct seen_row *rows;
	size_t count, room;
};

/**
 * seen_variable() - is this one new, or known under a weaker condition than before?
 * @cond: gets what it is known under now
 *
 * Return: true when it is to be followed; also false without memory, said in @failed.
 */
bool seen_variable(struct seen *seen, struct ost_conds *conds, struct ost_place place,
		   ost_cond *cond, bool *failed);

/**
 * seen_until() - pointers from an address up to the end of its variable are followed now
 *
 * Return: where those begin that were followed before under the same condition, or @end.
 */
uint64_t seen_until(struct seen *seen, struct ost_place from, uint64_t end, ost_cond cond,
		    bool *failed);

void seen_free(struct seen *seen);

#endif
