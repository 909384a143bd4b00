// SPDX-License-Identifier: GPL-2.0-or-later
/* What --host names: another host's processor. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "lib/file.h"
#include "ostlerctl/scan.h"

/* Bytes of a file: /proc/cpuinfo of a host with 8192 CPUs stays below. */
#define FILE_MAX (64u << 20)

/* Kinds of CPUs in one file; hosts have one or two, and a file may hold one for each CPU. */
#define SNAPSHOTS_MAX 8192

static bool is_level(const char *name)
{
	return !strncmp(name, "x86-64-v", 8) && name[8] >= '1' && name[8] <= '4' && !name[9];
}

/* Where the first line is that is neither empty nor a comment. */
static const char *skip_comments(const char *text)
{
	while (*text == '#' || *text == '\n') {
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return text;
}

static int from_snapshots(const char *text, struct ost_report_host *host,
			  struct ost_host_features *features, struct ost_error *err)
{
	struct ost_snapshot *list = NULL;
	unsigned int count = 0;
	int ret = 0;

	for (text = skip_comments(text); !ret && *text; text = skip_comments(text)) {
		struct ost_snapshot *longer = NULL;

		if (count < SNAPSHOTS_MAX)
			longer = realloc(list, (count + 1) * sizeof(*list));
		if (!longer) {
			ret = ost_error_set(err, -E2BIG, "more than %u snapshots", count);
			break;
		}
		list = longer;
		ret = ost_snapshot_parse(&list[count], text, &text, err);
		count += !ret;
	}
	if (!ret)
		ret = ost_host_features_from(features, list, count);
	if (!ret) {
		host->have = features->usable;
		host->features = features;
	}
	free(list);
	return ret;
}

/* Names of one flags line; those that the catalogue doesn't know are the kernel's own business. */
static void read_flags(const char *line, struct ost_feature_set *set)
{
	size_t end = strcspn(line, "\n"), at = 0;

	memset(set, 0, sizeof(*set));
	while (at < end) {
		size_t len = strcspn(line + at, " \t\n");
		const struct ost_feature_info *info;
		unsigned int feature;
		char name[64];

		if (len && len < sizeof(name)) {
			memcpy(name, line + at, len);
			name[len] = '\0';
			feature = ost_feature_find(name);
			info = ost_feature_get(feature);
			if (info && !info->own_name)
				ost_feature_set_add(set, feature);
		}
		at += len + 1;
	}
}

/* The next line after @text, or the text's end. */
static const char *next_line(const char *text)
{
	text += strcspn(text, "\n");
	return text + (*text == '\n');
}

/* What all processors of a /proc/cpuinfo have; false: it has no flags. */
static bool from_cpuinfo(const char *text, struct ost_report_host *host)
{
	struct ost_feature_set one;
	bool found = false;

	for (; *text; text = next_line(text)) {
		size_t key = strcspn(text, " \t:\n");

		if (key != 5 || strncmp(text, "flags", 5) != 0)
			continue;
		key += strspn(text + key, " \t");
		if (text[key] != ':')
			continue;
		read_flags(text + key + 1, &one);
		if (found)
			ost_feature_set_intersect(&host->have, &one);
		else
			host->have = one;
		found = true;
	}
	host->names_only = true;
	return found;
}

int ost_scan_host_read(const char *name, struct ost_report_host *host,
		       struct ost_host_features *features, struct ost_error *err)
{
	ssize_t len;
	char *text;
	int ret;

	memset(host, 0, sizeof(*host));
	host->name = name;
	if (is_level(name)) {
		ost_feature_level_set((unsigned int)(name[8] - '0'), &host->have);
		return 0;
	}
	len = ost_file_read_all(AT_FDCWD, name, FILE_MAX, &text);
	if (len < 0)
		return ost_error_set(err, (int)len, "%s (and it is no level such as x86-64-v3)",
				     strerror((int)-len));
	if (!strncmp(skip_comments(text), "ostler-cpu", 10))
		ret = from_snapshots(text, host, features, err);
	else if (strlen(text) == (size_t)len && from_cpuinfo(text, host))
		ret = 0;
	else
		ret = ost_error_set(err, -EINVAL,
				    "neither a snapshot, as `ostlerctl features snapshot` prints "
				    "it on the host in question, nor a copy of its /proc/cpuinfo, "
				    "nor a level such as x86-64-v3");
	if (!ret && !ost_feature_set_has(&host->have, OST_F_LM))
		ret = ost_error_set(err, -EINVAL,
				    "it has no 64-bit mode (lm): no host for x86-64 programs");
	free(text);
	return ret;
}
