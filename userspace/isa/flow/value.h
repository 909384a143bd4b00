/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_VALUE_H
#define OST_ISA_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "isa/flow/cond.h"

/*
 * What may be in a register or a piece of memory, and what that tells of the processor. A value is
 * either a few alternatives, each a number or an address with the condition under which it arises,
 * or, bit by bit, what is known where that bit is one and where it is zero. So `if (flags & 4)`
 * yields what must be present for bit 2 to be set, whether the program copied it from CPUID, set it
 * after a test, or returned it from a function.
 *
 * Values are interned: equal ones have equal numbers.
 */

typedef uint32_t ost_value;

#define OST_VALUE_ANY	  0 /* nothing is known of it */
#define OST_VALUE_NOTHING 1 /* there is none yet: no path has brought one */

#define OST_VALUE_ALTS 8 /* alternatives that are told apart */

/** enum ost_alt_kind - what an alternative is */
enum ost_alt_kind {
	OST_ALT_NUMBER,
	OST_ALT_ADDRESS,  /* in a member of the program */
	OST_ALT_STACK,	  /* distance from the stack pointer at the function's entry */
	OST_ALT_UNKNOWN,  /* anything; with a number other than 0 always the same one */
	OST_ALT_ARGUMENT, /* what an argument pointed to, and a distance */
};

struct ost_alt {
	uint64_t number;
	uint32_t member; /* OST_ALT_ADDRESS; OST_ALT_ARGUMENT: which */
	uint16_t kind;	 /* enum ost_alt_kind */
	ost_cond cond;
};

/** enum ost_value_op - what can be computed; anything else gives OST_VALUE_ANY */
enum ost_value_op {
	OST_OP_AND,
	OST_OP_OR,
	OST_OP_XOR,
	OST_OP_ADD,
	OST_OP_SUB,
	OST_OP_SHL,
	OST_OP_SHR,
	OST_OP_SAR,
	OST_OP_MUL,
};

/** enum ost_flags_kind - which instruction set the flags */
enum ost_flags_kind {
	OST_FLAGS_ANY,
	OST_FLAGS_RESULT,  /* by result @a; no carry, no overflow: and, test, or, xor */
	OST_FLAGS_ZERO,	   /* by result @a, carry unknown: shifts, inc, dec */
	OST_FLAGS_COMPARE, /* @a - @b */
	OST_FLAGS_BIT,	   /* carry = bit @b of @a */
};

/** struct ost_flags - the processor's flags, as what they were computed from */
struct ost_flags {
	ost_value a, b;
	uint8_t kind; /* enum ost_flags_kind */
	uint8_t bits; /* operand size: 8, 16, 32, 64 */
};

struct ost_values;

/** ost_values_new() - NULL without memory */
struct ost_values *ost_values_new(void);
void ost_values_free(struct ost_values *values);
struct ost_conds *ost_values_conds(struct ost_values *values);

/**
 * ost_values_truths() - is a truth value of which nothing is known taken to say, where paths meet,
 * which one it came by? From the start: no
 */
void ost_values_truths(struct ost_values *values, bool told);

/** ost_values_truths_told() - what ost_values_truths() was last given */
bool ost_values_truths_told(const struct ost_values *values);

ost_value ost_value_number(struct ost_values *values, uint64_t number);
ost_value ost_value_alt(struct ost_values *values, const struct ost_alt *alt);

/** ost_value_alts() - its alternatives; NULL when it isn't made of any */
const struct ost_alt *ost_value_alts(const struct ost_values *values, ost_value value,
				     unsigned int *count);

/** ost_value_constant() - is it exactly one number, come what may? */
bool ost_value_constant(const struct ost_values *values, ost_value value, uint64_t *number);

/** ost_value_has_address() - is one of its alternatives an address of the program's? */
bool ost_value_has_address(const struct ost_values *values, ost_value value);

/** ost_value_flags() - does it tell something as a word of flags or a small number does: not every
 * bit the same? */
bool ost_value_flags(const struct ost_values *values, ost_value value);

/** ost_value_unknown() - is nothing known of it that matters: neither a number, an address, nor
 * anything that tells? */
bool ost_value_unknown(const struct ost_values *values, ost_value value);

/** ost_value_tells() - does it tell anything of the processor? */
bool ost_value_tells(const struct ost_values *values, ost_value value);

/**
 * ost_value_join() - what it may be where two paths meet
 * @lost: gets set when addresses had to be forgotten; the caller takes them for escaped
 */
ost_value ost_value_join(struct ost_values *values, ost_value a, ost_cond when_a, ost_value b,
			 ost_cond when_b, bool *lost);

/**
 * ost_value_instead() - which of two values, if one is unknown and the other one tells, is the rule
 *
 * The unknown one is what somebody asked for instead, by an option or a variable of the
 * environment; or one of several numbers, chosen by something that isn't known. A bit that none of
 * these has tells that it was the other one, and so that its @when holds; without it, nothing.
 *
 * Return: what the other one tells apart, without what is known however it comes out, since that is
 * of the place and not of the value; OST_VALUE_ANY when it isn't so.
 */
ost_value ost_value_instead(struct ost_values *values, ost_value a, ost_cond when_a, ost_value b,
			    ost_cond when_b);

/** ost_value_given() - the value, knowing in addition that it arises only under a condition */
ost_value ost_value_given(struct ost_values *values, ost_value value, ost_cond cond);

/** ost_value_compute() - @bits is the operand size; the rest of the result is zero */
ost_value ost_value_compute(struct ost_values *values, enum ost_value_op op, ost_value a,
			    ost_value b, unsigned int bits);

/** ost_value_cut() - bits @from .. @from + @bits - 1, zero-extended */
ost_value ost_value_cut(struct ost_values *values, ost_value value, unsigned int from,
			unsigned int bits);

/** ost_value_extend() - sign-extended from @bits */
ost_value ost_value_extend(struct ost_values *values, ost_value value, unsigned int bits);

/** ost_value_paste() - @value with @bits bits from @at on replaced by the lowest of @part */
ost_value ost_value_paste(struct ost_values *values, ost_value value, ost_value part,
			  unsigned int at, unsigned int bits);

/** ost_value_blend() - @value with @bits bits from @at on joined with the lowest of @part */
ost_value ost_value_blend(struct ost_values *values, ost_value value, ost_value part,
			  unsigned int at, unsigned int bits);

/** ost_value_flag() - nothing is known of it but that one bit is set only under a condition */
ost_value ost_value_flag(struct ost_values *values, unsigned int bit, ost_cond cond);

/** ost_value_word() - any of its lowest bits is set only under a condition; nothing is known of the
 * others */
ost_value ost_value_word(struct ost_values *values, unsigned int width, ost_cond cond);

/** ost_value_asks() - all that must be present for one or the other of its bits to be set */
ost_cond ost_value_asks(struct ost_values *values, ost_value value);

/** ost_value_cpuid() - what CPUID returns; @reg is enum ost_cpuid_reg */
ost_value ost_value_cpuid(struct ost_values *values, uint32_t leaf, uint32_t subleaf,
			  unsigned int reg);

/**
 * ost_value_test() - what is known where a condition code holds, and where it doesn't
 * @cc: as in the low four bits of jcc's opcode
 */
void ost_value_test(struct ost_values *values, const struct ost_flags *flags, unsigned int cc,
		    ost_cond *yes, ost_cond *no);

/** ost_value_filter() - @flags->a where a condition code holds (@yes), or where it doesn't */
ost_value ost_value_filter(struct ost_values *values, const struct ost_flags *flags,
			   unsigned int cc, bool yes);

#endif
