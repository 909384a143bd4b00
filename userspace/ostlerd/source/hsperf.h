/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_HSPERF_H
#define OST_SOURCE_HSPERF_H

#include "lib/error.h"
#include "lib/hsperf.h"

struct ost_process;

/**
 * ost_hsperf_read() - find and read a JVM's performance data
 *
 * They lie in /tmp/hsperfdata_<user>/<pid> as the JVM sees it; the user's name is known to it
 * alone, so all such folders are looked through, a bounded number of them. The file must belong
 * to the JVM's user.
 *
 * Return: 0; -ENOENT when it keeps none (-XX:-UsePerfData, or -XX:+PerfDisableSharedMem);
 * otherwise as ost_hsperf_parse(), or another negative errno.
 */
int ost_hsperf_read(const struct ost_process *process, struct ost_hsperf *perf,
		    struct ost_error *err);

#endif
