// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said about a round, and the three functions that a compiler calls without being asked to. */
#include "agent/agent.h"

void ost_round_note(struct ost_round *round, const char *text, uint64_t value)
{
	size_t at = strlen(round->detail), last = sizeof(round->detail) - 1;
	char digits[20];
	size_t n = 0;

	if (at && at < last)
		round->detail[at++] = ' ';
	while (*text && at < last)
		round->detail[at++] = *text++;
	do
		digits[n++] = '0' + value % 10;
	while ((value /= 10));
	while (n && at < last)
		round->detail[at++] = digits[--n];
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
