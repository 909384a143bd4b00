/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_ERROR_H
#define OST_LIB_ERROR_H

#include <stdarg.h>

/**
 * struct ost_error - what went wrong, in words an operator can act on
 * @code: negative errno, 0 while nothing has failed
 * @text: one line: what was wrong, where, and what would be right
 *
 * Functions that can fail for a reason worth telling take one of these. They return the same
 * negative errno that they store, so a caller that passes NULL loses only the words.
 */
struct ost_error {
	int code;
	char text[320];
};

/**
 * ost_error_set() - record a failure and hand its code back
 * @err: where to record it; NULL is allowed
 * @code: negative errno
 * @fmt: printf format of the line; no trailing newline
 *
 * Return: @code, so that `return ost_error_set(err, -ENOENT, ...)` reads in one line.
 */
int ost_error_set(struct ost_error *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** ost_error_vset() - ost_error_set() for a caller that has a va_list */
int ost_error_vset(struct ost_error *err, int code, const char *fmt, va_list args)
	__attribute__((format(printf, 3, 0)));

#endif
