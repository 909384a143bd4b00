// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

/* How well a name fits, the best first. */
enum fit { FIT_ID, FIT_PATH, FIT_FUNCTION, FIT_LAST_PART, FIT_BEGINNING, FIT_NONE };

/* Candidates named when a name fits several. */
#define NAMED_MAX 6

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static enum fit fit(const json_t *instance, const char *name)
{
	const char *path = ost_field_text(instance, "path");
	const char *function = ost_field_text(instance, "function");
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;

	if (!strcmp(ost_field_text(instance, "id"), name))
		return FIT_ID;
	while (*name == '/')
		name++;
	if (!strcmp(path, name))
		return FIT_PATH;
	if (!strcmp(function, name))
		return FIT_FUNCTION;
	if (!strcmp(last, name))
		return FIT_LAST_PART;
	if (*name && (begins(path, name) || begins(function, name) || begins(last, name)))
		return FIT_BEGINNING;
	return FIT_NONE;
}

static int ambiguous(const json_t *instances, const char *name, enum fit best, size_t count)
{
	char text[512] = "";
	unsigned int named = 0;
	const json_t *instance;
	size_t i;

	json_array_foreach(instances, i, instance)
	{
		if (fit(instance, name) != best || named == NAMED_MAX)
			continue;
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s (%s)",
			 named ? ", " : "", ost_field_text(instance, "id"),
			 ost_field_text(instance, "path"));
		named++;
	}
	return ost_ctl_fail(OST_CTL_NOTHING,
			    "%s fits %zu instances: %s%s; name one by its id or path", name, count,
			    text, count > named ? ", ..." : "");
}

int ost_ctl_pick(struct ost_ctl *ctl, const char *name, char *id, size_t size)
{
	/* the list is only a means here, whatever the verb prints in the end */
	struct ost_ctl quiet = {.client = ctl->client};
	const json_t *instances, *instance, *found = NULL;
	enum fit best = FIT_NONE;
	size_t count = 0, i;
	json_t *answer;
	int ret;

	ret = ost_ctl_get(&quiet, "/v1/instances", &answer);
	if (ret)
		return ret;
	instances = ost_field(answer, "instances");
	json_array_foreach(instances, i, instance)
	{
		enum fit how = fit(instance, name);

		if (how < best) {
			best = how;
			count = 0;
		}
		if (how == best && how != FIT_NONE) {
			found = instance;
			count++;
		}
	}
	if (!found)
		ret = ost_ctl_fail(
			OST_CTL_NOTHING,
			"no instance has the id, path or function %s; `ostlerctl list` shows "
			"those there are",
			name);
	else if (count > 1)
		ret = ambiguous(instances, name, best, count);
	else
		snprintf(id, size, "%s", ost_field_text(found, "id"));
	json_decref(answer);
	return ret;
}
