/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CORE_LOCATE_H
#define OST_CORE_LOCATE_H

#include <stdint.h>

#include "ostlerd/core/state.h"

/**
 * ost_locate_trap() - find out which file a trap's instruction is of, once for each address of an instance
 * @instance: may be NULL; then nothing is done
 * @trap: the row that has just counted it
 * @tgid: whose trap it was
 *
 * Costs a comparison when the trap was at the same address as the one before. The process has
 * perhaps ended by now: then it is tried again with a later trap.
 */
void ost_locate_trap(struct ost_state *state, struct ost_instance *instance, struct ost_trap *trap,
		     uint32_t tgid);

/** ost_locate_lacking() - features of the catalogue that this host can't give to a process */
void ost_locate_lacking(const struct ost_state *state, struct ost_feature_set *lacking);

/** ost_locate_program() - an instance was found to run this program; @id as ost_object.id */
void ost_locate_program(struct ost_state *state, struct ost_instance *instance, const char *id);

#endif
