/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_CAPS_H
#define OST_LIB_CAPS_H

#include <stddef.h>
#include <sys/capability.h>

#include "lib/error.h"

/**
 * ost_caps_keep() - give up every capability but those named, for good
 * @caps: CAP_* numbers; those the process doesn't have are passed over
 *
 * Also empties the inheritable and ambient sets, takes the rest out of the bounding set and sets
 * no_new_privs, so that no program started later has more. Capabilities belong to a thread: call it before
 * any other is started.
 *
 * Return: 0 or negative errno.
 */
int ost_caps_keep(const cap_value_t *caps, size_t count, struct ost_error *err);

/** ost_caps_have() - 1 when the calling thread has the capability in effect, else 0 */
int ost_caps_have(cap_value_t cap);

#endif
