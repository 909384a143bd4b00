// SPDX-License-Identifier: GPL-2.0-or-later
/* Zydis' answer in the quick decoder's terms, from what Zydis tells of the encoding. */
#include "expect.h"

#include <string.h>

#include "isa/insn.h"

static bool is_needless(const struct ost_feature_clause *clause)
{
	/* every 64-bit processor has these, or the instruction is a no-op without them */
	static const uint8_t never[] = {
		OST_F_FPU, OST_F_TSC, OST_F_CX8, OST_F_CMOV, OST_F_MMX, OST_F_FXSR, OST_F_SYSCALL,
		OST_F_SSE, OST_F_SSE2, OST_F_CLFLUSH, OST_F_LM, OST_F_PREFETCHW, OST_F_PREFETCHWT1,
		OST_F_HLE, OST_F_MPX, OST_F_WBNOINVD, OST_F_CLDEMOTE, OST_F_IBT, OST_F_PREFETCHI,
	};
	/* the first is what is named, but a host needs only one of the clause */
	for (unsigned int i = 0; i < OST_CLAUSE_MAX && clause->any[i]; i++)
		if (memchr(never, clause->any[i], sizeof(never)))
			return true;
	return false;
}

void expect_rule(struct ost_feature_rule *rule)
{
	struct ost_feature_rule left = { 0 };
	unsigned int i, n = 0;

	for (i = 0; i < OST_RULE_MAX && rule->all[i].any[0]; i++) {
		if (ost_feature_get(rule->all[i].any[0])->kernel_only) {
			n = 0;
			memset(&left, 0, sizeof(left));
			break;
		}
		if (!is_needless(&rule->all[i]))
			left.all[n++] = rule->all[i];
	}
	*rule = left;
}

static bool is_within(const struct ost_feature_rule *a, const struct ost_feature_rule *b)
{
	for (unsigned int i = 0; i < OST_RULE_MAX; i++) {
		bool found = false;

		for (unsigned int j = 0; j < OST_RULE_MAX; j++)
			found |= !memcmp(&a->all[i], &b->all[j], sizeof(a->all[i]));
		if (!found)
			return false;
	}
	return true;
}

bool expect_same_rule(const struct ost_feature_rule *a, const struct ost_feature_rule *b)
{
	return is_within(a, b) && is_within(b, a);
}

/* What faults in every process, and what asks or announces and is never a need. */
static bool is_no_need(const ZydisDecodedInstruction *zydis)
{
	if (zydis->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED)
		return true;
	switch (zydis->mnemonic) {
	case ZYDIS_MNEMONIC_XGETBV:
	case ZYDIS_MNEMONIC_RDSSPD:
	case ZYDIS_MNEMONIC_RDSSPQ:
	case ZYDIS_MNEMONIC_ENCLV:
	case ZYDIS_MNEMONIC_ENQCMDS:
	case ZYDIS_MNEMONIC_LGDT:
	case ZYDIS_MNEMONIC_LMSW:
	case ZYDIS_MNEMONIC_RSM:
		return true;
	default:
		return false;
	}
}

static uint8_t flow_of(const ZydisDecodedInstruction *zydis)
{
	bool relative = zydis->raw.imm[0].is_relative;

	if (zydis->mnemonic == ZYDIS_MNEMONIC_XABORT)
		return OST_FLOW_NEXT;
	switch (zydis->meta.category) {
	case ZYDIS_CATEGORY_CALL:
		return relative ? OST_FLOW_CALL : OST_FLOW_CALL_INDIRECT;
	case ZYDIS_CATEGORY_UNCOND_BR:
		return relative ? OST_FLOW_JUMP : OST_FLOW_JUMP_INDIRECT;
	case ZYDIS_CATEGORY_COND_BR:
		return relative ? OST_FLOW_BRANCH : OST_FLOW_NEXT;
	case ZYDIS_CATEGORY_RET:
		return OST_FLOW_RETURN;
	case ZYDIS_CATEGORY_SYSRET:
		return OST_FLOW_STOP;
	default:
		break;
	}
	switch (zydis->mnemonic) {
	case ZYDIS_MNEMONIC_HLT:
	case ZYDIS_MNEMONIC_INT3:
	case ZYDIS_MNEMONIC_SYSEXIT:
	case ZYDIS_MNEMONIC_UD0:
	case ZYDIS_MNEMONIC_UD1:
	case ZYDIS_MNEMONIC_UD2:
		return OST_FLOW_STOP;
	default:
		return OST_FLOW_NEXT;
	}
}

static uint8_t map_of(const ZydisDecodedInstruction *zydis)
{
	static const uint8_t legacy[] = { OST_MAP_1BYTE, OST_MAP_0F, OST_MAP_0F38, OST_MAP_0F3A };
	static const uint8_t vex[] = { OST_MAP_END, OST_MAP_VEX1, OST_MAP_VEX2, OST_MAP_VEX3 };
	static const uint8_t evex[] = { OST_MAP_END, OST_MAP_EVEX1, OST_MAP_EVEX2, OST_MAP_EVEX3,
					OST_MAP_END, OST_MAP_EVEX5, OST_MAP_EVEX6 };

	switch (zydis->encoding) {
	case ZYDIS_INSTRUCTION_ENCODING_LEGACY:
		return legacy[zydis->opcode_map - ZYDIS_OPCODE_MAP_DEFAULT];
	case ZYDIS_INSTRUCTION_ENCODING_3DNOW:
		return OST_MAP_3DNOW;
	case ZYDIS_INSTRUCTION_ENCODING_XOP:
		return OST_MAP_XOP8 + zydis->raw.xop.m_mmmm - 8;
	case ZYDIS_INSTRUCTION_ENCODING_VEX:
		return vex[zydis->raw.vex.m_mmmm];
	case ZYDIS_INSTRUCTION_ENCODING_EVEX:
		return evex[zydis->raw.evex.mmm];
	default:
		return OST_MAP_END;
	}
}

static void fill_prefixes(const ZydisDecodedInstruction *zydis, const uint8_t *bytes,
			  struct ost_quick *insn)
{
	for (unsigned int i = 0; i < zydis->raw.prefix_count; i++) {
		switch (zydis->raw.prefixes[i].value) {
		case 0x66:
			insn->op16 = true;
			if (!insn->prefix)
				insn->prefix = 1;
			break;
		case 0xf3:
			insn->prefix = 2;
			break;
		case 0xf2:
			insn->prefix = 3;
			break;
		case 0x64:
		case 0x65:
			insn->segment = zydis->raw.prefixes[i].value;
			break;
		}
	}
	switch (zydis->encoding) {
	case ZYDIS_INSTRUCTION_ENCODING_LEGACY:
	case ZYDIS_INSTRUCTION_ENCODING_3DNOW:
		if (zydis->attributes & ZYDIS_ATTRIB_HAS_REX)
			insn->rex = bytes[zydis->raw.rex.offset];
		break;
	/* of these Zydis keeps the fields as they are encoded: all but W upside down */
#define VECTOR(raw_) \
		insn->rex = 0x40 | (raw_).W << 3 | !(raw_).R << 2 | !(raw_).X << 1 | !(raw_).B; \
		insn->prefix = (raw_).pp; \
		insn->vvvv = ~(raw_).vvvv & 15
	case ZYDIS_INSTRUCTION_ENCODING_XOP:
		VECTOR(zydis->raw.xop);
		break;
	case ZYDIS_INSTRUCTION_ENCODING_VEX:
		VECTOR(zydis->raw.vex);
		break;
	case ZYDIS_INSTRUCTION_ENCODING_EVEX:
		VECTOR(zydis->raw.evex);
		break;
#undef VECTOR
	default:
		break;
	}
}

static void fill_memory(const ZydisDecodedInstruction *zydis, struct ost_quick *insn)
{
	if (zydis->raw.modrm.mod == 3)
		return;
	/* moves of control and debug registers have registers only, whatever mod says */
	if (insn->map == OST_MAP_0F && (insn->opcode & 0xfc) == 0x20)
		return;
	if (zydis->raw.modrm.rm == 4)
		insn->base_reg = (zydis->raw.sib.base != 4 || insn->rex & 1) &&
				 !(zydis->raw.sib.base == 5 && !zydis->raw.modrm.mod);
	else
		insn->base_reg = !(zydis->raw.modrm.rm == 5 && !zydis->raw.modrm.mod);
	insn->rip = zydis->raw.modrm.rm == 5 && !zydis->raw.modrm.mod;
	if (insn->rip)
		insn->target = zydis->raw.disp.value;
	if (zydis->raw.disp.size == 8)
		insn->disp8_at = zydis->raw.disp.offset;
	else if (zydis->raw.disp.size == 32)
		insn->disp_at = zydis->raw.disp.offset;
}

static void fill(const ZydisDecodedInstruction *zydis, const uint8_t *bytes, struct ost_quick *insn)
{
	insn->length = zydis->length;
	insn->flow = flow_of(zydis);
	insn->map = map_of(zydis);
	insn->opcode = zydis->opcode;
	fill_prefixes(zydis, bytes, insn);
	if (zydis->attributes & ZYDIS_ATTRIB_HAS_MODRM) {
		insn->has_modrm = true;
		insn->modrm = bytes[zydis->raw.modrm.offset];
		fill_memory(zydis, insn);
	} else if (zydis->raw.disp.size) {
		/* mov between the accumulator and an address */
		insn->imm_at = zydis->raw.disp.offset;
		insn->imm_size = zydis->raw.disp.size / 8;
	}
	if (zydis->raw.imm[0].size) {
		insn->imm_at = zydis->raw.imm[0].offset;
		insn->imm_size = (zydis->raw.imm[0].size + zydis->raw.imm[1].size) / 8;
	}
	if (zydis->raw.imm[0].is_relative)
		insn->target = zydis->raw.imm[0].value.s;
}

void expect(const uint8_t *bytes, struct expected *expected)
{
	static ZydisDecoder decoder, decoder_mpx_off;
	ZydisDecodedInstruction *zydis = &expected->zydis;
	ZydisDecoderContext context;

	if (!decoder.stack_width) {
		ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
		ZydisDecoderInit(&decoder_mpx_off, ZYDIS_MACHINE_MODE_LONG_64,
				 ZYDIS_STACK_WIDTH_64);
		ZydisDecoderEnableMode(&decoder_mpx_off, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE);
	}
	memset(&expected->insn, 0, sizeof(expected->insn));
	expected->status = ZydisDecoderDecodeInstruction(&decoder, &context, bytes, 15, zydis);
	/* bounds registers that don't exist: a no-op, as all of MPX is on today's processors */
	if (expected->status == ZYDIS_STATUS_BAD_REGISTER)
		expected->status = ZydisDecoderDecodeInstruction(&decoder_mpx_off, &context, bytes,
								 15, zydis);
	expected->taken = ZYAN_SUCCESS(expected->status) &&
			  ost_insn_rule(zydis, &expected->rule) == 0;
	if (!expected->taken)
		return;
	expect_rule(&expected->rule);
	if (is_no_need(zydis))
		memset(&expected->rule, 0, sizeof(expected->rule));
	fill(zydis, bytes, &expected->insn);
}
