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

/* what a first byte is, other than an opcode */
enum { OPCODE, REX, OPERAND_SIZE, REPEAT, ADDRESS_SIZE, LOCK, SEGMENT, NO_SEGMENT, ESCAPE, LEAD };

static const uint8_t first_bytes[256] = {
	[0x40 ... 0x4f] = REX,
	[0x66] = OPERAND_SIZE,
	[0xf2] = REPEAT, [0xf3] = REPEAT,
	[0x67] = ADDRESS_SIZE,
	[0xf0] = LOCK,
	[0x64] = SEGMENT, [0x65] = SEGMENT,
	/* these four mean nothing in 64-bit mode, and don't undo 64 and 65 */
	[0x26] = NO_SEGMENT, [0x2e] = NO_SEGMENT, [0x36] = NO_SEGMENT, [0x3e] = NO_SEGMENT,
	[0x0f] = ESCAPE,
	[0x62] = LEAD, [0x8f] = LEAD, [0xc4] = LEAD, [0xc5] = LEAD, [0xd5] = LEAD,
};

/* what a memory operand's ModRM byte is followed by, but for what a SIB changes */
struct address {
	uint8_t length;		/* of ModRM, SIB and displacement */
	uint8_t disp8;		/* offset of it, or 0 */
	uint8_t disp;
	uint8_t kind;
};

enum { ADDRESS_SIB = 1, ADDRESS_RIP = 2, ADDRESS_BASE = 4, ADDRESS_NO_DISP = 8 };

/* by mod and rm */
static const struct address addresses[32] = {
	[0 ... 3] = { 1, 0, 0, ADDRESS_BASE },
	[4] = { 2, 0, 0, ADDRESS_SIB | ADDRESS_NO_DISP },
	[5] = { 5, 0, 1, ADDRESS_RIP },
	[6 ... 7] = { 1, 0, 0, ADDRESS_BASE },
	[8 ... 11] = { 2, 1, 0, ADDRESS_BASE },
	[12] = { 3, 2, 0, ADDRESS_SIB },
	[13 ... 15] = { 2, 1, 0, ADDRESS_BASE },
	[16 ... 19] = { 5, 0, 1, ADDRESS_BASE },
	[20] = { 6, 0, 2, ADDRESS_SIB },
	[21 ... 23] = { 5, 0, 1, ADDRESS_BASE },
	[24 ... 31] = { 1, 0, 0, 0 },
};

static const uint8_t imm_sizes[16][8] = QUICK_IMM_SIZES;

/* what prefixes gave, on the way to the opcode */
struct state {
	const uint8_t *at;	/* next byte */
	unsigned int sizes;	/* QUICK_IMM_OP16, _W, _ADDR32 */
	unsigned int prefix;
	unsigned int map;
	unsigned int rex;
	unsigned int key;	/* all but the part of ModRM */
	uint32_t has;		/* QUICK_HAS_* */
	bool lock;
	uint8_t vvvv;
	bool vector;		/* VEX, EVEX or XOP */
	bool apx;		/* REX2, or the upper registers of EVEX */
	bool jmpabs;
};

static always_inline int32_t read_le32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return (int32_t)le32toh(value);
}

static always_inline int16_t read_le16(const uint8_t *at)
{
	return (int16_t)(at[0] | at[1] << 8);
}

static always_inline void set_vex(struct state *s, uint8_t p0, uint8_t p1)
{
	unsigned int vvvv = ~p1 >> 3 & 15;

	s->rex = 0x40 | p1 >> 7 << 3 | (~p0 >> 5 & 7);
	s->prefix = p1 & 3;
	s->key = (p1 >> 7) << QUICK_KEY_W | (p1 >> 2 & 1) << QUICK_KEY_L;
	s->has = (vvvv ? QUICK_HAS_VVVV : 0) | (vvvv & 8 ? QUICK_HAS_VVVV3 : 0) |
		 (p0 & 0x80 ? 0 : QUICK_HAS_R3) | (p0 & 0x40 ? 0 : QUICK_HAS_X3) |
		 (p0 & 0x20 ? 0 : QUICK_HAS_B3);
	s->vvvv = vvvv;
	s->vector = true;
}

static bool read_evex(struct state *s)
{
	static const uint8_t maps[] = QUICK_EVEX_MAPS;
	uint8_t p0 = s->at[1], p1 = s->at[2], p2 = s->at[3];
	unsigned int aaa = p2 & 7;

	s->map = maps[p0 & 7];
	set_vex(s, p0, p1 & ~4);
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

/* APX's jump to an absolute address has the opcode of a move in REX2. */
static bool is_jmpabs(const struct state *s)
{
	return s->map == OST_MAP_1BYTE && *s->at == 0xa1 && !(s->rex & 8);
}

/* REX2; what it may stand before is looked at when the opcode is known */
static bool read_rex2(struct state *s)
{
	uint8_t payload = s->at[1];

	if (s->rex)
		return false;
	s->rex = 0x40 | (payload & 15);
	s->map = payload & 0x80 ? OST_MAP_0F : OST_MAP_1BYTE;
	s->apx = true;
	s->at += 2;
	s->jmpabs = is_jmpabs(s);
	return s->jmpabs || quick_rex2[s->map * 256 + *s->at];
}

/* What comes after a byte that leads to another map; false when that is nothing. */
static bool read_lead(struct state *s, uint8_t lead)
{
	static const uint8_t maps[] = QUICK_VEX_MAPS;
	uint8_t p0 = s->at[1];

	if (lead == 0xd5)
		return read_rex2(s);
	if (lead == 0x8f && (p0 & 0x1f) < 8)
		return true;	/* pop */
	if (s->rex || s->prefix || s->lock)
		return false;
	switch (lead) {
	case 0xc5:
		s->map = OST_MAP_VEX1;
		set_vex(s, p0 | 0x60, p0 & 0x7f);
		s->at += 2;
		return true;
	case 0xc4:
		if ((p0 & 0x1f) > 7)
			return false;
		s->map = maps[p0 & 7];
		break;
	case 0x8f:
		if ((p0 & 0x1f) > 10)
			return false;
		s->map = OST_MAP_XOP8 + (p0 & 0x1f) - 8;
		/* pp is reserved */
		if (s->at[2] & 3)
			return false;
		break;
	default:
		return read_evex(s);
	}
	set_vex(s, p0, s->at[2]);
	s->at += 3;
	return s->map != QUICK_NO_MAP;
}

/* Prefixes, up to the opcode. @near: how many there may be. */
static always_inline int read_prefixes(struct state *s, const uint8_t *bytes, unsigned int near,
				       struct ost_quick *insn)
{
	unsigned int kind;

	for (;;) {
		kind = first_bytes[*s->at];
		if (kind == OPCODE)
			return 1;
		if (kind == REX) {
			s->rex = *s->at++;
			/* the usual case, without another round */
			kind = first_bytes[*s->at];
			if (kind == OPCODE)
				return 1;
		}
		if (kind == ESCAPE) {
			s->map = OST_MAP_0F;
			s->at++;
			if ((*s->at & 0xfd) == 0x38) {
				s->map = *s->at & 2 ? OST_MAP_0F3A : OST_MAP_0F38;
				s->at++;
			}
			return 1;
		}
		if (kind == LEAD)
			return read_lead(s, *s->at);
		if (s->at - bytes >= near)
			return -1;
		if (kind == REX)
			continue;
		switch (kind) {
		case OPERAND_SIZE:
			s->sizes |= QUICK_IMM_OP16;
			s->prefix = s->prefix ? s->prefix : 1;
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
		/* a REX that isn't the last prefix means nothing */
		s->rex = 0;
		s->at++;
	}
}

/* The operands behind ModRM; returns how many bytes they and ModRM are. */
static always_inline unsigned int read_address(struct state *s, const uint8_t *bytes,
					       uint32_t entry, struct ost_quick *insn)
{
	uint8_t modrm = *s->at;
	const struct address *address = &addresses[modrm >> 6 << 3 | (modrm & 7)];
	unsigned int length = address->length, disp = address->disp, at = s->at - bytes;

	insn->modrm = modrm;
	insn->has_modrm = true;
	if (unlikely(entry & QUICK_REGISTER))
		return 1;
	insn->base_reg = address->kind & ADDRESS_BASE;
	if (address->kind & ADDRESS_SIB) {
		unsigned int base = s->at[1] & 7;

		insn->base_reg = base != 4 || s->rex & 1;
		if (base == 5 && address->kind & ADDRESS_NO_DISP) {
			insn->base_reg = false;
			length += 4;
			disp = 2;
		}
	} else {
		s->has |= QUICK_HAS_NO_SIB;
	}
	insn->disp_at = disp ? at + disp : 0;
	insn->disp8_at = address->disp8 ? at + address->disp8 : 0;
	insn->rip = address->kind & ADDRESS_RIP;
	if (insn->rip)
		s->has |= QUICK_HAS_RIP;
	return length;
}

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

static bool may_lock(const struct state *s, uint8_t opcode, uint8_t modrm)
{
	if (s->map > OST_MAP_0F || modrm >= 0xc0)
		return false;
	return quick_lockable[s->map * 256 + opcode] >> (modrm >> 3 & 7) & 1;
}

/* Fields of VEX and EVEX that the instruction has no use for. */
static bool is_refused(const struct state *s, uint32_t entry, const struct ost_quick *insn)
{
	uint32_t has = s->has;

	if (insn->modrm >= 0xc0)
		has = (has & ~(QUICK_HAS_NO_SIB | QUICK_HAS_RIP)) |
		      (insn->modrm & 7 ? QUICK_HAS_RM : 0);
	return has & quick_limits[QUICK_LIMIT(entry)];
}

static always_inline unsigned int decode(const uint8_t *bytes, struct ost_quick *insn,
					 unsigned int near)
{
	struct state s = { .at = bytes };
	unsigned int length, kind, imm_size;
	uint32_t entry;
	uint8_t opcode;
	int ret;

	memset(insn, 0, sizeof(*insn));
	ret = read_prefixes(&s, bytes, near, insn);
	if (unlikely(ret <= 0))
		return near < LENGTH_MAX && ret < 0 ? ~0u : 0;
	opcode = *s.at++;
	if (!s.vector) {
		s.sizes |= s.rex >> 2 & QUICK_IMM_W;
		s.key = (s.rex >> 3 & 1) << QUICK_KEY_W;
	}
	entry = find_entry(&s, opcode, *s.at);
	length = s.at - bytes;
	if (entry & QUICK_MODRM) {
		length += read_address(&s, bytes, entry, insn);
		if (unlikely(entry & QUICK_SUFFIX)) {
			s.map = OST_MAP_3DNOW;
			opcode = bytes[length++];
			entry = find_entry(&s, opcode, insn->modrm);
		}
	}
	if (unlikely(!(entry & QUICK_KNOWN)))
		return 0;
	if (unlikely(s.lock) && !(insn->has_modrm && may_lock(&s, opcode, insn->modrm)))
		return 0;
	insn->opcode = opcode;
	insn->map = s.map;
	insn->prefix = s.prefix;
	insn->rex = s.rex;
	insn->vvvv = s.vvvv;
	insn->op16 = s.sizes & QUICK_IMM_OP16;
	insn->need = QUICK_NEED(entry);
	insn->flow = QUICK_FLOW(entry);
	if (s.vector && is_refused(&s, entry, insn))
		return 0;
	kind = QUICK_IMM(entry);
	if (unlikely(s.apx)) {
		insn->need = quick_with_apx[insn->need];
		if (s.jmpabs) {
			kind = QUICK_IMM_ADDRESS;
			s.sizes = 0;
			insn->need = quick_with_apx[0];
			insn->flow = OST_FLOW_JUMP_INDIRECT;
		}
	}
	imm_size = imm_sizes[kind][s.sizes];
	insn->imm_size = imm_size;
	insn->imm_at = imm_size ? length : 0;
	if (kind >= QUICK_IMM_RELATIVE1)
		insn->target = kind == QUICK_IMM_RELATIVE1 ? (int8_t)bytes[length] :
			       imm_size == 2 ? read_le16(bytes + length) :
							     read_le32(bytes + length);
	else if (insn->rip)
		insn->target = read_le32(bytes + insn->disp_at);
	length += imm_size;
	insn->length = length;
	return length <= LENGTH_MAX ? length : 0;
}

/* With so many prefixes that an instruction could end beyond what may be read. */
static __attribute__((noinline)) unsigned int decode_copy(const uint8_t *bytes,
							  struct ost_quick *insn)
{
	uint8_t copy[2 * OST_QUICK_PAD] = { 0 };

	memcpy(copy, bytes, LENGTH_MAX);
	return decode(copy, insn, LENGTH_MAX);
}

unsigned int ost_quick_decode(const uint8_t *bytes, struct ost_quick *insn)
{
	unsigned int length = decode(bytes, insn, PREFIXES_NEAR);

	return unlikely(length == ~0u) ? decode_copy(bytes, insn) : length;
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
