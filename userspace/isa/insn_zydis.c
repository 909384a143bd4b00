// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "isa/insn.h"
#include "isa/insn_text.h"

/* Instructions that are no-ops without their feature, whatever the rest of the feature does. */
static bool is_harmless(ZydisMnemonic mnemonic)
{
	switch (mnemonic) {
	case ZYDIS_MNEMONIC_RDSSPD:
	case ZYDIS_MNEMONIC_RDSSPQ:
		return true;
	default:
		return false;
	}
}

/* What Zydis doesn't mark as privileged and yet no process can use. */
static bool is_kernel_only(const ZydisDecodedInstruction *zydis)
{
	if (zydis->attributes & ZYDIS_ATTRIB_IS_PRIVILEGED)
		return true;
	switch (zydis->mnemonic) {
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

static enum ost_insn_result refuse(ZyanStatus status, struct ost_insn *insn)
{
	const char *reason;

	switch (status) {
	case ZYDIS_STATUS_NO_MORE_DATA:
		return OST_INSN_TRUNCATED;
	case ZYDIS_STATUS_INSTRUCTION_TOO_LONG:
		reason = "longer than 15 bytes";
		break;
	case ZYDIS_STATUS_ILLEGAL_LOCK:
		reason = "a LOCK prefix where none is allowed";
		break;
	case ZYDIS_STATUS_ILLEGAL_LEGACY_PFX:
		reason = "a 66, F2 or F3 prefix before VEX, EVEX or XOP";
		break;
	case ZYDIS_STATUS_ILLEGAL_REX:
		reason = "a REX prefix before VEX, EVEX or XOP";
		break;
	case ZYDIS_STATUS_BAD_REGISTER:
		reason = "a register field with a value that this instruction does not take";
		break;
	default:
		return OST_INSN_NONE;
	}
	snprintf(insn->text, sizeof(insn->text), "%s", reason);
	return OST_INSN_GARBAGE;
}

/* Does a general register, the @nth of its operand, stand for one of 16 to 31? */
static bool is_high(const struct ost_insn_high *high, const ZydisDecodedOperand *operand,
		    unsigned int nth)
{
	/* of an address the base is printed first, if there is one */
	if (operand->type == ZYDIS_OPERAND_TYPE_MEMORY)
		return nth == 0 && operand->mem.base ? high->rm : high->index;
	switch (operand->encoding) {
	case ZYDIS_OPERAND_ENCODING_MODRM_REG:
		return high->reg;
	case ZYDIS_OPERAND_ENCODING_MODRM_RM:
	case ZYDIS_OPERAND_ENCODING_OPCODE:
		return high->rm;
	case ZYDIS_OPERAND_ENCODING_NDSNDD:
		return high->vvvv;
	default:
		return false;
	}
}

/* The general register of that name; 0 when it is none, else its width in bits. */
static unsigned int parse_gpr(const char *text, unsigned int *number)
{
	unsigned int bits;
	char name[8];

	for (bits = 8; bits <= 64; bits *= 2)
		for (*number = 0; *number < 16; ++*number)
			if (!strcmp(ost_gpr_name(*number, bits, name), text))
				return bits;
	return 0;
}

/* Print with registers 16 to 31 where @high says so. */
static bool print_high(const ZydisFormatter *formatter, const ZydisDecodedInstruction *zydis,
		       const ZydisDecodedOperand *operands, const struct ost_insn_high *high,
		       char *buf, size_t size)
{
	const ZydisFormatterToken *token;
	ZyanConstCharPointer text;
	ZydisTokenType type;
	unsigned int operand = 0, nth = 0, number, bits;
	char tokens[512], name[8];
	size_t used = 0;

	if (!ZYAN_SUCCESS(ZydisFormatterTokenizeInstruction(
		    formatter, zydis, operands, zydis->operand_count_visible, tokens,
		    sizeof(tokens), ZYDIS_RUNTIME_ADDRESS_NONE, &token, NULL)))
		return false;
	do {
		if (!ZYAN_SUCCESS(ZydisFormatterTokenGetValue(token, &type, &text)))
			return false;
		if (type == ZYDIS_TOKEN_DELIMITER) {
			operand++;
			nth = 0;
		}
		bits = type == ZYDIS_TOKEN_REGISTER ? parse_gpr(text, &number) : 0;
		if (bits && operand < zydis->operand_count_visible &&
		    is_high(high, &operands[operand], nth++))
			text = ost_gpr_name(number + 16, bits, name);
		used += snprintf(buf + used, size - used, "%s", text);
	} while (used < size && ZYAN_SUCCESS(ZydisFormatterTokenNext(&token)));
	return true;
}

static void print(const ZydisDecodedInstruction *zydis, const ZydisDecodedOperand *operands,
		  const struct ost_insn_high *high, char *buf, size_t size)
{
	ZydisFormatter formatter;

	if (ZYAN_SUCCESS(ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL))) {
		if (high && print_high(&formatter, zydis, operands, high, buf, size))
			return;
		if (ZYAN_SUCCESS(ZydisFormatterFormatInstruction(
			    &formatter, zydis, operands, zydis->operand_count_visible, buf, size,
			    ZYDIS_RUNTIME_ADDRESS_NONE, NULL)))
			return;
	}
	snprintf(buf, size, "%s", ZydisMnemonicGetString(zydis->mnemonic));
}

enum ost_insn_result ost_insn_decode_zydis(const uint8_t *bytes, size_t len,
					   const struct ost_insn_high *high, struct ost_insn *insn)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction zydis;
	ZydisDecoder decoder;
	ZyanStatus status;

	memset(insn, 0, sizeof(*insn));
	if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
					   ZYDIS_STACK_WIDTH_64)))
		return OST_INSN_NONE;
	status = ZydisDecoderDecodeFull(&decoder, bytes, len, &zydis, operands);
	/* what names no bounds register is a no-op, as all of MPX is on a processor without it */
	if (status == ZYDIS_STATUS_BAD_REGISTER &&
	    ZYAN_SUCCESS(ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MPX, ZYAN_FALSE)))
		status = ZydisDecoderDecodeFull(&decoder, bytes, len, &zydis, operands);
	if (!ZYAN_SUCCESS(status))
		return refuse(status, insn);
	if (ost_insn_rule(&zydis, &insn->rule))
		return OST_INSN_NONE;
	insn->length = zydis.length;
	insn->kernel_only = is_kernel_only(&zydis);
	insn->harmless = is_harmless(zydis.mnemonic);
	print(&zydis, operands, high, insn->text, sizeof(insn->text));
	return OST_INSN_OK;
}
