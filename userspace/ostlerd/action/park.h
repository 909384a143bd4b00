/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_PARK_H
#define OST_ACTION_PARK_H

#include "lib/error.h"
#include "ostlerd/core/state.h"

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
