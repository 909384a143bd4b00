// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program needs, found in objects that are built by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "isa/need/need.h"

#include "world.h"

#define ASK_1 "\xb8\x01\0\0\0\x31\xc9" CPUID /* mov $1, %eax; xor %ecx, %ecx; cpuid */
#define ASK_7 "\xb8\x07\0\0\0\x31\xc9" CPUID
#define TEST_SSE42 "\xf7\xc1\0\0\x10\0" /* test $0x100000, %ecx */
#define TEST_AVX2 "\xf6\xc3\x20"	/* test $0x20, %bl */
#define TEST_BMI2 "\xf7\xc3\0\x01\0\0"	/* test $0x100, %ebx */
#define VPADDD "\xc5\xed\xfe\xc1"	/* vpaddd %ymm1, %ymm2, %ymm0 */
#define UD2 "\x0f\x0b"

#define END (TEXT + 0x100)

static struct ost_needs needs;

static void find(struct world *w)
{
	ost_needs_free(&needs);
	assert_int_equal(ost_needs_find(&needs, &w->program, NULL, NULL), 0);
}

static unsigned int verdict_of(unsigned int feature)
{
	const struct ost_need *need = ost_needs_get(&needs, feature);

	return need ? need->verdict : OST_NEED_END;
}

/* Where a test isn't passed the program ends at END. */
static uint64_t refuse(struct world *w, uint64_t at, const char *test, size_t size)
{
	at = put(w, 0, at, test, size);
	return PUT_TO(w, 0, at, JE, END);
}

#define REFUSE(w, at, test) refuse(w, at, test, sizeof(test) - 1)

static void finish(struct world *w, uint64_t at)
{
	PUT(w, 0, at, VPADDD RET);
	PUT(w, 0, END, UD2);
	range(w, 0, TEXT, END + 2);
	find(w);
	world_free(w);
}

/* Each of them ends the program, whichever stands first. */
static void refuses_in_turn(void **unused)
{
	struct world *w = world_new(false);
	uint64_t at = TEXT;

	at = REFUSE(w, at, ASK_1 TEST_SSE42);
	at = REFUSE(w, at, ASK_7 TEST_AVX2);
	at = REFUSE(w, at, ASK_7 TEST_BMI2);
	finish(w, at);
	assert_int_equal(verdict_of(OST_F_SSE42), OST_NEED_SELF_CHECKED);
	assert_int_equal(verdict_of(OST_F_AVX2), OST_NEED_SELF_CHECKED);
	assert_int_equal(verdict_of(OST_F_BMI2), OST_NEED_SELF_CHECKED);
}

/* Under a test that a host may pass or not, it is that one's affair. */
static void refuses_under_a_test(void **unused)
{
	struct world *w = world_new(false);
	uint64_t at = TEXT;

	at = PUT(w, 0, at, ASK_1 TEST_SSE42);
	at = PUT_TO(w, 0, at, JE, END + 0x20);
	at = REFUSE(w, at, ASK_7 TEST_AVX2);
	PUT(w, 0, END + 0x20, RET);
	range(w, 0, END + 0x20, END + 0x21);
	finish(w, at);
	assert_int_equal(verdict_of(OST_F_SSE42), OST_NEED_END);
	assert_int_equal(verdict_of(OST_F_AVX2), OST_NEED_DISPATCHED);
}

/* Behind a test of another feature: that one is the guard's, though there is one for its own. */
static void shows_the_test_of_a_weak_guard(void **unused)
{
	struct world *w = world_new(false);
	uint64_t at = TEXT, other, weak;

	/* if (avx2) vpaddd; if (sse4_2) vpaddd */
	at = PUT(w, 0, at, ASK_7 TEST_AVX2);
	other = at;
	at = PUT(w, 0, at, "\x74\x04" VPADDD); /* je over it */
	at = PUT(w, 0, at, ASK_1 TEST_SSE42);
	weak = at;
	at = PUT(w, 0, at, "\x74\x04" VPADDD);
	at = PUT(w, 0, at, RET);
	range(w, 0, TEXT, at);
	find(w);
	world_free(w);
	assert_int_equal(verdict_of(OST_F_AVX2), OST_NEED_WEAK_GUARD);
	assert_int_not_equal(ost_needs_get(&needs, OST_F_AVX2)->guard_site, other);
	assert_int_equal(ost_needs_get(&needs, OST_F_AVX2)->guard_site, weak);
}

/* Of two tests the one in the function itself, whichever was seen first. */
static void shows_the_nearest_test(void **unused)
{
	struct world *w = world_new(false);
	uint64_t at = TEXT, near;

	at = PUT_TO(w, 0, at, CALL, TEXT + 0x100);
	at = PUT(w, 0, at, ASK_7 TEST_AVX2);
	at = PUT(w, 0, at, "\x74\x01" RET RET);
	range(w, 0, TEXT, at);
	at = PUT(w, 0, TEXT + 0x100, ASK_7 TEST_AVX2);
	near = at;
	at = PUT(w, 0, at, "\x74\x04" VPADDD RET);
	range(w, 0, TEXT + 0x100, at);
	find(w);
	world_free(w);
	assert_int_equal(verdict_of(OST_F_AVX2), OST_NEED_DISPATCHED);
	assert_int_equal(ost_needs_get(&needs, OST_F_AVX2)->guard_site, near);
}

#define XBEGIN "\xc7\xf8\0\0\0\0" /* xbegin to the next one */
#define XEND   "\x0f\x01\xd5"
#define RDSSP  "\xf3\x48\x0f\x1e\xc8" /* rdsspq %rax */
#define INCSSP "\xf3\x48\x0f\xae\xe8" /* incsspq %rax */

static unsigned int verdict_of_code(const char *code, size_t size, const char *object, unsigned int feature)
{
	struct world *w = world_new(false);

	w->objects[0].name = (char *)object;
	range(w, 0, TEXT, put(w, 0, TEXT, code, size));
	find(w);
	world_free(w);
	return verdict_of(feature);
}

#define VERDICT(code, object, feature) verdict_of_code(code, sizeof(code) - 1, object, feature)

/* Only what was looked up in a library's source is known, not what nobody would write. */
static void knows_what_was_looked_up(void **unused)
{
	assert_int_equal(VERDICT(XBEGIN XEND RET, "main", OST_F_RTM), OST_NEED_REQUIRED);
	assert_int_equal(VERDICT(XBEGIN XEND RET, "libc.so.6", OST_F_RTM), OST_NEED_DISPATCHED);
	assert_true(ost_needs_get(&needs, OST_F_RTM)->known);
	/* nobody gets there but from a transaction */
	assert_int_equal(VERDICT(XEND RET, "main", OST_F_RTM), OST_NEED_DISPATCHED);
	assert_int_equal(VERDICT(INCSSP RET, "main", OST_F_SHSTK), OST_NEED_REQUIRED);
	assert_int_equal(VERDICT(INCSSP RDSSP RET, "main", OST_F_SHSTK), OST_NEED_REQUIRED);
	assert_int_equal(VERDICT(RDSSP INCSSP RET, "main", OST_F_SHSTK), OST_NEED_DISPATCHED);
}

/* Of a library that only hosts of a level find, the loader says on others that it isn't there. */
static void needs_the_level_of_its_libraries(void **unused)
{
	struct world *w = world_new(false);

	range(w, 0, TEXT, PUT(w, 0, TEXT, RET));
	w->members[1].level = 3;
	find(w);
	assert_int_equal(ost_needs_level(&needs), 3);
	assert_int_equal(verdict_of(OST_F_AVX2), OST_NEED_SELF_CHECKED);
	assert_int_equal(ost_needs_get(&needs, OST_F_AVX2)->member, 1);
	/* a program goes on without what it would have loaded later */
	w->members[1].how = OST_HOW_DLOPEN;
	find(w);
	assert_int_equal(ost_needs_level(&needs), 1);
	w->members[1].how = OST_HOW_NEEDED;
	w->members[1].group = 1;
	find(w);
	assert_int_equal(ost_needs_level(&needs), 1);
	world_free(w);
}

#define POINTERS 20000

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* A variable full of pointers into itself, each to where more of them follow than in the one before. */
static void follows_each_pointer_once(void **unused)
{
	static struct ost_reloc relocs[POINTERS];
	static uint8_t bytes[8 * POINTERS];
	struct world *w = world_new(false);
	long before;

	w->segments[0][1].bytes = bytes;
	w->segments[0][1].size = sizeof(bytes);
	w->segments[0][1].end = DATA + sizeof(bytes);
	for (size_t i = 0; i < POINTERS; i++)
		relocs[i] = (struct ost_reloc){
			.offset = DATA + 8 * i, .type = R_X86_64_RELATIVE,
			.addend = DATA + 8 * (POINTERS - 1 - i),
		};
	relocs[POINTERS - 1].addend = TEXT + 0x100;
	w->objects[0].relocs = relocs;
	w->objects[0].reloc_count = POINTERS;
	symbol(w, 0, DATA, sizeof(bytes), "table", STT_OBJECT);
	range(w, 0, TEXT, PUT(w, 0, PUT_TO(w, 0, TEXT, LEA_RDI, DATA), RET));
	range(w, 0, TEXT + 0x100, PUT(w, 0, TEXT + 0x100, VPADDD RET));
	before = peak_kib();
	find(w);
	assert_in_range(peak_kib() - before, 0, 256 << 10);
	assert_int_equal(verdict_of(OST_F_AVX2), OST_NEED_PROBABLE);
	world_free(w);
}

#define DATA_BYTES 60000

/* A function that is nearly all data between its instructions is looked through once. */
static void looks_once_for_data(void **unused)
{
	static uint8_t text[TEXT_SIZE + DATA_BYTES];
	struct world *w = world_new(false);
	struct timespec from, to;
	uint64_t at = TEXT;

	at = PUT_TO(w, 0, at, LEA_RDI, TEXT + 12);
	at = PUT_TO(w, 0, at, JUMP, TEXT + 12 + DATA_BYTES);
	memcpy(text, w->text[0], at - TEXT);
	memset(text + 12, 0x9f, DATA_BYTES); /* lahf */
	text[12 + DATA_BYTES] = 0xc3;
	w->segments[0][0].bytes = text;
	w->segments[0][0].size = sizeof(text);
	w->segments[0][0].end = TEXT + sizeof(text);
	w->segments[0][1].start += 0x10000;
	w->segments[0][1].end += 0x10000;
	range(w, 0, TEXT, TEXT + 13 + DATA_BYTES);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	find(w);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	assert_int_equal(verdict_of(OST_F_LAHF), OST_NEED_END);
	assert_in_range(to.tv_sec - from.tv_sec, 0, 1);
	world_free(w);
}

static int drop(void **unused)
{
	ost_needs_free(&needs);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_in_turn),
		cmocka_unit_test(refuses_under_a_test),
		cmocka_unit_test(shows_the_test_of_a_weak_guard),
		cmocka_unit_test(shows_the_nearest_test),
		cmocka_unit_test(knows_what_was_looked_up),
		cmocka_unit_test(needs_the_level_of_its_libraries),
		cmocka_unit_test(follows_each_pointer_once),
		cmocka_unit_test(looks_once_for_data),
	};

	return cmocka_run_group_tests(tests, NULL, drop);
}
