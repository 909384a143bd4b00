// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/text.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

void ost_text_clean(const char *text, char *buf, size_t size)
{
	mbstate_t state = {0};
	size_t at = 0;

	while (*text && at + 5 < size) {
		wchar_t wide;
		size_t len = mbrtowc(&wide, text, strlen(text), &state);

		if (len == (size_t)-1 || len == (size_t)-2 || !iswprint(wide)) {
			memset(&state, 0, sizeof(state));
			at += snprintf(buf + at, size - at, "\\x%02x", (unsigned char)*text++);
		} else if (at + len + 1 < size) {
			memcpy(buf + at, text, len);
			at += len;
			text += len;
		} else {
			break;
		}
	}
	buf[at] = '\0';
}

size_t ost_text_width(const char *text)
{
	mbstate_t state = {0};
	size_t width = 0;

	while (*text) {
		wchar_t wide;
		size_t len = mbrtowc(&wide, text, strlen(text), &state);

		if (len == (size_t)-1 || len == (size_t)-2)
			return width + strlen(text);
		width += wcwidth(wide) > 0 ? wcwidth(wide) : 0;
		text += len;
	}
	return width;
}

size_t ost_text_fitting(const char *text, size_t columns)
{
	mbstate_t state = {0};
	size_t width = 0, bytes = 0;

	while (text[bytes]) {
		wchar_t wide;
		size_t len = mbrtowc(&wide, text + bytes, strlen(text + bytes), &state);
		int cells = len < (size_t)-2 ? wcwidth(wide) : 1;

		if (len >= (size_t)-2)
			len = 1;
		if (width + (cells > 0 ? cells : 0) > columns)
			break;
		width += cells > 0 ? cells : 0;
		bytes += len;
	}
	return bytes;
}

void ost_text_shorten(char *text, size_t columns, size_t keep)
{
	static const char dots[] = "...";
	size_t width = ost_text_width(text), head, tail;

	if (width <= columns)
		return;
	if (keep + 3 > columns)
		keep = columns - 3;
	head = ost_text_fitting(text, columns - 3 - keep);
	/* as many bytes before the end as @keep columns take: all but the columns before them */
	tail = keep ? ost_text_fitting(text, width - keep) : strlen(text);
	if (tail < head + 3)
		tail = head + 3;
	memmove(text + head + 3, text + tail, strlen(text + tail) + 1);
	memcpy(text + head, dots, 3);
}
