/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SELFTESTS_ELF_IMAGE_H
#define OST_SELFTESTS_ELF_IMAGE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/*
 * A whole small ELF file, made here: a library or program with two functions, a variable, all kinds
 * of relocations, unwind information, notes; no sections. Code's addresses equal offsets, data's
 * are IMAGE_DATA more.
 */

#define IMAGE_DATA 0x10000ull

struct image {
	Elf64_Ehdr eh;
	Elf64_Phdr ph[9];
	char interp[64];
	struct {
		Elf64_Nhdr head;
		char owner[4];
		uint8_t id[20];
	} id __attribute__((aligned(8)));
	struct {
		Elf64_Nhdr head;
		char owner[4];
		uint32_t type, size, value, padding;
	} property __attribute__((aligned(8)));
	Elf64_Sym sym[7];
	uint16_t version[8];
	struct {
		uint32_t buckets, first, bloom_size, shift;
		uint64_t bloom;
		uint32_t bucket, chain[5];
	} gnu;
	Elf64_Rela rela[4], plt[1];
	uint64_t relr[2];
	struct {
		uint8_t version, frame_enc, count_enc, table_enc;
		int32_t frame;
		uint32_t count;
	} eh_hdr;
	struct {
		uint32_t length, id;
		uint8_t version;
		char augmentation[3];
		uint8_t code, data, ra, size, encoding, pad[3];
	} cie;
	struct {
		uint32_t length, back;
		int32_t start;
		uint32_t size;
		uint32_t rest;
	} fde[3];
	uint32_t frames_end;
	char str[1024];
	uint8_t code[64] __attribute__((aligned(16)));
	Elf64_Dyn dyn[40] __attribute__((aligned(16)));
	uint64_t array[1];
	uint64_t slot[12];
	uint64_t tls[2];
} __attribute__((packed, aligned(16)));

#define IMAGE_AT(member) ((uint64_t)offsetof(struct image, member))
#define IMAGE_DATA_AT(member) (IMAGE_DATA + IMAGE_AT(member))

/** struct image_spec - what differs from one to the next; zero: left out */
struct image_spec {
	const char *soname, *needed[4], *rpath, *runpath, *interp;
	uint8_t id;		/* every byte of the build-id; 0: none */
	uint64_t flags_1;
	const char *text;	/* a constant string that is in it */
	const char *function;	/* name of its first function; NULL = "alpha" */
};

static inline uint32_t image_string(struct image *im, size_t *used, const char *text)
{
	uint32_t at = *used;

	memcpy(im->str + at, text, strlen(text) + 1);
	*used += strlen(text) + 1;
	return at;
}

static inline void image_headers(struct image *im, const struct image_spec *spec)
{
	memcpy(im->eh.e_ident, ELFMAG, SELFMAG);
	im->eh.e_ident[EI_CLASS] = ELFCLASS64;
	im->eh.e_ident[EI_DATA] = ELFDATA2LSB;
	im->eh.e_ident[EI_VERSION] = EV_CURRENT;
	im->eh.e_type = ET_DYN;
	im->eh.e_machine = EM_X86_64;
	im->eh.e_version = EV_CURRENT;
	im->eh.e_entry = spec->interp ? IMAGE_AT(code) : 0;
	im->eh.e_phoff = IMAGE_AT(ph);
	im->eh.e_ehsize = sizeof(im->eh);
	im->eh.e_phentsize = sizeof(Elf64_Phdr);
	im->eh.e_phnum = 9;
	im->ph[0] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_X, 0, 0, 0, IMAGE_AT(dyn), IMAGE_AT(dyn), 4096 };
	im->ph[1] = (Elf64_Phdr){ PT_LOAD, PF_R | PF_W, IMAGE_AT(dyn), IMAGE_DATA_AT(dyn), 0,
				  sizeof(*im) - IMAGE_AT(dyn), 0x3000, 4096 };
	im->ph[2] = (Elf64_Phdr){ PT_DYNAMIC, PF_R, IMAGE_AT(dyn), IMAGE_DATA_AT(dyn), 0,
				  sizeof(im->dyn), sizeof(im->dyn), 8 };
	im->ph[3] = (Elf64_Phdr){ PT_GNU_EH_FRAME, PF_R, IMAGE_AT(eh_hdr), IMAGE_AT(eh_hdr), 0,
				  sizeof(im->eh_hdr), sizeof(im->eh_hdr), 4 };
	im->ph[4] = (Elf64_Phdr){ PT_NOTE, PF_R, IMAGE_AT(id), IMAGE_AT(id), 0,
				  sizeof(im->id), sizeof(im->id), 4 };
	im->ph[5] = (Elf64_Phdr){ PT_NOTE, PF_R, IMAGE_AT(property), IMAGE_AT(property), 0,
				  sizeof(im->property), sizeof(im->property), 8 };
	im->ph[6] = (Elf64_Phdr){ PT_TLS, PF_R, IMAGE_AT(tls), IMAGE_DATA_AT(tls), 0, 16, 32, 8 };
	im->ph[7] = (Elf64_Phdr){ PT_GNU_RELRO, PF_R, IMAGE_AT(dyn), IMAGE_DATA_AT(dyn), 0,
				  0x1000, 0x1000, 1 };
	if (spec->interp) {
		im->ph[8] = (Elf64_Phdr){ PT_INTERP, PF_R, IMAGE_AT(interp), IMAGE_AT(interp), 0,
					  strlen(spec->interp) + 1, strlen(spec->interp) + 1, 1 };
		strcpy(im->interp, spec->interp);
	}
	im->id.head = (Elf64_Nhdr){ 4, spec->id ? 20 : 4, NT_GNU_BUILD_ID };
	memcpy(im->id.owner, "GNU", 4);
	memset(im->id.id, spec->id, sizeof(im->id.id));
	im->property.head = (Elf64_Nhdr){ 4, 16, NT_GNU_PROPERTY_TYPE_0 };
	memcpy(im->property.owner, "GNU", 4);
	im->property.type = 0xc0008002;
	im->property.size = 4;
	im->property.value = 3;
}

static inline void image_symbols(struct image *im, const struct image_spec *spec, size_t *used)
{
	unsigned int global = STB_GLOBAL << 4;

	/* undefined; then those of the hash table: function, its older version, resolver, data, TLS */
	im->sym[1] = (Elf64_Sym){ image_string(im, used, "beta"), global | STT_FUNC, 0, 0, 0, 0 };
	im->sym[2] = (Elf64_Sym){ image_string(im, used, spec->function ? spec->function : "alpha"),
				  global | STT_FUNC, 0, 1, IMAGE_AT(code), 16 };
	im->sym[3] = (Elf64_Sym){ im->sym[2].st_name, global | STT_FUNC, 0, 1, IMAGE_AT(code) + 32, 16 };
	im->version[3] = 0x8002;
	im->sym[4] = (Elf64_Sym){ image_string(im, used, "choice"), global | STT_GNU_IFUNC,
				  STV_PROTECTED, 1, IMAGE_AT(code) + 16, 16 };
	im->sym[5] = (Elf64_Sym){ image_string(im, used, "variable"), STB_WEAK << 4 | STT_OBJECT, 0, 2,
				  IMAGE_DATA_AT(slot), 8 };
	im->sym[6] = (Elf64_Sym){ image_string(im, used, "thread"), global | STT_TLS, 0, 2, 8, 8 };
	im->gnu.buckets = im->gnu.bloom_size = 1;
	im->gnu.first = im->gnu.bucket = 2;
	im->gnu.bloom = UINT64_MAX;
	im->gnu.chain[4] = 1;
	im->rela[0] = (Elf64_Rela){ IMAGE_DATA_AT(slot[1]), R_X86_64_RELATIVE, IMAGE_AT(code) };
	im->rela[1] = (Elf64_Rela){ IMAGE_DATA_AT(slot[2]), ELF64_R_INFO(1ull, R_X86_64_GLOB_DAT), 0 };
	im->rela[2] = (Elf64_Rela){ IMAGE_DATA_AT(slot[3]), ELF64_R_INFO(4ull, R_X86_64_64), 4 };
	im->rela[3] = (Elf64_Rela){ IMAGE_DATA_AT(slot[0]), ELF64_R_INFO(5ull, R_X86_64_COPY), 0 };
	im->plt[0] = (Elf64_Rela){ IMAGE_DATA_AT(slot[4]), ELF64_R_INFO(2ull, R_X86_64_JUMP_SLOT), 0 };
	/* the slot of the initialiser; of the words after it the 6th and the 9th: slot[5], slot[8] */
	im->relr[0] = IMAGE_DATA_AT(array);
	im->relr[1] = 1ull << 6 | 1ull << 9 | 1;
	im->array[0] = IMAGE_AT(code) + 16;
	im->slot[5] = IMAGE_AT(code) + 32;
	im->slot[8] = IMAGE_DATA_AT(slot);
}

static inline void image_frames(struct image *im)
{
	im->eh_hdr.version = 1;
	im->eh_hdr.frame_enc = 0x1b;
	im->eh_hdr.count_enc = 0x03;
	im->eh_hdr.table_enc = 0xff;
	im->eh_hdr.frame = IMAGE_AT(cie) - IMAGE_AT(eh_hdr.frame);
	im->eh_hdr.count = 3;
	im->cie.length = sizeof(im->cie) - 4;
	im->cie.version = 1;
	memcpy(im->cie.augmentation, "zR", 3);
	im->cie.code = 1;
	im->cie.data = 0x78;
	im->cie.ra = 16;
	im->cie.size = 1;
	im->cie.encoding = 0x1b;
	for (unsigned int i = 0; i < 3; i++) {
		im->fde[i].length = sizeof(im->fde[i]) - 4;
		im->fde[i].back = IMAGE_AT(fde[0].back) + i * sizeof(im->fde[0]) - IMAGE_AT(cie);
		im->fde[i].start = IMAGE_AT(code) + i * 16 -
				   (IMAGE_AT(fde[0].start) + i * sizeof(im->fde[0]));
		im->fde[i].size = i == 1 ? 12 : 16;
	}
}

static inline void image_dynamic(struct image *im, const struct image_spec *spec, size_t *used)
{
	Elf64_Dyn *d = im->dyn;

	for (unsigned int i = 0; i < 4 && spec->needed[i]; i++)
		*d++ = (Elf64_Dyn){ DT_NEEDED, { image_string(im, used, spec->needed[i]) } };
	if (spec->soname)
		*d++ = (Elf64_Dyn){ DT_SONAME, { image_string(im, used, spec->soname) } };
	if (spec->rpath)
		*d++ = (Elf64_Dyn){ DT_RPATH, { image_string(im, used, spec->rpath) } };
	if (spec->runpath)
		*d++ = (Elf64_Dyn){ DT_RUNPATH, { image_string(im, used, spec->runpath) } };
	if (spec->flags_1)
		*d++ = (Elf64_Dyn){ DT_FLAGS_1, { spec->flags_1 } };
	*d++ = (Elf64_Dyn){ DT_SYMTAB, { IMAGE_AT(sym) } };
	*d++ = (Elf64_Dyn){ DT_STRTAB, { IMAGE_AT(str) } };
	*d++ = (Elf64_Dyn){ DT_STRSZ, { sizeof(im->str) } };
	*d++ = (Elf64_Dyn){ DT_GNU_HASH, { IMAGE_AT(gnu) } };
	*d++ = (Elf64_Dyn){ DT_VERSYM, { IMAGE_AT(version) } };
	*d++ = (Elf64_Dyn){ DT_RELA, { IMAGE_AT(rela) } };
	*d++ = (Elf64_Dyn){ DT_RELASZ, { sizeof(im->rela) } };
	*d++ = (Elf64_Dyn){ DT_JMPREL, { IMAGE_AT(plt) } };
	*d++ = (Elf64_Dyn){ DT_PLTRELSZ, { sizeof(im->plt) } };
	*d++ = (Elf64_Dyn){ DT_PLTREL, { DT_RELA } };
	*d++ = (Elf64_Dyn){ 36 /* DT_RELR */, { IMAGE_AT(relr) } };
	*d++ = (Elf64_Dyn){ 35 /* DT_RELRSZ */, { sizeof(im->relr) } };
	*d++ = (Elf64_Dyn){ DT_INIT, { IMAGE_AT(code) } };
	*d++ = (Elf64_Dyn){ DT_INIT_ARRAY, { IMAGE_DATA_AT(array) } };
	*d++ = (Elf64_Dyn){ DT_INIT_ARRAYSZ, { sizeof(im->array) } };
}

static inline void image_make(struct image *im, const struct image_spec *spec)
{
	size_t used = 1;

	memset(im, 0, sizeof(*im));
	image_headers(im, spec);
	image_symbols(im, spec, &used);
	image_frames(im);
	image_dynamic(im, spec, &used);
	if (spec->text) {
		image_string(im, &used, "dlopen");
		image_string(im, &used, spec->text);
	}
	memset(im->code, 0xcc, sizeof(im->code));
}

#endif
