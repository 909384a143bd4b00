/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_PROGRAM_STATE_H
#define OST_ISA_PROGRAM_STATE_H

#include <sys/types.h>

#include "isa/program/ldcache.h"
#include "isa/program/program.h"
#include "isa/program/program_root.h"
#include "lib/hash.h"

/* What the program_*.c files share; nobody else includes this. */

/** enum ost_loader - whose rules hold */
enum ost_loader {
	OST_LOADER_GLIBC,
	OST_LOADER_MUSL,
};

/** struct ost_program_name - what a member is known as: a path, DT_SONAME, what asked for it */
struct ost_program_name {
	struct ost_hash_node node;
	char *text;
	size_t member;
};

/** struct ost_program_file - what is private to a member, beside it */
struct ost_program_file {
	char *origin;		/* folder that $ORIGIN stands for, in the root */
	dev_t device;
	ino_t inode;
	size_t loader;		/* member whose DT_RPATH is asked next; its own for the program */
	bool in_order;		/* stands in the lookup order already */
};

/** struct ost_scope - definitions by name */
struct ost_scope {
	struct ost_scope_entry *entries;
	size_t room, count;	/* @room: a power of two */
};

/** enum ost_look_what - what was at a path */
enum ost_look_what {
	OST_LOOK_NOTHING,
	OST_LOOK_FOLDER,
	OST_LOOK_FILE,
	OST_LOOK_OTHER,		/* or it can't be told */
};

/** struct ost_look - a path that was looked at; closure.h says what for */
struct ost_look {
	char *path;		/* in the root */
	uint8_t what;
	uint64_t facts[7];	/* of a file: device, inode, size, mtime s, ns, ctime s, ns */
};

/** struct ost_program_state - the private part of a program */
struct ost_program_state {
	struct ost_root root;
	enum ost_loader loader;
	struct ost_program_file *files;	/* by member */
	size_t room;			/* of members and files */
	struct ost_hash names;
	uint64_t tries, bytes;
	size_t group;			/* of what is added now */

	char *cache_bytes;
	struct ost_ldcache cache;
	char *library_path;		/* LD_LIBRARY_PATH, with colons only; or NULL */
	char **folders;			/* default ones, in order; NULL-ended */
	const char *lib, *platform;	/* $LIB, $PLATFORM */

	size_t *order;			/* members in lookup order */
	size_t order_count;
	struct ost_scope *scopes;	/* [0] from the start, [group] of that member; by member */
	struct ost_scope rest;		/* of all groups */
	uint64_t seed;

	bool note_looks;		/* all that the search looks at */
	bool looks_lost;		/* it looked at more than could be noted */
	struct ost_look *looks;
	size_t look_count, look_room;
	int64_t begun_s;		/* by the clock that files are stamped with */
	char *outline_key;		/* from ost_closure_read(): of an outline; else NULL */
};

/** struct ost_found - a library that was found */
struct ost_found {
	int fd;
	char path[OST_ROOT_PATH_MAX];	/* in the root */
	unsigned int level;		/* glibc-hwcaps, see struct ost_member */
	char why[512];			/* where it was looked for, when it was not found */
};

/**
 * ost_program_find() - as the loader does it
 * @from: the member that asks
 * @name: DT_NEEDED, or an argument of dlopen()
 *
 * Return: 0; -ENOENT with @found->why; -ENOMEM.
 */
int ost_program_find(struct ost_program *program, size_t from, const char *name,
		     struct ost_found *found);

/** ost_program_prepare_find() - cache and default folders, once the interpreter is a member */
int ost_program_prepare_find(struct ost_program *program);
void ost_program_end_find(struct ost_program *program);

/** ost_program_is_x86() - does an open file's header say 64-bit x86? Then others are passed over. */
bool ost_program_is_x86(int fd);

/**
 * ost_program_strings() - what an object's strings name that dlopen() could be given
 * @each: returns 0 to go on
 *
 * Return: 0, what @each returned, or a negative errno.
 */
int ost_program_strings(const struct ost_object *object,
			int (*each)(void *context, const char *name), void *context);

/** ost_program_file() - ost_root_file(), noted where that is wanted */
int ost_program_file(const struct ost_program *program, const char *path);

/** ost_look_at() - fill all but the path; 0, or -ENODATA for OST_LOOK_OTHER */
int ost_look_at(const struct ost_root *root, const char *path, struct ost_look *look);
void ost_program_drop_looks(struct ost_program_state *state);

/** ost_program_new() - one without members; 0 or negative errno */
int ost_program_new(struct ost_program **program, const char *root);

void ost_program_drop_scopes(struct ost_program *program);

#endif
