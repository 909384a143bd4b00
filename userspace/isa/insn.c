// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/insn.h"

#include <string.h>

enum ost_insn_result ost_insn_decode_plain(const uint8_t *bytes, size_t len,
					   const struct ost_insn_high *high, struct ost_insn *insn)
{
	enum ost_insn_result young = ost_insn_decode_young(bytes, len, insn);
	struct ost_insn from_young = *insn;
	enum ost_insn_result ret;

	if (young == OST_INSN_OK) {
		/* our own printer knows nothing of @high: better no operands than wrong ones */
		if (high && (high->reg || high->rm || high->index || high->vvvv))
			insn->text[strcspn(insn->text, " ")] = '\0';
		return young;
	}
	ret = ost_insn_decode_zydis(bytes, len, high, insn);
	if (ret != OST_INSN_NONE || young == OST_INSN_NONE)
		return ret;
	*insn = from_young;
	return young;
}

enum ost_insn_result ost_insn_decode(const uint8_t *bytes, size_t len, struct ost_insn *insn)
{
	enum ost_insn_result plain = ost_insn_decode_plain(bytes, len, NULL, insn);
	struct ost_insn from_plain = *insn;
	enum ost_insn_result apx;

	if (plain == OST_INSN_OK)
		return plain;
	apx = ost_insn_decode_apx(bytes, len, insn);
	if (apx == OST_INSN_OK || (apx != OST_INSN_NONE && plain == OST_INSN_NONE))
		return apx;
	*insn = from_plain;
	return plain;
}
