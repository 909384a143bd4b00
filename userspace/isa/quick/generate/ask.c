// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/quick/generate/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa/insn.h"

/* need is a byte in the table */
#define NEEDS_MAX 256

static struct ost_feature_rule needs[NEEDS_MAX];
static unsigned int need_count = 1;

static bool has_clause(const struct ost_feature_rule *rule, const struct ost_feature_clause *clause)
{
	unsigned int i;

	for (i = 0; i < OST_RULE_MAX; i++)
		if (!memcmp(&rule->all[i], clause, sizeof(*clause)))
			return true;
	return false;
}

/* Two rules with the same clauses are the same need. */
static bool is_same(const struct ost_feature_rule *a, const struct ost_feature_rule *b)
{
	unsigned int i;

	for (i = 0; i < OST_RULE_MAX; i++)
		if (!has_clause(a, &b->all[i]) || !has_clause(b, &a->all[i]))
			return false;
	return true;
}

static unsigned int number_of(const struct ost_feature_rule *rule)
{
	unsigned int i;

	for (i = 0; i < need_count; i++)
		if (is_same(&needs[i], rule))
			return i;
	if (need_count == NEEDS_MAX) {
		fprintf(stderr, "generate: more than %d different needs\n", NEEDS_MAX);
		exit(1);
	}
	needs[need_count] = *rule;
	return need_count++;
}

unsigned int ask_needs(const struct ost_feature_rule **rules)
{
	*rules = needs;
	return need_count;
}

unsigned int ask_need_apx(unsigned int need)
{
	static const struct ost_feature_rule apx = { { { { OST_F_APX_F } } } };
	struct ost_feature_rule rule = needs[need];

	if (!has_clause(&rule, &apx.all[0]) && ost_feature_rule_join(&rule, &apx)) {
		fprintf(stderr, "generate: need %u has no room for a clause more\n", need);
		exit(1);
	}
	return number_of(&rule);
}

/* Every 64-bit processor has it: level 1, and these two that the level doesn't name. */
static bool is_everywhere(unsigned int feature)
{
	return ost_feature_get(feature)->level == 1 || feature == OST_F_TSC ||
	       feature == OST_F_CLFLUSH;
}

/* Can the want of it be noticed by a program? */
static bool matters(const struct ost_feature_clause *clause)
{
	unsigned int i;

	for (i = 0; i < OST_CLAUSE_MAX && clause->any[i]; i++)
		if (is_everywhere(clause->any[i]) ||
		    ost_feature_get(clause->any[i])->absence == OST_ABSENT_IGNORED)
			return false;
	return true;
}

static bool is_for_kernels(const struct ost_insn *insn)
{
	unsigned int i;

	if (insn->kernel_only)
		return true;
	for (i = 0; i < OST_RULE_MAX && insn->rule.all[i].any[0]; i++)
		if (ost_feature_get(insn->rule.all[i].any[0])->kernel_only)
			return true;
	return false;
}

static unsigned int need_of(const struct ost_insn *insn)
{
	struct ost_feature_rule rule = { 0 };
	unsigned int i, n = 0;

	/* where no process can run it nothing that a host has will help */
	if (insn->harmless || is_for_kernels(insn))
		return 0;
	for (i = 0; i < OST_RULE_MAX && insn->rule.all[i].any[0]; i++)
		if (matters(&insn->rule.all[i]))
			rule.all[n++] = insn->rule.all[i];
	return number_of(&rule);
}

/* Zydis' own answers depend on these two; decoding everything anew to text would take minutes. */
static unsigned int need_of_zydis(const ZydisDecodedInstruction *zydis, const uint8_t *bytes)
{
	static struct {
		bool known;
		unsigned int need;
	} seen[ZYDIS_MNEMONIC_MAX_VALUE + 1][ZYDIS_ISA_SET_MAX_VALUE + 1];
	unsigned int mnemonic = zydis->mnemonic, set = zydis->meta.isa_set;
	struct ost_insn insn;

	if (mnemonic == ZYDIS_MNEMONIC_XGETBV)
		return 0;
	if (!seen[mnemonic][set].known) {
		if (ost_insn_decode_zydis(bytes, OST_INSN_LENGTH_MAX, NULL, &insn) != OST_INSN_OK) {
			fprintf(stderr, "generate: %s is not decoded twice in the same way\n",
				ZydisMnemonicGetString(zydis->mnemonic));
			exit(1);
		}
		seen[mnemonic][set].need = need_of(&insn);
		seen[mnemonic][set].known = true;
	}
	return seen[mnemonic][set].need;
}

static unsigned int flow_of(const ZydisDecodedInstruction *zydis)
{
	bool relative = zydis->raw.imm[0].is_relative;

	switch (zydis->mnemonic) {
	case ZYDIS_MNEMONIC_HLT:
	case ZYDIS_MNEMONIC_INT3:
	case ZYDIS_MNEMONIC_RSM:
	case ZYDIS_MNEMONIC_SYSEXIT:
	case ZYDIS_MNEMONIC_SYSRET:
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
		return OST_FLOW_STOP;
	case ZYDIS_MNEMONIC_IRET:
	case ZYDIS_MNEMONIC_IRETD:
	case ZYDIS_MNEMONIC_IRETQ:
	case ZYDIS_MNEMONIC_RET:
		return OST_FLOW_RETURN;
	case ZYDIS_MNEMONIC_CALL:
		return relative ? OST_FLOW_CALL : OST_FLOW_CALL_INDIRECT;
	case ZYDIS_MNEMONIC_JMP:
		return relative ? OST_FLOW_JUMP : OST_FLOW_JUMP_INDIRECT;
	default:
		return relative ? OST_FLOW_BRANCH : OST_FLOW_NEXT;
	}
}

static enum ask_result ask_zydis(const struct form_bytes *form, struct answer *answer)
{
	static ZydisDecoder decoder, decoder_mpx_off;
	ZydisDecodedInstruction zydis;
	ZydisDecoderContext context;
	struct ost_feature_rule rule;
	ZyanStatus status;

	if (!decoder.machine_mode && !decoder.stack_width) {
		ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
		ZydisDecoderInit(&decoder_mpx_off, ZYDIS_MACHINE_MODE_LONG_64,
				 ZYDIS_STACK_WIDTH_64);
		ZydisDecoderEnableMode(&decoder_mpx_off, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
	}
	status = ZydisDecoderDecodeInstruction(&decoder, &context, form->bytes,
					       OST_INSN_LENGTH_MAX, &zydis);
	/* as ost_insn_decode_zydis() does: a no-op, if no bounds register is named */
	if (status == ZYDIS_STATUS_BAD_REGISTER)
		status = ZydisDecoderDecodeInstruction(&decoder_mpx_off, &context, form->bytes,
						       OST_INSN_LENGTH_MAX, &zydis);
	switch (status) {
	case ZYDIS_STATUS_BAD_REGISTER:
	case ZYDIS_STATUS_ILLEGAL_LOCK:
	case ZYDIS_STATUS_INVALID_MASK:
		return ASK_REFUSED;
	default:
		if (!ZYAN_SUCCESS(status))
			return ASK_UNKNOWN;
		break;
	}
	if (ost_insn_rule(&zydis, &rule))
		return ASK_UNKNOWN;
	answer->length = zydis.length;
	answer->need = need_of_zydis(&zydis, form->bytes);
	answer->flow = flow_of(&zydis);
	answer->relative = zydis.raw.imm[0].is_relative;
	answer->modrm = zydis.attributes & ZYDIS_ATTRIB_HAS_MODRM;
	return ASK_TAKEN;
}

/* Do our tables know anything there that Zydis doesn't, or otherwise? */
static bool may_be_young(const struct form *form)
{
	return form->map != OST_MAP_1BYTE && form->map != OST_MAP_3DNOW && !form_is_xop(form->map);
}

static bool is_apx(const struct form *form)
{
	return form->map == OST_MAP_EVEX4 || form->b4 || form->x4;
}

/* ost_insn_decode() without Zydis, which was asked before. */
static enum ask_result ask_own(const struct form *form, const struct form_bytes *bytes,
			       struct answer *answer)
{
	enum ost_insn_result result;
	struct ost_insn insn;

	result = ost_insn_decode_young(bytes->bytes, OST_INSN_LENGTH_MAX, &insn);
	if (result == OST_INSN_NONE && form_is_evex(form->map))
		result = ost_insn_decode_apx(bytes->bytes, OST_INSN_LENGTH_MAX, &insn);
	if (result != OST_INSN_OK)
		return result == OST_INSN_NONE ? ASK_UNKNOWN : ASK_REFUSED;
	answer->length = insn.length;
	answer->need = need_of(&insn);
	answer->flow = OST_FLOW_NEXT;
	answer->modrm = true;
	return ASK_TAKEN;
}

enum ask_result ask(const struct form *form, struct answer *answer)
{
	enum ask_result result, own = ASK_UNKNOWN;
	struct form_bytes bytes;

	memset(answer, 0, sizeof(*answer));
	form_encode(form, &bytes);
	result = ask_zydis(&bytes, answer);
	/* some in the legacy maps were no-ops, or without a meaning for the prefix, to Zydis */
	if (may_be_young(form) &&
	    (result == ASK_UNKNOWN || is_apx(form) || form->map <= OST_MAP_0F3A))
		own = ask_own(form, &bytes, answer);
	if (own != ASK_UNKNOWN)
		result = own;
	if (result == ASK_TAKEN && form->map != OST_MAP_3DNOW)
		answer->imm_size = answer->length -
				   (answer->modrm ? bytes.operands_end : bytes.opcode_at + 1);
	return result;
}

bool ask_rex2(const struct form *form)
{
	struct form rex2 = *form;
	struct form_bytes bytes;
	struct ost_insn insn;

	rex2.rex2 = 1;
	form_encode(&rex2, &bytes);
	return ost_insn_decode(bytes.bytes, OST_INSN_LENGTH_MAX, &insn) == OST_INSN_OK;
}
