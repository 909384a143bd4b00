/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_INSN_H
#define OST_ISA_INSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <Zydis/Zydis.h>

#include "isa/feature.h"

/*
 * One instruction, decoded: by Zydis where it knows it, by tables of our own for what is younger
 * than Zydis 4.0. Nothing here knows of a host.
 */

#define OST_INSN_LENGTH_MAX 15	/* bytes of the longest x86 instruction */

/** enum ost_insn_result - what became of decoding */
enum ost_insn_result {
	OST_INSN_OK,
	OST_INSN_TRUNCATED,	/* more bytes are needed; @text may hold what can be said already */
	OST_INSN_GARBAGE,	/* no processor will take it; @text is the reason */
	OST_INSN_NONE,		/* not known */
};

/** struct ost_insn - a decoded instruction */
struct ost_insn {
	uint8_t length;			/* bytes */
	bool kernel_only;		/* faults or traps in user mode on every host */
	bool harmless;			/* never traps for want of a feature */
	struct ost_feature_rule rule;	/* features that it needs */
	char text[96];			/* Intel syntax */
};

/** struct ost_insn_high - which register fields mean general registers 16 to 31 (to print them) */
struct ost_insn_high {
	bool reg;
	bool rm;
	bool index;
	bool vvvv;
};

/** ost_insn_decode() - all tables in turn: ours for what is young, Zydis, APX forms */
enum ost_insn_result ost_insn_decode(const uint8_t *bytes, size_t len, struct ost_insn *insn);

/** ost_insn_decode_plain() - ost_insn_decode() without the APX forms; @high as below */
enum ost_insn_result ost_insn_decode_plain(const uint8_t *bytes, size_t len,
					   const struct ost_insn_high *high, struct ost_insn *insn);

/**
 * ost_insn_decode_zydis() - only what Zydis knows
 * @high: NULL, or what to print instead of registers 0 to 15
 */
enum ost_insn_result ost_insn_decode_zydis(const uint8_t *bytes, size_t len,
					   const struct ost_insn_high *high, struct ost_insn *insn);

/** ost_insn_decode_young() - only the table of instructions that Zydis 4.0 doesn't know */
enum ost_insn_result ost_insn_decode_young(const uint8_t *bytes, size_t len, struct ost_insn *insn);

/** ost_insn_decode_apx() - REX2 and the EVEX forms that APX adds to older instructions */
enum ost_insn_result ost_insn_decode_apx(const uint8_t *bytes, size_t len, struct ost_insn *insn);

/**
 * ost_insn_rule() - what an instruction that Zydis decoded needs
 *
 * Return: 0, or -ENOENT when no processor of today has it (Knights Corner's own).
 */
int ost_insn_rule(const ZydisDecodedInstruction *zydis, struct ost_feature_rule *rule);

/** ost_insn_set_mapped() - has the table a line for this Zydis ISA set? */
bool ost_insn_set_mapped(ZydisISASet isa_set);

#endif
