// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The quick decoder on encodings picked by hand: what is special to it, and what is no instruction.
 * selftests/quick compares it with Zydis over very many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "isa/feature.h"
#include "isa/quick/quick.h"

/* Hexadecimal text to bytes, with nops behind. */
static unsigned int parse(const char *hex, uint8_t bytes[2 * OST_QUICK_PAD])
{
	unsigned int count = 0;
	char *end;

	memset(bytes, 0x90, 2 * OST_QUICK_PAD);
	while (*hex) {
		assert_true(count < OST_QUICK_PAD);
		bytes[count++] = strtoul(hex, &end, 16);
		assert_true(end > hex);
		hex = end + strspn(end, " ");
	}
	return count;
}

static void decode(const char *hex, struct ost_quick *insn)
{
	uint8_t bytes[2 * OST_QUICK_PAD];
	unsigned int length = parse(hex, bytes);

	memset(insn, 0xff, sizeof(*insn));
	if (ost_quick_decode(bytes, insn) != length)
		fail_msg("%s: not taken as %u bytes", hex, length);
	assert_int_equal(insn->length, length);
}

/* Names of what is needed, the first of each clause. */
static const char *needs_of(const char *hex)
{
	static char text[160];
	struct ost_quick insn;

	decode(hex, &insn);
	ost_feature_set_format(ost_quick_set(insn.need), text, sizeof(text));
	return text;
}

static void needs(void **unused)
{
	static const char *const wanted[][2] = {
		/* x86-64-v1, and what every 64-bit processor has */
		{ "89 c8", "" }, { "0f 44 c1", "" }, { "0f 58 c1", "" }, { "66 0f 58 c1", "" },
		{ "0f 31", "" }, { "0f ae 38", "" }, { "0f ae 00", "" }, { "0f c7 08", "" },
		{ "0f 05", "" }, { "db f1", "" }, { "0f 18 00", "" },
		/* no-ops where they are missing, and what only asks */
		{ "f3 90", "" }, { "f3 0f 1e fa", "" }, { "f3 0f 1e fb", "" }, { "f3 48 0f 1e c8", "" },
		{ "0f 0d 08", "" }, { "0f 1c 00", "" }, { "0f 01 d0", "" }, { "f2 f0 ff 00", "" },
		{ "f2 ff e0", "" }, { "0f 1a 00", "" },
		/* nothing for a process */
		{ "0f 01 c1", "" }, { "0f 01 da", "" }, { "f4", "" }, { "66 0f 38 82 00", "" },
		/* silent without their feature */
		{ "f3 0f bc c1", "tzcnt" }, { "f3 0f bd c1", "abm" }, { "0f bc c1", "" },
		{ "0f bd c1", "" }, { "66 f3 0f bc c1", "tzcnt" }, { "f3 66 0f bd c1", "abm" },
		/* x86-64-v2 and v3 */
		{ "f3 0f b8 c1", "popcnt" }, { "9e", "lahf_lm" }, { "9f", "lahf_lm" },
		{ "48 0f c7 08", "cx16" }, { "66 0f 7c c1", "pni" }, { "db 08", "pni" },
		{ "0f 38 00 c1", "ssse3" }, { "66 0f 38 10 c1", "sse4_1" },
		{ "66 0f 38 37 c1", "sse4_2" }, { "f2 0f 38 f0 c1", "sse4_2" },
		{ "66 f2 0f 38 f1 c1", "sse4_2" }, { "0f 38 f0 00", "movbe" },
		{ "66 0f 38 f1 00", "movbe" }, { "c5 f8 58 c1", "avx" }, { "c5 f8 77", "avx" },
		{ "c5 f5 fe c2", "avx2" }, { "c5 f1 fe c2", "avx" }, { "c4 e2 71 b8 c2", "fma" },
		{ "c4 e2 79 13 c1", "f16c" }, { "c4 e2 70 f2 c2", "bmi1" },
		{ "c4 e2 70 f3 c9", "bmi1" }, { "c4 e2 70 f5 c2", "bmi2" },
		{ "c4 e2 73 f6 c2", "bmi2" },
		/* gathers, alone with a SIB */
		{ "c4 e2 69 90 04 08", "avx2" }, { "62 f2 7d 49 90 04 08", "avx512f" },
		/* by ModRM.reg and rm */
		{ "0f c7 f0", "rdrand" }, { "0f c7 f8", "rdseed" }, { "f3 0f c7 f8", "rdpid" },
		{ "0f ae 20", "xsave" }, { "0f ae 28", "xsave" }, { "0f ae e8", "" },
		{ "66 0f ae 38", "clflushopt" }, { "66 0f ae 30", "clwb" }, { "0f ae 30", "xsaveopt" },
		{ "f3 0f ae c0", "fsgsbase" }, { "f3 0f ae 20", "ptwrite" },
		{ "0f 01 d5", "rtm" }, { "0f 01 ee", "pku" }, { "0f 01 f9", "rdtscp" },
		{ "0f 01 fc", "clzero" }, { "0f 01 e8", "serialize" }, { "0f 01 fa", "mwaitx" },
		{ "c7 f8 00 00 00 00", "rtm" }, { "c6 f8 00", "rtm" }, { "c7 c0 00 00 00 00", "" },
		/* AVX-512, by width; EVEX.b with a register is rounding, not a width */
		{ "62 f1 74 48 58 c2", "avx512f" }, { "62 f1 74 28 58 c2", "avx512f,avx512vl" },
		{ "62 f1 74 08 58 c2", "avx512f,avx512vl" }, { "62 f1 74 18 58 c2", "avx512f" },
		{ "62 f1 74 38 58 c2", "avx512f" }, { "62 f1 74 78 58 c2", "avx512f" },
		{ "62 f1 74 38 58 00", "avx512f,avx512vl" }, { "c5 f8 90 c1", "avx512f" },
		{ "c5 f9 90 c1", "avx512f,avx512dq" },
		{ "62 f2 75 48 cf c2", "avx512f,gfni" }, { "66 0f 38 cf c1", "gfni" },
		{ "c4 e2 71 cf c2", "avx,gfni" }, { "c4 e2 75 dc c2", "avx,vaes" },
		{ "66 0f 38 dc c1", "aes" }, { "c4 e2 71 dc c2", "aes,avx" },
		{ "0f 38 c8 c1", "sha_ni" }, { "66 0f 3a 44 c1 00", "pclmulqdq" },
		{ "c4 e2 78 49 c0", "amx_tile" }, { "c4 e2 7b 49 c0", "amx_tile" },
		/* of other makers */
		{ "0f 0f c1 9e", "3dnow" }, { "0f 0e", "3dnow" }, { "0f 0f c1 bb", "3dnowext" },
		{ "0f a7 c0", "rng_en" }, { "f3 0f a7 c8", "ace_en" }, { "8f e9 78 01 c9", "tbm" },
		{ "66 0f 78 c0 11 11", "sse4a" }, { "8f e8 78 c0 c1 11", "xop" },
		/* younger than Zydis */
		{ "c4 e2 71 e0 00", "cmpccxadd" }, { "c4 e2 f1 b4 c2", "avx_ifma" },
		{ "0f 38 fc 00", "rao_int" }, { "c4 e2 40 6c c0", "amx_tile,amx_complex" },
		{ "c4 e5 40 fd c0", "amx_tile,amx_fp8" }, { "62 f5 75 08 58 c2", "avx10_2" },
		/* APX */
		{ "d5 10 01 c0", "apx" }, { "d5 90 af c0", "apx" }, { "62 f4 7c 18 01 c1", "apx" },
		{ "d5 00 a1 00 11 22 33 44 55 66 77", "apx" }, { "62 f2 f4 08 f2 c2", "bmi1,apx" },
		{ "62 f9 74 48 58 00", "avx512f,apx" }, { "f3 d5 80 b8 c1", "popcnt,apx" },
	};

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const char *got = needs_of(wanted[i][0]);

		if (strcmp(got, wanted[i][1]))
			fail_msg("%s needs '%s', should be '%s'", wanted[i][0], got, wanted[i][1]);
	}
}

static void flows(void **unused)
{
	static const struct {
		const char *hex;
		uint8_t flow;
		int64_t target;
	} wanted[] = {
		{ "90", OST_FLOW_NEXT, 0 },
		{ "e8 10 00 00 00", OST_FLOW_CALL, 0x10 },
		{ "66 66 48 e8 f0 ff ff ff", OST_FLOW_CALL, -0x10 },
		{ "66 e8 10 00 00 00", OST_FLOW_CALL, 0x10 },
		{ "e9 00 00 00 80", OST_FLOW_JUMP, INT32_MIN }, { "eb fe", OST_FLOW_JUMP, -2 },
		{ "f2 e9 78 56 34 12", OST_FLOW_JUMP, 0x12345678 },
		{ "74 80", OST_FLOW_BRANCH, -128 }, { "0f 85 78 56 34 12", OST_FLOW_BRANCH, 0x12345678 },
		{ "e2 10", OST_FLOW_BRANCH, 0x10 }, { "e3 10", OST_FLOW_BRANCH, 0x10 },
		{ "67 e3 10", OST_FLOW_BRANCH, 0x10 }, { "c7 f8 10 00 00 00", OST_FLOW_BRANCH, 0x10 },
		{ "66 c7 f8 f0 ff", OST_FLOW_BRANCH, -0x10 }, { "c6 f8 10", OST_FLOW_NEXT, 0 },
		{ "c3", OST_FLOW_RETURN, 0 }, { "c2 08 00", OST_FLOW_RETURN, 0 },
		{ "f3 c3", OST_FLOW_RETURN, 0 }, { "cb", OST_FLOW_RETURN, 0 },
		{ "48 cf", OST_FLOW_RETURN, 0 },
		{ "ff e0", OST_FLOW_JUMP_INDIRECT, 0 }, { "3e ff e0", OST_FLOW_JUMP_INDIRECT, 0 },
		{ "ff 25 10 00 00 00", OST_FLOW_JUMP_INDIRECT, 0x10 },
		{ "ff 28", OST_FLOW_JUMP_INDIRECT, 0 }, { "ff d0", OST_FLOW_CALL_INDIRECT, 0 },
		{ "ff 15 10 00 00 00", OST_FLOW_CALL_INDIRECT, 0x10 }, { "ff 30", OST_FLOW_NEXT, 0 },
		{ "d5 00 a1 00 11 22 33 44 55 66 77", OST_FLOW_JUMP_INDIRECT, 0 },
		{ "f4", OST_FLOW_STOP, 0 }, { "cc", OST_FLOW_STOP, 0 }, { "0f 0b", OST_FLOW_STOP, 0 },
		{ "0f b9 c0", OST_FLOW_STOP, 0 }, { "67 0f b9 40 10", OST_FLOW_STOP, 0 },
		{ "0f ff c0", OST_FLOW_STOP, 0 }, { "cd 80", OST_FLOW_NEXT, 0 },
		{ "0f 05", OST_FLOW_NEXT, 0 },
	};
	struct ost_quick insn;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		decode(wanted[i].hex, &insn);
		if (insn.flow != wanted[i].flow || insn.target != wanted[i].target)
			fail_msg("%s: flow %u, target %lld", wanted[i].hex, insn.flow,
				 (long long)insn.target);
	}
}

static void fields(void **unused)
{
	static const struct {
		const char *hex;
		struct ost_quick want;	/* without need and length */
	} cases[] = {
		/* mov rax, [rip + 0x12345678] */
		{ "48 8b 05 78 56 34 12", { .modrm = 5, .has_modrm = true, .opcode = 0x8b,
		  .rex = 0x48, .disp_at = 3, .rip = true, .target = 0x12345678 } },
		/* mov dword [rip - 1], imm32: the immediate lies between displacement and next */
		{ "c7 05 ff ff ff ff 01 00 00 00", { .modrm = 5, .has_modrm = true, .opcode = 0xc7,
		  .disp_at = 2, .imm_at = 6, .imm_size = 4, .rip = true, .target = -1 } },
		/* rsp, and r12 that shares its number */
		{ "8b 04 24", { .modrm = 4, .has_modrm = true, .opcode = 0x8b } },
		{ "41 8b 44 24 08", { .modrm = 0x44, .has_modrm = true, .opcode = 0x8b, .rex = 0x41,
		  .disp8_at = 4, .base_reg = true } },
		/* no base at all; r13 as a base with mod 0 is one of these too */
		{ "8b 04 25 00 00 00 00", { .modrm = 4, .has_modrm = true, .opcode = 0x8b,
		  .disp_at = 3 } },
		{ "41 8b 04 8d 00 00 00 00", { .modrm = 4, .has_modrm = true, .opcode = 0x8b,
		  .rex = 0x41, .disp_at = 4 } },
		{ "8b 84 88 00 00 00 00", { .modrm = 0x84, .has_modrm = true, .opcode = 0x8b,
		  .disp_at = 3, .base_reg = true } },
		/* fs: and what does not undo it */
		{ "64 48 8b 04 25 28 00 00 00", { .modrm = 4, .has_modrm = true, .opcode = 0x8b,
		  .rex = 0x48, .disp_at = 5, .segment = 0x64 } },
		{ "65 2e 8b 00", { .modrm = 0, .has_modrm = true, .opcode = 0x8b, .base_reg = true,
		  .segment = 0x65 } },
		/* sizes of immediates */
		{ "b8 01 00 00 00", { .opcode = 0xb8, .imm_at = 1, .imm_size = 4 } },
		{ "66 b8 01 00", { .opcode = 0xb8, .imm_at = 2, .imm_size = 2, .prefix = 1,
		  .op16 = true } },
		{ "48 b8 01 00 00 00 00 00 00 00", { .opcode = 0xb8, .rex = 0x48, .imm_at = 2,
		  .imm_size = 8 } },
		{ "66 48 05 01 00 00 00", { .opcode = 5, .rex = 0x48, .imm_at = 3, .imm_size = 4,
		  .prefix = 1, .op16 = true } },
		{ "a1 00 00 00 00 00 00 00 00", { .opcode = 0xa1, .imm_at = 1, .imm_size = 8 } },
		{ "67 a1 00 00 00 00", { .opcode = 0xa1, .imm_at = 2, .imm_size = 4 } },
		{ "c8 01 00 02", { .opcode = 0xc8, .imm_at = 1, .imm_size = 3 } },
		{ "f6 c1 01", { .modrm = 0xc1, .has_modrm = true, .opcode = 0xf6, .imm_at = 2,
		  .imm_size = 1 } },
		{ "f6 d1", { .modrm = 0xd1, .has_modrm = true, .opcode = 0xf6 } },
		/* a REX that isn't last means nothing: the immediate is of 4 bytes */
		{ "48 f3 b8 01 00 00 00", { .opcode = 0xb8, .imm_at = 3, .imm_size = 4,
		  .prefix = 2 } },
		/* the last of F2 and F3, and both before 66 */
		{ "f2 f3 66 0f 58 c1", { .modrm = 0xc1, .has_modrm = true, .opcode = 0x58,
		  .map = OST_MAP_0F, .prefix = 2, .op16 = true } },
		{ "66 f3 f2 0f 58 c1", { .modrm = 0xc1, .has_modrm = true, .opcode = 0x58,
		  .map = OST_MAP_0F, .prefix = 3, .op16 = true } },
		/* andn ecx, r9d, [rip]: three registers */
		{ "c4 e2 30 f2 0d 00 00 00 00", { .modrm = 0x0d, .has_modrm = true, .opcode = 0xf2,
		  .map = OST_MAP_VEX2, .rex = 0x40, .vvvv = 9, .disp_at = 5, .rip = true } },
		{ "c5 0d 58 c1", { .modrm = 0xc1, .has_modrm = true, .opcode = 0x58,
		  .map = OST_MAP_VEX1, .rex = 0x44, .prefix = 1, .vvvv = 14 } },
		/* EVEX's displacement of one byte counts in vectors, but is one byte */
		{ "62 f1 7c 48 10 40 01", { .modrm = 0x40, .has_modrm = true, .opcode = 0x10,
		  .map = OST_MAP_EVEX1, .rex = 0x40, .disp8_at = 6, .base_reg = true } },
		/* of 3DNow! the opcode comes last, behind the displacement */
		{ "0f 0f 40 08 9e", { .modrm = 0x40, .has_modrm = true, .opcode = 0x9e,
		  .map = OST_MAP_3DNOW, .disp8_at = 3, .base_reg = true } },
		/* registers, whatever mod says */
		{ "0f 20 05", { .modrm = 5, .has_modrm = true, .opcode = 0x20,
		  .map = OST_MAP_0F } },
		/* XOP with an immediate of four bytes */
		{ "8f ea 78 10 00 01 00 00 00", { .has_modrm = true, .opcode = 0x10, .rex = 0x40,
		  .map = OST_MAP_XOPA, .base_reg = true, .imm_at = 5, .imm_size = 4 } },
		{ "8f c0", { .modrm = 0xc0, .has_modrm = true, .opcode = 0x8f } },
	};
	struct ost_quick insn;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		decode(cases[i].hex, &insn);
		insn.need = 0;
		insn.length = 0;
		insn.flow = 0;
		if (memcmp(&insn, &cases[i].want, sizeof(insn)))
			fail_msg("%s: opcode %02x modrm %02x rex %02x prefix %u vvvv %u disp %u %u"
				 " imm %u %u map %u seg %02x", cases[i].hex, insn.opcode, insn.modrm,
				 insn.rex, insn.prefix, insn.vvvv, insn.disp_at, insn.disp8_at,
				 insn.imm_at, insn.imm_size, insn.map, insn.segment);
	}
}

static void refused(void **unused)
{
	static const char *const garbage[] = {
		/* not in 64-bit mode, or never */
		"06", "27", "37", "60", "82 c0 01", "9a", "d4 0a", "d6", "ea", "0f 04", "0f 0a",
		"0f 24 c0", "0f 3b", "0f 0f c1 00", "ff f8", "fe d0", "c6 c8 00", "8e f0", "8f c8",
		"8f e0 78 01 c9", "0f c7 00", "0f ba 00 00", "d9 d1",
		/* LOCK without memory, or with what can't be locked */
		"f0 90", "f0 01 c0", "f0 8b 00", "f0 39 00", "f0 0f af 00", "f0 80 38 00", "f0 c5 f8 77",
		/* prefixes before VEX and EVEX */
		"66 c5 f8 58 c1", "f3 c5 f8 58 c1", "f2 c4 e2 70 f2 c2", "48 c5 f8 58 c1",
		"66 62 f1 74 48 58 c2", "40 62 f1 74 48 58 c2", "f0 62 f1 74 48 58 00",
		/* reserved fields: vvvv, L, pp, map, mask, registers that there are none of */
		"c5 e8 77", "c5 f0 10 c1", "c4 e2 74 f2 c2", "c4 e4 78 58 c1", "c4 ff 78 58 c1",
		"8f e8 79 c0 c1 11", "8f eb 78 01 c9", "62 f1 74 68 58 c2", "62 f0 74 48 58 c2",
		"62 f1 74 49 2e c1", "62 f2 7d 48 90 04 08", "62 f1 74 c8 58 c2", "c5 78 90 c1",
		"62 f1 74 48 10 c1", "c4 e2 69 90 00", "c4 e2 7b 49 c9",
		/* REX2 before what it doesn't go with, and behind a REX */
		"d5 00 70 00", "d5 00 0f a2", "48 d5 00 01 c0", "d5 80 80 00 00 00 00", "d5 08 a1 00",
		/* sixteen bytes and more */
		"66 66 66 66 66 66 66 66 66 66 66 66 66 66 66 90",
		"2e 2e 2e 2e 2e 2e 81 84 88 00 00 00 00 00 00 00",
		"f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0 f0",
		"48 48 48 48 48 48 48 48 48 48 48 48 48 48 48 48",
	};
	uint8_t bytes[2 * OST_QUICK_PAD];
	struct ost_quick insn;

	for (size_t i = 0; i < sizeof(garbage) / sizeof(garbage[0]); i++) {
		parse(garbage[i], bytes);
		if (ost_quick_decode(bytes, &insn))
			fail_msg("%s: taken as %u bytes", garbage[i], insn.length);
	}
}

/* Fifteen bytes are an instruction still. */
static void longest(void **unused)
{
	struct ost_quick insn;

	decode("66 66 66 66 66 66 66 66 66 66 66 66 66 66 90", &insn);
	decode("2e 2e 2e 2e 81 84 88 00 00 00 00 00 00 00 00", &insn);
	assert_int_equal(insn.disp_at, 7);
	decode("64 64 64 62 f3 75 48 25 84 88 00 00 00 00 00", &insn);
}

/* What can be read ends behind OST_QUICK_PAD bytes: each byte value there, after each prefix. */
static void bounds(void **unused)
{
	static const uint8_t before[] = { 0x66, 0xf2, 0xf3, 0x67, 0xf0, 0x2e, 0x64, 0x48, 0x0f, 0xc4,
					  0xc5, 0x62, 0x8f, 0xd5, 0x84, 0x04 };
	size_t page = sysconf(_SC_PAGESIZE);
	uint8_t *map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
	struct ost_quick insn;
	uint8_t *bytes;

	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map + page, page, PROT_NONE), 0);
	bytes = map + page - OST_QUICK_PAD;
	for (unsigned int i = 0; i < sizeof(before); i++)
		for (unsigned int count = 0; count <= OST_QUICK_PAD; count++)
			for (unsigned int fill = 0; fill < 256; fill++) {
				memset(bytes, fill, OST_QUICK_PAD);
				memset(bytes, before[i], count);
				assert_true(ost_quick_decode(bytes, &insn) <= 15);
			}
	munmap(map, 2 * page);
}

static void rules(void **unused)
{
	struct ost_feature_set set;
	unsigned int i, count = ost_quick_needs();

	assert_true(count > 100 && count <= 256);
	assert_int_equal(ost_quick_rule(0)->all[0].any[0], OST_FEATURE_NONE);
	assert_true(ost_feature_set_empty(ost_quick_set(0)));
	for (i = 1; i < count; i++) {
		assert_true(ost_quick_rule(i)->all[0].any[0] != OST_FEATURE_NONE);
		memset(&set, 0, sizeof(set));
		ost_feature_rule_needs(ost_quick_rule(i), &set);
		assert_true(ost_feature_set_equal(&set, ost_quick_set(i)));
	}
	/* a number that is none */
	assert_ptr_equal(ost_quick_rule(count), ost_quick_rule(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(needs),   cmocka_unit_test(flows),   cmocka_unit_test(fields),
		cmocka_unit_test(refused), cmocka_unit_test(longest), cmocka_unit_test(bounds),
		cmocka_unit_test(rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
