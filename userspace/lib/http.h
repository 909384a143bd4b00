/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_HTTP_H
#define OST_LIB_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* The target of an HTTP request: a path of a few parts and a few arguments, nothing else is
 * accepted. */

#define OST_HTTP_PARTS_MAX  6	 /* parts of a path: /v1/instances/ID/collect has 4 */
#define OST_HTTP_ARGS_MAX   8	 /* arguments after the question mark */
#define OST_HTTP_TARGET_MAX 1024 /* bytes of the target as sent, with the terminating NUL */

/** struct ost_http_arg - one `name=value` after the question mark, decoded */
struct ost_http_arg {
	const char *name;
	const char *value;
};

/**
 * struct ost_http_target - a request target taken apart and decoded
 * @part: what stands between the slashes
 * @arg: the arguments in their order
 * @text: what the pointers point into; a copy of the struct is worthless
 */
struct ost_http_target {
	unsigned int parts;
	unsigned int args;
	const char *part[OST_HTTP_PARTS_MAX];
	struct ost_http_arg arg[OST_HTTP_ARGS_MAX];
	char text[OST_HTTP_TARGET_MAX];
};

/**
 * ost_http_target_parse() - take a request target (RFC 9112, origin-form) apart
 * @raw: as sent, percent escapes and all
 *
 * Return: 0; -EINVAL for what is no path, has an empty part, a bad escape, an escaped NUL, a
 * control character or a repeated argument; -ENAMETOOLONG, -E2BIG for more than fits.
 */
int ost_http_target_parse(const char *raw, struct ost_http_target *target, struct ost_error *err);

/**
 * ost_http_target_match() - does the path have this form?
 * @pattern: such as "/v1/instances/:/collect"; a part ":" matches any one part
 * @param: gets the part that ":" stood for, NULL when the pattern has none; the last one counts
 */
bool ost_http_target_match(const struct ost_http_target *target, const char *pattern,
			   const char **param);

/** ost_http_target_arg() - value of an argument, NULL when it was not given */
const char *ost_http_target_arg(const struct ost_http_target *target, const char *name);

/** ost_http_number() - a decimal number and nothing around it; 0, -EINVAL or -ERANGE */
int ost_http_number(const char *text, uint64_t *value);

/**
 * ost_http_escape() - write one part of a path, or one value of an argument, so that it survives
 * @out: gets the escaped text, NUL-terminated
 *
 * Return: its length, or -ENAMETOOLONG when @size is too small.
 */
int ost_http_escape(const char *text, char *out, size_t size);

#endif
