// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the quick decoder's table to standard output. Every map, prefix, opcode, W, vector length,
 * EVEX.b, kind of operand and ModRM.reg is put to Zydis and to our tables of younger instructions,
 * and so is everything that an encoding can have beside.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa/quick/generate/ask.h"

#define OPCODES 256
#define PAGES_MAX (OST_MAP_END * 4)
#define KEYS (1 << (QUICK_KEY_END - QUICK_KEY_REG))	/* without rm */
#define NODES_MAX 0x10000
#define LIMITS_MAX 128

static uint32_t pages[PAGES_MAX][OPCODES];
static unsigned int page_of[OST_MAP_END * 4], page_count;
static uint32_t nodes[NODES_MAX];
static unsigned int node_count;
static uint32_t limits[LIMITS_MAX];
static unsigned int limit_count = 1;
/* registers of ModRM.reg, as bits, with which LOCK is allowed */
static uint8_t lockable[2][OPCODES];
/* whether it goes with REX2 */
static uint8_t rex2[2][OPCODES];

static void die(const char *what, const struct form *form)
{
	fprintf(stderr, "generate: %s: map %u, prefix %u, opcode %02x, reg %u\n", what, form->map,
		form->pp, form->opcode, form->reg);
	exit(1);
}

static bool is_vector(const struct form *form)
{
	return form->map >= OST_MAP_VEX1;
}

static unsigned int limit_index(uint32_t limit)
{
	unsigned int i;

	for (i = 0; i < limit_count; i++)
		if (limits[i] == limit)
			return i;
	if (limit_count == LIMITS_MAX) {
		fprintf(stderr, "generate: more than %d different limits\n", LIMITS_MAX);
		exit(1);
	}
	limits[limit_count] = limit;
	return limit_count++;
}

/* Which kind of immediate has these sizes, whatever the prefixes are? */
static unsigned int imm_kind(const struct form *form, const struct answer *first)
{
	static const uint8_t sizes[QUICK_IMM_END][8] = QUICK_IMM_SIZES;
	unsigned int kind, i, fits = (1 << QUICK_IMM_END) - 1;
	struct form f = *form;
	struct answer answer;

	for (kind = 0; kind < QUICK_IMM_END; kind++)
		if (quick_imm_is_relative(kind) != first->relative)
			fits &= ~(1u << kind);
	for (i = 0; i < (is_vector(form) ? 1 : 8); i++) {
		f.op16 = i & QUICK_IMM_OP16;
		/* a 66 without F2 and F3 selects its page, and is always there in it */
		if (!is_vector(form) && f.pp < 2 && f.op16 != f.pp)
			continue;
		f.w = is_vector(form) ? form->w : !!(i & QUICK_IMM_W);
		f.addr32 = !!(i & QUICK_IMM_ADDR32);
		if (ask(&f, &answer) != ASK_TAKEN)
			continue;
		for (kind = 0; kind < QUICK_IMM_END; kind++)
			if (sizes[kind][i] != answer.imm_size)
				fits &= ~(1 << kind);
	}
	for (kind = 0; kind < QUICK_IMM_END; kind++)
		if (fits & 1 << kind)
			return kind;
	die("an immediate of an unknown kind", form);
	return 0;
}

/* Find operands that the instruction takes: some want a mask, a SIB, or different registers. */
static bool find_operands(struct form *form, struct answer *answer)
{
	unsigned int i, variants = is_vector(form) ? 16 : 2;
	struct form f = *form;

	for (i = 0; i < variants; i++) {
		if (form->mod3)
			f.rm = is_vector(form) ? (i & 1 ? (f.reg + 1) & 7 : 0) : form->rm;
		else
			f.rm = i & 1 ? 4 : 0;
		f.index = f.reg == 3 ? 5 : (f.reg + 1) & 7;
		f.vvvv = i & 2 ? (f.reg + 3) & 7 : 0;
		/* a gather's mask or accumulator of a matrix product: one that isn't the others */
		f.aaa = form_is_evex(f.map) && i & 4;
		f.z = 0;
		if (i & 8 && f.mod3)
			f.rm = (f.reg + 2) & 7;
		switch (ask(&f, answer)) {
		case ASK_TAKEN:
			*form = f;
			return true;
		case ASK_REFUSED:
			break;
		case ASK_UNKNOWN:
			/* what wants a SIB is not known without it */
			if (f.mod3 || f.rm == 4)
				return false;
			break;
		}
	}
	return false;
}

static bool refuses(struct form form)
{
	struct answer answer;

	return ask(&form, &answer) != ASK_TAKEN;
}

/* Is 0 the only rm? One other may be refused for being the same as another operand. */
static bool refuses_rm(struct form form)
{
	for (form.rm = 1; form.rm < 8; form.rm++)
		if (!refuses(form))
			return false;
	return true;
}

/* Try one by one what else an encoding can have. @form is one that is taken. */
static uint32_t find_limits(const struct form *form)
{
	const struct form taken = *form;
	struct form f;
	uint32_t limit = 0;

#define TRY(bit, ...) do { \
		f = taken; \
		__VA_ARGS__; \
		if (refuses(f)) \
			limit |= QUICK_HAS_##bit; \
	} while (0)

	if (!taken.vvvv)
		TRY(VVVV, f.vvvv = (f.reg + 3) & 7 ? (f.reg + 3) & 7 : 7);
	if (taken.mod3 && refuses_rm(taken))
		limit |= QUICK_HAS_RM;
	TRY(VVVV3, f.vvvv = taken.vvvv | 8);
	TRY(R3, f.r3 = 1);
	TRY(B3, f.b3 = 1);
	TRY(X3, f.x3 = 1);
	if (!taken.mod3 && taken.rm == 4)
		TRY(NO_SIB, f.rm = 0);
	if (!taken.mod3)
		TRY(RIP, f.rm = 0; f.rip = 1);
	if (!form_is_evex(taken.map))
		return limit;
	TRY(V4, f.vvvv = taken.vvvv | 16);
	TRY(R4, f.r4 = 1);
	TRY(B4, f.b4 = 1);
	TRY(X4, f.x4 = 1);
	TRY(MASK, f.aaa = 4);
	TRY(NO_MASK, f.aaa = 0);
	TRY(MASK_LOW, f.aaa = 1);
	TRY(ZEROING, f.aaa = 4; f.z = 1);
	TRY(ZEROING_ALL, f.aaa = 0; f.z = 1);
#undef TRY
	return limit;
}

static uint32_t make_leaf(struct form form)
{
	struct answer answer;
	uint32_t leaf;

	if (!find_operands(&form, &answer))
		return 0;
	leaf = QUICK_KNOWN | answer.need | (uint32_t)answer.flow << QUICK_FLOW_AT;
	leaf |= imm_kind(&form, &answer) << QUICK_IMM_AT;
	if (answer.modrm)
		leaf |= QUICK_MODRM;
	if (is_vector(&form))
		leaf |= limit_index(find_limits(&form)) << QUICK_LIMIT_AT;
	if (form.map == OST_MAP_0F && (form.opcode & 0xfc) == 0x20)
		leaf |= QUICK_REGISTER;
	return leaf;
}

/* A row of entries, found among those that are there or added. */
static uint32_t make_node(const uint32_t *row, unsigned int shift, unsigned int bits)
{
	unsigned int at, size = 1 << bits;

	for (at = 0; at + size <= node_count; at++)
		if (!memcmp(&nodes[at], row, size * sizeof(*row)))
			break;
	if (at + size > node_count) {
		at = node_count;
		if (at + size > NODES_MAX) {
			fprintf(stderr, "generate: more than %d entries in nodes\n", NODES_MAX);
			exit(1);
		}
		memcpy(&nodes[at], row, size * sizeof(*row));
		node_count += size;
	}
	return QUICK_NODE | bits << 20 | shift << 16 | at;
}

/* One register form of a legacy map: each rm may be an instruction of its own. */
static uint32_t make_registers(struct form form)
{
	uint32_t row[8];
	bool uniform = true;

	for (unsigned int rm = 0; rm < 8; rm++) {
		form.rm = rm;
		row[rm] = make_leaf(form);
		uniform = uniform && row[rm] == row[0];
	}
	return uniform ? row[0] : make_node(row, 0, 3);
}

/* Entries that don't occur take after those that do, so that rows come out short. */
static unsigned int key_to_ask(const struct form *form, unsigned int key)
{
	if (form_is_evex(form->map))
		return key;
	key &= ~(1u << QUICK_KEY_B | 2u << QUICK_KEY_L);
	if (!is_vector(form))
		key &= ~(1u << QUICK_KEY_L);
	return key;
}

static uint32_t make_entry(struct form form)
{
	uint32_t entries[KEYS];
	unsigned int i, asked, bit, low = 0, high = 0, varies = 0;

	for (i = 0; i < KEYS; i++) {
		asked = key_to_ask(&form, i << QUICK_KEY_REG) >> QUICK_KEY_REG;
		if (asked < i) {
			entries[i] = entries[asked];
			continue;
		}
		form_from_key(&form, i << QUICK_KEY_REG);
		/* XOP where reg is not 0 or 4 */
		if (form.map == OST_MAP_1BYTE && form.opcode == 0x8f && form.reg)
			entries[i] = 0;
		else
			entries[i] = form.mod3 && !is_vector(&form) ? make_registers(form) :
								      make_leaf(form);
	}
	for (i = 0; i < KEYS; i++)
		for (bit = 1; bit < KEYS; bit <<= 1)
			if (entries[i] != entries[i ^ bit])
				varies |= bit;
	if (!varies)
		return entries[0];
	low = __builtin_ctz(varies);
	high = 31 - __builtin_clz(varies);
	/* the row: all of the range, with zeros in the bits that don't matter */
	for (i = 0; i < 1u << (high - low + 1); i++)
		entries[i] = entries[i << low];
	return make_node(entries, low + QUICK_KEY_REG, high - low + 1);
}

/* Bytes of the one-byte map that are prefixes or lead to another map. */
static bool is_opcode(unsigned int map, unsigned int opcode)
{
	if (map == OST_MAP_0F)
		return opcode != 0x0f && opcode != 0x38 && opcode != 0x3a;
	if (map != OST_MAP_1BYTE)
		return true;
	switch (opcode) {
	case 0x0f:
	case 0x26:
	case 0x2e:
	case 0x36:
	case 0x3e:
	case 0x40 ... 0x4f:
	case 0x62:
	case 0x64 ... 0x67:
	case 0xc4:
	case 0xc5:
	case 0xd5:
	case 0xf0:
	case 0xf2:
	case 0xf3:
		return false;
	default:
		return true;
	}
}

/* Does the opcode go with REX2? It does so in all its forms and with all prefixes, or in none. */
static void find_rex2(struct form form)
{
	/* a move with REX; jmpabs in REX2, which is no form of it */
	if (form.map == OST_MAP_1BYTE && form.opcode == 0xa1)
		return;
	for (unsigned int key = 0; key < 1u << QUICK_KEY_B; key++) {
		form_from_key(&form, key);
		form.rm = key & 7;
		if (!refuses(form) && ask_rex2(&form)) {
			rex2[form.map][form.opcode] = 1;
			return;
		}
	}
}

static void find_lockable(struct form form)
{
	struct answer answer;

	form.lock = 1;
	for (unsigned int reg = 0; reg < 8; reg++) {
		form.reg = reg;
		form.mod3 = 0;
		if (ask(&form, &answer) == ASK_TAKEN)
			lockable[form.map][form.opcode] |= 1 << reg;
		form.mod3 = 1;
		if (ask(&form, &answer) == ASK_TAKEN)
			die("LOCK on registers", &form);
	}
}

static void make_page(unsigned int map, unsigned int pp)
{
	uint32_t page[OPCODES] = { 0 };
	struct form form = { .map = map, .pp = pp };
	unsigned int opcode, i;

	for (opcode = 0; opcode < OPCODES; opcode++) {
		form.opcode = opcode;
		if (!is_opcode(map, opcode))
			continue;
		page[opcode] = make_entry(form);
		if (!pp && map <= OST_MAP_0F)
			find_lockable(form);
		if (map <= OST_MAP_0F)
			find_rex2(form);
	}
	if (map == OST_MAP_0F)
		page[0x0f] = QUICK_KNOWN | QUICK_MODRM | QUICK_SUFFIX;
	for (i = 0; i < page_count; i++)
		if (!memcmp(pages[i], page, sizeof(page)))
			break;
	if (i == page_count)
		memcpy(pages[page_count++], page, sizeof(page));
	page_of[map * 4 + pp] = i;
}

static void print_words(const char *type, const char *name, const uint32_t *words,
			unsigned int count)
{
	printf("static const %s %s[] = {", type, name);
	for (unsigned int i = 0; i < count; i++)
		printf("%s0x%x,", i % 8 ? " " : "\n\t", words[i]);
	printf("\n};\n\n");
}

static void print_rules(void)
{
	const struct ost_feature_rule *rules;
	struct ost_feature_set set;
	unsigned int i, j, k, count;

	/* every need may come with APX; those that are added have it */
	count = ask_needs(&rules);
	for (i = 0; i < count; i++)
		ask_need_apx(i);
	count = ask_needs(&rules);
	printf("static const uint8_t quick_with_apx[] = {");
	for (i = 0; i < count; i++)
		printf("%s%u,", i % 16 ? " " : "\n\t", ask_need_apx(i));
	printf("\n};\n\nstatic const struct ost_feature_rule quick_rules[] = {\n");
	for (i = 0; i < count; i++) {
		printf("\t{ {");
		for (j = 0; j < OST_RULE_MAX; j++) {
			printf(" { {");
			for (k = 0; k < OST_CLAUSE_MAX; k++)
				printf(" %u,", rules[i].all[j].any[k]);
			printf(" } },");
		}
		printf(" } },\n");
	}
	printf("};\n\nstatic const struct ost_feature_set quick_sets[] = {\n");
	for (i = 0; i < count; i++) {
		memset(&set, 0, sizeof(set));
		ost_feature_rule_needs(&rules[i], &set);
		printf("\t{ {");
		for (j = 0; j < OST_FEATURE_SET_WORDS; j++)
			printf(" 0x%llx,", (unsigned long long)set.bits[j]);
		printf(" } },\n");
	}
	printf("};\n\n");
}

/* by map, then opcode */
static void print_opcodes(const char *name, uint8_t bytes[2][OPCODES])
{
	uint32_t words[2 * OPCODES];

	for (unsigned int i = 0; i < 2 * OPCODES; i++)
		words[i] = bytes[i / OPCODES][i % OPCODES];
	print_words("uint8_t", name, words, 2 * OPCODES);
}

int main(void)
{
	unsigned int map, pp, i;

	for (map = 0; map < OST_MAP_END; map++)
		for (pp = 0; pp < (map == OST_MAP_3DNOW || form_is_xop(map) ? 1 : 4); pp++)
			make_page(map, pp);
	for (map = 0; map < OST_MAP_END; map++)
		for (pp = 1; pp < 4 && map == OST_MAP_3DNOW; pp++)
			page_of[map * 4 + pp] = page_of[map * 4];
	printf("/* Written by isa/quick/generate: %u pages, %u entries in nodes, %u limits. */\n\n",
	       page_count, node_count, limit_count);
	print_words("uint8_t", "quick_page_of", page_of, OST_MAP_END * 4);
	printf("static const uint32_t quick_pages[][%d] = {\n", OPCODES);
	for (i = 0; i < page_count; i++) {
		printf("{");
		for (unsigned int opcode = 0; opcode < OPCODES; opcode++)
			printf("%s0x%x,", opcode % 8 ? " " : "\n\t", pages[i][opcode]);
		printf("\n},\n");
	}
	printf("};\n\n");
	print_words("uint32_t", "quick_nodes", nodes, node_count);
	print_words("uint32_t", "quick_limits", limits, limit_count);
	print_opcodes("quick_lockable", lockable);
	print_opcodes("quick_rex2", rex2);
	print_rules();
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
