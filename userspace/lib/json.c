// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/json.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int ost_json_parse(const char *text, size_t len, json_t **out, struct ost_error *err)
{
	json_error_t why;
	json_t *value = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);

	if (!value)
		return ost_error_set(err, -EINVAL, "the JSON is wrong in line %d, column %d: %s",
				     why.line, why.column, why.text);
	if (!json_is_object(value)) {
		json_decref(value);
		return ost_error_set(err, -EINVAL,
				     "the JSON must be an object, as in {\"name\": \"value\"}");
	}
	*out = value;
	return 0;
}

static int read_member(const json_t *value, const struct ost_json_member *member,
		       struct ost_error *err)
{
	switch (member->kind) {
	case OST_JSON_TEXT:
		if (!json_is_string(value))
			return ost_error_set(err, -EINVAL, "member %s must be a string",
					     member->name);
		*(const char **)member->at = json_string_value(value);
		return 0;
	case OST_JSON_BOOL:
		if (!json_is_boolean(value))
			return ost_error_set(err, -EINVAL, "member %s must be true or false",
					     member->name);
		*(bool *)member->at = json_is_true(value);
		return 0;
	}
	return -EINVAL;
}

static int unknown_member(const char *name, const struct ost_json_member *members, size_t count,
			  struct ost_error *err)
{
	char known[160] = "";

	for (size_t i = 0; i < count; i++)
		snprintf(known + strlen(known), sizeof(known) - strlen(known), "%s%s",
			 i ? ", " : "", members[i].name);
	return ost_error_set(err, -EINVAL, "there is no member %.64s; known are: %s", name,
			     count ? known : "none");
}

int ost_json_read(const json_t *object, const struct ost_json_member *members, size_t count,
		  struct ost_error *err)
{
	/* jansson's iterators take no const, but change nothing */
	json_t *from = (json_t *)object;
	size_t found = 0;
	int ret;

	for (size_t i = 0; i < count; i++) {
		const json_t *value = json_object_get(object, members[i].name);

		if (!value && members[i].required)
			return ost_error_set(err, -EINVAL, "member %s is missing", members[i].name);
		if (!value)
			continue;
		found++;
		ret = read_member(value, &members[i], err);
		if (ret)
			return ret;
	}
	if (found == json_object_size(object))
		return 0;
	for (void *at = json_object_iter(from); at; at = json_object_iter_next(from, at)) {
		bool known = false;

		for (size_t i = 0; i < count; i++)
			known |= !strcmp(members[i].name, json_object_iter_key(at));
		if (!known)
			return unknown_member(json_object_iter_key(at), members, count, err);
	}
	return 0;
}

/* Length of the UTF-8 character at @s (RFC 3629: no overlong forms, no surrogates), 0 when it is
 * none. */
static size_t utf8_length(const unsigned char *s)
{
	size_t len = s[0] < 0x80   ? 1
		     : s[0] < 0xc2 ? 0
		     : s[0] < 0xe0 ? 2
		     : s[0] < 0xf0 ? 3
		     : s[0] < 0xf5 ? 4
				   : 0;

	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

json_t *ost_json_bytes(const char *bytes)
{
	json_t *value = json_string(bytes);
	const unsigned char *in;
	char *text, *out;

	if (value)
		return value;
	text = malloc(strlen(bytes) * 4 + 1);
	if (!text)
		return NULL;
	out = text;
	for (in = (const unsigned char *)bytes; *in;) {
		size_t len = utf8_length(in);

		if (len) {
			memcpy(out, in, len);
			out += len;
			in += len;
		} else {
			out += sprintf(out, "\\x%02x", *in++);
		}
	}
	value = json_stringn(text, out - text);
	free(text);
	return value;
}

void ost_json_put_u64(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new_nocheck(
		object, name, json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value));
}

void ost_json_put_real(json_t *object, const char *name, double value)
{
	json_object_set_new_nocheck(object, name, isfinite(value) ? json_real(value) : json_null());
}

void ost_json_put_bool(json_t *object, const char *name, bool value)
{
	json_object_set_new_nocheck(object, name, json_boolean(value));
}

void ost_json_put_text(json_t *object, const char *name, const char *bytes)
{
	json_object_set_new_nocheck(object, name, bytes ? ost_json_bytes(bytes) : json_null());
}

void ost_json_put_id(json_t *object, const char *name, uint64_t id)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, id);
	json_object_set_new_nocheck(object, name, json_string_nocheck(text));
}
