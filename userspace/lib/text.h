/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_TEXT_H
#define OST_LIB_TEXT_H

#include <stddef.h>

/* Text from programs and tasks, fit for a terminal: in the character set of the locale. */

/** ost_text_clean() - what is no printable character becomes \xNN, spelled out; cut at @size */
void ost_text_clean(const char *text, char *buf, size_t size);

/** ost_text_width() - columns that a clean text takes */
size_t ost_text_width(const char *text);

/** ost_text_fitting() - bytes of the longest beginning that takes at most @columns */
size_t ost_text_fitting(const char *text, size_t columns);

/**
 * ost_text_shorten() - cut a clean text down to @columns, in place, with "..." where it was cut
 * @columns: at least 8
 * @keep: columns of its end that stay, when it has so many: 0 cuts it at the end
 */
void ost_text_shorten(char *text, size_t columns, size_t keep);

#endif
