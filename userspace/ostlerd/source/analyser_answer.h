/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_ANALYSER_ANSWER_H
#define OST_SOURCE_ANALYSER_ANSWER_H

#include <stdint.h>

/*
 * Between the daemon and the process that analyses; nobody else includes this. The answer is its size
 * as a u32 of this host, then, as lib/pack.h writes it: u32 version, u32 errno (0 = none), text why,
 * text digest, then u32 size and bytes of the closure and of the needs; both sizes 0: it is known.
 */

#define OST_ANALYSER_VERSION 2

/* Where it finds the folder that stands for "/", and the program; both opened with O_PATH. */
#define OST_ANALYSER_ROOT_FD 3
#define OST_ANALYSER_PROGRAM_FD 4

/** enum ost_analyser_argument - its arguments, behind the one that makes it what it is */
enum ost_analyser_argument {
	OST_ANALYSER_PATH,	/* of the program, from its root */
	OST_ANALYSER_ID,	/* that the program must have */
	OST_ANALYSER_USER,
	OST_ANALYSER_KNOWN,
	OST_ANALYSER_CPU,	/* s */
	OST_ANALYSER_MEMORY,	/* bytes */
	OST_ANALYSER_ARGUMENTS,
};

/**
 * ost_analyser_key() - a digest of bytes, as a user's
 * @key: 65 bytes
 */
void ost_analyser_key(const char *user, const char *program, const char *digest, char *key);

#endif
