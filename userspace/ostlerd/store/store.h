/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_STORE_STORE_H
#define OST_STORE_STORE_H

#include "lib/error.h"
#include "ostlerd/core/state.h"

/*
 * What outlives a restart, in SQLite: what collections taught about each function, the last
 * collections of the host, the kinds of traps seen, facts about the host. The loop never waits for
 * the disk: it copies what changed, and a job on @state->disk writes the copy in one transaction. A
 * copy that could not be written is kept and tried again, so a full disk that is mended loses
 * nothing but time.
 */

/**
 * ost_store_open() - open or make config.store, read it, save changes from now on
 * @state: its loop and disk pool must be running; functions and traps found are put into its tables
 *
 * Listens to changes, to see the collections that end. An empty config.store is no
 * error: nothing outlives a restart then. The directory of the file is made when its parent is
 * there.
 *
 * A store that can't be used (read-only, corrupt, of a newer version) is left exactly as it is: the
 * host is marked as degraded, @state->store stays NULL, and the daemon can go on without.
 *
 * Return: 0 or negative errno, with @err telling what is wrong and what would be right.
 */
int ost_store_open(struct ost_state *state, struct ost_error *err);

/**
 * ost_store_close() - write what has changed and close
 *
 * Call it after ost_loop_run() and ost_pool_exit() of @state->disk have returned and before the
 * instances are freed: the last changes are written on the caller's thread. Does nothing without a
 * store.
 */
void ost_store_close(struct ost_state *state);

#endif
