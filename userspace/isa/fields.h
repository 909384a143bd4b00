/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_FIELDS_H
#define OST_ISA_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The fields of an instruction's encoding, without knowing the instruction: prefixes, VEX, EVEX,
 * XOP or REX2, opcode, ModRM, SIB and displacement. (Intel SDM volume 2, chapter 2; APX
 * architecture specification, chapter 3.)
 */

/** enum ost_space - the kind of prefix that selects the opcode map */
enum ost_space { OST_SPACE_LEGACY, OST_SPACE_REX2, OST_SPACE_VEX, OST_SPACE_XOP, OST_SPACE_EVEX };

/** enum ost_pp - the mandatory prefix, as VEX.pp encodes it */
enum ost_pp { OST_PP_NONE, OST_PP_66, OST_PP_F3, OST_PP_F2 };

/* opcode maps as VEX.mmmmm numbers them; 0 is the one-byte map */
#define OST_MAP_0F 1
#define OST_MAP_0F38 2
#define OST_MAP_0F3A 3

struct ost_fields {
	uint8_t space;		/* enum ost_space */
	uint8_t prefixes;	/* legacy prefix bytes, a REX before the opcode not counted */
	uint8_t rex;		/* the REX byte, 0 = none */
	bool lock;
	bool addr32;		/* 67 */
	bool op16;		/* 66 */
	bool ordered;		/* no 66, F2, F3, LOCK or REX before VEX, EVEX, XOP */
	uint8_t pp;		/* enum ost_pp; of legacy prefixes the last of F2 and F3, else 66 */
	uint8_t map;
	uint8_t opcode;
	bool has_opcode;	/* the opcode was reached */
	uint8_t opcode_at;	/* offset of the opcode byte */
	uint8_t w;
	uint8_t l;		/* vector length: 0 = 128 or scalar, 1 = 256, 2 = 512 */
	uint8_t vvvv;		/* 0 .. 31 */
	uint8_t aaa;		/* EVEX: mask register */
	bool z;			/* EVEX: zeroing */
	bool bcst;		/* EVEX.b: broadcast, rounding; ND in map 4 */
	bool b4;		/* EVEX, REX2: registers 16 to 31 as base */
	bool x4;		/* the same as index */
	uint8_t mod;
	uint8_t reg;		/* 0 .. 31 with its extension bits */
	uint8_t rm;		/* 0 .. 31 for a register operand */
	uint8_t base;		/* 0 .. 31; only for memory operands */
	uint8_t index;
	bool has_base;
	bool has_index;
	bool rip;		/* relative to the next instruction */
	uint8_t scale;		/* log2 */
	uint8_t disp_size;	/* 0, 1, 4 */
	int32_t disp;
	uint8_t end;		/* offset behind displacement: of an immediate */
};

/**
 * ost_fields_parse() - read the fields, taking a ModRM byte to follow the opcode
 * @len: bytes that there are, at most 15 are read
 *
 * Return: 0; -EAGAIN when @len ends first (the fields up to there are filled in); -EINVAL for
 * a prefix that is malformed by itself.
 */
int ost_fields_parse(const uint8_t *bytes, size_t len, struct ost_fields *fields);

#endif
