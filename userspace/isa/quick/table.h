/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_QUICK_TABLE_H
#define OST_ISA_QUICK_TABLE_H

#include "isa/quick/quick.h"

/*
 * The decoder's table, as isa/quick/generate/ writes it and quick.c reads it.
 *
 * A page has an entry for each opcode of a map and mandatory prefix. An entry is a leaf, or a node:
 * a row of further entries, chosen by a range of the key's bits.
 */

/* leaf; the low half is as struct ost_quick has it */
#define QUICK_NEED(entry) ((entry) & 0xff)
#define QUICK_FLOW(entry) ((entry) >> 8 & 0xff)		/* enum ost_quick_flow */
#define QUICK_IMM(entry) ((entry) >> 16 & 15)	/* enum quick_imm */
#define QUICK_MODRM (1u << 20)
#define QUICK_KNOWN (1u << 21)		/* never set: there is no such instruction */
#define QUICK_REGISTER (1u << 22)	/* whatever ModRM.mod is, rm is a register */
#define QUICK_SUFFIX (1u << 23)		/* 3DNow!: the opcode comes last */
#define QUICK_LIMIT(entry) ((entry) >> 24 & 127)	/* index of the QUICK_HAS_* that are refused */

#define QUICK_FLOW_AT 8
#define QUICK_IMM_AT 16
#define QUICK_LIMIT_AT 24

/* node: where the row begins; how far the key is shifted, and to how many bits it is masked */
#define QUICK_NODE (1u << 31)
#define QUICK_ROW(entry) ((entry) & 0xffff)
#define QUICK_SHIFT(entry) ((entry) >> 16 & 15)
#define QUICK_BITS(entry) ((entry) >> 20 & 15)

/* key: ModRM.rm, .reg, whether .mod is 3, EVEX.b, the vector length, W */
#define QUICK_KEY_REG 3
#define QUICK_KEY_MOD 6
#define QUICK_KEY_B 7
#define QUICK_KEY_L 8
#define QUICK_KEY_W 10
#define QUICK_KEY_END 11

/** enum quick_imm - kinds of immediates, by size */
enum quick_imm {
	QUICK_IMM_NONE,
	QUICK_IMM_1,
	QUICK_IMM_2,
	QUICK_IMM_3,
	QUICK_IMM_4,
	QUICK_IMM_Z,		/* 2 with 66 and without REX.W, else 4 */
	QUICK_IMM_RELATIVE1,
	QUICK_IMM_RELATIVE4,
	QUICK_IMM_RELATIVE_Z,
	QUICK_IMM_V,		/* 2 with 66, 8 with REX.W, else 4 */
	QUICK_IMM_ADDRESS,	/* 4 with 67, else 8 */
	QUICK_IMM_END
};

/* bytes of each, by prefix 66, REX.W and prefix 67; only those from _V on depend on the latter */
#define QUICK_IMM_OP16 1
#define QUICK_IMM_W 2
#define QUICK_IMM_ADDR32 4
#define QUICK_IMM_SIZES { \
	[QUICK_IMM_1] = { 1, 1, 1, 1, 1, 1, 1, 1 }, \
	[QUICK_IMM_2] = { 2, 2, 2, 2, 2, 2, 2, 2 }, \
	[QUICK_IMM_3] = { 3, 3, 3, 3, 3, 3, 3, 3 }, \
	[QUICK_IMM_4] = { 4, 4, 4, 4, 4, 4, 4, 4 }, \
	[QUICK_IMM_Z] = { 4, 2, 4, 4, 4, 2, 4, 4 }, \
	[QUICK_IMM_RELATIVE1] = { 1, 1, 1, 1, 1, 1, 1, 1 }, \
	[QUICK_IMM_RELATIVE4] = { 4, 4, 4, 4, 4, 4, 4, 4 }, \
	[QUICK_IMM_RELATIVE_Z] = { 4, 2, 4, 4, 4, 2, 4, 4 }, \
	[QUICK_IMM_V] = { 4, 2, 8, 8, 4, 2, 8, 8 }, \
	[QUICK_IMM_ADDRESS] = { 8, 8, 8, 8, 4, 4, 4, 4 }, \
}

static inline bool quick_imm_is_relative(unsigned int kind)
{
	return kind - QUICK_IMM_RELATIVE1 <= QUICK_IMM_RELATIVE_Z - QUICK_IMM_RELATIVE1;
}

/* what a VEX, EVEX or XOP encoding has that an instruction may refuse */
enum {
	QUICK_HAS_VVVV = 1 << 0,	/* a register in vvvv */
	QUICK_HAS_VVVV3 = 1 << 1,	/* one of 8 to 15 there, by the low four bits */
	QUICK_HAS_V4 = 1 << 2,		/* the fifth bit of vvvv */
	QUICK_HAS_R3 = 1 << 3,		/* ModRM.reg of 8 to 15, by its low four bits */
	QUICK_HAS_R4 = 1 << 4,		/* the fifth bit */
	QUICK_HAS_B3 = 1 << 5,		/* the same of ModRM.rm or a base */
	QUICK_HAS_B4 = 1 << 6,
	QUICK_HAS_X3 = 1 << 7,		/* the same of an index */
	QUICK_HAS_X4 = 1 << 8,
	QUICK_HAS_MASK = 1 << 9,	/* one of k1 to k7; APX: also no flags */
	QUICK_HAS_NO_MASK = 1 << 10,
	QUICK_HAS_MASK_LOW = 1 << 11,	/* one of k1, k2, k3, k5, k6, k7; reserved in APX */
	QUICK_HAS_ZEROING = 1 << 12,
	QUICK_HAS_NO_SIB = 1 << 13,
	QUICK_HAS_RIP = 1 << 14,
	QUICK_HAS_ZEROING_ALL = 1 << 15,	/* zeroing without a mask */
	QUICK_HAS_RM = 1 << 16,		/* a ModRM.rm, of its three bits, other than 0 */
};

/* number of X86 maps, and of maps where VEX.mmmmm or EVEX.mmm leads to none */
#define QUICK_NO_MAP 0xff
#define QUICK_VEX_MAPS { QUICK_NO_MAP, OST_MAP_VEX1, OST_MAP_VEX2, OST_MAP_VEX3, QUICK_NO_MAP, \
	OST_MAP_VEX5, QUICK_NO_MAP, OST_MAP_VEX7 }
#define QUICK_EVEX_MAPS { QUICK_NO_MAP, OST_MAP_EVEX1, OST_MAP_EVEX2, OST_MAP_EVEX3, \
	OST_MAP_EVEX4, OST_MAP_EVEX5, OST_MAP_EVEX6, QUICK_NO_MAP }

#endif
