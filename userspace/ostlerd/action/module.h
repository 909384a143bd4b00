/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_MODULE_H
#define OST_ACTION_MODULE_H

#include "lib/error.h"
#include "ostlerd/core/state.h"

/*
 * The probe on the module's tracepoints is a user of the module, so that the kernel refuses to unload
 * it: before that, somebody has to have it let go.
 */

/**
 * ost_module_release() - let go of the module's tracepoints, so that it can be unloaded
 *
 * Parks and verdicts go on; traps are counted by their signal. It stays so until the module is loaded
 * anew, or ost_module_take().
 *
 * Return: 0; -ENOTCONN when it isn't loaded.
 */
int ost_module_release(struct ost_state *state, struct ost_error *err);

/** ost_module_take() - count at the module's tracepoints again; 0 or -ENOTCONN */
int ost_module_take(struct ost_state *state, struct ost_error *err);

#endif
