// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/quick/generate/form.h"

#include <string.h>

bool form_is_vex(unsigned int map)
{
	return map >= OST_MAP_VEX1 && map <= OST_MAP_VEX7;
}

bool form_is_evex(unsigned int map)
{
	return map >= OST_MAP_EVEX1 && map <= OST_MAP_EVEX6;
}

bool form_is_xop(unsigned int map)
{
	return map >= OST_MAP_XOP8 && map <= OST_MAP_XOPA;
}

static void emit(struct form_bytes *out, uint8_t byte)
{
	out->bytes[out->opcode_at++] = byte;
}

static unsigned int map_number(unsigned int map)
{
	static const uint8_t vex[] = QUICK_VEX_MAPS, evex[] = QUICK_EVEX_MAPS;
	unsigned int i;

	if (form_is_xop(map))
		return 8 + map - OST_MAP_XOP8;
	for (i = 0; i < 8; i++)
		if (map == vex[i] || map == evex[i])
			return i;
	return 0;
}

/* VEX and XOP */
static void emit_vex(const struct form *f, struct form_bytes *out)
{
	emit(out, form_is_xop(f->map) ? 0x8f : 0xc4);
	emit(out, !f->r3 << 7 | !f->x3 << 6 | !f->b3 << 5 | map_number(f->map));
	emit(out, f->w << 7 | (~f->vvvv & 15) << 3 | (f->l & 1) << 2 | f->pp);
}

static void emit_evex(const struct form *f, struct form_bytes *out)
{
	emit(out, 0x62);
	emit(out, !f->r3 << 7 | !f->x3 << 6 | !f->b3 << 5 | !f->r4 << 4 | f->b4 << 3 |
		  map_number(f->map));
	emit(out, f->w << 7 | (~f->vvvv & 15) << 3 | !f->x4 << 2 | f->pp);
	emit(out, f->z << 7 | f->l << 5 | f->b << 4 | !(f->vvvv & 16) << 3 | f->aaa);
}

static void emit_legacy(const struct form *f, struct form_bytes *out)
{
	static const uint8_t prefixes[] = { 0, 0x66, 0xf3, 0xf2 };

	if (f->op16 && f->pp != 1)
		emit(out, 0x66);
	if (f->pp)
		emit(out, prefixes[f->pp]);
	if (f->rex2) {
		emit(out, 0xd5);
		emit(out, (f->map == OST_MAP_0F) << 7 | f->w << 3);
		return;
	}
	if (f->w)
		emit(out, 0x48);
	if (f->map == OST_MAP_1BYTE)
		return;
	emit(out, 0x0f);
	if (f->map == OST_MAP_0F38)
		emit(out, 0x38);
	else if (f->map == OST_MAP_0F3A)
		emit(out, 0x3a);
	else if (f->map == OST_MAP_3DNOW)
		emit(out, 0x0f);
}

void form_encode(const struct form *f, struct form_bytes *out)
{
	uint8_t at;

	memset(out, 0, sizeof(*out));
	if (f->addr32)
		emit(out, 0x67);
	if (f->lock)
		emit(out, 0xf0);
	if (form_is_vex(f->map) || form_is_xop(f->map))
		emit_vex(f, out);
	else if (form_is_evex(f->map))
		emit_evex(f, out);
	else
		emit_legacy(f, out);
	at = out->opcode_at;
	if (f->map != OST_MAP_3DNOW)
		out->bytes[at++] = f->opcode;
	out->bytes[at++] = (f->mod3 ? 0xc0 : 0) | f->reg << 3 | (f->rip ? 5 : f->rm);
	if (!f->mod3 && f->rip)
		at += 4;
	else if (!f->mod3 && f->rm == 4)
		out->bytes[at++] = f->index << 3;
	out->operands_end = at;
	if (f->map == OST_MAP_3DNOW)
		out->bytes[at] = f->opcode;
}

unsigned int form_key(const struct form *f)
{
	return f->rm | f->reg << QUICK_KEY_REG | f->mod3 << QUICK_KEY_MOD | f->b << QUICK_KEY_B |
	       f->l << QUICK_KEY_L | f->w << QUICK_KEY_W;
}

void form_from_key(struct form *f, unsigned int key)
{
	f->reg = key >> QUICK_KEY_REG & 7;
	f->mod3 = key >> QUICK_KEY_MOD & 1;
	f->b = key >> QUICK_KEY_B & 1;
	f->l = key >> QUICK_KEY_L & 3;
	f->w = key >> QUICK_KEY_W & 1;
}
