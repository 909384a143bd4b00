// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/fields.h"

#include <errno.h>
#include <string.h>

#define BYTES_MAX 15

struct cursor {
	const uint8_t *bytes;
	size_t len;
	size_t at;
};

/* The extension bits that REX, REX2, VEX and EVEX give to the three register fields. */
struct extension {
	uint8_t r, x, b;	/* to be added to a register number: 0, 8, 16, 24 */
};

static int next(struct cursor *c, uint8_t *byte)
{
	if (c->at >= c->len)
		return -EAGAIN;
	*byte = c->bytes[c->at++];
	return 0;
}

static void parse_prefixes(struct cursor *c, struct ost_fields *f)
{
	bool rep = false;

	for (; c->at < c->len; c->at++) {
		switch (c->bytes[c->at]) {
		case 0x66:
			f->op16 = true;
			if (!rep)
				f->pp = OST_PP_66;
			break;
		case 0xf2:
			f->pp = OST_PP_F2;
			rep = true;
			break;
		case 0xf3:
			f->pp = OST_PP_F3;
			rep = true;
			break;
		case 0xf0:
			f->lock = true;
			break;
		case 0x67:
			f->addr32 = true;
			break;
		case 0x2e:
		case 0x36:
		case 0x3e:
		case 0x26:
		case 0x64:
		case 0x65:
			break;
		default:
			f->prefixes = c->at;
			return;
		}
	}
	f->prefixes = c->at;
}

/* C5, C4 and XOP's 8F; @lead is that byte. */
static int parse_vex(struct cursor *c, uint8_t lead, struct ost_fields *f, struct extension *ext)
{
	uint8_t p0 = 0xe1, p1;

	f->space = lead == 0x8f ? OST_SPACE_XOP : OST_SPACE_VEX;
	if (lead == 0xc5) {
		if (next(c, &p1))
			return -EAGAIN;
		/* the short form has R where the long one has W */
		p0 = (p1 & 0x80) | 0x61;
		p1 &= 0x7f;
	} else if (next(c, &p0) || next(c, &p1)) {
		return -EAGAIN;
	}
	ext->r = p0 & 0x80 ? 0 : 8;
	ext->x = p0 & 0x40 ? 0 : 8;
	ext->b = p0 & 0x20 ? 0 : 8;
	f->map = p0 & 0x1f;
	f->w = p1 >> 7;
	f->vvvv = ~(p1 >> 3) & 15;
	f->l = p1 >> 2 & 1;
	f->pp = p1 & 3;
	return 0;
}

static int parse_evex(struct cursor *c, struct ost_fields *f, struct extension *ext)
{
	uint8_t p0, p1, p2;

	f->space = OST_SPACE_EVEX;
	if (next(c, &p0) || next(c, &p1) || next(c, &p2))
		return -EAGAIN;
	f->b4 = p0 >> 3 & 1;
	f->x4 = !(p1 >> 2 & 1);
	ext->r = (p0 & 0x80 ? 0 : 8) + (p0 & 0x10 ? 0 : 16);
	ext->x = p0 & 0x40 ? 0 : 8;
	ext->b = p0 & 0x20 ? 0 : 8;
	f->map = p0 & 7;
	f->w = p1 >> 7;
	f->vvvv = (~(p1 >> 3) & 15) + (p2 & 8 ? 0 : 16);
	f->pp = p1 & 3;
	f->z = p2 >> 7;
	f->l = p2 >> 5 & 3;
	f->bcst = p2 >> 4 & 1;
	f->aaa = p2 & 7;
	return f->map ? 0 : -EINVAL;
}

static int parse_rex2(struct cursor *c, struct ost_fields *f, struct extension *ext)
{
	uint8_t p;

	f->space = OST_SPACE_REX2;
	if (next(c, &p))
		return -EAGAIN;
	f->map = p >> 7;
	f->w = p >> 3 & 1;
	f->x4 = p >> 5 & 1;
	f->b4 = p >> 4 & 1;
	ext->r = (p & 4 ? 8 : 0) + (p & 0x40 ? 16 : 0);
	ext->x = p & 2 ? 8 : 0;
	ext->b = p & 1 ? 8 : 0;
	return 0;
}

/* The opcode map of an instruction without any of these: 0F, 0F 38, 0F 3A or none. */
static int parse_escape(struct cursor *c, struct ost_fields *f)
{
	uint8_t byte;

	if (c->at < c->len && c->bytes[c->at] == 0x0f) {
		c->at++;
		f->map = OST_MAP_0F;
		if (c->at >= c->len)
			return -EAGAIN;
		byte = c->bytes[c->at];
		if (byte == 0x38 || byte == 0x3a) {
			c->at++;
			f->map = byte == 0x38 ? OST_MAP_0F38 : OST_MAP_0F3A;
		}
	}
	return 0;
}

static int parse_lead(struct cursor *c, struct ost_fields *f, struct extension *ext)
{
	uint8_t lead;

	if (c->at < c->len && (c->bytes[c->at] & 0xf0) == 0x40) {
		f->rex = c->bytes[c->at++];
		f->w = f->rex >> 3 & 1;
		ext->r = f->rex & 4 ? 8 : 0;
		ext->x = f->rex & 2 ? 8 : 0;
		ext->b = f->rex & 1 ? 8 : 0;
	}
	if (c->at >= c->len)
		return -EAGAIN;
	lead = c->bytes[c->at];
	f->ordered = !f->rex && !f->lock && f->pp == OST_PP_NONE;
	switch (lead) {
	case 0xc4:
	case 0xc5:
		c->at++;
		return parse_vex(c, lead, f, ext);
	case 0x62:
		c->at++;
		return parse_evex(c, f, ext);
	case 0xd5:
		c->at++;
		return parse_rex2(c, f, ext);
	case 0x8f:
		/* POP has a ModRM here, whose reg field is 0: so a map below 8 is POP */
		if (c->at + 1 >= c->len)
			return -EAGAIN;
		if ((c->bytes[c->at + 1] & 0x1f) < 8)
			return 0;
		c->at++;
		return parse_vex(c, lead, f, ext);
	default:
		return parse_escape(c, f);
	}
}

static int parse_disp(struct cursor *c, struct ost_fields *f)
{
	uint8_t byte;
	uint32_t disp = 0;
	unsigned int i;

	for (i = 0; i < f->disp_size; i++) {
		if (next(c, &byte))
			return -EAGAIN;
		disp |= (uint32_t)byte << 8 * i;
	}
	f->disp = f->disp_size == 1 ? (int8_t)disp : (int32_t)disp;
	return 0;
}

static int parse_operands(struct cursor *c, struct ost_fields *f, const struct extension *ext)
{
	uint8_t modrm, sib;

	if (next(c, &modrm))
		return -EAGAIN;
	f->mod = modrm >> 6;
	f->reg = (modrm >> 3 & 7) + ext->r;
	f->rm = (modrm & 7) + ext->b;
	if (f->mod == 3) {
		/* a vector register in rm has its fifth bit in X, a general one in B4 */
		if (f->space == OST_SPACE_EVEX && f->map != 4)
			f->rm += 2 * ext->x;
		else
			f->rm += f->b4 ? 16 : 0;
		return 0;
	}
	f->disp_size = f->mod == 1 ? 1 : f->mod == 2 ? 4 : 0;
	f->base = (modrm & 7) + ext->b + (f->b4 ? 16 : 0);
	f->has_base = true;
	if ((modrm & 7) == 4) {
		if (next(c, &sib))
			return -EAGAIN;
		f->scale = sib >> 6;
		f->index = (sib >> 3 & 7) + ext->x + (f->x4 ? 16 : 0);
		f->has_index = f->index != 4;
		f->base = (sib & 7) + ext->b + (f->b4 ? 16 : 0);
		if ((sib & 7) == 5 && f->mod == 0) {
			f->has_base = false;
			f->disp_size = 4;
		}
	} else if ((modrm & 7) == 5 && f->mod == 0) {
		f->has_base = false;
		f->rip = true;
		f->disp_size = 4;
	}
	return parse_disp(c, f);
}

int ost_fields_parse(const uint8_t *bytes, size_t len, struct ost_fields *fields)
{
	struct cursor c = { bytes, len < BYTES_MAX ? len : BYTES_MAX, 0 };
	struct extension ext = { 0 };
	int ret;

	memset(fields, 0, sizeof(*fields));
	parse_prefixes(&c, fields);
	ret = parse_lead(&c, fields, &ext);
	if (ret)
		return ret;
	if (c.at >= c.len)
		return -EAGAIN;
	fields->has_opcode = true;
	fields->opcode_at = c.at;
	fields->opcode = c.bytes[c.at++];
	ret = parse_operands(&c, fields, &ext);
	if (!ret)
		fields->end = c.at;
	return ret;
}
