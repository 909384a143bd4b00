// SPDX-License-Identifier: GPL-2.0-or-later
#include "jvm_attach.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* Limits of HotSpot's attachListener.hpp. */
#define COMMAND_MAX 16
#define ARG_MAX_LEN 1024

static bool put(char *buf, size_t size, size_t *at, const char *text, size_t max)
{
	size_t len = strlen(text);

	if (len > max || len >= size - *at)
		return false;
	memcpy(buf + *at, text, len + 1);
	*at += len + 1;
	return true;
}

ssize_t ost_jvm_attach_request(char *buf, size_t size, const char *command,
			       const char *const args[OST_JVM_ATTACH_ARGS])
{
	size_t at = 0;

	if (!put(buf, size, &at, "1", 1) || !put(buf, size, &at, command, COMMAND_MAX))
		return -E2BIG;
	for (int i = 0; i < OST_JVM_ATTACH_ARGS; i++)
		if (!put(buf, size, &at, args[i] ? args[i] : "", ARG_MAX_LEN))
			return -E2BIG;
	return at;
}

/*
 * A decimal number of at most nine digits at the beginning of @text; how long it is, 0 when none.
 */
static size_t take_int(const char *text, size_t len, int *value)
{
	bool negative = len && text[0] == '-';
	size_t at = negative;
	int n = 0;

	while (at < len && text[at] >= '0' && text[at] <= '9' && at - negative < 9)
		n = n * 10 + (text[at++] - '0');
	if (at == negative || (at < len && text[at] >= '0' && text[at] <= '9'))
		return 0;
	*value = negative ? -n : n;
	return at;
}

int ost_jvm_attach_parse(const char *reply, size_t len, struct ost_jvm_attach_reply *out)
{
	size_t at = take_int(reply, len, &out->code);

	if (!at || (at < len && reply[at] != '\n'))
		return -EBADMSG;
	if (at < len)
		at++;
	out->text = reply + at;
	out->len = len - at;
	return 0;
}

int ost_jvm_attach_load_code(const struct ost_jvm_attach_reply *reply, int *code)
{
	static const char lead[] = "return code: ";
	size_t skip = sizeof(lead) - 1;
	const char *text = reply->text;
	size_t len = reply->len;

	if (len >= skip && !memcmp(text, lead, skip)) {
		text += skip;
		len -= skip;
	}
	skip = take_int(text, len, code);
	if (!skip || (skip < len && text[skip] != '\n'))
		return -ENOENT;
	return 0;
}
