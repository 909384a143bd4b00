/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How an instruction begins, told apart without decoding it. Pure, and built in user space too by its test.
 */
#ifndef OSTLER_INSN_H
#define OSTLER_INSN_H

#include <linux/ostler.h>
#include <linux/types.h>

/* Prefixes of 64-bit code: segment, operand and address size, LOCK, REP, and REX (40..4f) */
static inline int ostler_insn_is_prefix(__u8 byte)
{
	switch (byte) {
	case 0x26: case 0x2e: case 0x36: case 0x3e: case 0x64: case 0x65:
	case 0x66: case 0x67: case 0xf0: case 0xf2: case 0xf3:
		return 1;
	}
	return (byte & 0xf0) == 0x40;
}

static inline __u8 ostler_insn_class_0f(__u8 opcode)
{
	switch (opcode) {
	case 0x38:
		return OSTLER_INSN_0F38;
	case 0x3a:
		return OSTLER_INSN_0F3A;
	case 0x0b:
		return OSTLER_INSN_UD2;
	case 0xb9:
		return OSTLER_INSN_UD1;
	case 0xff:
		return OSTLER_INSN_UD0;
	}
	return OSTLER_INSN_LEGACY;
}

/* The class (enum ostler_insn_class) of 64-bit code that begins with @len bytes at @insn */
static inline __u8 ostler_insn_classify(const __u8 *insn, unsigned int len)
{
	unsigned int i = 0;

	if (!len)
		return OSTLER_INSN_UNREADABLE;
	while (i < len && ostler_insn_is_prefix(insn[i]))
		i++;
	if (i == len)
		return OSTLER_INSN_LEGACY;
	switch (insn[i]) {
	case 0xc4:
	case 0xc5:
		return OSTLER_INSN_VEX;
	case 0x62:
		return OSTLER_INSN_EVEX;
	case 0xd5:
		return OSTLER_INSN_REX2;
	case 0x0f:
		return i + 1 < len ? ostler_insn_class_0f(insn[i + 1]) : OSTLER_INSN_LEGACY;
	case 0x8f:
		/* POP with a ModRM byte below 08h in these bits, or the map of an XOP prefix */
		return i + 1 < len && (insn[i + 1] & 0x1f) > 7 ? OSTLER_INSN_XOP : OSTLER_INSN_LEGACY;
	}
	return OSTLER_INSN_LEGACY;
}

/* Undefined by definition: how a program says that it means to die */
static inline int ostler_insn_is_abort(__u8 insn_class)
{
	return insn_class >= OSTLER_INSN_UD0 && insn_class <= OSTLER_INSN_UD2;
}

/*
 * SYSCALL (0F 05) and SYSENTER (0F 34): doors to the kernel, not features. With FRED a disabled one arrives
 * as #UD by way of the kernel's own decision.
 */
static inline int ostler_insn_is_entry(const __u8 *insn, unsigned int len)
{
	unsigned int i = 0;

	while (i < len && ostler_insn_is_prefix(insn[i]))
		i++;
	return i + 1 < len && insn[i] == 0x0f && (insn[i + 1] == 0x05 || insn[i + 1] == 0x34);
}

#endif
