/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CONTROL_LIST_H
#define OST_CONTROL_LIST_H

#include "ostlerd/control/request.h"

/*
 * An array of many rows, sent piece by piece: a host with thousands of instances must not hold up
 * its loop while somebody looks at them. What is to be told is chosen at once, each row is written
 * when its turn comes; a row that is gone by then is left out.
 */

struct ost_list;

/**
 * ost_list_new() - begin a list
 * @name: of the array in the answer
 * @row_size: bytes of a row; what identifies it, or a copy of it
 * @view: makes the JSON of a row; NULL when it is gone
 */
struct ost_list *ost_list_new(struct ost_state *state, const char *name, size_t row_size,
			      json_t *(*view)(struct ost_state *state, const void *row));

/** ost_list_add() - add a row; 0 or -ENOMEM */
int ost_list_add(struct ost_list *list, const void *row);

/** ost_list_send() - answer the request with the list; takes it over, NULL is answered too */
void ost_list_send(struct ost_list *list, struct ost_request *req);

#endif
