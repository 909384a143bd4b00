/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_QUICK_EXPECT_H
#define OST_QUICK_EXPECT_H

#include <Zydis/Zydis.h>

#include "isa/feature.h"
#include "isa/quick/quick.h"

/** struct expected - what the quick decoder should say, by Zydis */
struct expected {
	ZyanStatus status;
	bool taken;			/* decoded, and some processor of today has it */
	struct ost_quick insn;		/* without @need */
	struct ost_feature_rule rule;	/* for @need */
	ZydisDecodedInstruction zydis;
};

/** expect() - ask Zydis; 15 bytes are read */
void expect(const uint8_t *bytes, struct expected *expected);

/** expect_rule() - take out of a rule what is never a need */
void expect_rule(struct ost_feature_rule *rule);

/** expect_same_rule() - the same clauses, in any order */
bool expect_same_rule(const struct ost_feature_rule *a, const struct ost_feature_rule *b);

#endif
