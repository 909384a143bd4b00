// SPDX-License-Identifier: GPL-2.0
/*
 * Undefined instructions in kernel mode, for the test that they stay the kernel's own: one with a fixup, and with warn=1 the
 * one that WARN_ONCE() is made of.
 */
#include <linux/module.h>
#include <asm/asm.h>

static bool warn;
module_param(warn, bool, 0444);
MODULE_PARM_DESC(warn, "Also warn");

static bool fixed_up;
module_param(fixed_up, bool, 0444);
MODULE_PARM_DESC(fixed_up, "Set once the fixup has been reached");

static int __init undefined_init(void)
{
	bool skipped = true;

	/* GETSEC, which Linux leaves off (CR4.SMXE); UD2 is the kernel's own, for BUG() and WARN() */
	asm volatile("1:	.byte 0x0f, 0x37\n"
		     "	movb $0, %0\n"
		     "2:\n" _ASM_EXTABLE(1b, 2b)
		     : "+m"(skipped));
	fixed_up = skipped;
	WARN_ONCE(warn, "ostler-test: a warning on purpose\n");
	return 0;
}

static void __exit undefined_exit(void)
{
}

module_init(undefined_init);
module_exit(undefined_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Undefined instructions in kernel mode, for Ostler's tests");
