// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The quick decoder beside Zydis: every field that it tells, over the executable segments of files
 * and over random bytes. What Zydis doesn't know is compared with ost_insn_decode().
 *
 *	compare [-n COUNT] [-f COUNT] [-r COUNT] [-s SEED] [-b ROUNDS] [FILE...]
 *
 * Files are decoded one after the other until -n instructions are done, of each at most -f. Exit status: 0 when
 * there was no mismatch, 1 when there was one, 2 when something was wrong with the arguments.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "expect.h"
#include "isa/insn.h"

/* mismatches that are printed; all are counted */
#define SHOWN_MAX 40

enum outcome {
	SAME,		/* as Zydis has it, or both refuse */
	OWN,		/* Zydis doesn't know it, and ost_insn_decode() says the same */
	REGISTERS,	/* Zydis looks at register numbers too */
	MISMATCH,
	OUTCOMES
};

struct comparison {
	uint64_t limit;		/* instructions */
	uint64_t file_limit;	/* of each file */
	uint64_t file_end;	/* count of instructions where the file is done */
	uint64_t instructions;	/* that at least one took */
	uint64_t refused;	/* offsets where neither found an instruction */
	uint64_t bytes;
	uint64_t outcomes[OUTCOMES];
};

struct code {
	const uint8_t *bytes;
	size_t size;		/* without the last 15 bytes */
};

static void show(const char *what, const uint8_t *bytes, const struct ost_quick *got,
		 const struct expected *want)
{
	printf("mismatch, %s:", what);
	for (unsigned int i = 0; i < 15; i++)
		printf(" %02x", bytes[i]);
	if (want->taken)
		printf("; %s", ZydisMnemonicGetString(want->zydis.mnemonic));
	else
		printf("; Zydis refuses, status %#x", want->status);
	printf("\n");
#define FIELD(name) \
	if (got->name != want->insn.name) \
		printf("    " #name " is %" PRId64 ", should be %" PRId64 "\n", \
		       (int64_t)got->name, (int64_t)want->insn.name)
	FIELD(length);
	FIELD(flow);
	FIELD(map);
	FIELD(opcode);
	FIELD(modrm);
	FIELD(has_modrm);
	FIELD(prefix);
	FIELD(rex);
	FIELD(disp_at);
	FIELD(disp8_at);
	FIELD(imm_at);
	FIELD(imm_size);
	FIELD(vvvv);
	FIELD(segment);
	FIELD(op16);
	FIELD(rip);
	FIELD(base_reg);
	FIELD(target);
#undef FIELD
	printf("    need %u:", got->need);
	for (unsigned int i = 0; i < OST_RULE_MAX; i++)
		printf(" %s", ost_feature_name(ost_quick_rule(got->need)->all[i].any[0]));
	printf("; should be:");
	for (unsigned int i = 0; i < OST_RULE_MAX && want->taken; i++)
		printf(" %s", ost_feature_name(want->rule.all[i].any[0]));
	printf("\n");
}

static unsigned int need_apx(void)
{
	static const struct ost_feature_rule apx = { { { { OST_F_APX_F } } } };
	unsigned int need;

	for (need = 0; need < ost_quick_needs(); need++)
		if (expect_same_rule(ost_quick_rule(need), &apx))
			break;
	return need;
}

static bool is_prefix(uint8_t byte)
{
	return memchr("\x66\xf2\xf3\x67\xf0\x2e\x36\x3e\x26\x64\x65", byte, 11);
}

/* Without each REX that isn't the last prefix: our tables stop there. Returns how many. */
static unsigned int strip(const uint8_t bytes[15], uint8_t stripped[15])
{
	unsigned int at, to = 0, count = 0;

	for (at = 0; at < 15; at++) {
		bool rex = (bytes[at] & 0xf0) == 0x40;

		if (!rex && !is_prefix(bytes[at]))
			break;
		if (rex && at < 14 && (is_prefix(bytes[at + 1]) || (bytes[at + 1] & 0xf0) == 0x40))
			count++;
		else
			stripped[to++] = bytes[at];
	}
	memcpy(stripped + to, bytes + at, 15 - at);
	return count;
}

/*
 * For kernels only; without its feature a no-op; or only asking. The quick decoder finds that in
 * the form without APX, and then a host needs APX and no more.
 */
static bool is_never_needed(const struct ost_insn *insn)
{
	static const char *const names[] = { "prefetch", "rdssp", "xgetbv" };

	if (insn->kernel_only || ost_feature_get(insn->rule.all[0].any[0])->kernel_only)
		return true;
	for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(insn->text, names[i], strlen(names[i])))
			return true;
	return false;
}

/* ost_insn_decode(), with the length that all of it has. */
static enum ost_insn_result ask_own(const uint8_t *bytes, struct ost_insn *insn)
{
	uint8_t stripped[15];
	unsigned int count = strip(bytes, stripped);
	enum ost_insn_result result = ost_insn_decode(stripped, 15 - count, insn);

	insn->length += count;
	return result;
}

/* Does ost_insn_decode() take it, with this length and need? */
static bool is_own(const uint8_t *bytes, const struct ost_quick *got, unsigned int length)
{
	struct ost_insn insn;

	if (!length || ask_own(bytes, &insn) != OST_INSN_OK || insn.length != length)
		return false;
	if (is_never_needed(&insn))
		return !got->need || got->need == need_apx();
	expect_rule(&insn.rule);
	if (insn.harmless)
		memset(&insn.rule, 0, sizeof(insn.rule));
	return expect_same_rule(&insn.rule, ost_quick_rule(got->need));
}

/*
 * Registers that Zydis refuses and the quick decoder doesn't look at: the destination, index and
 * mask of a gather, the three of a matrix product, or the destination and a source of a complex
 * product that are the same; control and debug registers that there are none of.
 */
static bool is_register_rule(const uint8_t *bytes, const struct ost_quick *got,
			     const struct expected *want)
{
	struct ost_insn insn;

	/* with APX it was asked by way of ost_insn_decode() */
	if (want->status != ZYDIS_STATUS_BAD_REGISTER &&
	    (ask_own(bytes, &insn) != OST_INSN_GARBAGE ||
	     !strstr(insn.text, "register field")))
		return false;
	switch (got->map) {
	case OST_MAP_VEX2:
		/* gathers, matrix products */
		return (got->opcode >= 0x90 && got->opcode <= 0x93) || got->opcode == 0x5e ||
		       got->opcode == 0x5c;
	case OST_MAP_EVEX2:
		return got->opcode >= 0x90 && got->opcode <= 0x93;
	case OST_MAP_EVEX6:
		/* complex products, whose destination is no source */
		return (got->opcode & 0x7e) == 0x56;
	case OST_MAP_0F:
		return got->opcode >= 0x20 && got->opcode <= 0x23;
	default:
		return false;
	}
}

/*
 * Does ost_insn_decode() take what Zydis and the quick decoder refuse? It does so rightly but for
 * three kinds, which are garbage to a processor: zeroing without a mask register in instructions of
 * our own table, whose other reserved fields it knows; LOCK before jmpabs; and 3DNow! behind REX2,
 * which no processor has together.
 */
static bool is_missed(const uint8_t *bytes)
{
	uint8_t stripped[15];
	struct ost_insn insn;
	unsigned int at = 0, count = strip(bytes, stripped);

	if (ask_own(bytes, &insn) != OST_INSN_OK)
		return false;
	while (is_prefix(stripped[at]))
		at++;
	if (at + 3 >= 15 - count)
		return true;
	if (stripped[at] == 0x62)
		return !(stripped[at + 3] & 0x80) || stripped[at + 3] & 7;
	if (stripped[at] == 0xd5 && stripped[at + 1] & 0x80)
		return stripped[at + 2] != 0x0f;
	return stripped[at] != 0xd5 || stripped[at + 2] != 0xa1 || !memchr(stripped, 0xf0, at);
}

/* All fields but @need. */
static bool is_same(const struct ost_quick *got, const struct expected *want)
{
	struct ost_quick insn = *got;

	insn.need = 0;
	return !memcmp(&insn, &want->insn, sizeof(insn));
}

/* Compare at one place; returns how far to go. */
static unsigned int compare(const uint8_t *bytes, struct comparison *c)
{
	struct expected want;
	struct ost_quick got;
	unsigned int length;
	enum outcome outcome;

	memset(&got, 0xff, sizeof(got));
	length = ost_quick_decode(bytes, &got);
	expect(bytes, &want);
	if (!length && !want.taken && !is_missed(bytes)) {
		c->refused++;
		c->bytes++;
		return 1;
	}
	if (length && want.taken && is_same(&got, &want) &&
	    expect_same_rule(ost_quick_rule(got.need), &want.rule))
		outcome = SAME;
	else if ((!want.taken || is_same(&got, &want)) && is_own(bytes, &got, length))
		outcome = OWN;
	else if (length && is_register_rule(bytes, &got, &want))
		outcome = REGISTERS;
	else
		outcome = MISMATCH;
	if (outcome == MISMATCH && c->outcomes[MISMATCH] < SHOWN_MAX)
		show(!length ? "refused" : !want.taken ? "taken" : "otherwise", bytes, &got, &want);
	c->outcomes[outcome]++;
	c->instructions++;
	c->bytes += length ? length : 1;
	return length ? length : 1;
}

static bool compare_code(const struct code *code, void *context)
{
	struct comparison *c = context;
	size_t at = 0;

	while (at < code->size && c->instructions < c->limit && c->instructions < c->file_end)
		at += compare(code->bytes + at, c);
	return c->instructions < c->limit && c->instructions < c->file_end;
}

/* ---- speed ---- */

struct speed {
	unsigned int rounds;
	uint64_t bytes;
	double quick, zydis;	/* seconds of processor time */
	volatile uint64_t sum;
};

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static uint64_t run_quick(const struct code *code)
{
	struct ost_quick insn;
	uint64_t sum = 0;
	unsigned int length;

	for (size_t at = 0; at < code->size; at += length ? length : 1) {
		length = ost_quick_decode(code->bytes + at, &insn);
		sum += insn.need + insn.target;
	}
	return sum;
}

static uint64_t run_zydis(const struct code *code, const ZydisDecoder *decoder)
{
	ZydisDecodedInstruction insn;
	ZydisDecoderContext context;
	uint64_t sum = 0;
	bool taken;

	for (size_t at = 0; at < code->size; at += taken ? insn.length : 1) {
		taken = ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(decoder, &context,
								   code->bytes + at, 15, &insn));
		sum += insn.meta.isa_set;
	}
	return sum;
}

static bool measure_code(const struct code *code, void *context)
{
	uint64_t sum;
	struct speed *speed = context;
	ZydisDecoder decoder;
	double start;

	ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
	ZydisDecoderEnableMode(&decoder, ZYDIS_DECODER_MODE_MINIMAL, ZYAN_TRUE);
	/* the first round brings the file into memory */
	sum = run_quick(code);
	for (unsigned int i = 0; i < speed->rounds; i++) {
		start = now();
		sum += run_quick(code);
		speed->quick += now() - start;
		start = now();
		sum += run_zydis(code, &decoder);
		speed->zydis += now() - start;
		speed->bytes += code->size;
	}
	/* so that no call is left out */
	speed->sum += sum;
	return true;
}

/* ---- files ---- */

static bool is_x86_64(const Elf64_Ehdr *ehdr, size_t size)
{
	return size > sizeof(*ehdr) && !memcmp(ehdr->e_ident, ELFMAG, SELFMAG) &&
	       ehdr->e_ident[EI_CLASS] == ELFCLASS64 && ehdr->e_machine == EM_X86_64 &&
	       ehdr->e_phentsize == sizeof(Elf64_Phdr) && ehdr->e_phoff < size &&
	       ehdr->e_phnum <= (size - ehdr->e_phoff) / sizeof(Elf64_Phdr);
}

/* Each executable segment of a file; 0 when it was no file for this. */
static int each_code(const char *path, bool (*each)(const struct code *code, void *context),
		     void *context)
{
	const Elf64_Ehdr *ehdr;
	const Elf64_Phdr *phdr;
	struct code code;
	struct stat st;
	void *map;
	int fd, found = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || !st.st_size) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return 0;
	ehdr = map;
	if (is_x86_64(ehdr, st.st_size)) {
		phdr = (const void *)((const uint8_t *)map + ehdr->e_phoff);
		for (unsigned int i = 0; i < ehdr->e_phnum; i++) {
			if (phdr[i].p_type != PT_LOAD || !(phdr[i].p_flags & PF_X) ||
			    phdr[i].p_filesz <= OST_QUICK_PAD ||
			    phdr[i].p_offset > (size_t)st.st_size ||
			    phdr[i].p_filesz > st.st_size - phdr[i].p_offset)
				continue;
			code.bytes = (const uint8_t *)map + phdr[i].p_offset;
			code.size = phdr[i].p_filesz - OST_QUICK_PAD;
			found++;
			if (!each(&code, context))
				break;
		}
	}
	munmap(map, st.st_size);
	return found;
}

/* ---- random bytes ---- */

static uint64_t next_random(uint64_t *state)
{
	/* xorshift64*, Vigna 2014 */
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 2685821657736338717ull;
}

/* Prefixes, perhaps; then the lead of one of the maps; then anything. */
static void make_soup(uint8_t bytes[OST_QUICK_PAD], uint64_t *state)
{
	static const uint8_t prefixes[] = { 0x66, 0xf2, 0xf3, 0x67, 0xf0, 0x2e, 0x36, 0x3e,
					    0x26, 0x64, 0x65, 0x48, 0x41, 0x4f, 0x40, 0x66 };
	uint64_t choice = next_random(state), bits;
	unsigned int i, at = 0, count = choice & 7;

	for (i = 0; i < OST_QUICK_PAD; i += 8) {
		bits = next_random(state);
		memcpy(bytes + i, &bits, 8);
	}
	/* mostly few of them, at times more than any instruction can have */
	count = count < 4 ? 0 : count < 6 ? 1 : count < 7 ? 2 : choice >> 3 & 15;
	for (bits = choice >> 8; at < count; bits = bits >> 4 | bits << 44)
		bytes[at++] = prefixes[bits & 15];
	if (at > OST_QUICK_PAD - 5)
		return;
	switch (choice >> 58) {
	case 0 ... 15:
		break;
	case 16 ... 23:
		bytes[at] = 0x0f;
		break;
	case 24 ... 27:
		bytes[at++] = 0x0f;
		bytes[at] = choice >> 57 & 1 ? 0x38 : 0x3a;
		break;
	case 28:
		bytes[at++] = 0x0f;
		bytes[at] = 0x0f;
		break;
	case 29 ... 33:
		bytes[at] = 0xc5;
		break;
	case 34 ... 41:
		bytes[at++] = 0xc4;
		bytes[at] = (bytes[at] & 0xe0) | (choice >> 50 & 7);
		break;
	case 42 ... 55:
		bytes[at] = 0x62;
		/* most often with what is reserved as it should be */
		if (choice >> 48 & 3) {
			bytes[at + 1] &= 0xf7;
			bytes[at + 2] |= choice >> 46 & 3 ? 0x7c : 4;
			bytes[at + 3] |= 8;
		}
		break;
	case 56 ... 59:
		bytes[at++] = 0x8f;
		bytes[at] = (bytes[at] & 0xe0) | (8 + (choice >> 50 & 3));
		break;
	default:
		bytes[at] = 0xd5;
		break;
	}
}

static void compare_random(struct comparison *c, uint64_t seed, uint64_t count)
{
	uint8_t bytes[OST_QUICK_PAD];
	uint64_t state = seed;

	while (count--) {
		make_soup(bytes, &state);
		compare(bytes, c);
	}
}

static void print(const char *what, const struct comparison *c)
{
	printf("%s: %" PRIu64 " instructions in %.1f MB: %" PRIu64 " as Zydis, %" PRIu64
	       " of our own tables, %" PRIu64 " refused by Zydis for register numbers, %" PRIu64
	       " mismatches; no instruction at %" PRIu64 " offsets\n", what, c->instructions,
	       c->bytes / 1e6, c->outcomes[SAME], c->outcomes[OWN], c->outcomes[REGISTERS],
	       c->outcomes[MISMATCH], c->refused);
}

static int usage(void)
{
	fprintf(stderr, "usage: compare [-n COUNT] [-f COUNT] [-r COUNT] [-s SEED]"
		" [-b ROUNDS] [FILE...]\n");
	return 2;
}

static bool parse_number(const char *text, uint64_t *number)
{
	char *end;

	errno = 0;
	*number = strtoull(text, &end, 0);
	return !errno && end != text && !*end;
}

int main(int argc, char **argv)
{
	struct comparison files = { .limit = UINT64_MAX, .file_limit = UINT64_MAX }, soup = { 0 };
	uint64_t random = 0, seed = 20220901, rounds = 0;
	struct speed speed = { 0 };
	int opt, used = 0;
	bool fine = true;

	while ((opt = getopt(argc, argv, "n:f:r:s:b:")) != -1 && fine) {
		switch (opt) {
		case 'n':
			fine = parse_number(optarg, &files.limit);
			break;
		case 'f':
			fine = parse_number(optarg, &files.file_limit);
			break;
		case 'r':
			fine = parse_number(optarg, &random);
			break;
		case 's':
			fine = parse_number(optarg, &seed) && seed;
			break;
		case 'b':
			fine = parse_number(optarg, &rounds) && rounds && rounds < 1000;
			break;
		default:
			fine = false;
		}
	}
	if (!fine)
		return usage();
	speed.rounds = rounds;
	for (int i = optind; i < argc && files.instructions < files.limit; i++) {
		if (__builtin_add_overflow(files.instructions, files.file_limit, &files.file_end))
			files.file_end = UINT64_MAX;
		used += rounds ? each_code(argv[i], measure_code, &speed) > 0 :
				 each_code(argv[i], compare_code, &files) > 0;
	}
	if (optind < argc && !used) {
		fprintf(stderr, "compare: none of the %d files is an x86-64 ELF file with code\n",
			argc - optind);
		return 2;
	}
	if (rounds) {
		printf("quick %.1f MB/s, Zydis (minimal) %.1f MB/s, over %.1f MB of %d files\n",
		       speed.bytes / 1e6 / speed.quick, speed.bytes / 1e6 / speed.zydis,
		       speed.bytes / 1e6 / rounds, used);
		return 0;
	}
	if (used)
		printf("%d files; ", used), print("their segments", &files);
	if (random) {
		compare_random(&soup, seed, random);
		printf("seed %" PRIu64 "; ", seed);
		print("random bytes", &soup);
	}
	return files.outcomes[MISMATCH] || soup.outcomes[MISMATCH] ||
	       !(files.instructions || soup.instructions);
}
