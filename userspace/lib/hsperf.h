/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_HSPERF_H
#define OST_LIB_HSPERF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/runtime.h"

/*
 * HotSpot's performance data, version 2.0: the file that a JVM keeps in
 * /tmp/hsperfdata_<user>/<pid>. The JVM, and whoever runs as its user, may write anything into it
 * at any time: work on a copy.
 *
 * Layout (host byte order as byte 4 tells; 0 is big, 1 is little):
 *	prologue: CA FE C0 C0, u8 order, u8 major, u8 minor, u8 accessible, i32 used, i32 overflow,
 *		i64 stamp, i32 offset of the first entry, i32 number of entries
 *	entry: i32 length, i32 name offset, i32 vector length, u8 type, u8 flags, u8 units,
 *		u8 variability, i32 data offset; offsets count from the entry's beginning
 */

/** Performance data larger than this are not read, bytes; the default of the JVM is 32 KiB. */
#define OST_HSPERF_MAX (1024 * 1024)

/**
 * struct ost_hsperf - what collecting needs to know of a JVM
 * @attach: the attach mechanism is enabled (sun.rt.jvmCapabilities begins with '1')
 * @gc: its collector
 */
struct ost_hsperf {
	bool attach;
	enum ost_jvm_gc gc;
};

/**
 * ost_hsperf_parse() - read a copy of the file
 *
 * Return: 0; -EAGAIN when the JVM has not finished writing it (it is starting); -ENOTSUP for
 * another version or the other byte order; -EBADMSG when it is broken; -ENOENT when it does not
 * say whether the JVM can be attached to.
 */
int ost_hsperf_parse(const void *data, size_t size, struct ost_hsperf *perf);

/**
 * ost_hsperf_string() - value of a string counter
 * @data: at least @size bytes
 * @value: gets the text, NUL-terminated, cut where it is too long
 *
 * Return: 0, -ENOENT when there is no such string, otherwise as ost_hsperf_parse().
 */
int ost_hsperf_string(const void *data, size_t size, const char *name, char *value, size_t room);

#endif
