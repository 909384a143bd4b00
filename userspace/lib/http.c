// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Decode one piece in place, up to its NUL. A plus is a blank in arguments only. */
static int decode(char *text, bool argument, struct ost_error *err)
{
	char *out = text;

	for (const char *in = text; *in; in++) {
		char c = *in;

		if (c == '%') {
			int high = hex_digit(in[1]);
			int low = high < 0 ? -1 : hex_digit(in[2]);

			if (low < 0)
				return ost_error_set(
					err, -EINVAL,
					"a %% in the path must be followed by two hex digits; a "
					"percent sign itself is %%25");
			c = (char)(high * 16 + low);
			in += 2;
		} else if (c == '+' && argument) {
			c = ' ';
		}
		if ((unsigned char)c < 0x20 || c == 0x7f)
			return ost_error_set(
				err, -EINVAL,
				"the path has the control character 0x%02x, also when escaped "
				"it may have none",
				(unsigned char)c);
		*out++ = c;
	}
	*out = '\0';
	return 0;
}

static int take_parts(struct ost_http_target *target, char *path, struct ost_error *err)
{
	char *rest = path + 1, *part;

	while ((part = strsep(&rest, "/"))) {
		int ret;

		if (!*part)
			return ost_error_set(
				err, -EINVAL,
				"the path has an empty part; it must neither end with a slash nor "
				"have two in a row");
		if (target->parts == OST_HTTP_PARTS_MAX)
			return ost_error_set(err, -E2BIG, "the path has more than %d parts",
					     OST_HTTP_PARTS_MAX);
		ret = decode(part, false, err);
		if (ret)
			return ret;
		target->part[target->parts++] = part;
	}
	return 0;
}

static int take_args(struct ost_http_target *target, char *query, struct ost_error *err)
{
	char *rest = query, *name;

	while ((name = strsep(&rest, "&"))) {
		char *value = strchr(name, '=');
		int ret;

		if (!value || value == name)
			return ost_error_set(err, -EINVAL,
					     "after the question mark must come name=value, "
					     "more of them after an ampersand");
		*value++ = '\0';
		ret = decode(name, true, err);
		if (!ret)
			ret = decode(value, true, err);
		if (ret)
			return ret;
		if (ost_http_target_arg(target, name))
			return ost_error_set(err, -EINVAL, "argument %s is given twice", name);
		if (target->args == OST_HTTP_ARGS_MAX)
			return ost_error_set(err, -E2BIG, "there are more than %d arguments",
					     OST_HTTP_ARGS_MAX);
		target->arg[target->args++] = (struct ost_http_arg){name, value};
	}
	return 0;
}

int ost_http_target_parse(const char *raw, struct ost_http_target *target, struct ost_error *err)
{
	size_t len = strnlen(raw, OST_HTTP_TARGET_MAX);
	char *query;
	int ret;

	target->parts = 0;
	target->args = 0;
	if (len == OST_HTTP_TARGET_MAX)
		return ost_error_set(err, -ENAMETOOLONG, "the path is longer than %d bytes",
				     OST_HTTP_TARGET_MAX - 1);
	if (raw[0] != '/')
		return ost_error_set(err, -EINVAL,
				     "the path must begin with a slash, as in /v1/status");
	memcpy(target->text, raw, len + 1);
	if (strchr(target->text, '#'))
		return ost_error_set(err, -EINVAL, "the path has a #, which must be written %%23");
	query = strchr(target->text, '?');
	if (query)
		*query++ = '\0';
	ret = take_parts(target, target->text, err);
	if (!ret && query)
		ret = take_args(target, query, err);
	return ret;
}

bool ost_http_target_match(const struct ost_http_target *target, const char *pattern,
			   const char **param)
{
	unsigned int at = 0;

	*param = NULL;
	while (*pattern == '/') {
		size_t len = strcspn(++pattern, "/");

		if (at == target->parts)
			return false;
		if (len == 1 && *pattern == ':')
			*param = target->part[at];
		else if (strlen(target->part[at]) != len || memcmp(target->part[at], pattern, len))
			return false;
		at++;
		pattern += len;
	}
	return at == target->parts;
}

const char *ost_http_target_arg(const struct ost_http_target *target, const char *name)
{
	for (unsigned int i = 0; i < target->args; i++)
		if (!strcmp(target->arg[i].name, name))
			return target->arg[i].value;
	return NULL;
}

int ost_http_number(const char *text, uint64_t *value)
{
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	*value = strtoull(text, &end, 10);
	if (*end)
		return -EINVAL;
	return errno ? -ERANGE : 0;
}

/* RFC 3986, section 2.3: what never needs an escape. */
static bool unreserved(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c && strchr("-._~", c));
}

int ost_http_escape(const char *text, char *out, size_t size)
{
	size_t at = 0;

	for (; *text; text++) {
		size_t need = unreserved(*text) ? 1 : 3;

		if (at + need >= size)
			return -ENAMETOOLONG;
		if (need == 1)
			out[at] = *text;
		else
			snprintf(out + at, size - at, "%%%02X", (unsigned char)*text);
		at += need;
	}
	if (!size)
		return -ENAMETOOLONG;
	out[at] = '\0';
	return (int)at;
}
