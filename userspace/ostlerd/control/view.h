/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CONTROL_VIEW_H
#define OST_CONTROL_VIEW_H

#include "lib/json.h"
#include "ostlerd/core/state.h"

/*
 * Core state as JSON; Documentation/api.rst documents the members. Amounts carry their unit in
 * their name; a moment is in milliseconds since 1970; ids, event numbers and addresses are strings.
 * Each returns a new value, NULL when memory is short.
 */

json_t *ost_view_instance(const struct ost_instance *instance);

/** ost_view_instance_name() - id, path, function and user only */
json_t *ost_view_instance_name(const struct ost_instance *instance);

/** ost_view_collection() - of an instance that was never collected the status is "never" */
json_t *ost_view_collection(const struct ost_collection *last);
json_t *ost_view_function(const struct ost_function *function);

/** ost_view_runs() - what happened when its programs ran: requests, and where a feature was missing */
json_t *ost_view_runs(const struct ost_state *state, const struct ost_function *function);

/**
 * ost_view_needs() - what each of its programs needs of a host's processor, and whether this host has it
 *
 * Takes some milliseconds for each program.
 */
json_t *ost_view_needs(struct ost_state *state, const struct ost_function *function);

/** ost_view_instance_needs() - the short form, for an instance; null when it isn't known */
json_t *ost_view_instance_needs(struct ost_state *state, const struct ost_instance *instance);
json_t *ost_view_trap(const struct ost_trap *trap);
json_t *ost_view_park(const struct ost_state *state, const struct ost_parked *parked);

/** ost_view_status() - @names: tell also what the host is called and what is missing on it */
json_t *ost_view_status(const struct ost_state *state, bool names);

json_t *ost_view_features(const struct ost_state *state);

/** ost_view_unix_ms() - a CLOCK_MONOTONIC moment as milliseconds since 1970 */
uint64_t ost_view_unix_ms(uint64_t moment_ns);

/** ost_view_mode() - "off", "observe", "park" of enum ostler_mode; "?" for one not known */
const char *ost_view_mode(uint8_t mode);

/** ost_view_verdict() - "ask", "retry", "deliver", "skip" of enum ostler_verdict; "?" for one not
 * known */
const char *ost_view_verdict(uint8_t verdict);

#endif
