/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_PARK_H
#define OST_ACTION_PARK_H

#include "lib/error.h"
#include "ostlerd/core/state.h"
#include "ostlerd/source/kmod.h"

/** ost_park_ops - what the module tells of parks; context: struct ost_state */
extern const struct ost_kmod_ops ost_park_ops;

/** ost_park_resync() - bring the table of parked tasks up to date by a dump */
void ost_park_resync(struct ost_state *state);

/** ost_park_forget_all() - the module is gone, and with it every park */
void ost_park_forget_all(struct ost_state *state);

/**
 * ost_park_verdict() - give a parked task its verdict
 * @event: the trap's number
 * @verdict: enum ostler_verdict
 *
 * SKIP takes the instruction's length from its decoding; one of unknown length can't be skipped.
 *
 * Return: 0; -ESRCH when no such task is parked; -ENOTCONN without the module; what the module says else.
 */
int ost_park_verdict(struct ost_state *state, uint64_t event, uint8_t verdict,
		     struct ost_error *err);

#endif
