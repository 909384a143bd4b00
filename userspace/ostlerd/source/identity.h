/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_IDENTITY_H
#define OST_SOURCE_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/error.h"

/*
 * A thread takes the effective ids of a process for the moment in which it touches that process's
 * files: what is created belongs to it, and what it may not read is not read for it. Only the
 * calling thread changes (the C library's seteuid() would change all), real and saved ids stay,
 * so the process can neither signal nor trace the thread.
 */

/**
 * struct ost_identity - what the thread was
 * @taken: there is something to give back
 */
struct ost_identity {
	bool taken;
	uid_t euid;
	gid_t egid;
};

/**
 * ost_identity_take() - become @euid:@egid until ost_identity_drop()
 *
 * Without CAP_SETUID and CAP_SETGID only the ids that the thread already has can be taken.
 *
 * Return: 0 or negative errno with nothing changed.
 */
int ost_identity_take(struct ost_identity *identity, uid_t euid, gid_t egid, struct ost_error *err);

/**
 * ost_identity_drop() - be who the thread was before; safe to call when nothing was taken
 *
 * Does not return when that fails: a thread of the daemon must never go on as somebody else.
 */
void ost_identity_drop(struct ost_identity *identity);

#endif
