// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/quick/quick.h"

#include <endian.h>
#include <string.h>

#include "isa/quick/table.h"

/* written at build time by isa/quick/generate */
#include "quick_table.h"

#define LENGTH_MAX 15
/* prefixes behind which the longest instruction is still read within OST_QUICK_PAD bytes */
#define PREFIXES_NEAR 4

#define always_inline inline __attribute__((always_inline))
#define unlikely(x) __builtin_expect(!!(x), 0)

/* what a first byte is: an opcode, or what leads to one */
enum { OPCODE, ESCAPE, VEX2, VEX3, LEAD, REX, PREFIX,
       OPERAND_SIZE = PREFIX, REPEAT, ADDRESS_SIZE, LOCK, SEGMENT, NO_SEGMENT };

static const uint8_t first_bytes[256] = {
	[0x0f] = ESCAPE,
	[0xc4] = VEX3, [0xc5] = VEX2,
	[0x62] = LEAD, [0x8f] = LEAD, [0xd5] = LEAD,
	[0x40 ... 0x4f] = REX,
	[0x66] = OPERAND_SIZE,
	[0xf2] = REPEAT, [0xf3] = REPEAT,
	[0x67] = ADDRESS_SIZE,
	[0xf0] = LOCK,
	[0x64] = SEGMENT, [0x65] = SEGMENT,
	/* these four mean nothing in 64-bit mode, and don't undo 64 and 65 */
	[0x26] = NO_SEGMENT, [0x2e] = NO_SEGMENT, [0x36] = NO_SEGMENT, [0x3e] = NO_SEGMENT,
};

/*
 * What a ModRM byte is followed by, but for what a SIB changes. Four fields of struct ost_quick are
 * made and written at once, which makes the decoder a fifth faster.
 */
struct address {
	uint32_t fields;	/* disp_at and disp8_at from ModRM on, rip, base_reg */
	uint16_t displaced;	/* 1 in the bytes of @fields that ModRM's offset is added to */
	uint8_t length;		/* of ModRM, SIB and displacement */
	bool sib;
};

_Static_assert(offsetof(struct ost_quick, disp8_at) == offsetof(struct ost_quick, disp_at) + 1 &&
	       offsetof(struct ost_quick, rip) == offsetof(struct ost_quick, disp_at) + 2 &&
	       offsetof(struct ost_quick, base_reg) == offsetof(struct ost_quick, disp_at) + 3,
	       "fields of struct address");
_Static_assert(offsetof(struct ost_quick, flow) == offsetof(struct ost_quick, need) + 1,
	       "the low half of a leaf");

#define RIP (1 << 16)
#define BASE (1 << 24)
#define DISP(at) (at)
#define DISP8(at) ((at) << 8)

#define REGISTER { 0, 0, 1, false }
#define NO_DISP { BASE, 0, 1, false }
#define BYTE { BASE | DISP8(1), 0x100, 2, false }
#define LONG { BASE | DISP(1), 1, 5, false }

#define MOD0 NO_DISP, NO_DISP, NO_DISP, NO_DISP, { 0, 0, 2, true }, \
	{ RIP | DISP(1), 1, 5, false }, NO_DISP, NO_DISP
#define MOD1 BYTE, BYTE, BYTE, BYTE, { DISP8(2), 0x100, 3, true }, BYTE, BYTE, BYTE
#define MOD2 LONG, LONG, LONG, LONG, { DISP(2), 1, 6, true }, LONG, LONG, LONG
#define MOD3 REGISTER, REGISTER, REGISTER, REGISTER, REGISTER, REGISTER, REGISTER, REGISTER
#define EACH_REG(mod) mod, mod, mod, mod, mod, mod, mod, mod

static const struct address addresses[256] = {
	EACH_REG(MOD0), EACH_REG(MOD1), EACH_REG(MOD2), EACH_REG(MOD3),
};

static const uint8_t imm_sizes[QUICK_IMM_END][8] = QUICK_IMM_SIZES;

/* the same without prefixes, four bits each: reckoned sooner than loaded */
static const uint64_t imm_plain_sizes = 0x1ull << 4 * QUICK_IMM_1 | 0x2ull << 4 * QUICK_IMM_2 |
	0x3ull << 4 * QUICK_IMM_3 | 0x4ull << 4 * QUICK_IMM_4 | 0x4ull << 4 * QUICK_IMM_Z |
	0x1ull << 4 * QUICK_IMM_RELATIVE1 | 0x4ull << 4 * QUICK_IMM_RELATIVE4 |
	0x4ull << 4 * QUICK_IMM_RELATIVE_Z;

/* what was read on the way to the opcode */
struct state {
	const uint8_t *at;	/* next byte */
	unsigned int sizes;	/* QUICK_IMM_OP16, _W, _ADDR32 */
	unsigned int prefix;
	unsigned int map;
	unsigned int rex;
	unsigned int key;	/* all but the part of ModRM */
	uint32_t has;		/* QUICK_HAS_* */
	bool lock;
	bool vector;		/* VEX, EVEX or XOP */
	bool apx;		/* REX2, or the upper registers of EVEX */
	bool jmpabs;
};

static always_inline uint32_t read_le32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

/* ---- prefixes and what leads to another map ---- */

/* A prefix that is no REX. */
static always_inline void read_prefix(struct state *s, unsigned int kind, struct ost_quick *insn)
{
	switch (kind) {
	case OPERAND_SIZE:
		s->sizes |= QUICK_IMM_OP16;
		s->prefix = s->prefix ? s->prefix : 1;
		insn->op16 = true;
		break;
	case REPEAT:
		s->prefix = 2 + (*s->at == 0xf2);
		break;
	case ADDRESS_SIZE:
		s->sizes |= QUICK_IMM_ADDR32;
		break;
	case LOCK:
		s->lock = true;
		break;
	case SEGMENT:
		insn->segment = *s->at;
		break;
	}
	insn->prefix = s->prefix;
	s->at++;
}

/* 0F, 0F 38 or 0F 3A: to the opcode behind. */
static always_inline void read_escape(struct state *s, struct ost_quick *insn)
{
	uint8_t next = *++s->at;

	s->map = OST_MAP_0F;
	if ((next & 0xfd) == 0x38) {
		s->map = next & 2 ? OST_MAP_0F3A : OST_MAP_0F38;
		s->at++;
	}
	insn->map = s->map;
}

static always_inline void set_vex(struct state *s, uint8_t p0, uint8_t p1, struct ost_quick *insn)
{
	unsigned int vvvv = ~p1 >> 3 & 15;

	s->rex = 0x40 | p1 >> 7 << 3 | (~p0 >> 5 & 7);
	s->prefix = p1 & 3;
	s->key = (p1 >> 7) << QUICK_KEY_W | (p1 >> 2 & 1) << QUICK_KEY_L;
	s->has = (vvvv ? QUICK_HAS_VVVV : 0) | (vvvv & 8 ? QUICK_HAS_VVVV3 : 0) |
		 (p0 & 0x80 ? 0 : QUICK_HAS_R3) | (p0 & 0x40 ? 0 : QUICK_HAS_X3) |
		 (p0 & 0x20 ? 0 : QUICK_HAS_B3);
	s->vector = true;
	insn->map = s->map;
	insn->prefix = s->prefix;
	insn->vvvv = vvvv;
}

/* VEX, at its first byte; false when it leads to no map. */
static always_inline bool read_vex(struct state *s, struct ost_quick *insn)
{
	static const uint8_t maps[] = QUICK_VEX_MAPS;
	uint8_t p0 = s->at[1];

	if (s->at[0] == 0xc5) {
		s->map = OST_MAP_VEX1;
		set_vex(s, p0 | 0x60, p0 & 0x7f, insn);
		s->at += 2;
		return true;
	}
	if ((p0 & 0x1f) > 7)
		return false;
	s->map = maps[p0 & 7];
	set_vex(s, p0, s->at[2], insn);
	s->at += 3;
	return s->map != QUICK_NO_MAP;
}

static bool read_xop(struct state *s, struct ost_quick *insn)
{
	uint8_t p0 = s->at[1], p1 = s->at[2];

	/* pp is reserved */
	if ((p0 & 0x1f) > 10 || p1 & 3)
		return false;
	s->map = OST_MAP_XOP8 + (p0 & 0x1f) - 8;
	set_vex(s, p0, p1, insn);
	s->at += 3;
	return true;
}

static bool read_evex(struct state *s, struct ost_quick *insn)
{
	static const uint8_t maps[] = QUICK_EVEX_MAPS;
	uint8_t p0 = s->at[1], p1 = s->at[2], p2 = s->at[3];
	unsigned int aaa = p2 & 7;

	s->map = maps[p0 & 7];
	set_vex(s, p0, p1 & ~4, insn);
	s->key |= (p2 >> 5 & 3) << QUICK_KEY_L | (p2 >> 4 & 1) << QUICK_KEY_B;
	s->has |= (p2 & 8 ? 0 : QUICK_HAS_V4) | (p0 & 0x10 ? 0 : QUICK_HAS_R4) |
		  (p0 & 8 ? QUICK_HAS_B4 : 0) | (p1 & 4 ? 0 : QUICK_HAS_X4) |
		  (aaa ? QUICK_HAS_MASK : QUICK_HAS_NO_MASK) |
		  (aaa & 3 ? QUICK_HAS_MASK_LOW : 0) | (p2 & 0x80 ? QUICK_HAS_ZEROING : 0);
	if (p2 & 0x80 && !aaa)
		s->has |= QUICK_HAS_ZEROING_ALL;
	s->apx = p0 & 8 || !(p1 & 4);
	s->at += 4;
	return s->map != QUICK_NO_MAP;
}

/* REX2. APX's jump to an absolute address has the opcode of a move in it. */
static bool read_rex2(struct state *s, struct ost_quick *insn)
{
	uint8_t payload = s->at[1];

	if (s->rex)
		return false;
	s->rex = 0x40 | (payload & 15);
	s->map = payload & 0x80 ? OST_MAP_0F : OST_MAP_1BYTE;
	s->apx = true;
	s->at += 2;
	s->jmpabs = s->map == OST_MAP_1BYTE && *s->at == 0xa1 && !(payload & 8);
	insn->map = s->map;
	return s->jmpabs || quick_rex2[s->map * 256 + *s->at];
}

/* A byte that may lead to another map; false where nothing known can follow. */
static bool read_lead(struct state *s, struct ost_quick *insn)
{
	uint8_t lead = *s->at;

	if (lead == 0xd5)
		return read_rex2(s, insn);
	if (lead == 0x8f && (s->at[1] & 0x1f) < 8)
		return true;	/* pop */
	if (s->rex || s->prefix || s->lock)
		return false;
	return lead == 0x62 ? read_evex(s, insn) : lead == 0x8f ? read_xop(s, insn) :
						   read_vex(s, insn);
}

/* All that there is, up to the opcode; false where that can be of no instruction. */
static bool read_any(struct state *s, const uint8_t *bytes, struct ost_quick *insn)
{
	unsigned int kind;

	for (;;) {
		kind = first_bytes[*s->at];
		if (kind == OPCODE)
			return true;
		if (kind == ESCAPE) {
			read_escape(s, insn);
			return true;
		}
		if (kind < REX)
			return read_lead(s, insn);
		if (s->at - bytes >= LENGTH_MAX)
			return false;
		if (kind == REX) {
			s->rex = *s->at++;
			continue;
		}
		read_prefix(s, kind, insn);
		/* a REX that isn't the last prefix means nothing */
		s->rex = 0;
	}
}

/* ---- from the opcode on ---- */

static always_inline uint32_t find_entry(const struct state *s, uint8_t opcode, uint8_t modrm)
{
	uint32_t entry = quick_pages[quick_page_of[s->map * 4 + s->prefix]][opcode];
	unsigned int key;

	while (entry & QUICK_NODE) {
		key = s->key | (modrm >= 0xc0) << QUICK_KEY_MOD | (modrm & 0x3f);
		entry = quick_nodes[QUICK_ROW(entry) + (key >> QUICK_SHIFT(entry) &
							((1u << QUICK_BITS(entry)) - 1))];
	}
	return entry;
}

/* ModRM, which is at that offset, and what belongs to it; returns how many bytes that is. */
static always_inline unsigned int read_address(const uint8_t *bytes, unsigned int at,
					       unsigned int rex, struct ost_quick *insn)
{
	uint8_t modrm = bytes[at], base = bytes[at + 1] & 7;
	const struct address *address = &addresses[modrm];
	uint32_t fields = address->fields + at * address->displaced;
	unsigned int length = address->length;

	if (address->sib) {
		if (base == 5 && modrm < 0x40) {
			fields = DISP(at + 2);
			length = 6;
		} else if (base != 4 || rex & 1) {
			fields |= BASE;
		}
	}
	insn->modrm = modrm;
	insn->has_modrm = true;
	fields = htole32(fields);
	memcpy((uint8_t *)insn + offsetof(struct ost_quick, disp_at), &fields, sizeof(fields));
	return length;
}

/* Control and debug registers: the other operand is a register, whatever ModRM.mod is. */
static unsigned int set_register(struct ost_quick *insn)
{
	insn->disp_at = 0;
	insn->disp8_at = 0;
	insn->rip = false;
	insn->base_reg = false;
	return 1;
}

static bool may_lock(unsigned int map, const struct ost_quick *insn)
{
	if (map > OST_MAP_0F || !insn->has_modrm || insn->modrm >= 0xc0)
		return false;
	return quick_lockable[map * 256 + insn->opcode] >> (insn->modrm >> 3 & 7) & 1;
}

/* Fields of VEX, EVEX and XOP that the instruction has no use for. */
static always_inline bool is_refused(uint32_t has, uint32_t entry, const struct ost_quick *insn)
{
	unsigned int rm = insn->modrm & 7;

	if (insn->modrm >= 0xc0)
		has |= rm ? QUICK_HAS_RM : 0;
	else
		has |= (rm == 4 ? 0 : QUICK_HAS_NO_SIB) | (insn->rip ? QUICK_HAS_RIP : 0);
	return has & quick_limits[QUICK_LIMIT(entry)];
}

/* The distance that @size bytes tell. */
static always_inline int64_t read_distance(const uint8_t *bytes, unsigned int size)
{
	unsigned int shift = 32 - 8 * size;

	return (int32_t)(read_le32(bytes) << shift) >> shift;
}

/* @bytes is where the instruction begins, and @s is at its opcode. */
static always_inline unsigned int finish(struct state s, const uint8_t *bytes,
					 struct ost_quick *insn)
{
	unsigned int length, kind, imm_size;
	uint8_t opcode = s.at[0];
	uint16_t low;
	uint32_t entry;

	if (!s.vector) {
		s.sizes |= s.rex >> 2 & QUICK_IMM_W;
		s.key = (s.rex & 8) << (QUICK_KEY_W - 3);
	}
	entry = find_entry(&s, opcode, s.at[1]);
	length = s.at - bytes + 1;
	if (entry & QUICK_MODRM) {
		length += read_address(bytes, length, s.rex, insn);
		if (unlikely(entry & QUICK_REGISTER))
			length = s.at - bytes + 1 + set_register(insn);
		if (unlikely(entry & QUICK_SUFFIX)) {
			s.map = insn->map = OST_MAP_3DNOW;
			opcode = bytes[length++];
			entry = find_entry(&s, opcode, insn->modrm);
		}
	}
	insn->opcode = opcode;
	insn->rex = s.rex;
	low = htole16(entry);
	memcpy((uint8_t *)insn + offsetof(struct ost_quick, need), &low, sizeof(low));
	if (unlikely(!(entry & QUICK_KNOWN)) || (unlikely(s.lock) && !may_lock(s.map, insn)) ||
	    (s.vector && unlikely(is_refused(s.has, entry, insn))))
		return 0;
	kind = QUICK_IMM(entry);
	imm_size = imm_plain_sizes >> 4 * kind & 15;
	if (unlikely(s.sizes & QUICK_IMM_OP16) || unlikely(kind >= QUICK_IMM_V))
		imm_size = imm_sizes[kind][s.sizes];
	insn->imm_size = imm_size;
	insn->imm_at = imm_size ? length : 0;
	if (quick_imm_is_relative(kind))
		insn->target = read_distance(bytes + length, imm_size);
	else if (insn->rip)
		insn->target = read_distance(bytes + insn->disp_at, 4);
	length += imm_size;
	insn->length = length;
	if (unlikely(s.apx))
		insn->need = quick_with_apx[insn->need];
	return length <= LENGTH_MAX ? length : 0;
}

static unsigned int finish_jmpabs(const struct state *s, const uint8_t *bytes,
				  struct ost_quick *insn)
{
	insn->opcode = *s->at;
	insn->rex = s->rex;
	insn->need = quick_with_apx[0];
	insn->flow = OST_FLOW_JUMP_INDIRECT;
	insn->imm_at = s->at + 1 - bytes;
	insn->imm_size = 8;
	insn->length = insn->imm_at + 8;
	return s->lock || insn->length > LENGTH_MAX ? 0 : insn->length;
}

/* Whatever it is. With many prefixes an instruction could end beyond what may be read: a copy. */
static __attribute__((noinline)) unsigned int decode_any(const uint8_t *bytes,
							 struct ost_quick *insn)
{
	uint8_t copy[2 * OST_QUICK_PAD] = { 0 };
	struct state s = { .at = copy };

	memcpy(copy, bytes, LENGTH_MAX);
	memset(insn, 0, sizeof(*insn));
	if (!read_any(&s, copy, insn))
		return 0;
	return s.jmpabs ? finish_jmpabs(&s, copy, insn) : finish(s, copy, insn);
}

static __attribute__((noinline)) unsigned int decode_vex(const uint8_t *bytes,
							 struct ost_quick *insn)
{
	struct state s = { .at = bytes };

	return read_vex(&s, insn) ? finish(s, bytes, insn) : 0;
}

unsigned int ost_quick_decode(const uint8_t *bytes, struct ost_quick *insn)
{
	struct state s = { .at = bytes };
	unsigned int kind;

	memset(insn, 0, sizeof(*insn));
	for (;;) {
		/* no branch: a REX is there as often as not */
		s.rex = (*s.at & 0xf0) == 0x40 ? *s.at : 0;
		s.at += s.rex >> 6;
		kind = first_bytes[*s.at];
		if (kind < PREFIX)
			break;
		if (s.rex || kind == LOCK || kind == ADDRESS_SIZE || s.at - bytes >= PREFIXES_NEAR)
			return decode_any(bytes, insn);
		read_prefix(&s, kind, insn);
	}
	if (kind == ESCAPE)
		read_escape(&s, insn);
	else if (unlikely(kind != OPCODE))
		return kind <= VEX3 && s.at == bytes ? decode_vex(bytes, insn) :
						       decode_any(bytes, insn);
	return finish(s, bytes, insn);
}

unsigned int ost_quick_needs(void)
{
	return sizeof(quick_rules) / sizeof(quick_rules[0]);
}

const struct ost_feature_rule *ost_quick_rule(unsigned int need)
{
	return &quick_rules[need < ost_quick_needs() ? need : 0];
}

const struct ost_feature_set *ost_quick_set(unsigned int need)
{
	return &quick_sets[need < ost_quick_needs() ? need : 0];
}
