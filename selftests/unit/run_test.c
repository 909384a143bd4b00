// SPDX-License-Identifier: GPL-2.0-or-later
/* What happened when a program ran, against what was found in its code. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa/need/run_record.h"
#include "lib/error.h"

static struct ost_segment text[] = {
	{ .start = 0x400000, .end = 0x401000, .size = 0x1000, .offset = 0 },
	{ .start = 0x402000, .end = 0x404000, .size = 0x1800, .offset = 0x1000, .execute = true },
};
static struct ost_object program_file = { .id = "aaaa", .name = "program", .path = "/bin/program", .segments = text, .segment_count = 2 };
static struct ost_object library = { .id = "bbbb", .name = "liba.so.1", .path = "/lib/liba.so.1.2", .segments = text, .segment_count = 2 };
static struct ost_member members[] = { { .object = &program_file }, { .object = &library } };
static struct ost_program program = { .members = members, .count = 2 };
static struct ost_needs needs;

static const struct {
	uint8_t feature, verdict;
} found[] = {
	{ OST_F_SSE42, OST_NEED_UNREACHED },	{ OST_F_AVX, OST_NEED_DISPATCHED },
	{ OST_F_FMA, OST_NEED_WEAK_GUARD },	{ OST_F_LZCNT, OST_NEED_HAZARD },
	{ OST_F_AVX2, OST_NEED_PROBABLE },	{ OST_F_BMI2, OST_NEED_SELF_CHECKED },
	{ OST_F_AVX512F, OST_NEED_REQUIRED },
};

static int compare(const void *a, const void *b)
{
	return ((const struct ost_need *)a)->feature - ((const struct ost_need *)b)->feature;
}

static int fresh(void **state)
{
	ost_needs_free(&needs);
	needs.count = sizeof(found) / sizeof(found[0]);
	needs.list = calloc(needs.count, sizeof(*needs.list));
	for (size_t i = 0; i < needs.count; i++) {
		needs.list[i].feature = found[i].feature;
		needs.list[i].verdict = found[i].verdict;
		needs.list[i].steps = 3;
		needs.list[i].guard_site = 5;
	}
	qsort(needs.list, needs.count, sizeof(*needs.list), compare);
	return 0;
}

static int end(void **state)
{
	ost_needs_free(&needs);
	return 0;
}

static int trap_named(const char *object, const char *name, uint64_t offset, unsigned int feature)
{
	const struct ost_run_trap one = {
		.object = object, .name = name, .offset = offset, .feature = feature, .count = 1,
	};
	const struct ost_run run = { .traps = &one, .trap_count = 1 };

	return ost_needs_correct(&needs, &program, &run);
}

static int trap(const char *object, uint64_t offset, unsigned int feature)
{
	return trap_named(object, NULL, offset, feature);
}

static void a_trap_makes_it_required(void **state)
{
	static const unsigned int soft[] = { OST_F_SSE42, OST_F_AVX, OST_F_FMA, OST_F_AVX2 };
	const struct ost_need *need;

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(trap("bbbb", 0x1234, soft[i]), 1);
		need = ost_needs_get(&needs, soft[i]);
		assert_int_equal(need->verdict, OST_NEED_REQUIRED);
		assert_true(need->run);
		assert_int_equal(need->member, 1);
		assert_int_equal(need->site, 0x402234);
		assert_int_equal(need->steps, 0);
		assert_int_equal(need->guard_site, 0);
	}
	/* borne out, not changed */
	assert_int_equal(trap("aaaa", 0x1000, OST_F_BMI2), 0);
	need = ost_needs_get(&needs, OST_F_BMI2);
	assert_int_equal(need->verdict, OST_NEED_SELF_CHECKED);
	assert_true(need->run);
	assert_int_equal(need->steps, 3);
	assert_int_equal(trap("aaaa", 0x1000, OST_F_LZCNT), 0);
	assert_int_equal(ost_needs_get(&needs, OST_F_LZCNT)->verdict, OST_NEED_HAZARD);
}

static void a_feature_that_was_not_found(void **state)
{
	size_t before = needs.count;

	assert_null(ost_needs_get(&needs, OST_F_AVX512_VBMI2));
	assert_int_equal(trap("aaaa", 0x27ff, OST_F_AVX512_VBMI2), 1);
	assert_int_equal(needs.count, before + 1);
	assert_int_equal(ost_needs_get(&needs, OST_F_AVX512_VBMI2)->verdict, OST_NEED_REQUIRED);
	for (size_t i = 1; i < needs.count; i++)
		assert_true(needs.list[i - 1].feature < needs.list[i].feature);
}

static void traps_elsewhere_dont_count(void **state)
{
	assert_int_equal(trap("cccc", 0x1234, OST_F_AVX), 0);	/* another build */
	assert_int_equal(trap("aaaa", 0x234, OST_F_AVX), 0);	/* no code */
	assert_int_equal(trap("aaaa", 0x2800, OST_F_AVX), 0);	/* past the end */
	assert_int_equal(trap("aaaa", UINT64_MAX, OST_F_AVX), 0);
	assert_int_equal(trap("aaaa", 0x1234, OST_FEATURE_NONE), 0);
	assert_int_equal(trap("aaaa", 0x1234, OST_FEATURE_END), 0);
	assert_int_equal(ost_needs_get(&needs, OST_F_AVX)->verdict, OST_NEED_DISPATCHED);
	assert_false(ost_needs_get(&needs, OST_F_AVX)->run);
}

static void a_file_that_was_not_seen_counts(void **state)
{
	const struct ost_need *need;

	/* another build of what was seen, by its name or by that of its file */
	assert_int_equal(trap_named("cccc", "liba.so.1", 0x1234, OST_F_AVX), 0);
	assert_int_equal(trap_named("cccc", "liba.so.1.2", 0x1234, OST_F_AVX), 0);
	/* no code of one that was seen */
	assert_int_equal(trap_named("bbbb", "renamed.so", 0x234, OST_F_AVX), 0);
	assert_int_equal(trap_named("cccc", "plugin.so", 0x1234, OST_F_AVX), 1);
	need = ost_needs_get(&needs, OST_F_AVX);
	assert_int_equal(need->verdict, OST_NEED_REQUIRED);
	assert_true(need->run);
	assert_int_equal(need->site, 0);
	assert_int_equal(need->steps, 0);
	assert_string_equal(need->outside.id, "cccc");
	assert_string_equal(need->outside.name, "plugin.so");
	assert_int_equal(need->outside.offset, 0x1234);
}

static int ran(uint64_t requests, bool lacking, bool touched)
{
	struct ost_run_clean clean[2] = { { .object = "aaaa", .requests = requests },
					  { .object = "other", .requests = UINT64_MAX } };
	const struct ost_run run = { .clean = clean, .clean_count = 2 };

	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]); i++) {
		ost_feature_set_add(&clean[1].lacking, found[i].feature);
		if (lacking)
			ost_feature_set_add(&clean[0].lacking, found[i].feature);
		if (touched)
			ost_feature_set_add(&clean[0].touched, found[i].feature);
	}
	return ost_needs_correct(&needs, &program, &run);
}

static void long_runs_lower_what_is_probable(void **state)
{
	assert_int_equal(ran(OST_RUN_REQUESTS_MIN - 1, true, false), 0);
	assert_int_equal(ran(OST_RUN_REQUESTS_MIN, false, false), 0);
	assert_int_equal(ran(OST_RUN_REQUESTS_MIN, true, true), 0);
	assert_int_equal(ran(OST_RUN_REQUESTS_MIN, true, false), 1);
	assert_int_equal(ost_needs_get(&needs, OST_F_AVX2)->verdict, OST_NEED_DISPATCHED);
	assert_true(ost_needs_get(&needs, OST_F_AVX2)->run);
	for (size_t i = 0; i < needs.count; i++)
		if (found[i].feature != OST_F_AVX2)
			assert_int_equal(ost_needs_get(&needs, found[i].feature)->verdict, found[i].verdict);
}

static void a_trap_outweighs_any_run(void **state)
{
	const struct ost_run_trap one = { .object = "aaaa", .offset = 0x1000, .feature = OST_F_AVX2 };
	struct ost_run_clean clean = { .object = "aaaa", .requests = UINT64_MAX };
	const struct ost_run run = { &one, 1, &clean, 1 };

	ost_feature_set_add(&clean.lacking, OST_F_AVX2);
	assert_int_equal(ost_needs_correct(&needs, &program, &run), 1);
	assert_int_equal(ost_needs_get(&needs, OST_F_AVX2)->verdict, OST_NEED_REQUIRED);
}

static void what_does_not_trap_is_not_lowered(void **state)
{
	struct ost_run_clean clean = { .object = "aaaa", .requests = UINT64_MAX };
	const struct ost_run run = { .clean = &clean, .clean_count = 1 };

	for (size_t i = 0; i < needs.count; i++)
		if (needs.list[i].feature == OST_F_LZCNT)
			needs.list[i].verdict = OST_NEED_PROBABLE;
	ost_feature_set_add(&clean.lacking, OST_F_LZCNT);
	assert_int_equal(ost_needs_correct(&needs, &program, &run), 0);
	assert_int_equal(ost_needs_get(&needs, OST_F_LZCNT)->verdict, OST_NEED_PROBABLE);
}

static struct ost_run_record record;
static struct ost_error err;

static int read_text(const char *json)
{
	memset(&err, 0, sizeof(err));
	return ost_run_record_read(&record, json, strlen(json), &err);
}

static void reads_what_the_daemon_tells(void **state)
{
	assert_int_equal(read_text("{\"function\": \"f\", \"runs\": [{\"program\": \"aaaa\", \"requests\": 20000,"
				   "\"lacking\": [\"avx2\", \"of-the-future\"], \"touched\": [], \"first_unix_ms\": 1}],"
				   "\"traps\": [{\"build_id\": \"bbbb\", \"object\": \"l.so\", \"offset\": \"0x1234\","
				   "\"feature\": \"avx\", \"count\": 3}, {\"build_id\": \"bbbb\", \"offset\": \"0x0\","
				   "\"feature\": \"of-the-future\", \"count\": 1}]}"), 0);
	assert_int_equal(record.run.trap_count, 1);
	assert_int_equal(record.run.clean_count, 1);
	assert_int_equal(ost_needs_correct(&needs, &program, &record.run), 2);
	assert_int_equal(ost_needs_get(&needs, OST_F_AVX)->verdict, OST_NEED_REQUIRED);
	assert_int_equal(ost_needs_get(&needs, OST_F_AVX)->site, 0x402234);
	assert_int_equal(ost_needs_get(&needs, OST_F_AVX2)->verdict, OST_NEED_DISPATCHED);
	ost_run_record_free(&record);
	assert_int_equal(read_text("{\"runs\": [], \"traps\": []}"), 0);
	assert_int_equal(ost_needs_correct(&needs, &program, &record.run), 0);
	ost_run_record_free(&record);
}

#define TRAP(id, offset, feature, count) \
	"{\"runs\": [], \"traps\": [{\"build_id\": " id ", \"offset\": " offset ", \"feature\": " feature \
	", \"count\": " count "}]}"
#define RUN(program, requests, lacking, touched) \
	"{\"traps\": [], \"runs\": [{\"program\": " program ", \"requests\": " requests ", \"lacking\": " lacking \
	", \"touched\": " touched "}]}"

static void refuses_what_is_none(void **state)
{
	static const struct {
		const char *json, *word;
	} bad[] = {
		{ "", "line 1" }, { "[]", "object" }, { "{}", "runs" }, { "{\"runs\": []}", "traps" },
		{ "{\"runs\": {}, \"traps\": []}", "runs" }, { "{\"runs\": [5], \"traps\": []}", "program" },
		{ TRAP("5", "\"0x1\"", "\"avx\"", "1"), "build_id" },
		{ TRAP("\"\"", "\"0x1\"", "\"avx\"", "1"), "build_id" },
		{ TRAP("\"0123456789012345678901234567890123456789012345678901234567890123456789\"", "\"0x1\"",
		       "\"avx\"", "1"), "build_id" },
		{ TRAP("\"a\"", "5", "\"avx\"", "1"), "offset" },
		{ TRAP("\"a\"", "\"0x\"", "\"avx\"", "1"), "offset" },
		{ TRAP("\"a\"", "\"0x-5\"", "\"avx\"", "1"), "offset" },
		{ TRAP("\"a\"", "\"0x12345678123456789\"", "\"avx\"", "1"), "offset" },
		{ TRAP("\"a\"", "\"0x1 \"", "\"avx\"", "1"), "offset" },
		{ TRAP("\"a\"", "\"0x1\"", "5", "1"), "feature" },
		{ TRAP("\"a\"", "\"0x1\"", "\"avx\"", "-1"), "count" },
		{ TRAP("\"a\"", "\"0x1\"", "\"avx\"", "\"1\""), "count" },
		{ RUN("\"a\"", "1.5", "[]", "[]"), "requests" },
		{ RUN("\"a\"", "1", "\"avx\"", "[]"), "lacking" },
		{ RUN("\"a\"", "1", "[5]", "[]"), "lacking" },
		{ RUN("\"a\"", "1", "[]", "null"), "touched" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_text(bad[i].json), -EINVAL);
		if (!strstr(err.text, bad[i].word))
			fail_msg("\"%s\" doesn't say \"%s\"", err.text, bad[i].word);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_trap_makes_it_required, fresh, end),
		cmocka_unit_test_setup_teardown(a_feature_that_was_not_found, fresh, end),
		cmocka_unit_test_setup_teardown(traps_elsewhere_dont_count, fresh, end),
		cmocka_unit_test_setup_teardown(a_file_that_was_not_seen_counts, fresh, end),
		cmocka_unit_test_setup_teardown(long_runs_lower_what_is_probable, fresh, end),
		cmocka_unit_test_setup_teardown(a_trap_outweighs_any_run, fresh, end),
		cmocka_unit_test_setup_teardown(what_does_not_trap_is_not_lowered, fresh, end),
		cmocka_unit_test_setup_teardown(reads_what_the_daemon_tells, fresh, end),
		cmocka_unit_test(refuses_what_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
