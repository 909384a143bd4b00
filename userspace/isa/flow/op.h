/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_OP_H
#define OST_ISA_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Instructions as the close look wants them: the few that move, combine and test values by kind,
 * all others only by what they read and overwrite.
 */

/** enum ost_op_kind - what an instruction does to values */
enum ost_op_kind {
	OST_DO_OTHER,	    /* reads @sources, overwrites @clobbers and dst with something */
	OST_DO_MOVE,	    /* dst = src, zero-extended */
	OST_DO_MOVE_SIGNED, /* dst = src, sign-extended */
	OST_DO_ADDRESS,	    /* lea */
	OST_DO_COMPUTE,	    /* dst = dst @compute src, with flags */
	OST_DO_COMPARE,	    /* flags of dst - src */
	OST_DO_TEST,	    /* flags of dst & src */
	OST_DO_BIT,	    /* bt: carry = bit src of dst */
	OST_DO_BIT_SET,	    /* bts */
	OST_DO_NOT,
	OST_DO_EXCHANGE,       /* dst and src change places */
	OST_DO_STEP,	       /* inc, dec: dst += src, carry as before */
	OST_DO_BORROW,	       /* sbb r, r: all ones where carry was set, else zero */
	OST_DO_SET,	       /* setcc */
	OST_DO_CHOOSE,	       /* cmovcc */
	OST_DO_VECTOR_MOVE,    /* dst = src, up to 16 bytes; a register's rest becomes zero */
	OST_DO_VECTOR_COMPUTE, /* dst = dst @compute src, 16 bytes */
	OST_DO_VECTOR_JOIN,    /* high half of dst = low half of src */
	OST_DO_VECTOR_MIX,     /* low half of dst, each 32 bits followed by those of src */
	OST_DO_PUSH,
	OST_DO_POP,
	OST_DO_LEAVE,
	OST_DO_CPUID,
	OST_DO_XGETBV,
	OST_DO_CALL,
	OST_DO_JUMP,
	OST_DO_BRANCH, /* jcc; cc 16: not by flags (loop, jrcxz) */
	OST_DO_RETURN,
	OST_DO_STOP,
	OST_DO_NOTHING,
};

/** enum ost_operand_kind */
enum ost_operand_kind {
	OST_OPERAND_NONE,
	OST_OPERAND_REGISTER, /* a general one */
	OST_OPERAND_NUMBER,
	OST_OPERAND_MEMORY,
	OST_OPERAND_VECTOR, /* xmm0 .. xmm15: @reg */
	OST_OPERAND_OTHER,  /* wider vectors, masks, x87 ... */
};

#define OST_NO_REGISTER 0xff

/** struct ost_operand - one operand */
struct ost_operand {
	uint8_t kind;  /* enum ost_operand_kind */
	uint8_t bits;  /* 8, 16, 32, 64; of memory up to 255 means more */
	uint8_t reg;   /* REGISTER: 0 rax .. 15 r15; MEMORY: base or OST_NO_REGISTER */
	uint8_t index; /* MEMORY: or OST_NO_REGISTER */
	uint8_t scale;
	bool high;	/* ah, bh, ch, dh */
	bool rip;	/* MEMORY: @number is the address */
	bool thread;	/* MEMORY: through fs or gs */
	int64_t number; /* value or displacement; of a relative branch its target's address */
};

/** struct ost_op - one instruction */
struct ost_op {
	uint64_t site;
	struct ost_operand dst, src;
	uint16_t sources;  /* registers read in ways not told above, one bit each */
	uint16_t clobbers; /* registers overwritten in ways not told above */
	uint16_t vectors;  /* vector registers 0 .. 15 that are read, one bit each */
	uint16_t bytes;	   /* of memory that OTHER reads at src or writes at dst */
	uint8_t kind;	   /* enum ost_op_kind */
	uint8_t compute;   /* enum ost_value_op */
	uint8_t cc;
	uint8_t length;
	bool flags;	    /* overwrites the flags */
	uint8_t vector_dst; /* vector register 0 .. 15 that OTHER overwrites, or OST_NO_REGISTER */
};

/**
 * ost_op_decode() - one instruction
 * @bytes, @len: what is readable from @site on
 *
 * Return: its length, or 0 for bytes that are none; @op is then OST_DO_STOP.
 */
unsigned int ost_op_decode(const uint8_t *bytes, size_t len, uint64_t site, struct ost_op *op);

#endif
