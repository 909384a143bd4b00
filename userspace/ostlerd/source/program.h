/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_PROGRAM_H
#define OST_SOURCE_PROGRAM_H

#include <stdbool.h>

#include "lib/runtime.h"

/**
 * struct ost_program - what an executable file says about the processes that run it
 * @runtime: linked into it; OST_RUNTIME_UNKNOWN when none is
 * @allocator: linked into it; OST_ALLOCATOR_UNKNOWN when none is
 * @is_static: asks for no dynamic linker
 */
struct ost_program {
	enum ost_runtime runtime;
	enum ost_allocator allocator;
	bool is_static;
};

/**
 * ost_program_examine() - look into an executable file
 * @fd: opened for reading; stays the caller's
 *
 * A runtime that is a part of the program (Debian's python3.11, node) is known by the functions
 * that it exports for its extensions. Verdicts are cached by device, inode, size and time of
 * change; a thousand instances of one program cost one look. Thread-safe.
 *
 * Return: 0, or negative errno as ost_elf_open(); @program then says nothing is known.
 */
int ost_program_examine(int fd, struct ost_program *program);

#endif
