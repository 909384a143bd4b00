// SPDX-License-Identifier: GPL-2.0-or-later
/* The garbage estimate and what a function's model learns from collections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan/garbage.h"

#define MIB (1024 * 1024ull)

static void nothing_known_is_a_share(void **unused)
{
	struct ost_garbage_model empty = { 0 };

	assert_int_equal(ost_garbage_estimate(100 * MIB, 0, NULL),
			 (uint64_t)(100 * MIB * OST_GARBAGE_PRIOR));
	assert_int_equal(ost_garbage_estimate(100 * MIB, 0, &empty),
			 (uint64_t)(100 * MIB * OST_GARBAGE_PRIOR));
	assert_int_equal(ost_garbage_estimate(0, 0, NULL), 0);
}

static void own_collection_beats_the_model(void **unused)
{
	struct ost_garbage_model model = { .collections = 5, .kept_bytes = 10 * MIB };

	assert_int_equal(ost_garbage_estimate(100 * MIB, 0, &model), 90 * MIB);
	assert_int_equal(ost_garbage_estimate(100 * MIB, 40 * MIB, &model), 60 * MIB);
	assert_int_equal(ost_garbage_estimate(30 * MIB, 40 * MIB, &model), 0);
}

static void first_outcome_is_taken_whole(void **unused)
{
	struct ost_garbage_model model = { 0 };
	const struct ost_garbage_outcome outcome = { .before_bytes = 100 * MIB,
						     .after_bytes = 20 * MIB,
						     .estimate_bytes = 80 * MIB,
						     .cost_us = 8000,
						     .pause_us = 5000 };

	ost_garbage_learn(&model, &outcome);
	assert_int_equal(model.collections, 1);
	assert_true(model.kept_bytes == 20.0 * MIB);
	assert_true(model.yield_bytes == 80.0 * MIB);
	assert_true(model.yield_ratio == 1.0);
	assert_true(model.cost_us_per_mib == 100.0);
	assert_true(model.pause_us == 5000.0);
	assert_int_equal(ost_garbage_cost_us(&model, 10 * MIB), 1000);
}

static void averages_follow_change(void **unused)
{
	struct ost_garbage_model model = { 0 };
	struct ost_garbage_outcome outcome = { .before_bytes = 100 * MIB,
					       .after_bytes = 20 * MIB,
					       .estimate_bytes = 80 * MIB,
					       .cost_us = 8000 };

	ost_garbage_learn(&model, &outcome);
	outcome.after_bytes = 60 * MIB;
	for (int i = 0; i < 30; i++)
		ost_garbage_learn(&model, &outcome);
	assert_true(model.kept_bytes > 59.0 * MIB && model.kept_bytes < 60.1 * MIB);
	assert_true(model.yield_ratio > 0.49 && model.yield_ratio < 0.52);
	assert_true(model.kept_dev_bytes < 2.0 * MIB);
}

static void growth_during_a_collection_is_no_yield(void **unused)
{
	struct ost_garbage_model model = { 0 };
	const struct ost_garbage_outcome outcome = { .before_bytes = 20 * MIB,
						     .after_bytes = 30 * MIB,
						     .estimate_bytes = 10 * MIB,
						     .cost_us = 900 };

	ost_garbage_learn(&model, &outcome);
	assert_true(model.yield_bytes == 0);
	assert_true(model.yield_ratio == 0);
	/* no price can be learned from no yield */
	assert_true(model.cost_us_per_mib == 0);
	assert_true(ost_garbage_cost_us(&model, 100 * MIB) > 0);
}

static void a_lucky_yield_is_capped(void **unused)
{
	struct ost_garbage_model model = { 0 };
	const struct ost_garbage_outcome outcome = { .before_bytes = 1000 * MIB,
						     .after_bytes = 10 * MIB,
						     .estimate_bytes = 1 };

	ost_garbage_learn(&model, &outcome);
	assert_true(model.yield_ratio == 2.0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_known_is_a_share),
		cmocka_unit_test(own_collection_beats_the_model),
		cmocka_unit_test(first_outcome_is_taken_whole),
		cmocka_unit_test(averages_follow_change),
		cmocka_unit_test(growth_during_a_collection_is_no_yield),
		cmocka_unit_test(a_lucky_yield_is_capped),
	};

	return cmocka_run_group_tests_name("garbage", tests, NULL, NULL);
}
