/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_QUICK_FORM_H
#define OST_ISA_QUICK_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "isa/quick/table.h"

/** struct form - one encoding by its fields, to ask decoders about */
struct form {
	uint8_t map;		/* enum ost_quick_map */
	uint8_t pp;		/* mandatory prefix: 0 none, 1 66, 2 F3, 3 F2 */
	uint8_t opcode;
	uint8_t w, l, b;	/* @b: EVEX.b */
	uint8_t mod3;		/* register form; else memory, with no displacement */
	uint8_t reg, rm;	/* their low three bits; rm 4 in memory is a SIB */
	uint8_t index;		/* of the SIB */
	uint8_t vvvv;		/* not inverted; of five bits */
	uint8_t r3, r4, b3, b4, x3, x4;		/* upper bits of reg, rm, index; not inverted */
	uint8_t aaa, z;
	uint8_t rip;		/* memory relative to rip instead of @rm */
	uint8_t op16, addr32, lock;		/* prefixes 66, 67, F0 */
	uint8_t rex2;		/* instead of REX; @map is the one-byte map or 0F */
};

/** struct form_bytes - a form, encoded */
struct form_bytes {
	uint8_t bytes[32];	/* zeros behind */
	uint8_t opcode_at;
	uint8_t operands_end;	/* offset behind ModRM, SIB and displacement */
};

/** form_space() - whether VEX, EVEX or XOP select a map */
bool form_is_vex(unsigned int map);
bool form_is_evex(unsigned int map);
bool form_is_xop(unsigned int map);

/** form_encode() - to bytes */
void form_encode(const struct form *form, struct form_bytes *out);

/** form_key() - the key under which the decoder will look it up */
unsigned int form_key(const struct form *form);

/** form_from_key() - set what the key tells, but rm */
void form_from_key(struct form *form, unsigned int key);

#endif
