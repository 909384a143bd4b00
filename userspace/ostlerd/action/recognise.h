/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_RECOGNISE_H
#define OST_ACTION_RECOGNISE_H

#include "ostlerd/core/state.h"

/**
 * ost_recognise_new() - find out what runs in instances that nobody has labelled
 *
 * A few at a time, on a worker of state->doors, once for each time that an instance is populated and has run
 * for a moment. A collection finds out by itself and knows better.
 */
void ost_recognise_new(struct ost_state *state);

/** ost_recognise_note() - take what was found into the instance and its function; UNKNOWN changes nothing */
void ost_recognise_note(struct ost_instance *instance, enum ost_runtime runtime);

#endif
