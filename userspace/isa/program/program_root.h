/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_PROGRAM_ROOT_H
#define OST_ISA_PROGRAM_ROOT_H

#include <stddef.h>

struct statx;

/* A folder that stands for "/": no path and no symbolic link leads out of it. */

/** struct ost_root - such a folder */
struct ost_root {
	int fd;		/* AT_FDCWD: this host's own root, nothing to keep inside */
	char *path;	/* without symbolic links; "" for this host's own root */
};

/** Longest path, bytes. */
#define OST_ROOT_PATH_MAX 4096

/** ost_root_open() - @path NULL or "/": this host's; 0 or negative errno */
int ost_root_open(struct ost_root *root, const char *path);
void ost_root_close(struct ost_root *root);

/** ost_root_leave() - nothing more is to be opened below it; its path stays */
void ost_root_leave(struct ost_root *root);

/**
 * ost_root_file() - open a file for reading
 * @path: from the root; relative to the working folder where the root is this host's own
 *
 * What is no regular file is not opened: its descriptor is one of O_PATH, of which fstat() tells.
 *
 * Return: a descriptor, or negative errno; -ELOOP for a ring of symbolic links.
 */
int ost_root_file(const struct ost_root *root, const char *path);

/**
 * ost_root_again() - ost_root_file() of what is open already, with O_PATH for example
 *
 * Return: a descriptor of its own, or negative errno.
 */
int ost_root_again(int fd);

/**
 * ost_root_stat() - what is there, links followed; fresh, whatever a network's file system remembers
 *
 * Return: 0 or negative errno.
 */
int ost_root_stat(const struct ost_root *root, const char *path, struct statx *st);

/** ost_root_walk() - the way of ost_root_file() without the kernel's help (openat2, since Linux 5.6); O_PATH */
int ost_root_walk(const struct ost_root *root, const char *path);

/**
 * ost_root_real() - path from the root, without symbolic links, of an open file
 * @buf: OST_ROOT_PATH_MAX bytes
 *
 * Return: 0, -ENOENT when it has none any more, or another negative errno.
 */
int ost_root_real(const struct ost_root *root, int fd, char *buf);

#endif
