// SPDX-License-Identifier: GPL-2.0-or-later
/* The quick decoder over all offsets of the input, as over a segment of code. */
#include <stdlib.h>
#include <string.h>

#include "isa/insn.h"
#include "isa/quick/quick.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct ost_quick *insn, unsigned int length)
{
	expect(length <= OST_INSN_LENGTH_MAX && insn->length == length);
	expect(insn->need < ost_quick_needs());
	expect(insn->flow <= OST_FLOW_STOP && insn->map < OST_MAP_END && insn->prefix < 4);
	expect(!insn->rex || (insn->rex & 0xf0) == 0x40);
	expect(insn->vvvv < 16);
	expect(insn->has_modrm || !(insn->modrm || insn->base_reg || insn->rip));
	expect(!insn->disp_at || insn->disp_at + 4u <= length);
	expect(!insn->disp8_at || insn->disp8_at < length);
	expect(!(insn->disp_at && insn->disp8_at));
	expect(!insn->rip || insn->disp_at);
	expect(!insn->imm_at == !insn->imm_size && insn->imm_at + insn->imm_size <= length);
	if (insn->flow == OST_FLOW_CALL || insn->flow == OST_FLOW_JUMP ||
	    insn->flow == OST_FLOW_BRANCH)
		expect(insn->imm_at && insn->imm_at + insn->imm_size == length);
	else
		expect(insn->rip || !insn->target);
}

/* @bytes has exactly what may be read, so that a sanitizer sees what is read beyond. */
static void decode(uint8_t *bytes)
{
	struct ost_quick insn, again;
	struct ost_insn zydis;
	unsigned int length;

	memset(&insn, 0x55, sizeof(insn));
	memset(&again, 0xaa, sizeof(again));
	length = ost_quick_decode(bytes, &insn);
	if (!length)
		return;
	check(&insn, length);
	if (ost_insn_decode_zydis(bytes, OST_INSN_LENGTH_MAX, NULL, &zydis) == OST_INSN_OK)
		expect(zydis.length == length);
	/* what comes after it has no part in it */
	for (size_t i = length; i < OST_QUICK_PAD; i++)
		bytes[i] ^= 0xff;
	expect(ost_quick_decode(bytes, &again) == length);
	expect(!memcmp(&insn, &again, sizeof(insn)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(OST_QUICK_PAD);
	size_t left;

	if (!bytes)
		return 0;
	for (size_t at = 0; at < size && at < 256; at++) {
		left = size - at < OST_QUICK_PAD ? size - at : OST_QUICK_PAD;
		memset(bytes, 0, OST_QUICK_PAD);
		memcpy(bytes, data + at, left);
		decode(bytes);
	}
	free(bytes);
	return 0;
}
