// SPDX-License-Identifier: GPL-2.0-or-later
/* JSON from strangers is read strictly; bytes from tasks always become valid JSON. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/json.h"

struct values {
	const char *verdict;
	bool wait;
};

static struct ost_error err;

static int read_text(const char *text, struct values *values, json_t **object)
{
	const struct ost_json_member members[] = {
		{"verdict", OST_JSON_TEXT, true, &values->verdict},
		{"wait", OST_JSON_BOOL, false, &values->wait},
	};
	int ret;

	memset(&err, 0, sizeof(err));
	*object = NULL;
	ret = ost_json_parse(text, strlen(text), object, &err);
	return ret ? ret : ost_json_read(*object, members, 2, &err);
}

static void reads_members(void **state)
{
	struct values values = {.wait = true};
	json_t *object;

	assert_int_equal(read_text("{\"verdict\": \"retry\"}", &values, &object), 0);
	assert_string_equal(values.verdict, "retry");
	assert_true(values.wait);
	json_decref(object);
	assert_int_equal(read_text("{\"wait\": false, \"verdict\": \"x\"}", &values, &object), 0);
	assert_false(values.wait);
	json_decref(object);
}

static void refuses_and_says_why(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} bad[] = {
		{"", "line 1"},
		{"{", "line 1"},
		{"{}x", "line 1"},
		{"[]", "must be an object"},
		{"7", "must be an object"},
		{"{\"verdict\":\"a\",\"verdict\":\"b\"}", "duplicate"},
		{"{\"verdict\":\"\\ud800\"}", "line 1"},
		{"{\"verdict\":\"\\u0000\"}", "line 1"},
		{"{\"verdict\":\"\xff\"}", "0xff"},
		{"{}", "verdict is missing"},
		{"{\"verdict\":1}", "verdict must be a string"},
		{"{\"verdict\":null}", "verdict must be a string"},
		{"{\"verdict\":\"a\",\"wait\":1}", "wait must be true or false"},
		{"{\"verdict\":\"a\",\"wiat\":true}", "no member wiat; known are: verdict, wait"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct values values = {0};
		json_t *object;

		if (read_text(bad[i].text, &values, &object) != -EINVAL)
			fail_msg("%s was taken", bad[i].text);
		if (!strstr(err.text, bad[i].says))
			fail_msg("%s: \"%s\" does not say \"%s\"", bad[i].text, err.text,
				 bad[i].says);
		json_decref(object);
	}
}

static void deep_nesting_is_refused(void **state)
{
	char text[20000];
	json_t *object;

	memset(text, '[', sizeof(text));
	assert_int_equal(ost_json_parse(text, sizeof(text), &object, &err), -EINVAL);
}

static void bytes_become_utf8(void **state)
{
	static const struct {
		const char *bytes;
		const char *text;
	} cases[] = {
		{"plain", "plain"},
		{"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
		{"a\xff"
		 "b",
		 "a\\xffb"},
		{"\xc3", "\\xc3"},
		{"\xc0\xaf", "\\xc0\\xaf"},
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},
		{"\xe0\x80\x80", "\\xe0\\x80\\x80"},
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
		{"\xf0\x9f\x98", "\\xf0\\x9f\\x98"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		json_t *value = ost_json_bytes(cases[i].bytes);

		assert_non_null(value);
		assert_string_equal(json_string_value(value), cases[i].text);
		json_decref(value);
	}
}

static void every_byte_string_is_dumped_as_valid_json(void **state)
{
	unsigned int seed = 4711;

	for (int round = 0; round < 2000; round++) {
		char bytes[24];
		json_t *value, *again;
		char *text;

		for (size_t i = 0; i < sizeof(bytes) - 1; i++) {
			seed = seed * 1103515245 + 12345;
			bytes[i] = (char)(1 + (seed >> 16) % 255);
		}
		bytes[sizeof(bytes) - 1] = '\0';
		value = json_pack("{s:o}", "b", ost_json_bytes(bytes));
		assert_non_null(value);
		text = json_dumps(value, JSON_COMPACT);
		assert_non_null(text);
		assert_int_equal(ost_json_parse(text, strlen(text), &again, &err), 0);
		assert_true(json_equal(value, again));
		json_decref(value);
		json_decref(again);
		free(text);
	}
}

static void numbers_that_do_not_fit(void **state)
{
	json_t *object = json_object();

	ost_json_put_u64(object, "big", UINT64_MAX);
	ost_json_put_real(object, "nan", NAN);
	ost_json_put_real(object, "half", 0.5);
	ost_json_put_id(object, "id", UINT64_MAX);
	ost_json_put_text(object, "none", NULL);
	assert_true(json_integer_value(json_object_get(object, "big")) == INT64_MAX);
	assert_true(json_is_null(json_object_get(object, "nan")));
	assert_true(json_real_value(json_object_get(object, "half")) == 0.5);
	assert_string_equal(json_string_value(json_object_get(object, "id")),
			    "18446744073709551615");
	assert_true(json_is_null(json_object_get(object, "none")));
	json_decref(object);
}

static void text_is_as_janssons(void **state)
{
	json_t *all = json_object(), *list = json_array(), *many = json_object();
	char bytes[256], name[16], *own, *other;

	/* every byte that may stand in a text, a few more characters, and a NUL */
	for (int i = 0; i < 127; i++)
		bytes[i] = (char)i;
	json_object_set_new(all, "bytes", json_stringn(bytes, 127));
	json_object_set_new(all, "", json_string("\x7f\u00e9\u20ac\U0001f600"));
	json_object_set_new(all, "name \"with\"\n", json_string(""));
	json_array_append_new(list, json_integer(INT64_MIN));
	json_array_append_new(list, json_integer(INT64_MAX));
	json_array_append_new(list, json_real(0.1));
	json_array_append_new(list, json_real(1e300));
	json_array_append_new(list, json_real(-3.0));
	json_array_append_new(list, json_true());
	json_array_append_new(list, json_false());
	json_array_append_new(list, json_null());
	json_array_append_new(list, json_array());
	json_array_append_new(list, json_object());
	for (int i = 0; i < 2000; i++) {
		snprintf(name, sizeof(name), "%d", i);
		json_object_set_new(many, name, json_integer(i));
	}
	json_array_append_new(list, many);
	json_object_set_new(all, "list", list);
	own = ost_json_text(all);
	other = json_dumps(all, JSON_COMPACT);
	assert_string_equal(own, other);
	free(own);
	free(other);
	json_decref(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_members),
		cmocka_unit_test(refuses_and_says_why),
		cmocka_unit_test(deep_nesting_is_refused),
		cmocka_unit_test(bytes_become_utf8),
		cmocka_unit_test(every_byte_string_is_dumped_as_valid_json),
		cmocka_unit_test(numbers_that_do_not_fit),
		cmocka_unit_test(text_is_as_janssons),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
