// SPDX-License-Identifier: GPL-2.0-or-later
/* Request targets and bodies: the first line is the target, the rest the body. */
#include <stdlib.h>
#include <string.h>

#include "lib/http.h"
#include "lib/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_target(const char *raw)
{
	struct ost_http_target target, again;
	char escaped[OST_HTTP_TARGET_MAX * 3], path[OST_HTTP_TARGET_MAX * 3 + 8];
	const char *param;
	uint64_t number;

	if (ost_http_target_parse(raw, &target, NULL))
		return;
	ost_http_target_match(&target, "/v1/instances/:/collect", &param);
	for (unsigned int i = 0; i < target.parts; i++) {
		ost_http_number(target.part[i], &number);
		/* what was parsed once parses again to the same */
		if (ost_http_escape(target.part[i], escaped, sizeof(escaped)) < 0)
			abort();
		path[0] = '/';
		strcpy(path + 1, escaped);
		if (strlen(path) >= OST_HTTP_TARGET_MAX)
			continue;
		if (ost_http_target_parse(path, &again, NULL) || again.parts != 1 ||
		    strcmp(again.part[0], target.part[i]))
			abort();
	}
}

static void try_body(const char *text, size_t len)
{
	const char *verdict = NULL;
	bool wait = false;
	const struct ost_json_member members[] = {
		{"verdict", OST_JSON_TEXT, true, &verdict},
		{"wait", OST_JSON_BOOL, false, &wait},
	};
	struct ost_error err;
	json_t *object;

	if (ost_json_parse(text, len, &object, &err))
		return;
	if (!ost_json_read(object, members, 2, &err) && !verdict)
		abort();
	json_decref(object);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *line = memchr(data, '\n', size);
	size_t len = line ? (size_t)(line - data) : size;
	char *raw = malloc(len + 1);
	json_t *bytes;

	if (!raw)
		return 0;
	memcpy(raw, data, len);
	raw[len] = '\0';
	try_target(raw);
	bytes = ost_json_bytes(raw);
	if (!bytes)
		abort();
	json_decref(bytes);
	free(raw);
	if (line)
		try_body((const char *)line + 1, size - len - 1);
	return 0;
}
