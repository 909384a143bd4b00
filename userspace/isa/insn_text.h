/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_INSN_TEXT_H
#define OST_ISA_INSN_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "isa/fields.h"

/**
 * ost_insn_text() - an instruction of our own tables in Intel syntax
 * @name: mnemonic
 * @operands: two characters an operand, where it is and what it is:
 *	r ModRM.reg, v VEX.vvvv, m ModRM.rm or memory, i immediate;
 *	x y z vector register, V vector by length, H half of that, t tile, k mask, b d q general
 *	register of 8, 32, 64 bits, W general register by W, o the same with 66 for 16 bits; of an
 *	immediate b or d
 * @fields: the encoding
 * @imm: value of the immediate
 */
void ost_insn_text(const char *name, const char *operands, const struct ost_fields *fields,
		   uint64_t imm, char *buf, size_t size);

/** ost_gpr_name() - general register 0 .. 31 of 8, 16, 32 or 64 bits; returns @buf */
const char *ost_gpr_name(unsigned int reg, unsigned int bits, char buf[8]);

#endif
