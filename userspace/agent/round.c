// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is said about a round, and the three functions that a compiler calls without being asked to.
 */
#include "agent/agent.h"

void ost_round_text(struct ost_round *round, const char *text)
{
	size_t at = strlen(round->detail), last = sizeof(round->detail) - 1;

	if (at && at < last)
		round->detail[at++] = ' ';
	while (*text && at < last)
		round->detail[at++] = *text++;
}

void ost_round_note(struct ost_round *round, const char *text, uint64_t value)
{
	char digits[21];
	size_t at = sizeof(digits) - 1, end;

	digits[at] = '\0';
	do
		digits[--at] = '0' + value % 10;
	while ((value /= 10));

	ost_round_text(round, text);
	for (end = strlen(round->detail); digits[at] && end < sizeof(round->detail) - 1; at++)
		round->detail[end++] = digits[at];
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	char *t = to;
	const char *f = from;

	while (n--)
		*t++ = *f++;
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	char *t = to;

	while (n--)
		*t++ = byte;
	return to;
}

size_t strlen(const char *text)
{
	size_t n = 0;

	while (text[n])
		n++;
	return n;
}
