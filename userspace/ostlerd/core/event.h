/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CORE_EVENT_H
#define OST_CORE_EVENT_H

#include "ostlerd/core/state.h"

/**
 * ost_event_drain() - take the records of the probes' ring into core state
 *
 * Return: true when there may be more; call it again after other work had its turn.
 */
bool ost_event_drain(struct ost_state *state);

#endif
