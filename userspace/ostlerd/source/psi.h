/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_PSI_H
#define OST_SOURCE_PSI_H

#include "lib/error.h"

/**
 * ost_psi_open() - a trigger on memory pressure of the whole host
 * @stall_us: time that some task must have waited for memory ...
 * @window_us: ... within this window; 500 ms to 10 s
 *
 * Format: Documentation/accounting/psi.rst of the kernel.
 *
 * Return: a descriptor that polls as POLLPRI each time the threshold is passed (at most once a window), or
 * negative errno.
 */
int ost_psi_open(unsigned int stall_us, unsigned int window_us, struct ost_error *err);

#endif
