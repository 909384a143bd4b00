/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_STORE_LOAD_H
#define OST_STORE_LOAD_H

#include <sqlite3.h>

#include "ostlerd/core/state.h"

/**
 * ost_load_all() - put what is stored of functions and traps into the tables of core
 * @epoch_ns: what to add to CLOCK_MONOTONIC to get nanoseconds since 1970
 *
 * What is stored is read with suspicion: rows that make no sense are passed over and counted in a
 * log line.
 *
 * Return: 0 or negative errno.
 */
int ost_load_all(sqlite3 *db, struct ost_state *state, int64_t epoch_ns, struct ost_error *err);

#endif
