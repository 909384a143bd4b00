/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_ARCHIVE_FOLDER_H
#define OST_ISA_ARCHIVE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Files by names that an archive chose, below a folder that they can't leave: the kernel resolves
 * each with the folder as its root, see openat2(2), RESOLVE_IN_ROOT.
 */

#define OST_FOLDER_LEVELS_MAX 128	/* folders above each other */

/**
 * ost_folder_name() - make a name of an archive fit to be used
 * @out: gets it without leading slashes, "." and empty parts; "" for the folder itself
 *
 * Return: 0; -EXDEV when it has a part ".."; -ENAMETOOLONG for too many or too long parts, or when
 * it doesn't fit into @size.
 */
int ost_folder_name(const char *name, char *out, size_t size);

/** ost_folder_make() - make a folder and those above it; one that is there is fine */
int ost_folder_make(int folder, const char *name);

/** ost_folder_create() - a new file, open for writing, in place of one of that name; or negative errno */
int ost_folder_create(int folder, const char *name);

/**
 * ost_folder_symlink() - a symbolic link, in place of a file of that name
 * @target: where it leads as the archive says; an absolute one is made relative to the folder
 *
 * Return: 0, -EXDEV when it leads out of the folder going by the letters of its name. Whether it does by way
 * of other links is known when all are there, see ost_folder_leaves().
 */
int ost_folder_symlink(int folder, const char *name, const char *target);

/** ost_folder_link() - another name of a file that was kept; -ENOENT when it wasn't */
int ost_folder_link(int folder, const char *name, const char *target);

/** ost_folder_unlink() - remove a file or link, if it is there */
int ost_folder_unlink(int folder, const char *name);

/** ost_folder_leaves() - does following this link lead out of the folder? */
bool ost_folder_leaves(int folder, const char *name);

/** ost_folder_remove() - remove what is below a folder; the first negative errno, or 0 */
int ost_folder_remove(int parent, const char *name);

#endif
