// SPDX-License-Identifier: GPL-2.0-or-later
/* Values that tell of the processor: what a test of one yields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "isa/flow/cell.h"
#include "isa/flow/value.h"

#define CC_BELOW     2
#define CC_EQUAL     4
#define CC_NOT_EQUAL 5
#define CC_ABOVE     7
#define CC_GREATER   15

static struct ost_values *values;
static struct ost_conds *conds;

static int begin(void **state)
{
	(void)state;
	values = ost_values_new();
	conds = values ? ost_values_conds(values) : NULL;
	return values ? 0 : -1;
}

static int end(void **state)
{
	(void)state;
	ost_values_free(values);
	return 0;
}

static ost_cond features(const char *names)
{
	struct ost_feature_set set = {0};

	assert_int_equal(ost_feature_set_parse(&set, names, NULL), 0);
	return ost_cond_of(conds, &set);
}

static ost_value number(uint64_t n)
{
	return ost_value_number(values, n);
}

static ost_value join(ost_value a, const char *when_a, ost_value b, const char *when_b)
{
	bool lost = false;
	ost_value value = ost_value_join(values, a, features(when_a), b, features(when_b), &lost);

	assert_false(lost);
	return value;
}

static void check_test(ost_value value, unsigned int cc, const char *yes, const char *no)
{
	struct ost_flags flags = {value, OST_VALUE_ANY, OST_FLAGS_RESULT, 32};
	ost_cond got_yes, got_no;

	ost_value_test(values, &flags, cc, &got_yes, &got_no);
	assert_int_equal(got_yes, features(yes));
	assert_int_equal(got_no, features(no));
}

static void check_compare(ost_value value, uint64_t with, unsigned int cc, const char *yes,
			  const char *no)
{
	struct ost_flags flags = {value, number(with), OST_FLAGS_COMPARE, 32};
	ost_cond got_yes, got_no;

	ost_value_test(values, &flags, cc, &got_yes, &got_no);
	assert_int_equal(got_yes, features(yes));
	assert_int_equal(got_no, features(no));
}

static ost_value masked(ost_value value, uint64_t mask)
{
	return ost_value_compute(values, OST_OP_AND, value, number(mask), 32);
}

static void cpuid_bits_are_features(void **state)
{
	ost_value ebx = ost_value_cpuid(values, 7, 0, OST_EBX);
	ost_value ecx = ost_value_cpuid(values, 1, 0, OST_ECX);

	(void)state;
	check_test(masked(ebx, 1u << 5), CC_NOT_EQUAL, "avx2", "");
	check_test(masked(ebx, 1u << 5), CC_EQUAL, "", "avx2");
	/* either of two bits is no proof of both, but of what both imply */
	check_test(masked(ebx, 1u << 5 | 1u << 8), CC_NOT_EQUAL, "", "");
	check_test(masked(ecx, 1u << 28 | 1u << 12), CC_NOT_EQUAL, "avx", "");
	check_test(masked(ecx, 1u << 25 | 1u << 1), CC_NOT_EQUAL, "", "");
	check_compare(masked(ecx, 1u << 28 | 1u << 12), 1u << 28 | 1u << 12, CC_EQUAL, "avx,fma",
		      "");
	/* bits that mean nothing here, and what every x86-64 processor has */
	check_test(masked(ost_value_cpuid(values, 0, 0, OST_EBX), 1), CC_NOT_EQUAL, "", "");
	check_test(masked(ost_value_cpuid(values, 1, 0, OST_EDX), 1u << 26), CC_NOT_EQUAL, "", "");
}

/* Bits that never meet are put together by a sum as well, and moved by a product. */
static void a_sum_of_other_bits_is_a_union(void **state)
{
	ost_value avx2 = masked(ost_value_cpuid(values, 7, 0, OST_EBX), 1u << 5);
	ost_value ssse3 = masked(ost_value_cpuid(values, 1, 0, OST_ECX), 1u << 9);
	ost_value moved = ost_value_compute(values, OST_OP_MUL, ssse3, number(8), 64), sum;

	(void)state;
	sum = ost_value_compute(values, OST_OP_ADD, avx2, moved, 64);
	check_test(masked(sum, 1u << 5), CC_NOT_EQUAL, "avx2", "");
	check_test(masked(sum, 1u << 12), CC_NOT_EQUAL, "ssse3", "");
	/* the same bit in both carries on */
	assert_int_equal(ost_value_compute(values, OST_OP_ADD, avx2,
					   ost_value_cpuid(values, 7, 0, OST_EBX), 64),
			 OST_VALUE_ANY);
	assert_int_equal(ost_value_compute(values, OST_OP_MUL,
					   ost_value_cpuid(values, 7, 0, OST_EBX), number(6), 64),
			 OST_VALUE_ANY);
}

/* SETcc of something unknown, on one of two paths: that says which one it was, where it may. */
static void a_truth_may_tell_its_path(void **state)
{
	ost_value truth =
		ost_value_paste(values, OST_VALUE_ANY, join(number(0), "", number(1), ""), 0, 8);

	(void)state;
	check_test(masked(join(truth, "avx2", number(0), ""), 1), CC_NOT_EQUAL, "", "");
	ost_values_truths(values, true);
	check_test(masked(join(truth, "avx2", number(0), ""), 1), CC_NOT_EQUAL, "avx2", "");
	check_test(masked(join(OST_VALUE_ANY, "avx2", number(0), ""), 1), CC_NOT_EQUAL, "", "");
	ost_values_truths(values, false);
	check_test(masked(join(truth, "avx2", number(0), ""), 1), CC_NOT_EQUAL, "", "");
}

/* A pointer that came by a test can't be told from anything else. */
static void a_pointer_beside_anything_tells_nothing(void **state)
{
	struct ost_alt pointer = {.kind = OST_ALT_ARGUMENT, .member = 3};
	ost_value given = ost_value_alt(values, &pointer);

	(void)state;
	assert_false(ost_value_tells(values, join(given, "avx2", OST_VALUE_ANY, "")));
	assert_true(ost_value_tells(values, join(given, "avx2", number(0), "")));
}

static void bits_move(void **state)
{
	ost_value ebx = ost_value_cpuid(values, 7, 0, OST_EBX);
	ost_value shifted = ost_value_compute(values, OST_OP_SHR, ebx, number(5), 32);
	struct ost_flags carry = {ebx, number(8), OST_FLAGS_BIT, 32};
	ost_cond yes, no;

	(void)state;
	check_test(masked(shifted, 1), CC_NOT_EQUAL, "avx2", "");
	check_test(ost_value_cut(values, ebx, 5, 1), CC_NOT_EQUAL, "avx2", "");
	ost_value_test(values, &carry, CC_BELOW, &yes, &no);
	assert_int_equal(yes, features("bmi2"));
	assert_int_equal(no, OST_COND_NONE);
	/* inverted */
	shifted = ost_value_compute(values, OST_OP_XOR, masked(shifted, 1), number(1), 32);
	check_test(shifted, CC_EQUAL, "avx2", "");
}

static void a_flag_set_after_a_test_tells_the_same(void **state)
{
	ost_value flag = join(number(1), "avx2", number(0), "");

	(void)state;
	check_test(flag, CC_NOT_EQUAL, "avx2", "");
	/* set in two places: what both know */
	flag = join(flag, "", number(1), "avx,avx2,bmi2");
	check_test(flag, CC_NOT_EQUAL, "avx2", "");
	flag = join(flag, "", number(1), "sse4_2");
	check_test(flag, CC_NOT_EQUAL, "sse4_2", "");
	flag = join(flag, "", number(1), "bmi2");
	check_test(flag, CC_NOT_EQUAL, "", "");
}

static void levels_compare(void **state)
{
	ost_value level = join(number(2), "avx2", join(number(1), "ssse3", number(0), ""), "");
	bool lost = false;

	(void)state;
	check_compare(level, 2, CC_EQUAL, "avx2", "");
	check_compare(level, 1, CC_ABOVE, "avx2", "");
	check_compare(level, 1, CC_GREATER, "avx2", "");
	check_compare(level, 0, CC_EQUAL, "", "ssse3");
	check_compare(level, 0, CC_ABOVE, "ssse3", "");
	/* more alternatives than are kept: bit by bit */
	for (unsigned int i = 3; i < 20; i++)
		level = ost_value_join(values, level, OST_COND_NONE, number(i), features("avx512f"),
				       &lost);
	assert_false(lost);
	assert_null(ost_value_alts(values, level, &(unsigned int){0}));
	check_compare(level, 15, CC_ABOVE, "avx512f", "");
}

static void what_cannot_be_is_no_path(void **state)
{
	struct ost_flags flags = {number(3), number(3), OST_FLAGS_COMPARE, 32};
	ost_cond yes, no;

	(void)state;
	ost_value_test(values, &flags, CC_EQUAL, &yes, &no);
	assert_int_equal(yes, OST_COND_NONE);
	assert_int_equal(no, OST_COND_ALL);
}

static void addresses_keep_their_condition(void **state)
{
	struct ost_alt wide = {.kind = OST_ALT_ADDRESS, .member = 1, .number = 0x2000};
	struct ost_alt plain = {.kind = OST_ALT_ADDRESS, .member = 1, .number = 0x1000};
	ost_value value =
		join(ost_value_alt(values, &wide), "avx2", ost_value_alt(values, &plain), "");
	const struct ost_alt *alts;
	unsigned int count;

	(void)state;
	alts = ost_value_alts(values, value, &count);
	assert_int_equal(count, 2);
	assert_int_equal(alts[0].number, 0x1000);
	assert_int_equal(alts[0].cond, OST_COND_NONE);
	assert_int_equal(alts[1].cond, features("avx2"));
}

static void cells_keep_what_was_stored(void **state)
{
	struct ost_cells *cells = ost_cells_new(values);
	bool lost = false;

	(void)state;
	assert_non_null(cells);
	assert_int_equal(ost_cells_load(cells, 1, 0x100, 4), OST_VALUE_NOTHING);
	assert_true(ost_cells_store(cells, 1, 0x100, 4, number(0), &lost));
	assert_false(ost_cells_store(cells, 1, 0x100, 4, number(0), &lost));
	assert_true(ost_cells_store(cells, 1, 0x100, 4,
				    ost_value_given(values, number(6), features("avx2")), &lost));
	check_test(ost_cells_load(cells, 1, 0x100, 4), CC_NOT_EQUAL, "avx2", "");
	/* a byte of it, and it together with its neighbour */
	check_test(ost_cells_load(cells, 1, 0x100, 1), CC_NOT_EQUAL, "avx2", "");
	ost_cells_store(cells, 1, 0x104, 4, number(0), &lost);
	check_test(masked(ost_cells_load(cells, 1, 0x100, 8), 4), CC_NOT_EQUAL, "avx2", "");
	assert_false(ost_cells_has(cells, 2, 0x100, 4));
	/* flags of a byte each */
	ost_cells_store(cells, 1, 0x200, 4, number(0), &lost);
	ost_cells_store(cells, 1, 0x202, 1, ost_value_given(values, number(1), features("fma")),
			&lost);
	check_test(ost_cells_load(cells, 1, 0x202, 1), CC_NOT_EQUAL, "fma", "");
	check_test(masked(ost_cells_load(cells, 1, 0x200, 4), 1u << 16), CC_NOT_EQUAL, "fma", "");
	assert_false(lost);
	ost_cells_free(cells);
}

static ost_value instead(ost_value a, ost_value b, const char *when_b)
{
	return ost_value_instead(values, a, OST_COND_NONE, b, features(when_b));
}

static void an_option_gives_way_to_the_processor(void **state)
{
	ost_value flag = join(number(0), "", number(1), "avx2"), any = OST_VALUE_ANY;
	ost_value choice = join(number(0), "", number(1), "");
	/* three with AVX2, else two */
	ost_value level = join(number(2), "", number(3), "avx2");

	(void)state;
	/* nothing is known of the other, or only that it is one of a few */
	check_test(instead(any, flag, ""), CC_NOT_EQUAL, "avx2", "");
	check_test(instead(flag, choice, ""), CC_NOT_EQUAL, "avx2", "");
	/* a bit that none of them has tells which one it was, a bit that one has does not */
	level = instead(choice, level, "fma");
	check_test(masked(level, 2), CC_NOT_EQUAL, "fma", "");
	check_test(masked(level, 1), CC_NOT_EQUAL, "avx2", "");
	/* a number that is given is one that is meant */
	assert_int_equal(instead(flag, number(1), ""), any);
	assert_int_equal(instead(any, number(1), ""), any);
	/* what is known however it comes out is of the place where it was stored */
	check_test(instead(any, ost_value_given(values, flag, features("fma")), ""), CC_NOT_EQUAL,
		   "avx2", "");
	assert_int_equal(instead(any, ost_value_given(values, any, features("fma")), ""), any);
}

static void flags_are_told_from_numbers(void **state)
{
	ost_value any = ost_value_given(values, OST_VALUE_ANY, features("avx2"));
	ost_value word = ost_value_cpuid(values, 7, 0, OST_EBX);

	(void)state;
	assert_true(ost_value_flags(values, word));
	assert_true(ost_value_flags(values, join(number(0), "", number(1), "avx2")));
	assert_false(ost_value_flags(values, any));
	assert_false(ost_value_flags(values, number(3)));
	assert_true(ost_value_unknown(values, OST_VALUE_ANY));
	assert_false(ost_value_unknown(values, number(3)));
	assert_false(ost_value_unknown(values, word));
	assert_int_equal(ost_value_asks(values, join(number(0), "", number(1), "avx2")),
			 features("avx2"));
	/* an address is wider, and says nothing */
	assert_true(ost_value_unknown(
		values,
		ost_value_cut(values, ost_value_word(values, 32, features("avx2,fma")), 32, 32)));
	check_test(ost_value_cut(values, ost_value_word(values, 32, features("avx2,fma")), 0, 32),
		   CC_NOT_EQUAL, "avx2,fma", "");
}

/* xor eax, eax, whatever was in it; an unknown that has a name keeps its bits unknown */
static void what_is_cleared_is_zero(void **state)
{
	ost_value unknown =
		ost_value_alt(values, &(struct ost_alt){.kind = OST_ALT_UNKNOWN, .number = 77});

	(void)state;
	assert_int_equal(ost_value_compute(values, OST_OP_AND, unknown, number(0), 32), number(0));
	assert_int_equal(ost_value_compute(values, OST_OP_AND, OST_VALUE_ANY, number(0), 64),
			 number(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cpuid_bits_are_features, begin, end),
		cmocka_unit_test_setup_teardown(bits_move, begin, end),
		cmocka_unit_test_setup_teardown(a_sum_of_other_bits_is_a_union, begin, end),
		cmocka_unit_test_setup_teardown(a_truth_may_tell_its_path, begin, end),
		cmocka_unit_test_setup_teardown(a_pointer_beside_anything_tells_nothing, begin,
						end),
		cmocka_unit_test_setup_teardown(a_flag_set_after_a_test_tells_the_same, begin, end),
		cmocka_unit_test_setup_teardown(levels_compare, begin, end),
		cmocka_unit_test_setup_teardown(what_cannot_be_is_no_path, begin, end),
		cmocka_unit_test_setup_teardown(addresses_keep_their_condition, begin, end),
		cmocka_unit_test_setup_teardown(cells_keep_what_was_stored, begin, end),
		cmocka_unit_test_setup_teardown(an_option_gives_way_to_the_processor, begin, end),
		cmocka_unit_test_setup_teardown(flags_are_told_from_numbers, begin, end),
		cmocka_unit_test_setup_teardown(what_is_cleared_is_zero, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
