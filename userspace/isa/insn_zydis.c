// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "isa/insn.h"

/* Instructions that run as no-ops where their feature is not there, whatever the rest of it does. */
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
		reason = "a register that does not exist, or one used twice where it must not be";
		break;
	default:
		return OST_INSN_NONE;
	}
	snprintf(insn->text, sizeof(insn->text), "%s", reason);
	return OST_INSN_GARBAGE;
}

enum ost_insn_result ost_insn_decode_zydis(const uint8_t *bytes, size_t len, struct ost_insn *insn)
{
	ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];
	ZydisDecodedInstruction zydis;
	ZydisFormatter formatter;
	ZydisDecoder decoder;
	ZyanStatus status;

	memset(insn, 0, sizeof(*insn));
	if (!ZYAN_SUCCESS(ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64,
					   ZYDIS_STACK_WIDTH_64)) ||
	    !ZYAN_SUCCESS(ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL)))
		return OST_INSN_NONE;
	status = ZydisDecoderDecodeFull(&decoder, bytes, len, &zydis, operands);
	if (!ZYAN_SUCCESS(status))
		return refuse(status, insn);
	if (ost_insn_rule(&zydis, &insn->rule))
		return OST_INSN_NONE;
	insn->length = zydis.length;
	insn->kernel_only = is_kernel_only(&zydis);
	insn->harmless = is_harmless(zydis.mnemonic);
	if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &zydis, operands,
							  zydis.operand_count_visible,
							  insn->text, sizeof(insn->text),
							  ZYDIS_RUNTIME_ADDRESS_NONE, NULL)))
		snprintf(insn->text, sizeof(insn->text), "%s",
			 ZydisMnemonicGetString(zydis.mnemonic));
	return OST_INSN_OK;
}
