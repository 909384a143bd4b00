// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/source/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/log.h"

#define SAME_ID ((unsigned int)-1)

/*
 * the system calls themselves change one thread; their wrappers in the C library change all of
 * them
 */
static int set_euid(uid_t euid)
{
	return syscall(SYS_setresuid, SAME_ID, euid, SAME_ID) ? -errno : 0;
}

static int set_egid(gid_t egid)
{
	return syscall(SYS_setresgid, SAME_ID, egid, SAME_ID) ? -errno : 0;
}

int ost_identity_take(struct ost_identity *identity, uid_t euid, gid_t egid, struct ost_error *err)
{
	int r;

	*identity = (struct ost_identity){ .euid = geteuid(), .egid = getegid() };
	if (identity->euid == euid && identity->egid == egid)
		return 0;
	/* the group first: without the user id that comes next it could not be changed any more */
	r = set_egid(egid);
	if (r)
		return ost_error_set(err, r, "can't act as group %u: the daemon lacks CAP_SETGID",
				     egid);
	identity->taken = true;
	r = set_euid(euid);
	if (r) {
		identity->euid = geteuid();
		ost_identity_drop(identity);
		return ost_error_set(err, r, "can't act as user %u: the daemon lacks CAP_SETUID",
				     euid);
	}
	return 0;
}

void ost_identity_drop(struct ost_identity *identity)
{
	if (!identity->taken)
		return;
	if (set_euid(identity->euid) || set_egid(identity->egid)) {
		ost_err("can't return to user %u, group %u after acting as another: giving up",
			identity->euid, identity->egid);
		abort();
	}
	identity->taken = false;
}
