// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON as text. jansson's own looks for circles in each container, which takes most of its time. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"

struct text {
	char *bytes;
	size_t size, room;
	bool failed;
};

static void put(struct text *to, const char *bytes, size_t size)
{
	if (to->failed)
		return;
	if (to->size + size > to->room) {
		size_t room = 2 * (to->size + size) + 4096;
		char *grown = realloc(to->bytes, room);

		to->failed = !grown;
		if (to->failed)
			return;
		to->bytes = grown;
		to->room = room;
	}
	memcpy(to->bytes + to->size, bytes, size);
	to->size += size;
}

static void put_escape(struct text *to, unsigned char c)
{
	static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	char escape[8];

	for (const char *at = named; *at; at += 2)
		if ((unsigned char)*at == c) {
			escape[0] = '\\';
			escape[1] = at[1];
			put(to, escape, 2);
			return;
		}
	put(to, escape, snprintf(escape, sizeof(escape), "\\u%04X", c));
}

/* What needs no escape in one piece. */
static void put_string(struct text *to, const char *string, size_t size)
{
	size_t from = 0;

	put(to, "\"", 1);
	for (size_t i = 0; i < size; i++) {
		unsigned char c = string[i];

		if (c >= ' ' && c != '"' && c != '\\')
			continue;
		put(to, string + from, i - from);
		put_escape(to, c);
		from = i + 1;
	}
	put(to, string + from, size - from);
	put(to, "\"", 1);
}

static void put_number(struct text *to, const json_t *value)
{
	char number[64];
	size_t size;

	if (json_is_integer(value))
		size = snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
				json_integer_value(value));
	else
		size = json_dumpb(value, number, sizeof(number), JSON_ENCODE_ANY);
	put(to, number, size < sizeof(number) ? size : 0);
}

static void put_value(struct text *to, const json_t *value);

static void put_object(struct text *to, const json_t *object)
{
	json_t *mutable = (json_t *)object, *member;
	const char *name, *comma = "";

	put(to, "{", 1);
	json_object_foreach(mutable, name, member) {
		put(to, comma, strlen(comma));
		put_string(to, name, strlen(name));
		put(to, ":", 1);
		put_value(to, member);
		comma = ",";
	}
	put(to, "}", 1);
}

static void put_array(struct text *to, const json_t *array)
{
	json_t *member;
	size_t i;

	put(to, "[", 1);
	json_array_foreach(array, i, member) {
		if (i)
			put(to, ",", 1);
		put_value(to, member);
	}
	put(to, "]", 1);
}

static void put_value(struct text *to, const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		put_object(to, value);
		return;
	case JSON_ARRAY:
		put_array(to, value);
		return;
	case JSON_STRING:
		put_string(to, json_string_value(value), json_string_length(value));
		return;
	case JSON_INTEGER:
	case JSON_REAL:
		put_number(to, value);
		return;
	case JSON_TRUE:
		put(to, "true", 4);
		return;
	case JSON_FALSE:
		put(to, "false", 5);
		return;
	case JSON_NULL:
		put(to, "null", 4);
		return;
	}
}

char *ost_json_text(const json_t *value)
{
	struct text to = {0};

	put_value(&to, value);
	put(&to, "", 1);
	if (!to.failed)
		return to.bytes;
	free(to.bytes);
	return NULL;
}
