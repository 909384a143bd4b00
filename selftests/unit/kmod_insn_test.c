// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module's look at how an instruction begins (kmod/insn.h): every first byte, prefixes, and truncated bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../kmod/insn.h"

static const struct {
	uint8_t insn[OSTLER_INSN_MAX];
	uint8_t len;
	uint8_t insn_class;
	uint8_t is_entry;
} insns[] = {
	{ { 0 }, 0, OSTLER_INSN_UNREADABLE, 0 },
	{ { 0x0f, 0x0b }, 2, OSTLER_INSN_UD2, 0 },
	{ { 0x66, 0x48, 0x0f, 0x0b }, 4, OSTLER_INSN_UD2, 0 },
	{ { 0x0f, 0xb9, 0xc0 }, 3, OSTLER_INSN_UD1, 0 },
	{ { 0x67, 0x0f, 0xb9, 0x40, 0x02 }, 5, OSTLER_INSN_UD1, 0 },
	{ { 0x0f, 0xff, 0xc0 }, 3, OSTLER_INSN_UD0, 0 },
	{ { 0x0f }, 1, OSTLER_INSN_LEGACY, 0 },
	{ { 0x66 }, 1, OSTLER_INSN_LEGACY, 0 },
	{ { 0xc5 }, 1, OSTLER_INSN_VEX, 0 },
	{ { 0xc5, 0xfd, 0xfe, 0xc0 }, 4, OSTLER_INSN_VEX, 0 },
	{ { 0xc4, 0xe2, 0x7d, 0x18, 0x00 }, 5, OSTLER_INSN_VEX, 0 },
	{ { 0x64, 0x62, 0xf1, 0x7d, 0x48, 0xfe, 0xc0 }, 7, OSTLER_INSN_EVEX, 0 },
	{ { 0x8f, 0xe9, 0x78, 0x81, 0xc0 }, 5, OSTLER_INSN_XOP, 0 },
	{ { 0x8f, 0xc0 }, 2, OSTLER_INSN_LEGACY, 0 },
	{ { 0x8f }, 1, OSTLER_INSN_LEGACY, 0 },
	{ { 0xd5, 0x08, 0x89, 0xc0 }, 4, OSTLER_INSN_REX2, 0 },
	{ { 0x66, 0x0f, 0x38, 0xdc, 0xc0 }, 5, OSTLER_INSN_0F38, 0 },
	{ { 0xf2, 0x48, 0x0f, 0x38, 0xf1, 0xc0 }, 6, OSTLER_INSN_0F38, 0 },
	{ { 0x66, 0x0f, 0x3a, 0x0f, 0xc0, 0x01 }, 6, OSTLER_INSN_0F3A, 0 },
	{ { 0xf3, 0x0f, 0xb8, 0xc0 }, 4, OSTLER_INSN_LEGACY, 0 },
	{ { 0x0f, 0x05 }, 2, OSTLER_INSN_LEGACY, 1 },
	{ { 0x0f, 0x34 }, 2, OSTLER_INSN_LEGACY, 1 },
	{ { 0x48, 0x0f, 0x34 }, 3, OSTLER_INSN_LEGACY, 1 },
	{ { 0x0f, 0x35 }, 2, OSTLER_INSN_LEGACY, 0 },
};

static void table(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(insns) / sizeof(insns[0]); i++) {
		assert_int_equal(ostler_insn_classify(insns[i].insn, insns[i].len),
				 insns[i].insn_class);
		assert_int_equal(ostler_insn_is_entry(insns[i].insn, insns[i].len),
				 insns[i].is_entry);
	}
}

/* Of all first bytes only these six lead anywhere but to LEGACY, whatever follows */
static void first_bytes(void **state)
{
	static const uint8_t special[] = { 0x0f, 0x62, 0x8f, 0xc4, 0xc5, 0xd5 };
	uint8_t insn[OSTLER_INSN_MAX];
	unsigned int first, next;

	for (first = 0; first < 256; first++) {
		if (memchr(special, first, sizeof(special)) || ostler_insn_is_prefix(first))
			continue;
		for (next = 0; next < 256; next++) {
			memset(insn, next, sizeof(insn));
			insn[0] = first;
			assert_int_equal(ostler_insn_classify(insn, sizeof(insn)),
					 OSTLER_INSN_LEGACY);
		}
	}
}

/* Fifteen prefixes are no instruction, and nothing behind them is read */
static void prefixes_alone(void **state)
{
	uint8_t insn[OSTLER_INSN_MAX];
	unsigned int len;

	memset(insn, 0x66, sizeof(insn));
	for (len = 1; len <= sizeof(insn); len++)
		assert_int_equal(ostler_insn_classify(insn, len), OSTLER_INSN_LEGACY);
	assert_int_equal(ostler_insn_is_entry(insn, sizeof(insn)), 0);
}

static void aborts(void **state)
{
	unsigned int insn_class, count = 0;

	for (insn_class = 0; insn_class <= OSTLER_INSN_CLASS_MAX; insn_class++)
		count += ostler_insn_is_abort(insn_class);
	assert_int_equal(count, 3);
	assert_true(ostler_insn_is_abort(OSTLER_INSN_UD0));
	assert_true(ostler_insn_is_abort(OSTLER_INSN_UD1));
	assert_true(ostler_insn_is_abort(OSTLER_INSN_UD2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(table),
		cmocka_unit_test(first_bytes),
		cmocka_unit_test(prefixes_alone),
		cmocka_unit_test(aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
