// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * All opcodes of all maps: the table of young instructions must not hide an older one that Zydis
 * knows, and what Zydis knows must come through with its length.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "isa/insn.h"

/* registers; memory with and without SIB and displacement, and relative to RIP; every reg field */
static const uint8_t modrms[] = {
	0xc1, 0xd3, 0xf7, 0xf8, 0x08, 0x0d, 0x1c, 0x2d, 0x30, 0x64, 0x8c,
};

struct tally {
	unsigned int known;	/* to Zydis */
	unsigned int young;	/* only to our table */
};

/*
 * Some were no-ops before there was a use for them, and Zydis knows them as such. Of 0F 01 FD it
 * passes over the prefix, which tells RMPQUERY and RMPREAD from RDPRU.
 */
static bool may_replace(const struct ost_insn *young, const struct ost_insn *zydis)
{
	return !strncmp(zydis->text, "nop", 3) || !strncmp(zydis->text, "prefetch", 8) ||
	       (!strcmp(zydis->text, "rdpru") && !strncmp(young->text, "rmp", 3));
}

static void check(const uint8_t bytes[15], struct tally *tally)
{
	struct ost_insn zydis, young, all;
	enum ost_insn_result by_zydis = ost_insn_decode_zydis(bytes, 15, NULL, &zydis);
	enum ost_insn_result by_young = ost_insn_decode_young(bytes, 15, &young);

	tally->known += by_zydis == OST_INSN_OK;
	tally->young += by_young == OST_INSN_OK;
	if (by_zydis != OST_INSN_OK)
		return;
	if (by_young != OST_INSN_NONE && !may_replace(&young, &zydis))
		fail_msg("%02x %02x %02x %02x %02x %02x: '%s', and by our table '%s'", bytes[0],
			 bytes[1], bytes[2], bytes[3], bytes[4], bytes[5], zydis.text, young.text);
	assert_int_equal(ost_insn_decode(bytes, 15, &all), OST_INSN_OK);
	assert_int_equal(all.length, zydis.length);
	assert_true(all.rule.all[0].any[0] != OST_FEATURE_NONE);
}

static void each_opcode(uint8_t *bytes, unsigned int at, struct tally *tally)
{
	for (unsigned int opcode = 0; opcode < 256; opcode++) {
		for (size_t i = 0; i < sizeof(modrms); i++) {
			memset(bytes + at, 0x11, 15 - at);
			bytes[at] = opcode;
			bytes[at + 1] = modrms[i];
			check(bytes, tally);
		}
	}
}

static void legacy_maps(void **unused)
{
	static const uint8_t prefixes[] = { 0, 0x66, 0xf2, 0xf3 };
	struct tally tally = { 0 };
	uint8_t bytes[15];

	for (unsigned int i = 0; i < 24; i++) {
		unsigned int n = 0, map = i / 8;

		if (prefixes[i % 4])
			bytes[n++] = prefixes[i % 4];
		if (i & 4)
			bytes[n++] = 0x48;
		bytes[n++] = 0x0f;
		if (map)
			bytes[n++] = map == 1 ? 0x38 : 0x3a;
		each_opcode(bytes, n, &tally);
	}
	assert_true(tally.known > 15000);
	assert_true(tally.young > 20);
}

static void vex_maps(void **unused)
{
	struct tally tally = { 0 };
	uint8_t bytes[15] = { 0xc4 };

	for (unsigned int i = 0; i < 7 * 16 * 2; i++) {
		bytes[1] = 0xe0 | (1 + i / 32);
		/* W, a register in vvvv or none, L, pp */
		bytes[2] = (i & 1) << 7 | (i & 16 ? 0x68 : 0x78) | (i & 2) << 1 | (i >> 2 & 3);
		each_opcode(bytes, 3, &tally);
	}
	assert_true(tally.known > 20000);
	assert_true(tally.young > 1000);
}

static void evex_maps(void **unused)
{
	struct tally tally = { 0 };
	uint8_t bytes[15] = { 0x62 };

	for (unsigned int i = 0; i < 7 * 8 * 3; i++) {
		bytes[1] = 0xf0 | (1 + i / 24);
		bytes[2] = (i & 1) << 7 | 0x78 | 4 | (i >> 1 & 3);
		bytes[3] = (i / 8 % 3) << 5 | 8;
		each_opcode(bytes, 4, &tally);
	}
	assert_true(tally.known > 20000);
	assert_true(tally.young > 1500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(legacy_maps),
		cmocka_unit_test(vex_maps),
		cmocka_unit_test(evex_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
