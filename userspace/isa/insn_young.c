// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Instructions that Zydis 4.0 doesn't know, with what they need. (Intel ISA extensions reference,
 * AVX10.2 and AMX architecture specifications; AMD APM volume 3 for RMPQUERY and RMPREAD.)
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "isa/fields.h"
#include "isa/insn.h"
#include "isa/insn_text.h"

#define ANY 0xff

/* what ModRM.mod may be */
enum { MEM = 1, REG = 2, RM = MEM | REG };

struct young {
	const char *name;	/* a %s in it stands for the condition in the opcode's low bits */
	const char *operands;	/* as ost_insn_text() takes them */
	uint8_t space, map, pp, w, l, opcode;
	uint8_t mod;		/* MEM, REG or RM */
	uint8_t reg, rm;	/* a fixed value of the field, or ANY */
	uint8_t imm;		/* bytes of the immediate */
	uint8_t needs[2];	/* enum ost_feature */
	uint8_t or_else;	/* meets the first of @needs too */
};

#define ROW(space_, map_, pp_, w_, l_, op_, mod_, name_, ops_, ...) \
	{ .name = name_, .operands = ops_, .space = OST_SPACE_##space_, .map = map_, \
	  .pp = OST_PP_##pp_, .w = w_, .l = l_, .opcode = op_, .mod = mod_, \
	  .reg = ANY, .rm = ANY, __VA_ARGS__ },

/* these have further fields of a fixed value */
#define FIXED(space_, map_, pp_, w_, l_, op_, mod_, reg_, rm_, name_, ops_, ...) \
	{ .name = name_, .operands = ops_, .space = OST_SPACE_##space_, .map = map_, \
	  .pp = OST_PP_##pp_, .w = w_, .l = l_, .opcode = op_, .mod = mod_, \
	  .reg = reg_, .rm = rm_, __VA_ARGS__ },

#define NEEDS(a) .needs = { OST_F_##a }
#define AMX(a) .needs = { OST_F_##a, OST_F_AMX_TILE }
#define IB .imm = 1
#define ID .imm = 4
/* EVEX forms of the VNNI kinds come with AVX10.2, or alone with a bit of its own */
#define VNNI .needs = { OST_F_AVX10_2 }, .or_else = OST_F_AVX10_V1_AUX
#define V2 NEEDS(AVX10_2)
#define MOVRS_V2 .needs = { OST_F_MOVRS, OST_F_AVX10_2 }

static const struct young table[] = {
	/* legacy forms */
	ROW(LEGACY, 2, NONE, ANY, ANY, 0xfc, MEM, "aadd", "mWrW", NEEDS(RAO_INT))
	ROW(LEGACY, 2, 66, ANY, ANY, 0xfc, MEM, "aand", "mWrW", NEEDS(RAO_INT))
	ROW(LEGACY, 2, F2, ANY, ANY, 0xfc, MEM, "aor", "mWrW", NEEDS(RAO_INT))
	ROW(LEGACY, 2, F3, ANY, ANY, 0xfc, MEM, "axor", "mWrW", NEEDS(RAO_INT))
	ROW(LEGACY, 2, NONE, ANY, ANY, 0x8a, MEM, "movrs", "rbmb", NEEDS(MOVRS))
	ROW(LEGACY, 2, NONE, ANY, ANY, 0x8b, MEM, "movrs", "romo", NEEDS(MOVRS))
	ROW(LEGACY, 2, 66, ANY, ANY, 0x8b, MEM, "movrs", "romo", NEEDS(MOVRS))
	FIXED(LEGACY, 1, NONE, ANY, ANY, 0x18, MEM, 4, ANY, "prefetchrst2", "mb", NEEDS(MOVRS))
	FIXED(LEGACY, 1, NONE, ANY, ANY, 0x18, MEM, 6, 5, "prefetchit1", "mb", NEEDS(PREFETCHI))
	FIXED(LEGACY, 1, NONE, ANY, ANY, 0x18, MEM, 7, 5, "prefetchit0", "mb", NEEDS(PREFETCHI))
	ROW(LEGACY, 2, F2, ANY, ANY, 0xf8, REG, "urdmsr", "mqrq", NEEDS(USER_MSR))
	ROW(LEGACY, 2, F3, ANY, ANY, 0xf8, REG, "uwrmsr", "rqmq", NEEDS(USER_MSR))
	FIXED(LEGACY, 1, NONE, ANY, ANY, 0x01, REG, 0, 6, "wrmsrns", "", NEEDS(WRMSRNS))
	FIXED(LEGACY, 1, F2, ANY, ANY, 0x01, REG, 0, 6, "rdmsrlist", "", NEEDS(MSRLIST))
	FIXED(LEGACY, 1, F3, ANY, ANY, 0x01, REG, 0, 6, "wrmsrlist", "", NEEDS(MSRLIST))
	FIXED(LEGACY, 1, NONE, ANY, ANY, 0x01, REG, 0, 7, "pbndkb", "", NEEDS(PBNDKB))
	FIXED(LEGACY, 1, F2, ANY, ANY, 0x01, REG, 1, 2, "erets", "", NEEDS(FRED))
	FIXED(LEGACY, 1, F3, ANY, ANY, 0x01, REG, 1, 2, "eretu", "", NEEDS(FRED))
	FIXED(LEGACY, 1, F2, ANY, ANY, 0x00, RM, 6, ANY, "lkgs", "md", NEEDS(LKGS))
	FIXED(LEGACY, 1, F3, ANY, ANY, 0x01, REG, 7, 5, "rmpquery", "", NEEDS(SEV_SNP))
	FIXED(LEGACY, 1, F2, ANY, ANY, 0x01, REG, 7, 5, "rmpread", "", NEEDS(SEV_SNP))

	/* VEX forms */
	ROW(VEX, 2, 66, 0, 0, 0xe0, MEM, "cmp%sxadd", "mWrWvW", NEEDS(CMPCCXADD))
	ROW(VEX, 2, 66, 1, 0, 0xe0, MEM, "cmp%sxadd", "mWrWvW", NEEDS(CMPCCXADD))
	ROW(VEX, 2, 66, 1, ANY, 0xb4, RM, "vpmadd52luq", "rVvVmV", NEEDS(AVX_IFMA))
	ROW(VEX, 2, 66, 1, ANY, 0xb5, RM, "vpmadd52huq", "rVvVmV", NEEDS(AVX_IFMA))
	ROW(VEX, 2, F2, 0, ANY, 0x50, RM, "vpdpbssd", "rVvVmV", NEEDS(AVX_VNNI_INT8))
	ROW(VEX, 2, F2, 0, ANY, 0x51, RM, "vpdpbssds", "rVvVmV", NEEDS(AVX_VNNI_INT8))
	ROW(VEX, 2, F3, 0, ANY, 0x50, RM, "vpdpbsud", "rVvVmV", NEEDS(AVX_VNNI_INT8))
	ROW(VEX, 2, F3, 0, ANY, 0x51, RM, "vpdpbsuds", "rVvVmV", NEEDS(AVX_VNNI_INT8))
	ROW(VEX, 2, NONE, 0, ANY, 0x50, RM, "vpdpbuud", "rVvVmV", NEEDS(AVX_VNNI_INT8))
	ROW(VEX, 2, NONE, 0, ANY, 0x51, RM, "vpdpbuuds", "rVvVmV", NEEDS(AVX_VNNI_INT8))
	ROW(VEX, 2, F3, 0, ANY, 0xd2, RM, "vpdpwsud", "rVvVmV", NEEDS(AVX_VNNI_INT16))
	ROW(VEX, 2, F3, 0, ANY, 0xd3, RM, "vpdpwsuds", "rVvVmV", NEEDS(AVX_VNNI_INT16))
	ROW(VEX, 2, 66, 0, ANY, 0xd2, RM, "vpdpwusd", "rVvVmV", NEEDS(AVX_VNNI_INT16))
	ROW(VEX, 2, 66, 0, ANY, 0xd3, RM, "vpdpwusds", "rVvVmV", NEEDS(AVX_VNNI_INT16))
	ROW(VEX, 2, NONE, 0, ANY, 0xd2, RM, "vpdpwuud", "rVvVmV", NEEDS(AVX_VNNI_INT16))
	ROW(VEX, 2, NONE, 0, ANY, 0xd3, RM, "vpdpwuuds", "rVvVmV", NEEDS(AVX_VNNI_INT16))
	ROW(VEX, 2, F3, 0, ANY, 0xb1, MEM, "vbcstnebf162ps", "rVmV", NEEDS(AVX_NE_CONVERT))
	ROW(VEX, 2, 66, 0, ANY, 0xb1, MEM, "vbcstnesh2ps", "rVmV", NEEDS(AVX_NE_CONVERT))
	ROW(VEX, 2, F3, 0, ANY, 0xb0, MEM, "vcvtneebf162ps", "rVmV", NEEDS(AVX_NE_CONVERT))
	ROW(VEX, 2, 66, 0, ANY, 0xb0, MEM, "vcvtneeph2ps", "rVmV", NEEDS(AVX_NE_CONVERT))
	ROW(VEX, 2, F2, 0, ANY, 0xb0, MEM, "vcvtneobf162ps", "rVmV", NEEDS(AVX_NE_CONVERT))
	ROW(VEX, 2, NONE, 0, ANY, 0xb0, MEM, "vcvtneoph2ps", "rVmV", NEEDS(AVX_NE_CONVERT))
	ROW(VEX, 2, F3, 0, ANY, 0x72, RM, "vcvtneps2bf16", "rHmV", NEEDS(AVX_NE_CONVERT))
	ROW(VEX, 2, F2, 0, 1, 0xcb, REG, "vsha512rnds2", "ryvymx", NEEDS(SHA512))
	ROW(VEX, 2, F2, 0, 1, 0xcc, REG, "vsha512msg1", "rymx", NEEDS(SHA512))
	ROW(VEX, 2, F2, 0, 1, 0xcd, REG, "vsha512msg2", "rymy", NEEDS(SHA512))
	ROW(VEX, 2, NONE, 0, 0, 0xda, RM, "vsm3msg1", "rxvxmx", NEEDS(SM3))
	ROW(VEX, 2, 66, 0, 0, 0xda, RM, "vsm3msg2", "rxvxmx", NEEDS(SM3))
	ROW(VEX, 3, 66, 0, 0, 0xde, RM, "vsm3rnds2", "rxvxmxib", NEEDS(SM3), IB)
	ROW(VEX, 2, F3, 0, ANY, 0xda, RM, "vsm4key4", "rVvVmV", NEEDS(SM4))
	ROW(VEX, 2, F2, 0, ANY, 0xda, RM, "vsm4rnds4", "rVvVmV", NEEDS(SM4))
	FIXED(VEX, 7, F2, 0, 0, 0xf8, REG, 0, ANY, "urdmsr", "mqid", NEEDS(USER_MSR), ID)
	FIXED(VEX, 7, F3, 0, 0, 0xf8, REG, 0, ANY, "uwrmsr", "idmq", NEEDS(USER_MSR), ID)
	FIXED(VEX, 7, F2, 0, 0, 0xf6, REG, 0, ANY, "rdmsr", "mqid", NEEDS(MSR_IMM), ID)
	FIXED(VEX, 7, F3, 0, 0, 0xf6, REG, 0, ANY, "wrmsrns", "idmq", NEEDS(MSR_IMM), ID)

	/* AMX */
	ROW(VEX, 2, F2, 0, 0, 0x5c, REG, "tdpfp16ps", "rtmtvt", AMX(AMX_FP16))
	ROW(VEX, 2, 66, 0, 0, 0x6c, REG, "tcmmimfp16ps", "rtmtvt", AMX(AMX_COMPLEX))
	ROW(VEX, 2, NONE, 0, 0, 0x6c, REG, "tcmmrlfp16ps", "rtmtvt", AMX(AMX_COMPLEX))
	ROW(VEX, 2, 66, 0, 0, 0x48, REG, "tmmultf32ps", "rtmtvt", AMX(AMX_TF32))
	ROW(VEX, 5, NONE, 0, 0, 0xfd, REG, "tdpbf8ps", "rtmtvt", AMX(AMX_FP8))
	ROW(VEX, 5, F2, 0, 0, 0xfd, REG, "tdpbhf8ps", "rtmtvt", AMX(AMX_FP8))
	ROW(VEX, 5, F3, 0, 0, 0xfd, REG, "tdphbf8ps", "rtmtvt", AMX(AMX_FP8))
	ROW(VEX, 5, 66, 0, 0, 0xfd, REG, "tdphf8ps", "rtmtvt", AMX(AMX_FP8))
	ROW(VEX, 2, F2, 0, 0, 0x4a, MEM, "tileloaddrs", "rtmt", AMX(AMX_MOVRS))
	ROW(VEX, 2, 66, 0, 0, 0x4a, MEM, "tileloaddrst1", "rtmt", AMX(AMX_MOVRS))
	ROW(VEX, 2, NONE, 0, 0, 0x6e, MEM, "t2rpntlvwz0", "rtmt", AMX(AMX_TRANSPOSE))
	ROW(VEX, 2, NONE, 0, 0, 0x6f, MEM, "t2rpntlvwz0t1", "rtmt", AMX(AMX_TRANSPOSE))
	ROW(VEX, 2, 66, 0, 0, 0x6e, MEM, "t2rpntlvwz1", "rtmt", AMX(AMX_TRANSPOSE))
	ROW(VEX, 2, 66, 0, 0, 0x6f, MEM, "t2rpntlvwz1t1", "rtmt", AMX(AMX_TRANSPOSE))
	ROW(VEX, 2, F3, 0, 0, 0x5f, REG, "ttransposed", "rtmt", AMX(AMX_TRANSPOSE))
	ROW(VEX, 2, F3, 0, 0, 0x6c, REG, "ttdpbf16ps", "rtmtvt", AMX(AMX_TRANSPOSE))
	ROW(VEX, 2, F2, 0, 0, 0x6c, REG, "ttdpfp16ps", "rtmtvt", AMX(AMX_TRANSPOSE))
	ROW(VEX, 2, NONE, 0, 0, 0x48, REG, "ttmmultf32ps", "rtmtvt", AMX(AMX_TRANSPOSE))
	ROW(EVEX, 2, F3, 0, 2, 0x4a, REG, "tcvtrowd2ps", "rzmtvd", AMX(AMX_AVX512))
	ROW(EVEX, 3, F3, 0, 2, 0x07, REG, "tcvtrowd2ps", "rzmtib", AMX(AMX_AVX512), IB)
	ROW(EVEX, 2, F2, 0, 2, 0x6d, REG, "tcvtrowps2bf16h", "rzmtvd", AMX(AMX_AVX512))
	ROW(EVEX, 3, F2, 0, 2, 0x07, REG, "tcvtrowps2bf16h", "rzmtib", AMX(AMX_AVX512), IB)
	ROW(EVEX, 2, F3, 0, 2, 0x6d, REG, "tcvtrowps2bf16l", "rzmtvd", AMX(AMX_AVX512))
	ROW(EVEX, 3, F3, 0, 2, 0x77, REG, "tcvtrowps2bf16l", "rzmtib", AMX(AMX_AVX512), IB)
	ROW(EVEX, 2, NONE, 0, 2, 0x6d, REG, "tcvtrowps2phh", "rzmtvd", AMX(AMX_AVX512))
	ROW(EVEX, 3, NONE, 0, 2, 0x07, REG, "tcvtrowps2phh", "rzmtib", AMX(AMX_AVX512), IB)
	ROW(EVEX, 2, 66, 0, 2, 0x6d, REG, "tcvtrowps2phl", "rzmtvd", AMX(AMX_AVX512))
	ROW(EVEX, 3, F2, 0, 2, 0x77, REG, "tcvtrowps2phl", "rzmtib", AMX(AMX_AVX512), IB)
	ROW(EVEX, 2, 66, 0, 2, 0x4a, REG, "tilemovrow", "rzmtvd", AMX(AMX_AVX512))
	ROW(EVEX, 3, 66, 0, 2, 0x07, REG, "tilemovrow", "rzmtib", AMX(AMX_AVX512), IB)

	/* AVX10.2: bfloat16 arithmetic */
	ROW(EVEX, 5, 66, 0, ANY, 0x58, RM, "vaddbf16", "rVvVmV", V2)
	ROW(EVEX, 5, 66, 0, ANY, 0x59, RM, "vmulbf16", "rVvVmV", V2)
	ROW(EVEX, 5, 66, 0, ANY, 0x5c, RM, "vsubbf16", "rVvVmV", V2)
	ROW(EVEX, 5, 66, 0, ANY, 0x5d, RM, "vminbf16", "rVvVmV", V2)
	ROW(EVEX, 5, 66, 0, ANY, 0x5e, RM, "vdivbf16", "rVvVmV", V2)
	ROW(EVEX, 5, 66, 0, ANY, 0x5f, RM, "vmaxbf16", "rVvVmV", V2)
	ROW(EVEX, 5, 66, 0, ANY, 0x51, RM, "vsqrtbf16", "rVmV", V2)
	ROW(EVEX, 5, 66, 0, ANY, 0x2f, RM, "vcomisbf16", "rxmx", V2)
	ROW(EVEX, 3, F2, 0, ANY, 0xc2, RM, "vcmpbf16", "rkvVmVib", V2, IB)
	ROW(EVEX, 3, F2, 0, ANY, 0x66, RM, "vfpclassbf16", "rkmVib", V2, IB)
	ROW(EVEX, 3, F2, 0, ANY, 0x26, RM, "vgetmantbf16", "rVmVib", V2, IB)
	ROW(EVEX, 3, F2, 0, ANY, 0x56, RM, "vreducebf16", "rVmVib", V2, IB)
	ROW(EVEX, 3, F2, 0, ANY, 0x08, RM, "vrndscalebf16", "rVmVib", V2, IB)
	ROW(EVEX, 6, NONE, 0, ANY, 0x42, RM, "vgetexpbf16", "rVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0x4c, RM, "vrcpbf16", "rVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0x4e, RM, "vrsqrtbf16", "rVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0x2c, RM, "vscalefbf16", "rVvVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0x98, RM, "vfmadd132bf16", "rVvVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0xa8, RM, "vfmadd213bf16", "rVvVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0xb8, RM, "vfmadd231bf16", "rVvVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0x9a, RM, "vfmsub132bf16", "rVvVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0xaa, RM, "vfmsub213bf16", "rVvVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0xba, RM, "vfmsub231bf16", "rVvVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0x9c, RM, "vfnmadd132bf16", "rVvVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0xac, RM, "vfnmadd213bf16", "rVvVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0xbc, RM, "vfnmadd231bf16", "rVvVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0x9e, RM, "vfnmsub132bf16", "rVvVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0xae, RM, "vfnmsub213bf16", "rVvVmV", V2)
	ROW(EVEX, 6, NONE, 0, ANY, 0xbe, RM, "vfnmsub231bf16", "rVvVmV", V2)

	/* AVX10.2: compare, minimum and maximum, moves, media */
	ROW(EVEX, 1, F2, 1, ANY, 0x2f, RM, "vcomxsd", "rxmx", V2)
	ROW(EVEX, 5, F3, 0, ANY, 0x2f, RM, "vcomxsh", "rxmx", V2)
	ROW(EVEX, 1, F3, 0, ANY, 0x2f, RM, "vcomxss", "rxmx", V2)
	ROW(EVEX, 1, F2, 1, ANY, 0x2e, RM, "vucomxsd", "rxmx", V2)
	ROW(EVEX, 5, F3, 0, ANY, 0x2e, RM, "vucomxsh", "rxmx", V2)
	ROW(EVEX, 1, F3, 0, ANY, 0x2e, RM, "vucomxss", "rxmx", V2)
	ROW(EVEX, 3, F2, 0, ANY, 0x52, RM, "vminmaxbf16", "rVvVmVib", V2, IB)
	ROW(EVEX, 3, 66, 1, ANY, 0x52, RM, "vminmaxpd", "rVvVmVib", V2, IB)
	ROW(EVEX, 3, NONE, 0, ANY, 0x52, RM, "vminmaxph", "rVvVmVib", V2, IB)
	ROW(EVEX, 3, 66, 0, ANY, 0x52, RM, "vminmaxps", "rVvVmVib", V2, IB)
	ROW(EVEX, 3, 66, 1, ANY, 0x53, RM, "vminmaxsd", "rxvxmxib", V2, IB)
	ROW(EVEX, 3, NONE, 0, ANY, 0x53, RM, "vminmaxsh", "rxvxmxib", V2, IB)
	ROW(EVEX, 3, 66, 0, ANY, 0x53, RM, "vminmaxss", "rxvxmxib", V2, IB)
	ROW(EVEX, 1, F3, 0, 0, 0x7e, RM, "vmovd", "rxmx", V2)
	ROW(EVEX, 1, 66, 0, 0, 0xd6, RM, "vmovd", "mxrx", V2)
	ROW(EVEX, 5, F3, 0, 0, 0x6e, RM, "vmovw", "rxmx", V2)
	ROW(EVEX, 5, F3, 0, 0, 0x7e, RM, "vmovw", "mxrx", V2)
	ROW(EVEX, 3, F3, 0, ANY, 0x42, RM, "vmpsadbw", "rVvVmVib", V2, IB)
	ROW(EVEX, 2, NONE, 0, ANY, 0x52, RM, "vdpphps", "rVvVmV", V2)
	ROW(EVEX, 2, F2, 0, ANY, 0x50, RM, "vpdpbssd", "rVvVmV", VNNI)
	ROW(EVEX, 2, F2, 0, ANY, 0x51, RM, "vpdpbssds", "rVvVmV", VNNI)
	ROW(EVEX, 2, F3, 0, ANY, 0x50, RM, "vpdpbsud", "rVvVmV", VNNI)
	ROW(EVEX, 2, F3, 0, ANY, 0x51, RM, "vpdpbsuds", "rVvVmV", VNNI)
	ROW(EVEX, 2, NONE, 0, ANY, 0x50, RM, "vpdpbuud", "rVvVmV", VNNI)
	ROW(EVEX, 2, NONE, 0, ANY, 0x51, RM, "vpdpbuuds", "rVvVmV", VNNI)
	ROW(EVEX, 2, F3, 0, ANY, 0xd2, RM, "vpdpwsud", "rVvVmV", VNNI)
	ROW(EVEX, 2, F3, 0, ANY, 0xd3, RM, "vpdpwsuds", "rVvVmV", VNNI)
	ROW(EVEX, 2, 66, 0, ANY, 0xd2, RM, "vpdpwusd", "rVvVmV", VNNI)
	ROW(EVEX, 2, 66, 0, ANY, 0xd3, RM, "vpdpwusds", "rVvVmV", VNNI)
	ROW(EVEX, 2, NONE, 0, ANY, 0xd2, RM, "vpdpwuud", "rVvVmV", VNNI)
	ROW(EVEX, 2, NONE, 0, ANY, 0xd3, RM, "vpdpwuuds", "rVvVmV", VNNI)

	/* AVX10.2: conversions */
	ROW(EVEX, 2, 66, 0, ANY, 0x67, RM, "vcvt2ps2phx", "rVvVmV", V2)
	ROW(EVEX, 2, NONE, 0, ANY, 0x74, RM, "vcvtbiasph2bf8", "rHvVmV", V2)
	ROW(EVEX, 5, NONE, 0, ANY, 0x74, RM, "vcvtbiasph2bf8s", "rHvVmV", V2)
	ROW(EVEX, 5, NONE, 0, ANY, 0x18, RM, "vcvtbiasph2hf8", "rHvVmV", V2)
	ROW(EVEX, 5, NONE, 0, ANY, 0x1b, RM, "vcvtbiasph2hf8s", "rHvVmV", V2)
	ROW(EVEX, 2, F2, 0, ANY, 0x74, RM, "vcvt2ph2bf8", "rVvVmV", V2)
	ROW(EVEX, 5, F2, 0, ANY, 0x74, RM, "vcvt2ph2bf8s", "rVvVmV", V2)
	ROW(EVEX, 5, F2, 0, ANY, 0x18, RM, "vcvt2ph2hf8", "rVvVmV", V2)
	ROW(EVEX, 5, F2, 0, ANY, 0x1b, RM, "vcvt2ph2hf8s", "rVvVmV", V2)
	ROW(EVEX, 2, F3, 0, ANY, 0x74, RM, "vcvtph2bf8", "rHmV", V2)
	ROW(EVEX, 5, F3, 0, ANY, 0x74, RM, "vcvtph2bf8s", "rHmV", V2)
	ROW(EVEX, 5, F3, 0, ANY, 0x18, RM, "vcvtph2hf8", "rHmV", V2)
	ROW(EVEX, 5, F3, 0, ANY, 0x1b, RM, "vcvtph2hf8s", "rHmV", V2)
	ROW(EVEX, 5, F2, 0, ANY, 0x1e, RM, "vcvthf82ph", "rVmH", V2)
	ROW(EVEX, 5, F2, 0, ANY, 0x69, RM, "vcvtbf162ibs", "rVmV", V2)
	ROW(EVEX, 5, F2, 0, ANY, 0x6b, RM, "vcvtbf162iubs", "rVmV", V2)
	ROW(EVEX, 5, F2, 0, ANY, 0x68, RM, "vcvttbf162ibs", "rVmV", V2)
	ROW(EVEX, 5, F2, 0, ANY, 0x6a, RM, "vcvttbf162iubs", "rVmV", V2)
	ROW(EVEX, 5, NONE, 0, ANY, 0x69, RM, "vcvtph2ibs", "rVmV", V2)
	ROW(EVEX, 5, NONE, 0, ANY, 0x6b, RM, "vcvtph2iubs", "rVmV", V2)
	ROW(EVEX, 5, NONE, 0, ANY, 0x68, RM, "vcvttph2ibs", "rVmV", V2)
	ROW(EVEX, 5, NONE, 0, ANY, 0x6a, RM, "vcvttph2iubs", "rVmV", V2)
	ROW(EVEX, 5, 66, 0, ANY, 0x69, RM, "vcvtps2ibs", "rVmV", V2)
	ROW(EVEX, 5, 66, 0, ANY, 0x6b, RM, "vcvtps2iubs", "rVmV", V2)
	ROW(EVEX, 5, 66, 0, ANY, 0x68, RM, "vcvttps2ibs", "rVmV", V2)
	ROW(EVEX, 5, 66, 0, ANY, 0x6a, RM, "vcvttps2iubs", "rVmV", V2)
	ROW(EVEX, 5, NONE, 1, ANY, 0x6d, RM, "vcvttpd2dqs", "rHmV", V2)
	ROW(EVEX, 5, 66, 1, ANY, 0x6d, RM, "vcvttpd2qqs", "rVmV", V2)
	ROW(EVEX, 5, NONE, 1, ANY, 0x6c, RM, "vcvttpd2udqs", "rHmV", V2)
	ROW(EVEX, 5, 66, 1, ANY, 0x6c, RM, "vcvttpd2uqqs", "rVmV", V2)
	ROW(EVEX, 5, NONE, 0, ANY, 0x6d, RM, "vcvttps2dqs", "rVmV", V2)
	ROW(EVEX, 5, 66, 0, ANY, 0x6d, RM, "vcvttps2qqs", "rVmH", V2)
	ROW(EVEX, 5, NONE, 0, ANY, 0x6c, RM, "vcvttps2udqs", "rVmV", V2)
	ROW(EVEX, 5, 66, 0, ANY, 0x6c, RM, "vcvttps2uqqs", "rVmH", V2)
	ROW(EVEX, 5, F2, ANY, ANY, 0x6d, RM, "vcvttsd2sis", "rWmx", V2)
	ROW(EVEX, 5, F2, ANY, ANY, 0x6c, RM, "vcvttsd2usis", "rWmx", V2)
	ROW(EVEX, 5, F3, ANY, ANY, 0x6d, RM, "vcvttss2sis", "rWmx", V2)
	ROW(EVEX, 5, F3, ANY, ANY, 0x6c, RM, "vcvttss2usis", "rWmx", V2)

	/* read-shared vector loads */
	ROW(EVEX, 5, F2, 0, ANY, 0x6f, MEM, "vmovrsb", "rVmV", MOVRS_V2)
	ROW(EVEX, 5, F2, 1, ANY, 0x6f, MEM, "vmovrsw", "rVmV", MOVRS_V2)
	ROW(EVEX, 5, F3, 0, ANY, 0x6f, MEM, "vmovrsd", "rVmV", MOVRS_V2)
	ROW(EVEX, 5, F3, 1, ANY, 0x6f, MEM, "vmovrsq", "rVmV", MOVRS_V2)
};

static bool matches(const struct young *row, const struct ost_fields *f, unsigned int low)
{
	if (row->space != f->space || row->map != f->map || row->pp != f->pp)
		return false;
	/* a condition is in the opcode's low four bits */
	if (low < 16 ? row->opcode != (f->opcode & 0xf0) : row->opcode != f->opcode)
		return false;
	if (row->w != ANY && row->w != f->w)
		return false;
	if (row->l != ANY && row->l != f->l)
		return false;
	if (!(row->mod & (f->mod == 3 ? REG : MEM)))
		return false;
	if (row->reg != ANY && row->reg != (f->reg & 7))
		return false;
	/* only the RIP-relative form has 5 there and mod 0 */
	return row->rm == ANY || (row->mod == MEM ? f->rip : row->rm == (f->rm & 7));
}

/* Could an instruction of the table begin like this? Only the opcode is known yet. */
static bool may_follow(const struct ost_fields *f)
{
	size_t i;

	if (!f->has_opcode)
		return true;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		uint8_t mask = strchr(table[i].name, '%') ? 0xf0 : 0xff;

		if (table[i].space == f->space && table[i].map == f->map &&
		    table[i].pp == f->pp && table[i].opcode == (f->opcode & mask))
			return true;
	}
	return false;
}

static const struct young *find(const struct ost_fields *f)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		bool conditional = strchr(table[i].name, '%');

		if (matches(&table[i], f, conditional ? f->opcode & 15 : ANY))
			return &table[i];
	}
	return NULL;
}

/* Is there anything in the encoding that the instruction's form does not allow? */
static const char *misuse(const struct young *row, const struct ost_fields *f)
{
	if (f->lock)
		return "a LOCK prefix where none is allowed";
	if (f->space != OST_SPACE_LEGACY && !f->ordered)
		return "a 66, F2, F3 or REX prefix before VEX or EVEX";
	if (f->space != OST_SPACE_LEGACY && f->vvvv && !strchr(row->operands, 'v'))
		return "VEX.vvvv names a register in an instruction that has none there";
	if (f->space == OST_SPACE_EVEX && f->l == 3 && !f->bcst)
		return "a vector length that does not exist";
	return NULL;
}

static void set_rule(const struct young *row, struct ost_feature_rule *rule)
{
	rule->all[0].any[0] = row->needs[0];
	rule->all[0].any[1] = row->or_else;
	rule->all[1].any[0] = row->needs[1];
}

enum ost_insn_result ost_insn_decode_young(const uint8_t *bytes, size_t len, struct ost_insn *insn)
{
	static const char *const conditions[] = { "o", "no", "b", "nb", "z", "nz", "be", "nbe",
						  "s", "ns", "p", "np", "l", "nl", "le", "nle" };
	const struct ost_feature_info *info;
	const struct young *row;
	struct ost_fields f;
	uint64_t imm = 0;
	char name[24];
	const char *wrong;
	unsigned int i;
	int ret;

	memset(insn, 0, sizeof(*insn));
	ret = ost_fields_parse(bytes, len, &f);
	if (ret)
		return ret == -EAGAIN && may_follow(&f) ? OST_INSN_TRUNCATED : OST_INSN_NONE;
	if (f.space == OST_SPACE_EVEX && (f.b4 || f.x4))
		return OST_INSN_NONE;
	row = find(&f);
	if (!row)
		return OST_INSN_NONE;
	wrong = misuse(row, &f);
	if (wrong) {
		snprintf(insn->text, sizeof(insn->text), "%s", wrong);
		return OST_INSN_GARBAGE;
	}
	if (f.end + row->imm > OST_INSN_LENGTH_MAX) {
		snprintf(insn->text, sizeof(insn->text), "longer than 15 bytes");
		return OST_INSN_GARBAGE;
	}
	if (f.end + row->imm > len)
		return OST_INSN_TRUNCATED;
	for (i = 0; i < row->imm; i++)
		imm |= (uint64_t)bytes[f.end + i] << 8 * i;
	if (strchr(row->name, '%'))
		snprintf(name, sizeof(name), "cmp%sxadd", conditions[f.opcode & 15]);
	else
		snprintf(name, sizeof(name), "%s", row->name);
	ost_insn_text(name, row->operands, &f, imm, insn->text, sizeof(insn->text));
	set_rule(row, &insn->rule);
	info = ost_feature_get(row->needs[0]);
	insn->kernel_only = info->kernel_only;
	insn->harmless = !strncmp(row->name, "prefetch", 8);
	insn->length = f.end + row->imm;
	return OST_INSN_OK;
}
