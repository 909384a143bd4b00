// SPDX-License-Identifier: GPL-2.0-or-later
/* The feature catalogue: sound in itself; sets, levels, rules and text forms keep their word. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "isa/feature.h"
#include "isa/insn.h"
#include "lib/error.h"

static void names_are_unique(void **unused)
{
	for (unsigned int i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++) {
		const struct ost_feature_info *info = ost_feature_get(i);

		assert_non_null(info);
		assert_non_null(info->name);
		assert_true(info->title && *info->title);
		assert_int_equal(strspn(info->name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
				 strlen(info->name));
		assert_in_range(strlen(info->name), 1, 31);
		/* the first of that name is this one */
		assert_int_equal(ost_feature_find(info->name), i);
	}
	assert_null(ost_feature_get(OST_FEATURE_NONE));
	assert_null(ost_feature_get(OST_FEATURE_END));
	assert_string_equal(ost_feature_name(OST_FEATURE_END), "?");
	assert_int_equal(ost_feature_find("no_such_feature"), OST_FEATURE_NONE);
	assert_in_range(OST_FEATURE_END - 1, 130, OST_FEATURE_SET_BITS - 1);
}

static bool same_bit(const struct ost_cpuid_bit *a, const struct ost_cpuid_bit *b)
{
	return a->leaf && a->leaf == b->leaf && a->subleaf == b->subleaf && a->reg == b->reg &&
	       a->bit == b->bit;
}

static void cpuid_bits_are_unique(void **unused)
{
	for (unsigned int i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++) {
		const struct ost_feature_info *a = ost_feature_get(i);
		bool shared = false;

		assert_true(a->cpuid.bit + (a->cpuid.width ? a->cpuid.width : 1) <= 32);
		for (unsigned int j = OST_FEATURE_NONE + 1; j < OST_FEATURE_END; j++) {
			const struct ost_feature_info *b = ost_feature_get(j);

			if (i == j)
				continue;
			assert_false(same_bit(&a->also, &b->cpuid) || same_bit(&a->also, &b->also));
			if (same_bit(&a->cpuid, &b->cpuid))
				shared = true;
		}
		if (shared != a->shared_bit)
			fail_msg("%s: another row %s its CPUID bit", a->name,
				 shared ? "has" : "should have");
	}
}

static void rows_are_whole(void **unused)
{
	for (unsigned int i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++) {
		const struct ost_feature_info *info = ost_feature_get(i);
		char where[64];

		/* what opens a row is older than the row */
		assert_true(info->gate < i);
		/* AMX needs both of its components and a permission, and nothing else needs one */
		assert_int_equal(info->permission == OST_PERMISSION_XTILEDATA,
				 info->xcr0 == OST_XCR0_AMX);
		assert_int_equal(!strncmp(info->name, "amx_", 4),
				 info->permission == OST_PERMISSION_XTILEDATA);
		if (!strncmp(info->name, "avx512", 6))
			assert_int_equal(info->xcr0, OST_XCR0_AVX512);
		assert_in_range(info->level, 0, 4);
		ost_feature_where(i, where, sizeof(where));
		assert_true(strlen(where) > 0 && strlen(where) < sizeof(where) - 1);
	}
}

static void where_reads_well(void **unused)
{
	char where[64];

	ost_feature_where(OST_F_AVX2, where, sizeof(where));
	assert_string_equal(where, "CPUID 7.0:EBX bit 5");
	ost_feature_where(OST_F_LZCNT, where, sizeof(where));
	assert_string_equal(where, "CPUID 0x80000001.0:ECX bit 5");
	ost_feature_where(OST_F_AVX10_2, where, sizeof(where));
	assert_string_equal(where, "CPUID 0x24.0:EBX bits 7:0 >= 2");
	ost_feature_where(OST_F_TDX, where, sizeof(where));
	assert_string_equal(where, "no CPUID bit");
}

static void every_isa_set_is_mapped(void **unused)
{
	for (int set = 0; set <= ZYDIS_ISA_SET_MAX_VALUE; set++)
		if (!ost_insn_set_mapped(set))
			fail_msg("the Zydis ISA set %s has no line in the table",
				 ZydisISASetGetString(set));
	assert_false(ost_insn_set_mapped(ZYDIS_ISA_SET_MAX_VALUE + 1));
}

static void set_operations(void **unused)
{
	struct ost_feature_set a = { 0 }, b = { 0 };

	assert_true(ost_feature_set_empty(&a));
	assert_int_equal(ost_feature_set_youngest(&a), OST_FEATURE_NONE);
	assert_true(ost_feature_set_within(&a, &b));
	ost_feature_set_add(&a, OST_F_SSE3);
	ost_feature_set_add(&a, OST_F_AVX2);
	ost_feature_set_add(&a, OST_F_AVX10_2);
	assert_int_equal(ost_feature_set_count(&a), 3);
	assert_int_equal(ost_feature_set_youngest(&a), OST_F_AVX10_2);
	ost_feature_set_remove(&a, OST_F_AVX10_2);
	assert_int_equal(ost_feature_set_youngest(&a), OST_F_AVX2);
	ost_feature_set_add(&b, OST_F_AVX2);
	assert_true(ost_feature_set_within(&b, &a));
	assert_false(ost_feature_set_within(&a, &b));
	ost_feature_set_intersect(&a, &b);
	assert_true(ost_feature_set_equal(&a, &b));
	ost_feature_set_add(&b, OST_F_FPU);
	ost_feature_set_unite(&a, &b);
	assert_true(ost_feature_set_equal(&a, &b));
	ost_feature_set_subtract(&a, &b);
	assert_true(ost_feature_set_empty(&a));
}

static void text_goes_there_and_back(void **unused)
{
	struct ost_feature_set all = { 0 }, back;
	char text[4096], one[64];
	size_t len;

	for (unsigned int i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++) {
		struct ost_feature_set single = { 0 };

		ost_feature_set_add(&all, i);
		ost_feature_set_add(&single, i);
		assert_true(ost_feature_set_format(&single, one, sizeof(one)) > 0);
		assert_int_equal(ost_feature_set_parse(&back, one, NULL), 0);
		assert_true(ost_feature_set_equal(&single, &back));
	}
	len = ost_feature_set_format(&all, text, sizeof(text));
	assert_int_equal(len, strlen(text));
	assert_int_equal(ost_feature_set_parse(&back, text, NULL), 0);
	assert_true(ost_feature_set_equal(&all, &back));
	assert_int_equal(ost_feature_set_parse(&back, " avx2,\tsse4_1\n,, ", NULL), 0);
	assert_int_equal(ost_feature_set_count(&back), 2);
	assert_int_equal(ost_feature_set_parse(&back, "", NULL), 0);
	assert_true(ost_feature_set_empty(&back));
}

static void short_buffers_cut_between_names(void **unused)
{
	struct ost_feature_set set = { 0 };
	char text[64];

	for (size_t size = 8; size <= sizeof(text); size++) {
		size_t len;

		ost_feature_level_set(3, &set);
		memset(text, 'x', sizeof(text));
		len = ost_feature_set_format(&set, text, size);
		assert_true(len < size);
		assert_int_equal(strlen(text), len);
		assert_string_equal(text + len - 3, "...");
		/* all before the mark are names */
		text[len - 3] = '\0';
		assert_int_equal(ost_feature_set_parse(&set, text, NULL), 0);
	}
}

static void bad_lists_are_refused(void **unused)
{
	static const char *const bad[] = { "avx3", "avx2 nonsense", "AVX2", "avx2;sse3",
					   "x86-64-v5", "x86-64-v0", "x86-64-v33", "av\x01x",
					   "\xff",
					   "a_name_that_is_longer_than_any_in_the_catalogue" };
	struct ost_feature_set set = { 0 }, before;
	struct ost_error err;

	ost_feature_set_add(&set, OST_F_SSE3);
	before = set;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err.text[0] = '\0';
		assert_int_equal(ost_feature_set_parse(&set, bad[i], &err), -EINVAL);
		assert_int_equal(err.code, -EINVAL);
		assert_true(strlen(err.text) > 10);
		assert_true(ost_feature_set_equal(&set, &before));
	}
}

/* The ladder as the x86-64 psABI lists it, by hand and not from the catalogue. */
static void levels_follow_the_psabi(void **unused)
{
	static const char *const steps[] = {
		"cmov,cx8,fpu,fxsr,mmx,syscall,sse,sse2,lm",
		"cx16,lahf_lm,popcnt,pni,sse4_1,sse4_2,ssse3",
		"avx,avx2,bmi1,bmi2,f16c,fma,abm,movbe",
		"avx512f,avx512bw,avx512cd,avx512dq,avx512vl",
	};
	struct ost_feature_set have = { 0 }, step, level;

	assert_int_equal(ost_feature_level(&have), 0);
	for (unsigned int i = 0; i < 4; i++) {
		assert_int_equal(ost_feature_set_parse(&step, steps[i], NULL), 0);
		/* with any one of the step left out the level is not reached */
		for (unsigned int f = OST_FEATURE_NONE + 1; f < OST_FEATURE_END; f++) {
			struct ost_feature_set less = have;

			if (!ost_feature_set_has(&step, f))
				continue;
			ost_feature_set_unite(&less, &step);
			ost_feature_set_remove(&less, f);
			assert_int_equal(ost_feature_level(&less), i);
		}
		ost_feature_set_unite(&have, &step);
		assert_int_equal(ost_feature_level(&have), i + 1);
		ost_feature_level_set(i + 1, &level);
		assert_true(ost_feature_set_equal(&level, &have));
	}
	ost_feature_level_set(5, &level);
	assert_true(ost_feature_set_empty(&level));
	assert_int_equal(ost_feature_set_parse(&level, "x86-64-v4", NULL), 0);
	assert_true(ost_feature_set_equal(&level, &have));
}

static void rules_are_and_of_or(void **unused)
{
	static const struct ost_feature_rule narrow = { {
		{ { OST_F_AVX512F, OST_F_AVX10_1 } },
		{ { OST_F_AVX512VL, OST_F_AVX10_1 } },
	} };
	static const struct ost_feature_rule apx = { { { { OST_F_APX_F } } } };
	static const struct ost_feature_rule full = { {
		{ { OST_F_SSE } }, { { OST_F_SSE2 } }, { { OST_F_SSE3 } }, { { OST_F_AVX } },
	} };
	struct ost_feature_set have = { 0 }, missing = { 0 };
	struct ost_feature_rule rule = narrow;

	assert_false(ost_feature_rule_missing(&narrow, &have, &missing));
	assert_int_equal(ost_feature_set_count(&missing), 2);
	ost_feature_set_add(&have, OST_F_AVX512F);
	memset(&missing, 0, sizeof(missing));
	assert_false(ost_feature_rule_missing(&narrow, &have, &missing));
	assert_int_equal(ost_feature_set_youngest(&missing), OST_F_AVX512VL);
	assert_int_equal(ost_feature_set_count(&missing), 1);
	/* AVX10 alone does it */
	memset(&have, 0, sizeof(have));
	ost_feature_set_add(&have, OST_F_AVX10_1);
	assert_true(ost_feature_rule_missing(&narrow, &have, &missing));

	assert_int_equal(ost_feature_rule_join(&rule, &apx), 0);
	assert_int_equal(ost_feature_rule_join(&rule, &apx), 0);
	memset(&missing, 0, sizeof(missing));
	ost_feature_rule_needs(&rule, &missing);
	assert_int_equal(ost_feature_set_count(&missing), 3);
	rule = full;
	assert_int_equal(ost_feature_rule_join(&rule, &apx), -E2BIG);
	assert_memory_equal(&rule, &full, sizeof(rule));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_unique),
		cmocka_unit_test(cpuid_bits_are_unique),
		cmocka_unit_test(rows_are_whole),
		cmocka_unit_test(where_reads_well),
		cmocka_unit_test(every_isa_set_is_mapped),
		cmocka_unit_test(set_operations),
		cmocka_unit_test(text_goes_there_and_back),
		cmocka_unit_test(short_buffers_cut_between_names),
		cmocka_unit_test(bad_lists_are_refused),
		cmocka_unit_test(levels_follow_the_psabi),
		cmocka_unit_test(rules_are_and_of_or),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
