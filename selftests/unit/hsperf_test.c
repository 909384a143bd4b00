// SPDX-License-Identifier: GPL-2.0-or-later
/* HotSpot's performance data: a made-up file, its fields wrong in turn, and cut off anywhere. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/hsperf.h"

#define FIRST 32
#define ENTRY 128

static unsigned char file[1024];
static size_t size;
static struct ost_hsperf perf;

static void put32(size_t at, int32_t value)
{
	memcpy(file + at, &value, sizeof(value));
}

static void add(const char *name, const char *value)
{
	size_t at = size;

	put32(at, ENTRY);
	put32(at + 4, 20);
	put32(at + 8, 40);
	file[at + 12] = 'B';
	put32(at + 16, 80);
	strcpy((char *)file + at + 20, name);
	strcpy((char *)file + at + 80, value);
	size += ENTRY;
	put32(28, (size - FIRST) / ENTRY);
}

static int make(void **state)
{
	static const unsigned char head[] = { 0xca, 0xfe, 0xc0, 0xc0, 1, 2, 0, 1 };

	memset(file, 0, sizeof(file));
	memcpy(file, head, sizeof(head));
	put32(24, FIRST);
	size = FIRST;
	add("sun.gc.cause", "No GC");
	add("sun.rt.jvmCapabilities", "1100000000000000");
	add("sun.gc.collector.0.name", "Serial young collection pauses");
	return 0;
}

static int parse(void)
{
	perf = (struct ost_hsperf){ 0 };
	return ost_hsperf_parse(file, size, &perf);
}

static void takes_what_is_needed(void **state)
{
	char text[8];

	assert_int_equal(parse(), 0);
	assert_true(perf.attach);
	assert_int_equal(perf.gc, OST_JVM_GC_SERIAL);
	file[FIRST + ENTRY + 80] = '0';
	assert_int_equal(parse(), 0);
	assert_false(perf.attach);
	assert_int_equal(ost_hsperf_string(file, size, "sun.gc.collector.0.name", text, 8), 0);
	assert_string_equal(text, "Serial ");
	assert_int_equal(ost_hsperf_string(file, size, "sun.gc", text, 8), -ENOENT);
}

static void knows_collectors(void **state)
{
	static const struct {
		const char *name;
		enum ost_jvm_gc gc;
	} known[] = {
		{ "Parallel young collection pauses", OST_JVM_GC_PARALLEL },
		{ "G1 young collection pauses", OST_JVM_GC_G1 },
		{ "Z concurrent cycle pauses", OST_JVM_GC_Z },
		{ "ZGC minor collection pauses", OST_JVM_GC_Z },
		{ "Shenandoah partial", OST_JVM_GC_SHENANDOAH },
		{ "PSScavenge", OST_JVM_GC_PARALLEL },
		{ "Copy", OST_JVM_GC_SERIAL },
		{ "something new", OST_JVM_GC_UNKNOWN },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		strcpy((char *)file + FIRST + 2 * ENTRY + 80, known[i].name);
		assert_int_equal(parse(), 0);
		assert_int_equal(perf.gc, known[i].gc);
	}
}

static void tells_why_not(void **state)
{
	file[7] = 0;
	assert_int_equal(parse(), -EAGAIN);
	file[7] = 1;
	file[4] = 0;
	assert_int_equal(parse(), -ENOTSUP);
	file[4] = 1;
	file[5] = 1;
	assert_int_equal(parse(), -ENOTSUP);
	file[5] = 2;
	file[0] = 0;
	assert_int_equal(parse(), -EBADMSG);
	file[0] = 0xca;
	file[FIRST + ENTRY + 20] = 'x';
	assert_int_equal(parse(), -ENOENT);
	file[FIRST + ENTRY + 20] = 's';
	file[FIRST + ENTRY + 12] = 'J';
	assert_int_equal(parse(), -ENOENT);
}

/* Numbers that point out of the file, or backwards. */
static void refuses_numbers_that_lie(void **state)
{
	static const int32_t wrong[] = { -1, INT32_MIN, INT32_MAX, 1000000 };
	static const size_t fields[] = {
		24, FIRST, FIRST + ENTRY, FIRST + ENTRY + 8, FIRST + ENTRY + 16,
	};

	for (size_t f = 0; f < sizeof(fields) / sizeof(fields[0]); f++)
		for (size_t i = 0; i < 4; i++) {
			make(state);
			put32(fields[f], wrong[i]);
			assert_int_not_equal(parse(), 0);
		}
	make(state);
	put32(28, INT32_MAX);
	assert_int_equal(parse(), -EBADMSG);
	make(state);
	put32(FIRST, 0);
	assert_int_equal(parse(), -EBADMSG);
}

static void survives_being_cut_off(void **state)
{
	for (size_t len = 0; len < size; len++) {
		unsigned char *copy = malloc(len ? len : 1);

		memcpy(copy, file, len);
		if (len < FIRST + 2 * ENTRY)
			assert_int_not_equal(ost_hsperf_parse(copy, len, &perf), 0);
		else
			ost_hsperf_parse(copy, len, &perf);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(takes_what_is_needed, make),
		cmocka_unit_test_setup(knows_collectors, make),
		cmocka_unit_test_setup(tells_why_not, make),
		cmocka_unit_test_setup(refuses_numbers_that_lie, make),
		cmocka_unit_test_setup(survives_being_cut_off, make),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
