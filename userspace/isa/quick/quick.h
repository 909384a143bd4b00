/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_QUICK_H
#define OST_ISA_QUICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "isa/feature.h"

/*
 * The quick decoder: how long an instruction is, what it needs, where it goes and what it refers
 * to, from tables that are generated at build time by asking Zydis and our own tables of younger
 * instructions for every encoding. No operands, no text: ost_insn_decode() is for those. 64-bit
 * mode only.
 */

/** Bytes, from the first one of an instruction, that must be readable; more than any has. */
#define OST_QUICK_PAD 16

/** enum ost_quick_flow - where an instruction goes */
enum ost_quick_flow {
	OST_FLOW_NEXT,		/* on */
	OST_FLOW_CALL,		/* call rel32: to @target, and on */
	OST_FLOW_JUMP,		/* jmp rel: to @target */
	OST_FLOW_BRANCH,	/* jcc, loop, jrcxz, xbegin: to @target or on */
	OST_FLOW_RETURN,	/* ret, far ret, iret */
	OST_FLOW_JUMP_INDIRECT,	/* jmp r/m, near and far; APX's jmpabs */
	OST_FLOW_CALL_INDIRECT,	/* call r/m, near and far, and on */
	OST_FLOW_STOP,		/* hlt, ud0, ud1, ud2, int3, sysret, sysexit, rsm: nothing after */
};

/** enum ost_quick_map - which opcode map the opcode byte belongs to */
enum ost_quick_map {
	OST_MAP_1BYTE, OST_MAP_0F, OST_MAP_0F38, OST_MAP_0F3A, OST_MAP_3DNOW,
	OST_MAP_VEX1, OST_MAP_VEX2, OST_MAP_VEX3, OST_MAP_VEX5, OST_MAP_VEX7,
	OST_MAP_EVEX1, OST_MAP_EVEX2, OST_MAP_EVEX3, OST_MAP_EVEX4, OST_MAP_EVEX5, OST_MAP_EVEX6,
	OST_MAP_XOP8, OST_MAP_XOP9, OST_MAP_XOPA,
	OST_MAP_END
};

/**
 * struct ost_quick - one instruction
 *
 * Register numbers that VEX, EVEX and REX2 extend beyond 15 (general registers of APX, upper
 * vector registers) are not told.
 */
struct ost_quick {
	uint8_t need;		/* what it needs: index for ost_quick_rule(); 0 = x86-64-v1 */
	uint8_t flow;		/* enum ost_quick_flow */
	uint8_t modrm;		/* 0 when there is none */
	bool has_modrm;
	uint8_t disp_at;	/* where its 4-byte displacement begins; 0 = it has none */
	uint8_t disp8_at;	/* where its 1-byte displacement begins; 0 = none */
	bool rip;		/* has an operand [rip + displacement]: the address is @target */
	bool base_reg;		/* memory operand has a base register that is neither rsp nor rip */
	uint8_t length;		/* bytes, 1 .. 15 */
	uint8_t imm_at;		/* where its immediate begins; 0 = none. Also of a relative target */
	uint8_t imm_size;	/* bytes of it: 0, 1, 2, 3 (enter), 4, 8; 8 (67: 4) in mov to moffs */
	uint8_t opcode;		/* of 3DNow! the suffix */
	uint8_t map;		/* enum ost_quick_map */
	uint8_t prefix;		/* mandatory prefix: 0 none, 1 66, 2 F3, 3 F2; F2 and F3 hide a 66 */
	uint8_t rex;		/* REX byte or what VEX, EVEX, XOP say of it (0x40 | WRXB); 0 = none */
	uint8_t vvvv;		/* the third register, 0 .. 15, that VEX, EVEX or XOP name; else 0 */
	uint8_t segment;	/* segment prefix 0x64 (fs) or 0x65 (gs) that is in force; else 0 */
	bool op16;		/* has a 66 prefix: operands of 16 bits, where REX.W is not set */
	int64_t target;		/* of a relative flow or of @rip: distance from the next instruction */
};

/**
 * ost_quick_decode() - one instruction
 * @bytes: OST_QUICK_PAD bytes must be readable, whatever the result
 * @insn: is filled when the result isn't 0
 *
 * Prefixes as processors take them: F2 and F3 select before 66, the last of these two wins, a REX
 * that isn't last means nothing, a REX, 66, F2, F3 or LOCK before VEX, EVEX or XOP is refused, so
 * is LOCK where it can't be. Reserved fields of VEX and EVEX are looked at; whether a gather names
 * a register twice is not.
 *
 * Return: its length, or 0 when these bytes are no instruction that is known.
 */
unsigned int ost_quick_decode(const uint8_t *bytes, struct ost_quick *insn);

/**
 * ost_quick_rule() - features behind a @need; an empty rule for 0
 *
 * Left out, so that an instruction with nothing else needs 0: what every 64-bit processor has
 * (x86-64-v1, RDTSC, CLFLUSH); features whose instructions are no-ops without them (ENDBR, RDSSP,
 * PREFETCHW, CLDEMOTE, MPX); XGETBV, which only asks; and what faults in every process.
 */
const struct ost_feature_rule *ost_quick_rule(unsigned int need);

/** ost_quick_set() - the same as a set: what the rule names first in each clause */
const struct ost_feature_set *ost_quick_set(unsigned int need);

/** ost_quick_needs() - how many different @need there are, 0 included: at most 256 */
unsigned int ost_quick_needs(void);

#endif
