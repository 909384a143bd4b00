/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_PROGRAM_H
#define OST_ISA_PROGRAM_H

#include "isa/program/object.h"

struct ost_error;

/*
 * A program and everything that the loader would load with it, in the order in which it would look
 * symbols up (breadth first), found as glibc's ld.so and musl's find it: DT_RPATH of the loading
 * chain, DT_RUNPATH, ld.so.cache of that root, its default folders; $ORIGIN, $LIB, $PLATFORM.
 * LD_LIBRARY_PATH and LD_PRELOAD are not of the program, and are not read.
 */

/** struct ost_missing - a library that could not be found or used */
struct ost_missing {
	char *name;		/* as DT_NEEDED or the string says */
	char *wanted_by;	/* path of the object that asks for it */
	char *why;		/* "not found in /a, /b and ld.so.cache", "broken: ..." */
	bool dlopen;		/* only a string that looks like one */
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
};

/** struct ost_program - the closure */
struct ost_program {
	struct ost_member *members;	/* [0] is the program, [1] its interpreter if it has one */
	size_t count;
	struct ost_missing *missing;	/* not empty: any verdict is incomplete */
	size_t missing_count;
	char *root;			/* folder that stands for "/" */
};

/** struct ost_program_options - how to look */
struct ost_program_options {
	const char *root;		/* folder that stands for "/"; NULL = this host's */
	const char *const *dlopened;	/* further objects that it will load, paths below @root; NULL-ended */
	bool follow_dlopen;		/* also what strings of its objects name that end in .so or .so.N
					 * and are found in its library folders */
	bool alone;			/* no closure: only the file itself */
};

/** Objects that a closure may have; more is a loop or an attack. */
#define OST_PROGRAM_OBJECTS_MAX 1024

/**
 * ost_program_open() - a file and its closure
 * @path: below options->root when that is given; symbolic links are followed inside the root only
 *
 * A missing or broken library is no error: it is named in @missing. The same file reached by two
 * names is one member.
 *
 * Return: 0; what ost_object_open() fails with for the program itself; -ELOOP, -EACCES, -ENOENT.
 */
int ost_program_open(struct ost_program **program, const char *path,
		     const struct ost_program_options *options, struct ost_error *err);

void ost_program_close(struct ost_program *program);

/** struct ost_definition - where the loader would find a symbol */
struct ost_definition {
	size_t member;
	const struct ost_symbol *symbol;
};

/**
 * ost_program_lookup() - first dynamic definition of a symbol in lookup order
 * @from: the member that refers to it; objects that were dlopened are looked at after the others
 *
 * A variable that the executable copies (R_X86_64_COPY) is the executable's.
 *
 * Return: 0 or -ENOENT.
 */
int ost_program_lookup(const struct ost_program *program, size_t from, const char *name,
		       struct ost_definition *found);

/**
 * ost_program_key() - text that changes when any object of the closure does: ids in order, hashed
 * @buf: at least 65 bytes
 */
void ost_program_key(const struct ost_program *program, char *buf, size_t size);

#endif
