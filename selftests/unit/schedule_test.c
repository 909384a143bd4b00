// SPDX-License-Identifier: GPL-2.0-or-later
/* Which instances of a host collect now: every reason to leave one alone, order, slots, pressure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "plan/schedule.h"

#define MIB (1024 * 1024ull)
#define SECOND 1000000000ull
#define NOW (1000 * SECOND)

static const struct ost_schedule_limits limits = {
	.slots = 2,
	.idle_ns = 2 * SECOND,
	.garbage_min_bytes = 8 * MIB,
	.garbage_min_share = 0.25,
	.interval_min_ns = 30 * SECOND,
	.yield_min_ratio = 0.2,
	.retry_ns = 300 * SECOND,
	.busy_max = 0.75,
};

static const struct ost_schedule_host quiet = { .now_ns = NOW, .busy = 0.1 };

/* One that would be chosen; each test spoils one thing. */
static struct ost_schedule_instance worthy(void)
{
	return (struct ost_schedule_instance){
		.id = 7,
		.anon_bytes = 100 * MIB,
		.garbage_bytes = 60 * MIB,
		.active_ns = NOW - 10 * SECOND,
		.cost_us = 20000,
		.worked = true,
		.collectable = true,
	};
}

static enum ost_schedule_reason judge(const struct ost_schedule_host *host,
				      struct ost_schedule_instance instance)
{
	enum ost_schedule_reason reason;
	size_t chosen[4];
	size_t n = ost_schedule_pick(&limits, host, &instance, 1, &reason, chosen, 4);

	assert_int_equal(n, reason == OST_SCHEDULE_CHOSEN);
	return reason;
}

static void a_worthy_one_is_chosen(void **unused)
{
	assert_int_equal(judge(&quiet, worthy()), OST_SCHEDULE_CHOSEN);
}

static void each_reason_holds_it_back(void **unused)
{
	struct ost_garbage_model poor = { .collections = 3, .yield_ratio = 0.1 };
	struct ost_schedule_instance i;

	i = worthy(), i.collecting = true;
	assert_int_equal(judge(&quiet, i), OST_SCHEDULE_COLLECTING);
	i = worthy(), i.parked = true;
	assert_int_equal(judge(&quiet, i), OST_SCHEDULE_PARKED);
	i = worthy(), i.collectable = false;
	assert_int_equal(judge(&quiet, i), OST_SCHEDULE_NO_DOOR);
	i = worthy(), i.worked = false;
	assert_int_equal(judge(&quiet, i), OST_SCHEDULE_NO_WORK);
	i = worthy(), i.garbage_bytes = 8 * MIB - 1, i.anon_bytes = 9 * MIB;
	assert_int_equal(judge(&quiet, i), OST_SCHEDULE_LITTLE);
	i = worthy(), i.garbage_bytes = 24 * MIB;
	assert_int_equal(judge(&quiet, i), OST_SCHEDULE_LITTLE);
	i = worthy(), i.collected_ns = NOW - 29 * SECOND;
	assert_int_equal(judge(&quiet, i), OST_SCHEDULE_TOO_SOON);
	i = worthy(), i.failed_ns = NOW - 299 * SECOND;
	assert_int_equal(judge(&quiet, i), OST_SCHEDULE_TOO_SOON);
	i = worthy(), i.active_ns = NOW - SECOND;
	assert_int_equal(judge(&quiet, i), OST_SCHEDULE_BUSY_INSTANCE);
	i = worthy(), i.model = &poor;
	assert_int_equal(judge(&quiet, i), OST_SCHEDULE_POOR_YIELD);
	poor.collections = 2; /* too early to judge */
	assert_int_equal(judge(&quiet, i), OST_SCHEDULE_CHOSEN);
}

static void a_busy_host_waits(void **unused)
{
	struct ost_schedule_host host = quiet;

	host.busy = 0.76;
	assert_int_equal(judge(&host, worthy()), OST_SCHEDULE_BUSY_HOST);
}

static void pressure_lowers_the_bar_but_not_the_interval(void **unused)
{
	struct ost_schedule_host host = quiet;
	struct ost_schedule_instance i = worthy();

	host.pressure = true;
	host.busy = 0.99;
	i.garbage_bytes = MIB;
	i.active_ns = NOW - SECOND;
	assert_int_equal(judge(&host, i), OST_SCHEDULE_CHOSEN);
	i.collected_ns = NOW - 29 * SECOND;
	assert_int_equal(judge(&host, i), OST_SCHEDULE_TOO_SOON);
	i = worthy(), i.garbage_bytes = 0;
	assert_int_equal(judge(&host, i), OST_SCHEDULE_LITTLE);
	i = worthy(), i.active_ns = NOW - SECOND / 10;
	assert_int_equal(judge(&host, i), OST_SCHEDULE_BUSY_INSTANCE);
}

static void the_most_worthwhile_get_the_slots(void **unused)
{
	struct ost_schedule_instance i[5];
	enum ost_schedule_reason reasons[5];
	size_t chosen[8];
	const uint64_t cost[5] = { 50000, 10000, 40000, 5000, 30000 };

	for (int k = 0; k < 5; k++) {
		i[k] = worthy();
		i[k].id = k;
		i[k].cost_us = cost[k];
	}
	assert_int_equal(ost_schedule_pick(&limits, &quiet, i, 5, reasons, chosen, 8), 2);
	assert_int_equal(chosen[0], 3);
	assert_int_equal(chosen[1], 1);
	assert_int_equal(reasons[3], OST_SCHEDULE_CHOSEN);
	assert_int_equal(reasons[1], OST_SCHEDULE_CHOSEN);
	assert_int_equal(reasons[0], OST_SCHEDULE_NO_SLOT);
	assert_int_equal(reasons[2], OST_SCHEDULE_NO_SLOT);
	assert_int_equal(reasons[4], OST_SCHEDULE_NO_SLOT);
}

static void never_more_than_the_slots(void **unused)
{
	struct ost_schedule_host host = quiet;
	struct ost_schedule_instance i[3] = { worthy(), worthy(), worthy() };
	enum ost_schedule_reason reasons[3];
	size_t chosen[3];

	for (unsigned int running = 0; running < 5; running++) {
		size_t want = running < 2 ? 2 - running : 0;

		host.running = running;
		assert_int_equal(ost_schedule_pick(&limits, &host, i, 3, reasons, chosen, 3), want);
	}
	host.running = 0;
	assert_int_equal(ost_schedule_pick(&limits, &host, i, 3, reasons, chosen, 1), 1);
	assert_int_equal(ost_schedule_pick(&limits, &host, i, 0, reasons, chosen, 3), 0);
}

static void every_reason_has_words(void **unused)
{
	for (int r = 0; r < OST_SCHEDULE_REASONS; r++)
		assert_non_null(ost_schedule_reason_text(r));
	assert_string_equal(ost_schedule_reason_text(OST_SCHEDULE_REASONS), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_worthy_one_is_chosen),
		cmocka_unit_test(each_reason_holds_it_back),
		cmocka_unit_test(a_busy_host_waits),
		cmocka_unit_test(pressure_lowers_the_bar_but_not_the_interval),
		cmocka_unit_test(the_most_worthwhile_get_the_slots),
		cmocka_unit_test(never_more_than_the_slots),
		cmocka_unit_test(every_reason_has_words),
	};

	return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}
