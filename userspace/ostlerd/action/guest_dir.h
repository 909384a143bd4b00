/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_GUEST_DIR_H
#define OST_ACTION_GUEST_DIR_H

#include "lib/error.h"
#include "ostlerd/source/process.h"

/*
 * A private folder in the /tmp of a process that lives under other mounts than the daemon: there
 * the two can meet. It belongs to the process's user, so nothing is put there that this user
 * could not have put there, and it is gone after the collection.
 */

/**
 * struct ost_guest_dir - the folder
 * @process: whose
 * @tmp_fd: its /tmp
 * @fd: the folder
 * @name: within /tmp
 */
struct ost_guest_dir {
	const struct ost_process *process;
	int tmp_fd;
	int fd;
	char name[32];
};

#define OST_GUEST_DIR_NONE ((struct ost_guest_dir){ .tmp_fd = -1, .fd = -1 })

/** Names of what may lie in it; as the process sees it, "/tmp/<name of the folder>/<this>". */
#define OST_GUEST_SOCKET "agent.sock"

/**
 * ost_guest_dir_make() - make it, or take over what a dead daemon left
 *
 * Return: 0; -EACCES when something else stands in its place; another negative errno.
 */
int ost_guest_dir_make(struct ost_guest_dir *dir, const struct ost_process *process,
		       struct ost_error *err);

/** ost_guest_dir_remove() - remove it and what lies in it; safe to call when none was made */
void ost_guest_dir_remove(struct ost_guest_dir *dir);

/** ost_guest_dir_path() - path of a file in it as the process sees it; 0 or -ENAMETOOLONG */
int ost_guest_dir_path(const struct ost_guest_dir *dir, const char *file, char *path, size_t size);

/**
 * ost_guest_dir_listen() - a listening socket in it, named OST_GUEST_SOCKET
 *
 * Return: a non-blocking SOCK_SEQPACKET listener to be closed by the caller, or negative errno.
 */
int ost_guest_dir_listen(const struct ost_guest_dir *dir, struct ost_error *err);

/**
 * ost_guest_dir_copy() - put a copy of a file of the host into it
 * @source: path on the host, at most 16 MiB
 * @file: OST_AGENT_OBJECT
 */
int ost_guest_dir_copy(const struct ost_guest_dir *dir, const char *source, const char *file,
		       struct ost_error *err);

#endif
