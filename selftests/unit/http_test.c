// SPDX-License-Identifier: GPL-2.0-or-later
/* Request targets: what is taken apart, what is refused, and that escaping and parsing agree. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lib/http.h"

static struct ost_http_target target;
static struct ost_error err;

static int parse(const char *raw)
{
	memset(&err, 0, sizeof(err));
	return ost_http_target_parse(raw, &target, &err);
}

static void takes_parts_and_arguments(void **state)
{
	assert_int_equal(parse("/v1/instances/42/collect?user=a%20b&function=x+y%2Bz&empty="), 0);
	assert_int_equal(target.parts, 4);
	assert_string_equal(target.part[0], "v1");
	assert_string_equal(target.part[3], "collect");
	assert_int_equal(target.args, 3);
	assert_string_equal(ost_http_target_arg(&target, "user"), "a b");
	assert_string_equal(ost_http_target_arg(&target, "function"), "x y+z");
	assert_string_equal(ost_http_target_arg(&target, "empty"), "");
	assert_null(ost_http_target_arg(&target, "other"));
}

static void an_escaped_slash_stays_in_its_part(void **state)
{
	assert_int_equal(parse("/v1/a%2fb+c"), 0);
	assert_int_equal(target.parts, 2);
	assert_string_equal(target.part[1], "a/b+c");
}

static void refuses_what_is_no_path(void **state)
{
	static const char *const bad[] = {
		"",
		"*",
		"v1/status",
		"http://h/v1",
		"/",
		"//",
		"/v1/",
		"/v1//status",
		"/v1/%",
		"/v1/%4",
		"/v1/%zz",
		"/v1/%00",
		"/v1/a%00b",
		"/v1/%0a",
		"/v1/\x1b[0m",
		"/v1/%7f",
		"/v1/a#b",
		"/v1?",
		"/v1?user",
		"/v1?=x",
		"/v1?a=1&",
		"/v1?a=1&&b=2",
		"/v1?a=1&a=2",
		"/v1?a=%g0",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (parse(bad[i]) != -EINVAL)
			fail_msg("%s: %s", bad[i], err.text);
		assert_int_equal(err.code, -EINVAL);
		assert_true(strlen(err.text) > 10);
	}
}

static void refuses_what_is_too_long(void **state)
{
	char raw[OST_HTTP_TARGET_MAX + 8];

	memset(raw, 'a', sizeof(raw));
	raw[0] = '/';
	raw[OST_HTTP_TARGET_MAX - 1] = '\0';
	assert_int_equal(parse(raw), 0);
	raw[OST_HTTP_TARGET_MAX - 1] = 'a';
	raw[OST_HTTP_TARGET_MAX] = '\0';
	assert_int_equal(parse(raw), -ENAMETOOLONG);
	assert_int_equal(parse("/1/2/3/4/5/6"), 0);
	assert_int_equal(parse("/1/2/3/4/5/6/7"), -E2BIG);
	assert_int_equal(parse("/?a=&b=&c=&d=&e=&f=&g=&h="), -EINVAL);
	assert_int_equal(parse("/x?a=&b=&c=&d=&e=&f=&g=&h="), 0);
	assert_int_equal(parse("/x?a=&b=&c=&d=&e=&f=&g=&h=&i="), -E2BIG);
}

static void matches_whole_paths_only(void **state)
{
	const char *param;

	assert_int_equal(parse("/v1/instances/42"), 0);
	assert_true(ost_http_target_match(&target, "/v1/instances/:", &param));
	assert_string_equal(param, "42");
	assert_false(ost_http_target_match(&target, "/v1/instances", &param));
	assert_false(ost_http_target_match(&target, "/v1/instances/:/collect", &param));
	assert_false(ost_http_target_match(&target, "/v1/instance/:", &param));
	assert_false(ost_http_target_match(&target, "/v1/instances2/:", &param));
	assert_int_equal(parse("/v1/status"), 0);
	assert_true(ost_http_target_match(&target, "/v1/status", &param));
	assert_null(param);
}

static void numbers_are_decimal_and_alone(void **state)
{
	uint64_t value;

	assert_int_equal(ost_http_number("18446744073709551615", &value), 0);
	assert_true(value == UINT64_MAX);
	assert_int_equal(ost_http_number("0", &value), 0);
	assert_int_equal(ost_http_number("18446744073709551616", &value), -ERANGE);
	assert_int_equal(ost_http_number("", &value), -EINVAL);
	assert_int_equal(ost_http_number("-1", &value), -EINVAL);
	assert_int_equal(ost_http_number("+1", &value), -EINVAL);
	assert_int_equal(ost_http_number(" 1", &value), -EINVAL);
	assert_int_equal(ost_http_number("1 ", &value), -EINVAL);
	assert_int_equal(ost_http_number("0x10", &value), -EINVAL);
}

static void escaping_survives_parsing(void **state)
{
	char all[256], escaped[800], raw[1000];
	size_t at = 0;

	for (int c = 0x20; c < 256; c++)
		if (c != 0x7f)
			all[at++] = (char)c;
	all[at] = '\0';
	assert_true(ost_http_escape(all, escaped, sizeof(escaped)) > 0);
	snprintf(raw, sizeof(raw), "/v1/%s", escaped);
	assert_int_equal(parse(raw), 0);
	assert_int_equal(target.parts, 2);
	assert_string_equal(target.part[1], all);
	snprintf(raw, sizeof(raw), "/v1?a=%s", escaped);
	assert_int_equal(parse(raw), 0);
	assert_string_equal(ost_http_target_arg(&target, "a"), all);
	assert_int_equal(ost_http_escape("abc", escaped, 3), -ENAMETOOLONG);
	assert_int_equal(ost_http_escape("abc", escaped, 4), 3);
	assert_int_equal(ost_http_escape("/", escaped, 3), -ENAMETOOLONG);
	assert_int_equal(ost_http_escape("", escaped, 0), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_parts_and_arguments),
		cmocka_unit_test(an_escaped_slash_stays_in_its_part),
		cmocka_unit_test(refuses_what_is_no_path),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(matches_whole_paths_only),
		cmocka_unit_test(numbers_are_decimal_and_alone),
		cmocka_unit_test(escaping_survives_parsing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
