/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_CLOSURE_H
#define OST_ISA_CLOSURE_H

#include "isa/program/program.h"

/*
 * A closure that was found, as bytes that may be kept: its key, its members by name, and all paths
 * that were looked at on the way to it, each with what was there. As long as they all are as they
 * were - a file by device, inode, size and both times of change, a name by not being there - the
 * same search would find the same, and need not be made. The times are those of statx(), asked of the
 * server where a file system has one. A file that was changed shortly before is not trusted: it
 * could change once more without showing another time.
 *
 *	"ostc", u32 version, text key, u32 looks, each: text path, u8 what; a file: u64 device, inode,
 *	size, mtime s, ns, ctime s, ns; u32 members, each: text path, name, id, u32 executable
 *	segments, each: u64 start, offset, size; u8 how, level, u32 parent, group; u32 missing, each:
 *	text name, wanted_by, why, u8 dlopen
 *
 * as lib/pack.h writes it.
 */

#define OST_CLOSURE_VERSION 1

/** Most bytes of a record, and paths that may have been looked at. */
#define OST_CLOSURE_MAX (1u << 20)
#define OST_CLOSURE_LOOKS_MAX 4096

/** How long ago a file must have been changed to be known by its times, s. FAT counts in twos. */
#define OST_CLOSURE_AGE_S 3

/**
 * ost_closure_write() - make a record
 * @program: opened by ost_program_open(); without note_looks it is of use to ost_closure_outline() only
 *
 * Return: its size; -ENODATA when it can't be told later whether all is the same; -ENOMEM, -E2BIG.
 */
long ost_closure_write(const struct ost_program *program, uint8_t **bytes);

/**
 * ost_closure_read() - the reverse; what a record says is checked, not believed
 * @root: folder that stands for "/", as for ost_program_open()
 * @program: gets an outline when the result is 0: paths, names, ids, what is missing and
 *	ost_program_key(), executable segments; nothing of it can be loaded
 *
 * Return: 0; -ESTALE when something was changed; -EBADMSG when it is no whole record; -ENOMEM;
 * what opening @root fails with.
 */
int ost_closure_read(struct ost_program **program, const char *root, const uint8_t *bytes,
		     size_t size);

/** ost_closure_outline() - the same, whatever has become of the files since */
int ost_closure_outline(struct ost_program **program, const uint8_t *bytes, size_t size);

#endif
