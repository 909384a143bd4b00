/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_ATTACH_H
#define OST_ACTION_ATTACH_H

#include "ostlerd/core/state.h"
#include "ostlerd/source/cgroup.h"

/**
 * ost_attach_ops - attach instances as they are found, let them go as they vanish; context: struct ost_state
 *
 * Attaching puts an instance into the table, tells the probes and the module, and puts back a quota or a
 * freeze that a daemon which died had lifted.
 */
extern const struct ost_cgroup_ops ost_attach_ops;

/** ost_attach_module() - tell the module of all instances, after it was loaded */
void ost_attach_module(struct ost_state *state);

/** ost_attach_mode() - change what the module does with an instance's traps; 0 or negative errno */
int ost_attach_mode(struct ost_state *state, struct ost_instance *instance, uint8_t mode,
		    struct ost_error *err);

#endif
