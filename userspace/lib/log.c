// SPDX-License-Identifier: GPL-2.0-or-later
#include "log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct {
	const char *ident;
	int level;
	bool journal;
} out = { .ident = "ostler", .level = LOG_INFO };

void ost_log_open(const char *ident, int level)
{
	out.ident = ident;
	out.level = level;
	out.journal = getenv("JOURNAL_STREAM") != NULL;
}

int ost_log_level(void)
{
	return out.level;
}

void ost_log(int level, const char *fmt, ...)
{
	int saved = errno;
	char line[1024];
	va_list args;
	int n;

	if (level > out.level)
		return;
	if (out.journal)
		n = snprintf(line, sizeof(line), "<%d>", level);
	else
		n = snprintf(line, sizeof(line), "%s: ", out.ident);
	va_start(args, fmt);
	n += vsnprintf(line + n, sizeof(line) - n - 1, fmt, args);
	va_end(args);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	/* names of tasks stand in lines: none of them may end a line or steer a terminal */
	for (int i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[n++] = '\n';
	/* one write a line, so that threads and children never interleave within a line */
	if (write(STDERR_FILENO, line, n) < 0)
		(void)0; /* nowhere left to complain */
	errno = saved;
}
