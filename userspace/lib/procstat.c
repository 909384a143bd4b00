// SPDX-License-Identifier: GPL-2.0-or-later
#include "procstat.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/file.h"

/* Fields of stat are counted from 1; the name is the second and may hold anything, ')' too. */
#define FIELD_STATE 3
#define FIELD_STARTTIME 22

int ost_procstat_parse(const char *stat, struct ost_procstat *out)
{
	const char *p = strrchr(stat, ')');
	char *end;

	if (!p || p[1] != ' ' || !p[2] || p[3] != ' ')
		return -EINVAL;
	out->state = p[2];
	p += 2;
	for (int field = FIELD_STATE; field < FIELD_STARTTIME; field++) {
		p = strchr(p, ' ');
		if (!p)
			return -EINVAL;
		p++;
	}
	errno = 0;
	out->starttime = strtoull(p, &end, 10);
	return errno || end == p ? -EINVAL : 0;
}

/* What follows "key:" at the start of a line; NULL when no line has it. */
static const char *line_of(const char *text, const char *key)
{
	size_t len = strlen(key);

	while (text) {
		if (!strncmp(text, key, len) && text[len] == ':')
			return text + len + 1;
		text = strchr(text, '\n');
		if (text)
			text++;
	}
	return NULL;
}

/* The nth number of a line, the last one when @nth is negative. */
static bool number_of(const char *line, int nth, int base, uint64_t *value)
{
	bool found = false;

	for (int i = 0; line; i++) {
		char *end;

		line += strspn(line, " \t");
		if (!*line || *line == '\n' || *line == '-')
			break;
		*value = strtoull(line, &end, base);
		if (end == line)
			break;
		found = nth < 0 || i == nth;
		if (i == nth)
			break;
		line = end;
	}
	return found;
}

int ost_procstat_parse_status(const char *status, struct ost_procstat *out)
{
	uint64_t euid = 0, egid = 0, nspid = 0, kib, seccomp, filters;

	if (!number_of(line_of(status, "Uid"), 1, 10, &euid) ||
	    !number_of(line_of(status, "Gid"), 1, 10, &egid) ||
	    !number_of(line_of(status, "SigCgt"), 0, 16, &out->sigcgt) ||
	    !number_of(line_of(status, "NSpid"), -1, 10, &nspid))
		return -EINVAL;
	if (euid > UINT32_MAX || egid > UINT32_MAX || !nspid || nspid > INT32_MAX)
		return -EINVAL;
	out->euid = euid;
	out->egid = egid;
	out->nspid = nspid;
	if (!number_of(line_of(status, "SigBlk"), 0, 16, &out->sigblk))
		out->sigblk = 0;
	out->seccomp = ost_text_field(status, "Seccomp", &seccomp) ? 0 : seccomp;
	if (ost_text_field(status, "Seccomp_filters", &filters))
		filters = out->seccomp ? UINT32_MAX : 0;
	out->seccomp_filters = filters;
	out->rss_anon = ost_text_field(status, "RssAnon", &kib) ? 0 : kib * 1024;
	return 0;
}
