// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/insn_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

struct text {
	char *buf;
	size_t size;
	size_t used;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *t, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(t->buf + t->used, t->size - t->used, fmt, args);
	va_end(args);
	if (n > 0)
		t->used = t->used + n < t->size ? t->used + n : t->size - 1;
}

const char *ost_gpr_name(unsigned int reg, unsigned int bits, char buf[8])
{
	static const char *const low[] = { "ax", "cx", "dx", "bx", "sp", "bp", "si", "di" };
	const char *tail = bits == 8 ? "b" : bits == 16 ? "w" : bits == 32 ? "d" : "";

	reg &= 31;
	if (reg >= 8)
		snprintf(buf, 8, "r%u%s", reg, tail);
	else if (bits == 8)
		snprintf(buf, 8, "%.*sl", reg < 4 ? 1 : 2, low[reg]);
	else
		snprintf(buf, 8, "%s%s", bits == 64 ? "r" : bits == 32 ? "e" : "", low[reg]);
	return buf;
}

static void put_memory(struct text *t, const struct ost_fields *f)
{
	unsigned int bits = f->addr32 ? 32 : 64;
	bool first = true;
	char name[8];

	put(t, "[");
	if (f->rip)
		put(t, "%s", f->addr32 ? "eip" : "rip");
	if (f->has_base)
		put(t, "%s", ost_gpr_name(f->base, bits, name));
	first = !f->rip && !f->has_base;
	if (f->has_index)
		put(t, "%s%s*%u", first ? "" : "+", ost_gpr_name(f->index, bits, name),
		    1u << f->scale);
	first = first && !f->has_index;
	if (f->disp_size && (f->disp || first || f->rip))
		put(t, "%s0x%" PRIx32, f->disp < 0 ? "-" : first ? "" : "+",
		    f->disp < 0 ? 0 - (uint32_t)f->disp : (uint32_t)f->disp);
	/* EVEX counts an 8-bit displacement in units that depend on the instruction */
	if (f->space == OST_SPACE_EVEX && f->disp_size == 1 && f->disp)
		put(t, "*n");
	put(t, "]");
}

static void put_vector(struct text *t, unsigned int reg, unsigned int length)
{
	put(t, "%cmm%u", "xyz"[length > 2 ? 2 : length], reg & 31);
}

static void put_register(struct text *t, char kind, unsigned int reg, const struct ost_fields *f)
{
	char name[8];

	switch (kind) {
	case 'x':
	case 'y':
	case 'z':
		put_vector(t, reg, kind - 'x');
		break;
	case 'V':
		put_vector(t, reg, f->l);
		break;
	case 'H':
		put_vector(t, reg, f->l ? f->l - 1 : 0);
		break;
	case 't':
		put(t, "tmm%u", reg & 7);
		break;
	case 'k':
		put(t, "k%u", reg & 7);
		break;
	case 'b':
		put(t, "%s", ost_gpr_name(reg, 8, name));
		break;
	case 'd':
		put(t, "%s", ost_gpr_name(reg, 32, name));
		break;
	case 'W':
		put(t, "%s", ost_gpr_name(reg, f->w ? 64 : 32, name));
		break;
	case 'o':
		put(t, "%s", ost_gpr_name(reg, f->w ? 64 : f->op16 ? 16 : 32, name));
		break;
	default:
		put(t, "%s", ost_gpr_name(reg, 64, name));
		break;
	}
}

static void put_operand(struct text *t, char where, char kind, const struct ost_fields *f,
			uint64_t imm)
{
	switch (where) {
	case 'r':
		put_register(t, kind, f->reg, f);
		break;
	case 'v':
		put_register(t, kind, f->vvvv, f);
		break;
	case 'i':
		put(t, "0x%" PRIx64, imm);
		break;
	default:
		if (f->mod == 3)
			put_register(t, kind, f->rm, f);
		else
			put_memory(t, f);
		if (f->space == OST_SPACE_EVEX && f->bcst)
			put(t, f->mod == 3 ? " {sae}" : " {bcst}");
		break;
	}
}

void ost_insn_text(const char *name, const char *operands, const struct ost_fields *fields,
		   uint64_t imm, char *buf, size_t size)
{
	struct text t = { buf, size, 0 };
	const char *op;

	put(&t, "%s", name);
	for (op = operands; op[0] && op[1]; op += 2) {
		put(&t, op == operands ? " " : ", ");
		put_operand(&t, op[0], op[1], fields, imm);
		if (op == operands && fields->space == OST_SPACE_EVEX && fields->aaa)
			put(&t, " {k%u}%s", fields->aaa, fields->z ? "{z}" : "");
	}
}
