// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The forms that APX adds to older instructions: REX2, legacy instructions in EVEX map 4, VEX ones
 * of general, mask and tile registers promoted to EVEX, and vector instructions with registers 16
 * to 31 in an address. Each is rewritten to the older form, which the other tables know and decode.
 * (APX architecture specification, chapters 3 and 4.)
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "isa/fields.h"
#include "isa/insn.h"
#include "isa/insn_text.h"

#define REX2 0xd5
#define ONE_BYTE 0
#define PP(p) (1 << OST_PP_##p)
#define PP_SIZE (PP(NONE) | PP(66))	/* 66 selects 16 bits, as ever */

/* An opcode range of EVEX map 4 and where the instructions were before. */
static const struct promoted {
	uint8_t first, last;
	uint8_t pps;		/* allowed EVEX.pp, a bit each */
	uint8_t map;		/* the older map, and the first opcode there */
	uint8_t opcode;
	uint8_t prefix;		/* the mandatory prefix there, if EVEX.pp doesn't give it */
} promoted[] = {
	{ 0x24, 0x24, PP_SIZE, OST_MAP_0F, 0xa4, 0 },		/* shld */
	{ 0x2c, 0x2c, PP_SIZE, OST_MAP_0F, 0xac, 0 },		/* shrd */
	{ 0x40, 0x4f, PP_SIZE, OST_MAP_0F, 0x40, 0 },		/* cmovcc */
	{ 0x60, 0x61, PP_SIZE, OST_MAP_0F38, 0xf0, 0 },		/* movbe */
	{ 0x65, 0x65, PP(66), OST_MAP_0F38, 0xf5, 0 },		/* wruss */
	{ 0x66, 0x66, PP_SIZE | PP(F3), OST_MAP_0F38, 0xf6, 0 },	/* wrss, adcx, adox */
	{ 0x69, 0x69, PP_SIZE, ONE_BYTE, 0x69, 0 },		/* imul */
	{ 0x6b, 0x6b, PP_SIZE, ONE_BYTE, 0x6b, 0 },
	{ 0x80, 0x81, PP_SIZE, ONE_BYTE, 0x80, 0 },		/* add and its kin */
	{ 0x83, 0x85, PP_SIZE, ONE_BYTE, 0x83, 0 },		/* the same, test */
	{ 0x88, 0x88, PP_SIZE, OST_MAP_0F, 0xb8, 0xf3 },	/* popcnt */
	{ 0xa5, 0xa5, PP_SIZE, OST_MAP_0F, 0xa5, 0 },		/* shld */
	{ 0xad, 0xad, PP_SIZE, OST_MAP_0F, 0xad, 0 },		/* shrd */
	{ 0xaf, 0xaf, PP_SIZE, OST_MAP_0F, 0xaf, 0 },		/* imul */
	{ 0xc0, 0xc1, PP_SIZE, ONE_BYTE, 0xc0, 0 },		/* shifts */
	{ 0xd0, 0xd3, PP_SIZE, ONE_BYTE, 0xd0, 0 },
	{ 0xf0, 0xf1, PP_SIZE, OST_MAP_0F38, 0xf0, 0xf2 },	/* crc32 */
	{ 0xf0, 0xf2, PP(F3), OST_MAP_0F38, 0x80, 0x66 },	/* invept, invvpid, invpcid */
	{ 0xf4, 0xf5, PP_SIZE, OST_MAP_0F, 0xbc, 0xf3 },	/* tzcnt, lzcnt */
	{ 0xf6, 0xf7, PP_SIZE, ONE_BYTE, 0xf6, 0 },		/* not, neg, mul, div, test */
	{ 0xf8, 0xf8, PP(66) | PP(F2) | PP(F3), OST_MAP_0F38, 0xf8, 0 },
	{ 0xf9, 0xf9, PP(NONE), OST_MAP_0F38, 0xf9, 0 },	/* movdiri */
	{ 0xfc, 0xfc, PP_SIZE | PP(F2) | PP(F3), OST_MAP_0F38, 0xfc, 0 },	/* aadd */
	{ 0xfe, 0xff, PP_SIZE, ONE_BYTE, 0xfe, 0 },		/* inc, dec */
	/* the arithmetic block 00 to 3B and SETcc are in find_promoted() */
};

/* An instruction that is being written anew. */
struct rewrite {
	uint8_t bytes[OST_INSN_LENGTH_MAX + 4];
	size_t len;
	int grown;	/* how much longer it is than the original */
};

static void emit(struct rewrite *to, uint8_t byte)
{
	if (to->len < sizeof(to->bytes))
		to->bytes[to->len++] = byte;
}

static void emit_rest(struct rewrite *to, const uint8_t *bytes, size_t from, size_t len)
{
	to->grown = (int)to->len - (int)from;
	for (; from < len; from++)
		emit(to, bytes[from]);
}

/* Decode what was rewritten, then correct the length and add the need for APX. */
static enum ost_insn_result decode_rewrite(const struct rewrite *from,
					   const struct ost_insn_high *high,
					   struct ost_insn *insn)
{
	static const struct ost_feature_rule apx = { { { { OST_F_APX_F } } } };
	size_t len = from->len < OST_INSN_LENGTH_MAX ? from->len : OST_INSN_LENGTH_MAX;
	enum ost_insn_result ret = ost_insn_decode_plain(from->bytes, len, high, insn);

	if (ret != OST_INSN_OK)
		return ret;
	if (insn->length - from->grown > OST_INSN_LENGTH_MAX ||
	    ost_feature_rule_join(&insn->rule, &apx))
		return OST_INSN_NONE;
	insn->length -= from->grown;
	insn->harmless = false;
	return OST_INSN_OK;
}

static enum ost_insn_result garbage(struct ost_insn *insn, const char *reason)
{
	memset(insn, 0, sizeof(*insn));
	snprintf(insn->text, sizeof(insn->text), "%s", reason);
	return OST_INSN_GARBAGE;
}

/* An instruction that has no older form to ask about. */
static enum ost_insn_result plain_apx(struct ost_insn *insn, unsigned int length, const char *text)
{
	memset(insn, 0, sizeof(*insn));
	insn->length = length;
	insn->rule.all[0].any[0] = OST_F_APX_F;
	snprintf(insn->text, sizeof(insn->text), "%s", text);
	return OST_INSN_OK;
}

static enum ost_insn_result decode_jmpabs(const uint8_t *bytes, size_t len,
					  const struct ost_fields *f, struct ost_insn *insn)
{
	size_t end = f->opcode_at + 9;
	uint64_t target = 0;
	char text[40];
	unsigned int i;

	if (end > len)
		return end > OST_INSN_LENGTH_MAX ? garbage(insn, "longer than 15 bytes") :
						   OST_INSN_TRUNCATED;
	for (i = 0; i < 8; i++)
		target |= (uint64_t)bytes[f->opcode_at + 1 + i] << 8 * i;
	snprintf(text, sizeof(text), "jmpabs 0x%llx", (unsigned long long)target);
	return plain_apx(insn, end, text);
}

/* Opcodes that raise #UD behind REX2: other maps, prefixes, and rows that APX left out. */
static bool rex2_refuses(unsigned int map, uint8_t opcode)
{
	if (map == OST_MAP_0F)
		return (opcode & 0xf0) == 0x30 || (opcode & 0xf0) == 0x80;
	switch (opcode) {
	case 0x0f:
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x62 ... 0x67:
	case 0xc4:
	case 0xc5:
	case REX2:
	case 0xf0:
	case 0xf2:
	case 0xf3:
		return true;
	}
	switch (opcode & 0xf0) {
	case 0x40:
	case 0x70:
	case 0xa0:
	case 0xe0:
		return true;
	}
	return false;
}

static enum ost_insn_result decode_rex2(const uint8_t *bytes, size_t len,
					const struct ost_fields *f, struct ost_insn *insn)
{
	struct rewrite to = { .len = 0 };
	struct ost_insn_high high;
	uint8_t payload;
	size_t i;

	if (!f->has_opcode)
		return OST_INSN_TRUNCATED;
	if (f->rex)
		return garbage(insn, "a REX prefix before REX2");
	payload = bytes[f->opcode_at - 1];
	if (f->map == ONE_BYTE && f->opcode == 0xa1 && !(payload & 8))
		return decode_jmpabs(bytes, len, f, insn);
	if (rex2_refuses(f->map, f->opcode))
		return garbage(insn, "an opcode that REX2 does not go with");
	high = (struct ost_insn_high){ .reg = payload & 0x40, .rm = f->b4, .index = f->x4 };
	for (i = 0; i < f->prefixes; i++)
		emit(&to, bytes[i]);
	/* W, R3, X3, B3 are where REX has them */
	emit(&to, 0x40 | (payload & 15));
	if (f->map == OST_MAP_0F)
		emit(&to, 0x0f);
	emit_rest(&to, bytes, f->opcode_at, len);
	return decode_rewrite(&to, &high, insn);
}

/* Legacy prefixes that have a meaning beside EVEX: segments and 67. */
static void emit_prefixes(struct rewrite *to, const uint8_t *bytes, const struct ost_fields *f)
{
	size_t i;

	for (i = 0; i < f->prefixes; i++)
		emit(to, bytes[i]);
}

static const struct promoted *find_promoted(const struct ost_fields *f, struct promoted *made)
{
	bool byte = !(f->opcode & 1);	/* 66 does not go with operands of 8 bits */
	size_t i;

	/* eight blocks of eight; the upper half of each was not promoted */
	if (f->opcode < 0x40 && !(f->opcode & 4)) {
		*made = (struct promoted){ f->opcode, f->opcode, PP_SIZE, ONE_BYTE, f->opcode, 0 };
		return PP_SIZE & 1 << f->pp && !(byte && f->pp) ? made : NULL;
	}
	if ((f->opcode & 0xf0) == 0x40 && f->pp == OST_PP_F2) {
		*made = (struct promoted){ 0x40, 0x4f, PP(F2), OST_MAP_0F, 0x90, 0 };
		return made;
	}
	for (i = 0; i < sizeof(promoted) / sizeof(promoted[0]); i++)
		if (f->opcode >= promoted[i].first && f->opcode <= promoted[i].last &&
		    promoted[i].pps & 1 << f->pp)
			return &promoted[i];
	return NULL;
}

/* CCMP and CTEST: compare and test in map 4 always are conditional. */
static bool is_conditional(const struct ost_fields *f)
{
	unsigned int reg = f->reg & 7;

	switch (f->opcode) {
	case 0x38 ... 0x3b:
	case 0x84:
	case 0x85:
		return true;
	case 0x80:
	case 0x81:
	case 0x83:
		return reg == 7;
	case 0xf6:
	case 0xf7:
		return reg < 2;
	}
	return false;
}

/*
 * May EVEX.ND be set? It gives a new destination, to SETcc and IMUL with an immediate zeroed upper
 * bits, and is reserved elsewhere.
 */
static bool takes_nd(const struct ost_fields *f)
{
	unsigned int reg = f->reg & 7;

	if (is_conditional(f))
		return false;
	switch (f->opcode) {
	case 0x00 ... 0x37:
	case 0x40 ... 0x4f:
	case 0x69:
	case 0x6b:
	case 0x80:
	case 0x81:
	case 0x83:
	case 0xa5:
	case 0xad:
	case 0xaf:
	case 0xc0:
	case 0xc1:
	case 0xd0 ... 0xd3:
		return true;
	case 0x66:
		return f->pp != OST_PP_NONE;
	case 0xf6:
	case 0xf7:
		return reg == 2 || reg == 3;
	case 0xfe:
	case 0xff:
		return reg < 2;
	}
	return false;
}

/* Is ND the upper-bits kind, without a register in vvvv? */
static bool nd_zeroes(const struct ost_fields *f)
{
	return ((f->opcode & 0xf0) == 0x40 && f->pp == OST_PP_F2) || f->opcode == 0x69 ||
	       f->opcode == 0x6b;
}

/* Put what APX adds into the older text: condition, new destination, flags left alone. */
static void dress(struct ost_insn *insn, const struct ost_fields *f, uint8_t p2)
{
	static const char *const conditions[] = { "o", "no", "b", "nb", "z", "nz", "be", "nbe",
						  "s", "ns", "t", "f", "l", "nl", "le", "nle" };
	unsigned int bits = f->w ? 64 : f->pp == OST_PP_66 ? 16 : 32;
	char old[sizeof(insn->text)], dest[12] = "", name[8];
	bool cmov = (f->opcode & 0xf0) == 0x40 && f->pp != OST_PP_F2;
	const char *before = p2 & 4 ? "{nf} " : "", *after = "";
	char *operands, *mnemonic = old;

	memcpy(old, insn->text, sizeof(old));
	operands = strchr(old, ' ');
	if (operands)
		*operands++ = '\0';
	else
		operands = old + strlen(old);
	if (is_conditional(f)) {
		snprintf(insn->text, sizeof(insn->text), "c%.16s%s %.70s", old,
			 conditions[p2 & 15], operands);
		return;
	}
	if (cmov) {
		/* without a new destination, or with NF, the load is conditional too */
		before = !f->bcst || p2 & 4 ? "cf" : "";
	} else if (f->bcst && nd_zeroes(f)) {
		/* SETcc becomes SETZUcc, IMUL becomes IMULZU */
		before = (f->opcode & 0xf0) == 0x40 ? "setzu" : before;
		after = (f->opcode & 0xf0) == 0x40 ? "" : "zu";
		mnemonic += (f->opcode & 0xf0) == 0x40 ? 3 : 0;
	}
	if (f->bcst && !nd_zeroes(f)) {
		if (!(f->opcode & 1) && (f->opcode < 0x40 || f->opcode >= 0x80) &&
		    f->opcode != 0x24 && f->opcode != 0x2c && f->opcode != 0x88)
			bits = 8;
		snprintf(dest, sizeof(dest), "%s, ", ost_gpr_name(f->vvvv, bits, name));
	}
	snprintf(insn->text, sizeof(insn->text), "%s%.16s%s %s%.60s", before, mnemonic, after, dest,
		 operands);
}

/* PUSH2, POP2 and MOVBE between registers exist only here. */
static enum ost_insn_result decode_only_apx(const struct ost_fields *f, struct ost_insn *insn)
{
	static const struct ost_feature_rule movbe = { { { { OST_F_MOVBE } } } };
	bool pop = f->opcode == 0x8f && (f->reg & 7) == 0;
	bool push = f->opcode == 0xff && (f->reg & 7) == 6;
	unsigned int bits = f->w ? 64 : f->pp == OST_PP_66 ? 16 : 32;
	char text[40], a[8], b[8];
	enum ost_insn_result ret;

	if (f->mod != 3)
		return OST_INSN_NONE;
	if (!f->bcst && f->vvvv)
		return OST_INSN_NONE;
	if ((pop || push) && f->pp == OST_PP_NONE && f->bcst) {
		snprintf(text, sizeof(text), "%s%s %s, %s", pop ? "pop2" : "push2", f->w ? "p" : "",
			 ost_gpr_name(f->vvvv, 64, a), ost_gpr_name(f->rm, 64, b));
		return plain_apx(insn, f->end, text);
	}
	if ((f->opcode == 0x60 || f->opcode == 0x61) && f->pp <= OST_PP_66 && !f->bcst) {
		bool load = f->opcode == 0x60;

		snprintf(text, sizeof(text), "movbe %s, %s",
			 ost_gpr_name(load ? f->reg : f->rm, bits, a),
			 ost_gpr_name(load ? f->rm : f->reg, bits, b));
		ret = plain_apx(insn, f->end, text);
		ost_feature_rule_join(&insn->rule, &movbe);
		return ret;
	}
	return OST_INSN_NONE;
}

static enum ost_insn_result decode_map4(const uint8_t *bytes, size_t len,
					const struct ost_fields *f, struct ost_insn *insn)
{
	static const uint8_t prefix_of[] = { 0, 0x66, 0xf3, 0xf2 };
	uint8_t p2 = bytes[f->opcode_at - 1];
	const struct promoted *row;
	struct promoted made;
	struct rewrite to = { .len = 0 };
	struct ost_insn_high high;
	enum ost_insn_result ret;

	/* vector length, zeroing and the low mask bits mean nothing here and are reserved */
	if (p2 & 0xe0 || (!is_conditional(f) && p2 & 3))
		return OST_INSN_NONE;
	ret = decode_only_apx(f, insn);
	if (ret != OST_INSN_NONE)
		return ret;
	if (f->bcst && !takes_nd(f))
		return OST_INSN_NONE;
	/* a register in vvvv can only be a new destination; CCMP has flags in its place */
	if (f->vvvv && !is_conditional(f) && (!f->bcst || nd_zeroes(f)))
		return OST_INSN_NONE;
	row = find_promoted(f, &made);
	/* of group 5 only INC and DEC came along */
	if (!row || (f->opcode >= 0xfe && (f->reg & 7) > 1))
		return OST_INSN_NONE;
	high = (struct ost_insn_high){ .reg = f->reg >= 16, .index = f->x4, .rm = f->b4 };
	emit_prefixes(&to, bytes, f);
	if (f->pp == OST_PP_66 && row->prefix)
		emit(&to, 0x66);
	if (row->prefix)
		emit(&to, row->prefix);
	else if (prefix_of[f->pp] && row->opcode != 0x90)
		emit(&to, prefix_of[f->pp]);
	emit(&to, 0x40 | f->w << 3 | (f->reg & 8) >> 1 |
		  (~bytes[f->opcode_at - 3] & 0x60) >> 5);
	if (row->map)
		emit(&to, 0x0f);
	if (row->map == OST_MAP_0F38)
		emit(&to, 0x38);
	emit(&to, row->opcode + (f->opcode - row->first));
	emit_rest(&to, bytes, f->opcode_at + 1, len);
	ret = decode_rewrite(&to, &high, insn);
	if (ret == OST_INSN_OK)
		dress(insn, f, p2);
	return ret;
}

/* Only these were promoted from VEX: general registers, mask moves, and tiles in memory. */
static bool was_promoted(const struct ost_insn *insn, const struct ost_fields *f)
{
	struct ost_feature_set needs = { 0 };

	ost_feature_rule_needs(&insn->rule, &needs);
	return ost_feature_set_has(&needs, OST_F_BMI1) || ost_feature_set_has(&needs, OST_F_BMI2) ||
	       !strncmp(insn->text, "kmov", 4) ||
	       (ost_feature_set_has(&needs, OST_F_AMX_TILE) && f->mod != 3) ||
	       ost_feature_set_has(&needs, OST_F_CMPCCXADD) ||
	       ost_feature_set_has(&needs, OST_F_USER_MSR) ||
	       ost_feature_set_has(&needs, OST_F_MSR_IMM);
}

static enum ost_insn_result decode_promoted_vex(const uint8_t *bytes, size_t len,
						const struct ost_fields *f, struct ost_insn *insn)
{
	const uint8_t *p = bytes + f->opcode_at - 3;
	struct rewrite to = { .len = 0 };
	struct ost_insn_high high = { .reg = f->reg >= 16, .rm = f->b4, .index = f->x4,
				      .vvvv = f->vvvv >= 16 };
	enum ost_insn_result ret;

	/* of the last prefix byte only NF and the fifth bit of vvvv can be set */
	if (p[2] & 0xd3)
		return OST_INSN_NONE;
	emit_prefixes(&to, bytes, f);
	emit(&to, 0xc4);
	emit(&to, (p[0] & 0xe0) | f->map);
	emit(&to, (p[1] & 0xfb) | (f->l & 1) << 2);
	emit_rest(&to, bytes, f->opcode_at, len);
	ret = decode_rewrite(&to, &high, insn);
	if (ret == OST_INSN_OK && !was_promoted(insn, f))
		return OST_INSN_NONE;
	return ret;
}

static enum ost_insn_result decode_vector(const uint8_t *bytes, size_t len,
					  const struct ost_fields *f, struct ost_insn *insn)
{
	struct ost_insn_high high = { .rm = f->b4, .index = f->x4 };
	struct rewrite to = { .len = 0 };

	if (f->mod == 3 || !(f->b4 || f->x4))
		return OST_INSN_NONE;
	emit_rest(&to, bytes, 0, len);
	to.bytes[f->opcode_at - 3] &= ~8;
	to.bytes[f->opcode_at - 2] |= 4;
	return decode_rewrite(&to, &high, insn);
}

enum ost_insn_result ost_insn_decode_apx(const uint8_t *bytes, size_t len, struct ost_insn *insn)
{
	enum ost_insn_result ret;
	struct ost_fields f;
	int parsed;

	if (len > OST_INSN_LENGTH_MAX)
		len = OST_INSN_LENGTH_MAX;
	memset(insn, 0, sizeof(*insn));
	parsed = ost_fields_parse(bytes, len, &f);
	/* behind REX2 there are instructions without a ModRM byte */
	if (f.space == OST_SPACE_REX2)
		return decode_rex2(bytes, len, &f, insn);
	if (f.space != OST_SPACE_EVEX || parsed == -EINVAL)
		return OST_INSN_NONE;
	if (parsed)
		return OST_INSN_TRUNCATED;
	if (!f.ordered)
		return garbage(insn, "a 66, F2, F3, LOCK or REX prefix before EVEX");
	if (f.map == 4)
		return decode_map4(bytes, len, &f, insn);
	ret = decode_vector(bytes, len, &f, insn);
	if (ret == OST_INSN_NONE)
		ret = decode_promoted_vex(bytes, len, &f, insn);
	return ret;
}
