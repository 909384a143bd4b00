// SPDX-License-Identifier: GPL-2.0-or-later
/* What is told of an analysis: hand-made verdicts about instructions of this very program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa/need/report.h"
#include "lib/error.h"

/* Never run: what the verdicts are about. */
#define LONG_NAME "report_test_a_name_as_long_as_templates_make_them_to_be_and_then_" \
	"a_bit_longer_still_which_no_table_of_eighty_columns_can_show_in_whole"
asm(".text\n"
    ".type report_test_probe, @function\n"
    "report_test_probe:\n"
    "	vpaddd %ymm2, %ymm1, %ymm0\n"
    "	lzcnt %eax, %eax\n"
    "	ret\n"
    ".size report_test_probe, . - report_test_probe\n"
    ".type " LONG_NAME ", @function\n"
    LONG_NAME ":\n"
    "	vpermi2b 0x12345678(%rax,%rbx,8), %zmm1, %zmm0{%k1}{z}\n"
    "	ret\n"
    ".size " LONG_NAME ", . - " LONG_NAME "\n");

static struct ost_program *program;

static int open_self(void **unused)
{
	struct ost_program_options how = { .alone = true };
	struct ost_error err = { 0 };
	int ret = ost_program_open(&program, "/proc/self/exe", &how, &err);

	if (!ret)
		ret = ost_object_load(program->members[0].object, &err);
	if (ret)
		print_error("%s\n", err.text);
	return ret;
}

static int close_self(void **unused)
{
	ost_program_close(program);
	return 0;
}

static uint64_t address_of(const char *name)
{
	const struct ost_object *object = program->members[0].object;

	for (size_t i = 0; i < object->symbol_count; i++)
		if (!strcmp(object->symbols[i].name, name))
			return object->symbols[i].address;
	fail_msg("no symbol %s", name);
	return 0;
}

/* A program as it might be: hard, soft, guarded and dead code. */
static struct ost_need list[7];
static struct ost_needs needs;

static int fill(void **unused)
{
	uint64_t probe = address_of("report_test_probe"), wide = address_of(LONG_NAME);

	memset(list, 0, sizeof(list));
	list[0] = (struct ost_need){ .feature = OST_F_SSE4A, .verdict = OST_NEED_UNREACHED };
	list[1] = (struct ost_need){ .feature = OST_F_LZCNT, .verdict = OST_NEED_HAZARD,
				     .function = probe, .site = probe + 4, .count = 1 };
	list[2] = (struct ost_need){ .feature = OST_F_AVX2, .verdict = OST_NEED_REQUIRED,
				     .function = probe, .site = probe, .count = 3, .steps = 2 };
	list[2].path[0] = (struct ost_need_step){ 0, wide, wide, 'r' };
	list[2].path[1] = (struct ost_need_step){ 0, probe, probe, 'c' };
	list[3] = (struct ost_need){ .feature = OST_F_BMI2, .verdict = OST_NEED_DISPATCHED,
				     .function = probe, .site = probe, .count = 8 };
	list[4] = (struct ost_need){ .feature = OST_F_AVX512F, .verdict = OST_NEED_DISPATCHED };
	list[5] = (struct ost_need){ .feature = OST_F_AVX512VBMI, .verdict = OST_NEED_WEAK_GUARD,
				     .function = wide, .site = wide, .count = 1,
				     .guard_site = probe };
	ost_feature_set_add(&list[5].guard, OST_F_AVX512F);
	list[6] = (struct ost_need){ .feature = OST_F_GFNI, .verdict = OST_NEED_PROBABLE,
				     .function = wide, .site = wide, .count = 1 };
	needs = (struct ost_needs){ .list = list, .count = 7, .complete = true,
				    .code_bytes = 1500000, .duration_ns = 120000000 };
	return 0;
}

static struct ost_report report_of(void)
{
	return (struct ost_report){ .program = program, .needs = &needs, .path = "/srv/x" };
}

/* What is printed to a stream; the caller frees the text. */
static char *printed;
static size_t printed_size;

static char *end_print(FILE *out)
{
	assert_int_equal(fclose(out), 0);
	return printed;
}

static char *text_of(const struct ost_report *report)
{
	FILE *out = open_memstream(&printed, &printed_size);

	ost_report_text(report, out);
	return end_print(out);
}

static char *why_of(const struct ost_report *report, unsigned int feature)
{
	FILE *out = open_memstream(&printed, &printed_size);

	ost_report_why(report, feature, out);
	return end_print(out);
}

static char *host_of(const struct ost_report *report, const struct ost_report_host *host, bool runs)
{
	FILE *out = open_memstream(&printed, &printed_size);

	assert_int_equal(ost_report_host(report, host, out), runs);
	return end_print(out);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("'%s' is not in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("'%s' is in:\n%s", part, text);
}

/* Where a row begins. */
static size_t row_of(const char *text, const char *row)
{
	assert_has(text, row);
	return (size_t)(strstr(text, row) - text);
}

static void sites(void **unused)
{
	struct ost_report report = report_of();
	struct ost_site site;

	ost_report_site(&report, 0, list[2].site, &site);
	assert_string_equal(site.object, program->members[0].object->name);
	assert_string_equal(site.place, "report_test_probe");
	assert_string_equal(site.text, "vpaddd ymm0, ymm1, ymm2");
	ost_report_site(&report, 0, list[1].site, &site);
	assert_string_equal(site.place, "report_test_probe+0x4");
	assert_string_equal(site.text, "lzcnt eax, eax");
	/* places that are none */
	ost_report_site(&report, 0, 0xdeadbeef0000, &site);
	assert_string_equal(site.place, "0xdeadbeef0000");
	assert_string_equal(site.text, "");
	ost_report_site(&report, 99, 0, &site);
	assert_string_equal(site.object, "");
}

static void table(void **unused)
{
	struct ost_report report = report_of();
	char *text = text_of(&report);

	assert_has(text, "/srv/x: needs x86-64-v3\n1 object, 1.5 MB of code decoded, 0.12 s\n");
	assert_true(row_of(text, "\navx2 ") < row_of(text, "\nabm "));
	assert_true(row_of(text, "\nabm ") < row_of(text, "\ngfni "));
	assert_true(row_of(text, "\ngfni ") < row_of(text, "\navx512vbmi "));
	assert_has(text, "report_test_probe+0x4");
	assert_has(text, "lzcnt eax, eax");
	assert_has(text, "hazard: ");
	assert_has(text, "\nused only where the host has it: bmi2, avx512f\n");
	assert_has(text, "\nthere, but nothing leads to it: sse4a\n");
	assert_lacks(text, "incomplete");
	assert_lacks(text, "missing");
	free(text);

	report.verbose = true;
	text = text_of(&report);
	assert_has(text, "\nbmi2 ");
	assert_has(text, "\nsse4a ");
	assert_lacks(text, "used only");
	assert_has(text, program->members[0].object->id);
	free(text);
}

static void widths(void **unused)
{
	struct ost_report report = report_of();

	for (unsigned int width = 60; width <= 170; width++) {
		unsigned int most = width < 80 ? 80 : width > 160 ? 160 : width;
		char *text, *line, *rest;

		report.width = width;
		text = text_of(&report);
		assert_has(text, "...");
		for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
			assert_in_range(strlen(line), 1, most);
			assert_int_not_equal(line[strlen(line) - 1], ' ');
		}
		free(text);
	}
}

static void levels(void **unused)
{
	struct ost_report report = report_of();
	char *text;

	assert_string_equal(ost_report_level(&needs), "x86-64-v3");
	list[5].verdict = OST_NEED_REQUIRED;
	assert_string_equal(ost_report_level(&needs), "none");
	text = text_of(&report);
	assert_has(text, ": needs x86-64-v3 and, which no level has, avx512vbmi\n");
	free(text);
	needs.count = 1;
	text = text_of(&report);
	assert_has(text, ": runs on every x86-64 host (x86-64-v1)\n");
	assert_lacks(text, "instruction");
	free(text);
}

static void incomplete(void **unused)
{
	struct ost_missing missing = { .name = "libno\033[31m.so.3", .wanted_by = "/srv/x",
				       .why = "not found in /lib" };
	struct ost_report report = report_of();
	char *text;
	json_t *json;

	needs.complete = false;
	strcpy(needs.incomplete, "libno.so.3 is missing");
	program->missing = &missing;
	program->missing_count = 1;
	text = text_of(&report);
	json = ost_report_json(&report, NULL);
	program->missing = NULL;
	program->missing_count = 0;

	assert_has(text, ": needs at least x86-64-v3\n");
	assert_has(text, "missing: libno\\x1b[31m.so.3, wanted by /srv/x: not found in /lib\n");
	assert_has(text, "incomplete: libno.so.3 is missing\n");
	free(text);
	assert_true(json_is_false(json_object_get(json, "complete")));
	assert_string_equal(json_string_value(json_object_get(json, "incomplete")),
			    "libno.so.3 is missing");
	json_decref(json);
}

static void why(void **unused)
{
	struct ost_report report = report_of();
	char *text = why_of(&report, OST_F_AVX2);

	assert_has(text, "/srv/x: avx2 is required; 3 instructions\n  starts at ");
	assert_has(text, "\n  calls ");
	assert_has(text, "report_test_probe (0x");
	assert_has(text, "): vpaddd ymm0, ymm1, ymm2\n");
	assert_lacks(text, "test for");
	free(text);

	text = why_of(&report, OST_F_AVX512VBMI);
	assert_has(text, "behind a test for avx512f:\n  tested at ");
	free(text);

	text = why_of(&report, OST_F_RTM);
	assert_string_equal(text, "/srv/x: no instruction that needs rtm was found\n");
	free(text);
}

static void hosts(void **unused)
{
	struct ost_report report = report_of();
	struct ost_report_host host = { .name = "w7" };
	char *text;

	/* the weak guard's test is passed, and what it guards is not there */
	ost_feature_level_set(4, &host.have);
	text = host_of(&report, &host, false);
	assert_has(text, "/srv/x: would not run on w7\n"
			 "  avx512vbmi (CPUID 7.0:ECX bit 1): missing\n"
			 "    behind a test that this host passes, in ");
	free(text);

	ost_feature_level_set(3, &host.have);
	text = host_of(&report, &host, true);
	assert_string_equal(text, "/srv/x: would run on w7\n");
	free(text);

	ost_feature_level_set(2, &host.have);
	text = host_of(&report, &host, false);
	assert_has(text, "  avx2 (CPUID 7.0:EBX bit 5): missing\n    required by ");
	assert_has(text, "  abm (CPUID 0x80000001.0:ECX bit 5): missing\n"
			 "    without it wrong results, and no trap, in ");
	free(text);
}

/* The text at a path of names and numbers. */
static const char *at(json_t *json, const char *path)
{
	char name[32];

	while (json && *path) {
		size_t len = strcspn(path, ".");

		snprintf(name, sizeof(name), "%.*s", (int)len, path);
		json = json_is_array(json) ? json_array_get(json, strtoul(name, NULL, 10)) :
					     json_object_get(json, name);
		path += len + (path[len] == '.');
	}
	return json_string_value(json);
}

static void json_form(void **unused)
{
	struct ost_report report = report_of();
	struct ost_report_host host = { .name = "x86-64-v2" };
	char address[24];
	json_t *json;

	ost_feature_level_set(2, &host.have);
	json = ost_report_json(&report, &host);
	assert_non_null(json);
	assert_int_equal(json_integer_value(json_object_get(json, "version")), 1);
	assert_string_equal(at(json, "path"), "/srv/x");
	assert_true(json_is_true(json_object_get(json, "complete")));
	assert_string_equal(at(json, "level"), "x86-64-v3");
	assert_int_equal(json_array_size(json_object_get(json, "features")), 7);
	assert_string_equal(at(json, "features.2.name"), "avx2");
	assert_string_equal(at(json, "features.2.verdict"), "required");
	assert_string_equal(at(json, "features.2.evidence.object"),
			    program->members[0].object->path);
	assert_string_equal(at(json, "features.2.evidence.build_id"),
			    program->members[0].object->id);
	assert_string_equal(at(json, "features.2.evidence.symbol"), "report_test_probe");
	assert_string_equal(at(json, "features.2.evidence.instruction"),
			    "vpaddd ymm0, ymm1, ymm2");
	snprintf(address, sizeof(address), "0x%llx", (unsigned long long)list[2].site);
	assert_string_equal(at(json, "features.2.evidence.address"), address);
	assert_string_equal(at(json, "features.2.path.0.how"), "root");
	assert_string_equal(at(json, "features.2.path.1.how"), "call");
	assert_string_equal(at(json, "features.2.path.1.address"), address);
	assert_string_equal(at(json, "features.5.verdict"), "weak guard");
	assert_string_equal(at(json, "features.5.evidence.guard.features.0"), "avx512f");
	assert_string_equal(at(json, "features.5.evidence.guard.address"), address);
	/* nothing to show */
	assert_null(at(json, "features.0.evidence.object"));
	assert_null(at(json, "features.2.evidence.guard.object"));
	assert_string_equal(at(json, "objects.0.how"), "main");
	assert_string_equal(at(json, "host.unmet.0"), "abm");
	assert_string_equal(at(json, "host.unmet.1"), "avx2");
	json_decref(json);

	list[5].verdict = OST_NEED_REQUIRED;
	/* no instruction, but a file: the loader refuses, or it was seen at run time */
	list[0].verdict = OST_NEED_SELF_CHECKED;
	list[4].verdict = OST_NEED_REQUIRED;
	strcpy(list[4].outside.id, "cccc");
	strcpy(list[4].outside.name, "plugin.so");
	json = ost_report_json(&report, NULL);
	assert_string_equal(at(json, "features.0.evidence.object"),
			    program->members[0].object->path);
	assert_string_equal(at(json, "features.0.evidence.build_id"),
			    program->members[0].object->id);
	assert_null(at(json, "features.0.evidence.address"));
	assert_string_equal(at(json, "features.4.evidence.object"), "plugin.so");
	assert_string_equal(at(json, "features.4.evidence.build_id"), "cccc");
	assert_null(at(json, "features.4.evidence.instruction"));
	assert_true(json_is_null(json_object_get(json, "level")));
	assert_null(json_object_get(json, "host"));
	json_decref(json);
}

static void folders(void **unused)
{
	struct ost_report report = { .folder = "/tmp/x1", .shown_as = "app.jar" };
	char buf[64];

	assert_string_equal(ost_report_path(&report, "/tmp/x1/lib/a.so", buf, sizeof(buf)),
			    "app.jar/lib/a.so");
	assert_string_equal(ost_report_path(&report, "/tmp/x12/a.so", buf, sizeof(buf)),
			    "/tmp/x12/a.so");
	assert_string_equal(ost_report_path(&report, "/tmp/x1", buf, sizeof(buf)), "app.jar");
	report.shown_as = NULL;
	assert_string_equal(ost_report_path(&report, "/tmp/x1/a", buf, sizeof(buf)), "/tmp/x1/a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sites, fill),	cmocka_unit_test_setup(table, fill),
		cmocka_unit_test_setup(widths, fill),	cmocka_unit_test_setup(levels, fill),
		cmocka_unit_test_setup(incomplete, fill), cmocka_unit_test_setup(why, fill),
		cmocka_unit_test_setup(hosts, fill),	cmocka_unit_test_setup(json_form, fill),
		cmocka_unit_test(folders),
	};

	return cmocka_run_group_tests(tests, open_self, close_self);
}
