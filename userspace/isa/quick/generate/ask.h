/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_QUICK_ASK_H
#define OST_ISA_QUICK_ASK_H

#include "isa/feature.h"
#include "isa/quick/generate/form.h"

/** struct answer - what the decoders say of a form */
struct answer {
	uint8_t length;
	uint8_t flow;		/* enum ost_quick_flow */
	uint8_t need;
	uint8_t imm_size;	/* bytes behind ModRM, SIB and displacement */
	bool modrm;
	bool relative;		/* the immediate is a distance to jump */
};

/** enum ask_result - what became of it */
enum ask_result {
	ASK_UNKNOWN,		/* no such instruction, whatever its operands are */
	ASK_REFUSED,		/* not with such operands or prefixes */
	ASK_TAKEN,
};

/** ask() - Zydis and ost_insn_decode(); @answer is filled when it is taken */
enum ask_result ask(const struct form *form, struct answer *answer);

/** ask_rex2() - does the form's opcode go with REX2? */
bool ask_rex2(const struct form *form);

/** ask_needs() - the rules that were met, 0 being the empty one */
unsigned int ask_needs(const struct ost_feature_rule **rules);

/** ask_need_apx() - a need together with APX */
unsigned int ask_need_apx(unsigned int need);

#endif
