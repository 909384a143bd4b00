// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/op.h"

#include <Zydis/Zydis.h>

#include "isa/flow/value.h"

static const ZydisDecoder *decoder(void)
{
	static ZydisDecoder instance;
	static bool ready;

	if (!ready) {
		ZydisDecoderInit(&instance, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
		ready = true;
	}
	return &instance;
}

static uint8_t general(ZydisRegister reg, bool *high)
{
	ZydisRegister whole = reg;

	if (high)
		*high = reg >= ZYDIS_REGISTER_AH && reg <= ZYDIS_REGISTER_BH;
	if (reg == ZYDIS_REGISTER_NONE)
		return OST_NO_REGISTER;
	if (reg < ZYDIS_REGISTER_RAX || reg > ZYDIS_REGISTER_R15)
		whole = ZydisRegisterGetLargestEnclosing(ZYDIS_MACHINE_MODE_LONG_64, reg);
	if (whole < ZYDIS_REGISTER_RAX || whole > ZYDIS_REGISTER_R15)
		return OST_NO_REGISTER;
	return whole - ZYDIS_REGISTER_RAX;
}

static uint8_t vector(ZydisRegister reg)
{
	if (reg >= ZYDIS_REGISTER_XMM0 && reg <= ZYDIS_REGISTER_XMM15)
		return reg - ZYDIS_REGISTER_XMM0;
	if (reg >= ZYDIS_REGISTER_YMM0 && reg <= ZYDIS_REGISTER_YMM15)
		return reg - ZYDIS_REGISTER_YMM0;
	if (reg >= ZYDIS_REGISTER_ZMM0 && reg <= ZYDIS_REGISTER_ZMM15)
		return reg - ZYDIS_REGISTER_ZMM0;
	return OST_NO_REGISTER;
}

static void take_memory(const ZydisDecodedOperandMem *from, struct ost_operand *to,
			const ZydisDecodedInstruction *insn, uint64_t site)
{
	to->kind = OST_OPERAND_MEMORY;
	to->reg = general(from->base, NULL);
	to->index = general(from->index, NULL);
	to->scale = from->scale ? from->scale : 1;
	to->number = from->disp.has_displacement ? from->disp.value : 0;
	to->thread = from->segment == ZYDIS_REGISTER_FS || from->segment == ZYDIS_REGISTER_GS;
	if (from->base == ZYDIS_REGISTER_RIP) {
		to->rip = true;
		to->number += (int64_t)(site + insn->length);
	}
	/* a gather's index is a vector: nothing is known of the address */
	if (from->index != ZYDIS_REGISTER_NONE && to->index == OST_NO_REGISTER)
		to->thread = true;
}

static void take_operand(const ZydisDecodedOperand *from, struct ost_operand *to,
			 const ZydisDecodedInstruction *insn, uint64_t site)
{
	*to = (struct ost_operand){.reg = OST_NO_REGISTER, .index = OST_NO_REGISTER};
	to->bits = from->size > 255 ? 255 : from->size;
	switch (from->type) {
	case ZYDIS_OPERAND_TYPE_REGISTER:
		to->reg = general(from->reg.value, &to->high);
		to->kind = to->reg == OST_NO_REGISTER ? OST_OPERAND_OTHER : OST_OPERAND_REGISTER;
		if (from->reg.value >= ZYDIS_REGISTER_XMM0 &&
		    from->reg.value <= ZYDIS_REGISTER_XMM15) {
			to->kind = OST_OPERAND_VECTOR;
			to->reg = vector(from->reg.value);
		}
		break;
	case ZYDIS_OPERAND_TYPE_MEMORY:
		take_memory(&from->mem, to, insn, site);
		break;
	case ZYDIS_OPERAND_TYPE_IMMEDIATE:
		to->kind = OST_OPERAND_NUMBER;
		to->number = from->imm.is_signed ? from->imm.value.s : (int64_t)from->imm.value.u;
		if (from->imm.is_relative)
			to->number += (int64_t)(site + insn->length);
		break;
	default:
		to->kind = OST_OPERAND_OTHER;
	}
}

/* jcc, setcc and cmovcc have their condition in the opcode's low four bits */
static const struct {
	uint16_t mnemonic;
	uint8_t kind, compute;
} known[] = {
	{ZYDIS_MNEMONIC_MOV, OST_DO_MOVE, 0},
	{ZYDIS_MNEMONIC_MOVZX, OST_DO_MOVE, 0},
	{ZYDIS_MNEMONIC_MOVSX, OST_DO_MOVE_SIGNED, 0},
	{ZYDIS_MNEMONIC_MOVSXD, OST_DO_MOVE_SIGNED, 0},
	{ZYDIS_MNEMONIC_CWDE, OST_DO_MOVE_SIGNED, 0},
	{ZYDIS_MNEMONIC_CDQE, OST_DO_MOVE_SIGNED, 0},
	{ZYDIS_MNEMONIC_LEA, OST_DO_ADDRESS, 0},
	{ZYDIS_MNEMONIC_AND, OST_DO_COMPUTE, OST_OP_AND},
	{ZYDIS_MNEMONIC_OR, OST_DO_COMPUTE, OST_OP_OR},
	{ZYDIS_MNEMONIC_XOR, OST_DO_COMPUTE, OST_OP_XOR},
	{ZYDIS_MNEMONIC_ADD, OST_DO_COMPUTE, OST_OP_ADD},
	{ZYDIS_MNEMONIC_SUB, OST_DO_COMPUTE, OST_OP_SUB},
	{ZYDIS_MNEMONIC_SHL, OST_DO_COMPUTE, OST_OP_SHL},
	{ZYDIS_MNEMONIC_SHR, OST_DO_COMPUTE, OST_OP_SHR},
	{ZYDIS_MNEMONIC_SAR, OST_DO_COMPUTE, OST_OP_SAR},
	{ZYDIS_MNEMONIC_MOVD, OST_DO_VECTOR_MOVE, 0},
	{ZYDIS_MNEMONIC_MOVQ, OST_DO_VECTOR_MOVE, 0},
	{ZYDIS_MNEMONIC_MOVDQA, OST_DO_VECTOR_MOVE, 0},
	{ZYDIS_MNEMONIC_MOVDQU, OST_DO_VECTOR_MOVE, 0},
	{ZYDIS_MNEMONIC_MOVAPS, OST_DO_VECTOR_MOVE, 0},
	{ZYDIS_MNEMONIC_MOVUPS, OST_DO_VECTOR_MOVE, 0},
	{ZYDIS_MNEMONIC_MOVAPD, OST_DO_VECTOR_MOVE, 0},
	{ZYDIS_MNEMONIC_MOVUPD, OST_DO_VECTOR_MOVE, 0},
	{ZYDIS_MNEMONIC_PAND, OST_DO_VECTOR_COMPUTE, OST_OP_AND},
	{ZYDIS_MNEMONIC_ANDPS, OST_DO_VECTOR_COMPUTE, OST_OP_AND},
	{ZYDIS_MNEMONIC_ANDPD, OST_DO_VECTOR_COMPUTE, OST_OP_AND},
	{ZYDIS_MNEMONIC_POR, OST_DO_VECTOR_COMPUTE, OST_OP_OR},
	{ZYDIS_MNEMONIC_ORPS, OST_DO_VECTOR_COMPUTE, OST_OP_OR},
	{ZYDIS_MNEMONIC_ORPD, OST_DO_VECTOR_COMPUTE, OST_OP_OR},
	{ZYDIS_MNEMONIC_PXOR, OST_DO_VECTOR_COMPUTE, OST_OP_XOR},
	{ZYDIS_MNEMONIC_XORPS, OST_DO_VECTOR_COMPUTE, OST_OP_XOR},
	{ZYDIS_MNEMONIC_XORPD, OST_DO_VECTOR_COMPUTE, OST_OP_XOR},
	{ZYDIS_MNEMONIC_PUNPCKLQDQ, OST_DO_VECTOR_JOIN, 0},
	{ZYDIS_MNEMONIC_MOVHPS, OST_DO_VECTOR_JOIN, 0},
	{ZYDIS_MNEMONIC_PUNPCKLDQ, OST_DO_VECTOR_MIX, 0},
	{ZYDIS_MNEMONIC_UNPCKLPS, OST_DO_VECTOR_MIX, 0},
	{ZYDIS_MNEMONIC_CMP, OST_DO_COMPARE, 0},
	{ZYDIS_MNEMONIC_TEST, OST_DO_TEST, 0},
	{ZYDIS_MNEMONIC_BT, OST_DO_BIT, 0},
	{ZYDIS_MNEMONIC_BTS, OST_DO_BIT_SET, 0},
	{ZYDIS_MNEMONIC_NOT, OST_DO_NOT, 0},
	{ZYDIS_MNEMONIC_XCHG, OST_DO_EXCHANGE, 0},
	{ZYDIS_MNEMONIC_INC, OST_DO_STEP, 0},
	{ZYDIS_MNEMONIC_DEC, OST_DO_STEP, 0},
	{ZYDIS_MNEMONIC_PUSH, OST_DO_PUSH, 0},
	{ZYDIS_MNEMONIC_POP, OST_DO_POP, 0},
	{ZYDIS_MNEMONIC_LEAVE, OST_DO_LEAVE, 0},
	{ZYDIS_MNEMONIC_CPUID, OST_DO_CPUID, 0},
	{ZYDIS_MNEMONIC_XGETBV, OST_DO_XGETBV, 0},
	{ZYDIS_MNEMONIC_CALL, OST_DO_CALL, 0},
	{ZYDIS_MNEMONIC_JMP, OST_DO_JUMP, 0},
	{ZYDIS_MNEMONIC_RET, OST_DO_RETURN, 0},
	{ZYDIS_MNEMONIC_UD0, OST_DO_STOP, 0},
	{ZYDIS_MNEMONIC_UD1, OST_DO_STOP, 0},
	{ZYDIS_MNEMONIC_UD2, OST_DO_STOP, 0},
	{ZYDIS_MNEMONIC_HLT, OST_DO_STOP, 0},
	{ZYDIS_MNEMONIC_INT3, OST_DO_STOP, 0},
	{ZYDIS_MNEMONIC_NOP, OST_DO_NOTHING, 0},
	{ZYDIS_MNEMONIC_ENDBR64, OST_DO_NOTHING, 0},
};

/* number in @known + 1 by mnemonic, 0: none */
static const uint8_t *known_by_mnemonic(void)
{
	static uint8_t by_mnemonic[ZYDIS_MNEMONIC_MAX_VALUE + 1];

	/* the first is put in last: where it is, all are */
	if (!by_mnemonic[known[0].mnemonic])
		for (size_t i = sizeof(known) / sizeof(known[0]); i-- > 0;)
			by_mnemonic[known[i].mnemonic] = i + 1;
	return by_mnemonic;
}

static void choose_kind(const ZydisDecodedInstruction *insn, struct ost_op *op)
{
	uint8_t number;

	op->kind = OST_DO_OTHER;
	switch (insn->meta.category) {
	case ZYDIS_CATEGORY_CMOV:
		op->kind = OST_DO_CHOOSE;
		op->cc = insn->opcode & 15;
		return;
	case ZYDIS_CATEGORY_SETCC:
		op->kind = OST_DO_SET;
		op->cc = insn->opcode & 15;
		return;
	case ZYDIS_CATEGORY_COND_BR:
		op->kind = OST_DO_BRANCH;
		/* loop, loope, loopne, jrcxz are E0 to E3 */
		op->cc = insn->opcode_map == ZYDIS_OPCODE_MAP_DEFAULT &&
					 (insn->opcode & 0xf0) == 0xe0
				 ? 16
				 : insn->opcode & 15;
		return;
	default:
		break;
	}
	number = known_by_mnemonic()[insn->mnemonic];
	if (number) {
		op->kind = known[number - 1].kind;
		op->compute = known[number - 1].compute;
	}
}

static bool same_register(const ZydisDecodedOperand *operands)
{
	return operands[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       operands[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
	       operands[0].reg.value == operands[1].reg.value;
}

/* Forms whose meaning depends on the operands. */
static void settle_kind(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands,
			struct ost_op *op)
{
	bool same = insn->operand_count > 1 && same_register(operands);

	if (op->kind == OST_DO_COMPUTE && same &&
	    (op->compute == OST_OP_XOR || op->compute == OST_OP_SUB)) {
		/* clears the register, whatever was in it */
		op->compute = OST_OP_AND;
		op->src = (struct ost_operand){.kind = OST_OPERAND_NUMBER, .bits = op->dst.bits};
	}
	if (insn->mnemonic == ZYDIS_MNEMONIC_SBB && same)
		op->kind = OST_DO_BORROW;
	if (op->kind == OST_DO_STEP)
		op->src = (struct ost_operand){
			.kind = OST_OPERAND_NUMBER,
			.bits = op->dst.bits,
			.number = insn->mnemonic == ZYDIS_MNEMONIC_INC ? 1 : -1,
		};
	if (op->kind == OST_DO_VECTOR_COMPUTE && same && op->compute == OST_OP_XOR) {
		op->compute = OST_OP_AND;
		op->src = (struct ost_operand){.kind = OST_OPERAND_NUMBER, .bits = 128};
	}
	/* the old MMX registers, and stores of a high half */
	if ((op->kind == OST_DO_VECTOR_MOVE || op->kind == OST_DO_VECTOR_COMPUTE ||
	     op->kind == OST_DO_VECTOR_JOIN || op->kind == OST_DO_VECTOR_MIX) &&
	    (op->dst.kind == OST_OPERAND_OTHER || op->src.kind == OST_OPERAND_OTHER ||
	     ((op->kind == OST_DO_VECTOR_JOIN || op->kind == OST_DO_VECTOR_MIX) &&
	      op->dst.kind != OST_OPERAND_VECTOR)))
		op->kind = OST_DO_OTHER;
	/* segment, control and debug registers */
	if (op->kind == OST_DO_MOVE &&
	    (op->dst.kind == OST_OPERAND_OTHER || op->src.kind == OST_OPERAND_OTHER))
		op->kind = OST_DO_OTHER;
	if (insn->mnemonic == ZYDIS_MNEMONIC_IMUL || insn->mnemonic == ZYDIS_MNEMONIC_MUL)
		op->kind = OST_DO_OTHER;
	if (op->kind == OST_DO_PUSH || op->kind == OST_DO_CALL || op->kind == OST_DO_JUMP ||
	    op->kind == OST_DO_BRANCH)
		op->src = op->dst;
}

static void take_effects(const ZydisDecodedInstruction *insn, const ZydisDecodedOperand *operands,
			 struct ost_op *op)
{
	const ZydisAccessedFlagsMask changed =
		insn->cpu_flags ? insn->cpu_flags->modified | insn->cpu_flags->set_0 |
					  insn->cpu_flags->set_1 | insn->cpu_flags->undefined
				: 0;

	op->flags = changed != 0;
	for (unsigned int i = 0; i < insn->operand_count; i++) {
		const ZydisDecodedOperand *operand = &operands[i];
		uint8_t reg;

		if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY) {
			reg = general(operand->mem.index, NULL);
			if (reg != OST_NO_REGISTER && op->kind == OST_DO_OTHER)
				op->sources |= 1u << reg;
			op->bytes = operand->size / 8;
			continue;
		}
		if (operand->type != ZYDIS_OPERAND_TYPE_REGISTER)
			continue;
		reg = general(operand->reg.value, NULL);
		if (reg == OST_NO_REGISTER) {
			reg = vector(operand->reg.value);
			if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
				op->vector_dst = reg;
			if (reg != OST_NO_REGISTER &&
			    operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
				op->vectors |= 1u << reg;
			continue;
		}
		if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_READ)
			op->sources |= 1u << reg;
		if (operand->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE)
			op->clobbers |= 1u << reg;
	}
}

unsigned int ost_op_decode(const uint8_t *bytes, size_t len, uint64_t site, struct ost_op *op)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction insn;
	ZydisDecoderContext context;

	*op = (struct ost_op){.site = site,
			      .kind = OST_DO_STOP,

			      .vector_dst = OST_NO_REGISTER};
	if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(decoder(), &context, bytes, len, &insn)) ||
	    !ZYAN_SUCCESS(ZydisDecoderDecodeOperands(decoder(), &context, &insn, operands,
						     insn.operand_count)))
		return 0;
	op->length = insn.length;
	choose_kind(&insn, op);
	if (insn.operand_count > 0)
		take_operand(&operands[0], &op->dst, &insn, site);
	if (insn.operand_count > 1)
		take_operand(&operands[1], &op->src, &insn, site);
	settle_kind(&insn, operands, op);
	take_effects(&insn, operands, op);
	return insn.length;
}
