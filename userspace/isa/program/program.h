/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_PROGRAM_H
#define OST_ISA_PROGRAM_H

#include "isa/program/object.h"

struct ost_error;

/*
 * A program and everything that the loader would load with it, in the order in which it would look
 * symbols up (breadth first), found as glibc's ld.so and musl's find it: DT_RPATH of the loading
 * chain, DT_RUNPATH, ld.so.cache of that root, its default folders; $ORIGIN, $LIB, $PLATFORM.
 * LD_LIBRARY_PATH and LD_PRELOAD are not of the program: they are as the caller says.
 *
 * Like an object it is read in two steps: ost_program_open() finds the members and reads their
 * headers, which is enough for ost_program_key(); ost_program_load() reads their tables, which
 * ost_program_lookup() and every analysis want.
 */

/** struct ost_missing - a library that could not be found or used */
struct ost_missing {
	char *name;		/* as DT_NEEDED or the caller says */
	char *wanted_by;	/* path of the object that asks for it */
	char *why;		/* "not found in /a, /b and ld.so.cache", "broken: ..." */
	bool dlopen;		/* only loaded at run time, as the caller said */
};

/** enum ost_how - why an object belongs to a program */
enum ost_how {
	OST_HOW_MAIN,		/* it is the program */
	OST_HOW_INTERPRETER,
	OST_HOW_NEEDED,
	OST_HOW_DLOPEN,		/* an argument of dlopen() that could be seen, or told by the caller */
};

struct ost_member {
	struct ost_object *object;
	enum ost_how how;
	size_t parent;		/* index of the member that asked for it; its own for the program */
	size_t group;		/* 0: there from the start; else the member that was dlopened and
				 * brought it along */
	uint8_t level;		/* 2, 3 or 4: is there only for hosts of that x86-64 level, in
				 * glibc-hwcaps; 0: for all */
};

struct ost_program_state;	/* private */

/** struct ost_program - the closure */
struct ost_program {
	struct ost_member *members;	/* [0] is the program, [1] its interpreter if it has one */
	size_t count;
	struct ost_missing *missing;	/* not empty: any verdict is incomplete */
	size_t missing_count;
	char *root;			/* folder that stands for "/" */
	bool loaded;
	struct ost_program_state *state;
};

/** struct ost_program_options - how to look */
struct ost_program_options {
	const char *root;		/* folder that stands for "/"; NULL = this host's */
	const char *const *dlopened;	/* further objects that it will load, paths below @root or names
					 * to search for; NULL-ended */
	bool follow_dlopen;		/* also what strings of its objects name that end in .so or .so.N
					 * and are found in its library folders; only of objects that can
					 * call dlopen(), and not of libc itself */
	const char *library_path;	/* LD_LIBRARY_PATH, its folders below @root; NULL = none */
	const char *preload;		/* LD_PRELOAD; NULL = none */
	bool alone;			/* no closure: only the file itself */
	bool note_looks;		/* ost_closure_write() will be asked for */
	bool is_open;			/* the program is what @descriptor is of (O_PATH will do), and its
					 * path no more than what to call it */
	int descriptor;			/* stays the caller's */
};

/** Objects that a closure may have; more is a loop or an attack. */
#define OST_PROGRAM_OBJECTS_MAX 1024

/** Libraries that are named as missing; any verdict is incomplete with one. */
#define OST_PROGRAM_MISSING_MAX 256

/** Files that are tried to find them, and bytes that they may have together. */
#define OST_PROGRAM_TRIES_MAX 100000
#define OST_PROGRAM_BYTES_MAX (16ull << 30)

/**
 * ost_program_open() - a file and its closure
 * @path: below options->root when that is given; symbolic links are followed inside the root only
 * @options: NULL = all defaults
 *
 * A missing or broken library is no error: it is named in @missing. The same file reached by two
 * names is one member.
 *
 * Where a library exists for several x86-64 levels (glibc-hwcaps), the one for all hosts is taken:
 * the loader chooses another only where it runs.
 *
 * Return: 0; what ost_object_open() fails with for the program itself; -ELOOP, -EACCES, -ENOENT.
 */
int ost_program_open(struct ost_program **program, const char *path,
		     const struct ost_program_options *options, struct ost_error *err);

/**
 * ost_program_load() - read the tables of all members, and make ost_program_lookup() ready
 *
 * Does nothing the second time.
 *
 * Return: 0, or what ost_object_load() fails with.
 */
int ost_program_load(struct ost_program *program, struct ost_error *err);

void ost_program_close(struct ost_program *program);

/** struct ost_definition - where the loader would find a symbol */
struct ost_definition {
	size_t member;
	const struct ost_symbol *symbol;
};

/**
 * ost_program_lookup() - first dynamic definition of a symbol in lookup order
 * @from: the member that refers to it. What was dlopened comes after the others, and there first
 *	what came along with @from
 *
 * A variable that the executable copies (R_X86_64_COPY) is the executable's. Versions are not
 * compared, but a name's default version is preferred to older ones.
 *
 * Return: 0 or -ENOENT, which is also the answer before ost_program_load().
 */
int ost_program_lookup(const struct ost_program *program, size_t from, const char *name,
		       struct ost_definition *found);

/**
 * ost_program_key() - text that changes when any object of the closure does: ids in order, hashed,
 * and what is missing
 * @buf: at least 65 bytes
 */
void ost_program_key(const struct ost_program *program, char *buf, size_t size);

/**
 * ost_program_digest() - the same of all bytes of all files: for those who can't trust build-ids
 * @program: not loaded yet
 * @buf: at least 65 bytes
 *
 * Reads every file to its end.
 *
 * Return: 0, or a negative errno when a file can't be read any more.
 */
int ost_program_digest(const struct ost_program *program, char *buf, size_t size,
		       struct ost_error *err);

#endif
