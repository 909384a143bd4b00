/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_ANALYSE_H
#define OST_ACTION_ANALYSE_H

#include "ostlerd/core/state.h"

/*
 * What the programs of instances need of a host's processor is found while they run, one after the
 * other, by a process that runs when nothing else wants to: see source/analyser.h. A program is looked at once for
 * each function that it serves, when its first instance is seen, and again when a later instance is
 * seen and the last look was a while ago, since a library may be another one by then; then only what
 * has changed is analysed. What had to make room in memory for others is analysed again.
 */

/**
 * ost_analyse_next() - begin with an instance that is due, if none is being looked at, nor was just now
 */
void ost_analyse_next(struct ost_state *state);

/** ost_analyse_stop() - end what is going on; before ost_pool_exit() of @state->analyse */
void ost_analyse_stop(struct ost_state *state);

#endif
