/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_ANALYSER_ANSWER_H
#define OST_SOURCE_ANALYSER_ANSWER_H

/*
 * Between the daemon and the process that analyses; nobody else includes this. The answer, as
 * lib/pack.h writes it: u32 version, u32 errno (0 = none), text why, text digest, then u32 size and
 * bytes of the closure and of the needs; both sizes 0: it is known.
 */

#define OST_ANALYSER_VERSION 1

/* Where it finds the folder that stands for "/". */
#define OST_ANALYSER_ROOT_FD 3

#endif
