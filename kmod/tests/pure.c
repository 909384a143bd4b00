// SPDX-License-Identifier: GPL-2.0
/*
 * KUnit: what is pure in the module. Built where the kernel has CONFIG_KUNIT; the same tables are tested in user space, and what
 * follows from them in a running kernel, by selftests.
 */
#include <kunit/test.h>

#include "insn.h"
#include "verdict.h"

static const struct {
	u8 insn[OSTLER_INSN_MAX];
	u8 len;
	u8 insn_class;
} insns[] = {
	{ {}, 0, OSTLER_INSN_UNREADABLE },
	{ { 0x0f, 0x0b }, 2, OSTLER_INSN_UD2 },
	{ { 0x66, 0x48, 0x0f, 0x0b }, 4, OSTLER_INSN_UD2 },
	{ { 0x0f, 0xb9, 0xc0 }, 3, OSTLER_INSN_UD1 },
	{ { 0x0f, 0xff, 0xc0 }, 3, OSTLER_INSN_UD0 },
	{ { 0x0f }, 1, OSTLER_INSN_LEGACY },
	{ { 0xc5, 0xfd, 0xfe, 0xc0 }, 4, OSTLER_INSN_VEX },
	{ { 0xc4, 0xe2, 0x7d, 0x18, 0x00 }, 5, OSTLER_INSN_VEX },
	{ { 0x62, 0xf1, 0x7d, 0x48, 0xfe, 0xc0 }, 6, OSTLER_INSN_EVEX },
	{ { 0x8f, 0xe9, 0x78, 0x81, 0xc0 }, 5, OSTLER_INSN_XOP },
	{ { 0x8f, 0xc0 }, 2, OSTLER_INSN_LEGACY },
	{ { 0xd5, 0x08, 0x89, 0xc0 }, 4, OSTLER_INSN_REX2 },
	{ { 0x66, 0x0f, 0x38, 0xdc, 0xc0 }, 5, OSTLER_INSN_0F38 },
	{ { 0x66, 0x0f, 0x3a, 0x0f, 0xc0, 0x01 }, 6, OSTLER_INSN_0F3A },
	{ { 0xf3, 0x0f, 0xb8, 0xc0 }, 4, OSTLER_INSN_LEGACY },
};

static void insn_classes(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(insns); i++)
		KUNIT_EXPECT_EQ_MSG(test, ostler_insn_classify(insns[i].insn, insns[i].len),
				    insns[i].insn_class, "row %u", i);
}

static void verdict_steps(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ostler_verdict_step(OSTLER_VERDICT_UNSPEC, false), OSTLER_STEP_WAIT);
	KUNIT_EXPECT_EQ(test, ostler_verdict_step(OSTLER_VERDICT_UNSPEC, true), OSTLER_STEP_SIGNAL);
	KUNIT_EXPECT_EQ(test, ostler_verdict_step(OSTLER_VERDICT_RETRY, true), OSTLER_STEP_ANEW);
	KUNIT_EXPECT_EQ(test, ostler_verdict_step(OSTLER_VERDICT_DELIVER, false), OSTLER_STEP_SIGNAL);
	KUNIT_EXPECT_EQ(test, ostler_verdict_step(OSTLER_VERDICT_SKIP, true), OSTLER_STEP_SKIP);
}

static struct kunit_case cases[] = {
	KUNIT_CASE(insn_classes),
	KUNIT_CASE(verdict_steps),
	{},
};

static struct kunit_suite suite = {
	.name = "ostler",
	.test_cases = cases,
};

kunit_test_suite(suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("KUnit tests of Ostler's kernel module");
