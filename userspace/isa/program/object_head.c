// SPDX-License-Identifier: GPL-2.0-or-later
/* ELF header, program headers, segments, interpreter, notes. Format: System V ABI, AMD64 part. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "lib/sha256.h"
#include "object_file.h"

#define PAGE 4096ull

/* Program headers that Linux reads: no more than fit into 64 KiB (fs/binfmt_elf.c). */
#define HEADERS_MAX (65536 / sizeof(Elf64_Phdr))

/* Bytes of a PT_NOTE that are looked at. */
#define NOTES_MAX 65536

/* A build-id that is shorter names nothing well enough, bytes. */
#define BUILD_ID_MIN 8

#ifndef GNU_PROPERTY_X86_ISA_1_NEEDED
#define GNU_PROPERTY_X86_ISA_1_NEEDED 0xc0008002
#endif

/* Of a file without a build-id so much is hashed from its start, and a quarter from its end; bytes. */
#define HASHED_MAX (1ull << 30)

/*
 * Owner "Go": cmd/link's own build id, hashes of what went in and what came out with slashes between
 * them. Build systems may put a fixed word there instead.
 */
#define NOTE_GO_BUILD_ID 4
#define GO_BUILD_ID_MIN 41

static const char *type_name(unsigned int type)
{
	return type == ET_REL ? "a relocatable object (.o, .ko)" : type == ET_CORE ? "a core file" :
	       "neither an executable nor a shared library";
}

static const char *machine_name(unsigned int machine)
{
	return machine == EM_386 ? "32-bit x86" : machine == EM_AARCH64 ? "64-bit ARM" :
	       machine == EM_ARM ? "32-bit ARM" : machine == EM_RISCV ? "RISC-V" :
	       machine == EM_PPC64 ? "64-bit POWER" : machine == EM_S390 ? "IBM Z" :
	       machine == EM_BPF ? "BPF" : machine == EM_LOONGARCH ? "LoongArch" : "another machine";
}

static int read_elf_header(struct ost_object *object, Elf64_Ehdr *eh, struct ost_error *err)
{
	size_t size = object->size < sizeof(*eh) ? object->size : sizeof(*eh);
	int r;

	memset(eh, 0, sizeof(*eh));
	r = ost_object_pread(object, 0, eh, size);
	if (r)
		return ost_error_set(err, r, "%s: %s", object->path, strerror(-r));
	if (memcmp(eh->e_ident, ELFMAG, SELFMAG))
		return ost_error_set(err, -ENOEXEC, "%s: is not an ELF file", object->path);
	if (size < sizeof(*eh))
		return ost_object_broken(object, err, "ends after %zu bytes, within its header", size);
	if (eh->e_ident[EI_CLASS] != ELFCLASS64 && eh->e_machine == EM_X86_64)
		return ost_error_set(err, -ENOTSUP, "%s: is for the x32 ABI, only 64-bit code is read",
				     object->path);
	if (eh->e_ident[EI_DATA] != ELFDATA2LSB)
		return ost_error_set(err, -ENOTSUP, "%s: is not little-endian: not for x86-64",
				     object->path);
	if (eh->e_machine != EM_X86_64)
		return ost_error_set(err, -ENOTSUP, "%s: is for %s (ELF machine %u), not x86-64",
				     object->path, machine_name(eh->e_machine), eh->e_machine);
	if (eh->e_ident[EI_CLASS] != ELFCLASS64)
		return ost_object_broken(object, err, "class %u, 2 (64-bit) would be right",
					 eh->e_ident[EI_CLASS]);
	if (eh->e_type != ET_EXEC && eh->e_type != ET_DYN)
		return ost_error_set(err, -ENOTSUP, "%s: is %s (ELF type %u)", object->path,
				     type_name(eh->e_type), eh->e_type);
	if (eh->e_phentsize != sizeof(Elf64_Phdr) || !eh->e_phnum)
		return ost_object_broken(object, err, "%u program headers of %u bytes, %zu bytes would be right",
					 eh->e_phnum, eh->e_phentsize, sizeof(Elf64_Phdr));
	if (eh->e_phnum > HEADERS_MAX)
		return ost_object_broken(object, err, "%u program headers, Linux takes %zu at most",
					 eh->e_phnum, HEADERS_MAX);
	return 0;
}

/* What Linux and ld.so refuse to map is refused here. */
static int check_load(const struct ost_object *object, const Elf64_Phdr *ph, size_t i,
		      struct ost_error *err)
{
	if (ph->p_filesz > ph->p_memsz)
		return ost_object_broken(object, err, "segment %zu has more bytes in the file (%llu) than in memory (%llu)",
					 i, (unsigned long long)ph->p_filesz,
					 (unsigned long long)ph->p_memsz);
	if (ph->p_vaddr >= 1ull << 47 || ph->p_memsz > (1ull << 47) - ph->p_vaddr)
		return ost_object_broken(object, err, "segment %zu ends beyond the address space, at %#llx + %#llx",
					 i, (unsigned long long)ph->p_vaddr,
					 (unsigned long long)ph->p_memsz);
	if (ph->p_filesz && (ph->p_offset > object->size ||
			     ph->p_filesz > object->size - ph->p_offset))
		return ost_object_broken(object, err, "segment %zu needs bytes %llu to %llu, the file ends at %llu",
					 i, (unsigned long long)ph->p_offset,
					 (unsigned long long)(ph->p_offset + ph->p_filesz),
					 (unsigned long long)object->size);
	if (ph->p_filesz && (ph->p_vaddr - ph->p_offset) % PAGE)
		return ost_object_broken(object, err, "segment %zu can't be mapped: address %#llx and offset %#llx differ within a page",
					 i, (unsigned long long)ph->p_vaddr,
					 (unsigned long long)ph->p_offset);
	return 0;
}

/* In the order of the headers; the mapping that is made last stays. */
static void sort_segments(struct ost_object *object)
{
	struct ost_segment *s = object->segments;
	size_t kept = 0;

	for (size_t i = 1; i < object->segment_count; i++)
		for (size_t k = i; k && s[k].start < s[k - 1].start; k--) {
			struct ost_segment swap = s[k];

			s[k] = s[k - 1];
			s[k - 1] = swap;
		}
	for (size_t i = 0; i < object->segment_count; i++) {
		if (i + 1 < object->segment_count && s[i].end > s[i + 1].start) {
			ost_object_damage(object, "segments overlap at %#llx",
					  (unsigned long long)s[i + 1].start);
			s[i].end = s[i + 1].start;
			if (s[i].size > s[i].end - s[i].start)
				s[i].size = s[i].end - s[i].start;
		}
		if (s[i].end > s[i].start)
			s[kept++] = s[i];
	}
	object->segment_count = kept;
}

/* The pages of PT_GNU_RELRO are read-only when the program starts; ld.so rounds both ends down. */
static void apply_relro(struct ost_object *object, const Elf64_Phdr *relro)
{
	uint64_t start = relro->p_vaddr & ~(PAGE - 1);
	uint64_t end = relro->p_memsz > UINT64_MAX - relro->p_vaddr ? 0 :
		       (relro->p_vaddr + relro->p_memsz) & ~(PAGE - 1);
	size_t i;

	for (i = 0; i < object->segment_count; i++)
		if (object->segments[i].write && object->segments[i].end > start &&
		    object->segments[i].start < end)
			break;
	if (i == object->segment_count)
		return;
	if (object->segments[i].end > end) {
		struct ost_segment *s = &object->segments[i];
		uint64_t part = end - s->start;

		memmove(s + 2, s + 1, (object->segment_count - i - 1) * sizeof(*s));
		object->segment_count++;
		s[1] = s[0];
		s[0].end = s[1].start = end;
		if (s[0].size > part)
			s[0].size = part;
		s[1].offset += part;
		s[1].size = s[1].size > part ? s[1].size - part : 0;
	}
	/* what of the segment lies before, in a page that isn't whole, is rounded down to nothing */
	if (object->segments[i].start >= start) {
		object->segments[i].write = false;
		object->segments[i].relro = true;
	}
}

static int make_segments(struct ost_object *object, const struct ost_object_head *head,
			 struct ost_error *err)
{
	/* one more for the part of one that PT_GNU_RELRO doesn't cover */
	object->segments = ost_object_alloc(object, (head->count + 1) * sizeof(*object->segments));
	if (!object->segments)
		return -ENOMEM;
	for (size_t i = 0; i < head->count; i++) {
		const Elf64_Phdr *ph = &head->headers[i];
		int r;

		if (ph->p_type != PT_LOAD || !ph->p_memsz)
			continue;
		r = check_load(object, ph, i, err);
		if (r)
			return r;
		object->segments[object->segment_count++] = (struct ost_segment){
			.start = ph->p_vaddr,
			.end = ph->p_vaddr + ph->p_memsz,
			.size = ph->p_filesz,
			.offset = ph->p_offset,
			.execute = ph->p_flags & PF_X,
			.write = ph->p_flags & PF_W,
		};
	}
	if (!object->segment_count)
		return ost_object_broken(object, err, "no segment is to be loaded");
	sort_segments(object);
	if (head->relro.p_type)
		apply_relro(object, &head->relro);
	for (size_t i = 0; i < object->segment_count; i++)
		if (object->segments[i].execute)
			object->code_bytes += object->segments[i].size;
	return 0;
}

static int read_interpreter(struct ost_object *object, const Elf64_Phdr *ph, struct ost_error *err)
{
	char path[OST_OBJECT_NAME_MAX + 1];
	int r;

	if (ph->p_filesz < 2 || ph->p_filesz > OST_OBJECT_NAME_MAX)
		return ost_object_broken(object, err, "the interpreter's path has %llu bytes, 2 to %u would be right",
					 (unsigned long long)ph->p_filesz, OST_OBJECT_NAME_MAX);
	r = ost_object_pread(object, ph->p_offset, path, ph->p_filesz);
	if (r == -EBADMSG)
		return ost_object_broken(object, err, "the interpreter's path lies beyond the end of the file");
	if (r)
		return ost_error_set(err, r, "%s: %s", object->path, strerror(-r));
	if (path[ph->p_filesz - 1])
		return ost_object_broken(object, err, "the interpreter's path has no end");
	object->interpreter = ost_object_copy(object, path, strlen(path));
	object->has_interpreter = true;
	return object->interpreter ? 0 : -ENOMEM;
}

int ost_object_read_head(struct ost_object *object, struct ost_object_head *head,
			 struct ost_error *err)
{
	Elf64_Ehdr eh;
	int r = read_elf_header(object, &eh, err);

	if (r)
		return r;
	head->count = eh.e_phnum;
	head->headers = ost_object_alloc(object, eh.e_phnum * sizeof(Elf64_Phdr));
	if (!head->headers)
		return -ENOMEM;
	r = ost_object_pread(object, eh.e_phoff, head->headers, eh.e_phnum * sizeof(Elf64_Phdr));
	if (r == -EBADMSG)
		return ost_object_broken(object, err, "%u program headers at %#llx lie beyond the end of the file (%llu bytes)",
					 eh.e_phnum, (unsigned long long)eh.e_phoff,
					 (unsigned long long)object->size);
	if (r)
		return ost_error_set(err, r, "%s: %s", object->path, strerror(-r));
	ost_object_mix(object, &eh, sizeof(eh));
	ost_object_mix(object, head->headers, eh.e_phnum * sizeof(Elf64_Phdr));
	object->shared = eh.e_type == ET_DYN;
	object->entry = eh.e_entry;
	object->file->section_offset = eh.e_shnum ? eh.e_shoff : 0;
	for (size_t i = 0; i < head->count; i++) {
		const Elf64_Phdr *ph = &head->headers[i];

		switch (ph->p_type) {
		case PT_DYNAMIC:
			head->dynamic = *ph;
			break;
		case PT_INTERP:
			head->interp = *ph;
			break;
		case PT_GNU_EH_FRAME:
			head->unwind = *ph;
			break;
		case PT_TLS:
			head->tls = *ph;
			break;
		case PT_GNU_RELRO:
			head->relro = *ph;
			break;
		}
	}
	r = make_segments(object, head, err);
	if (!r && head->interp.p_type)
		r = read_interpreter(object, &head->interp, err);
	if (head->tls.p_type && head->tls.p_memsz < 1ull << 47) {
		object->tls_start = head->tls.p_vaddr;
		object->tls_size = head->tls.p_memsz;
	}
	object->file->unwind.address = head->unwind.p_vaddr;
	object->file->unwind.size = head->unwind.p_filesz;
	return r;
}

static void take_property(struct ost_object *object, const uint8_t *desc, size_t size)
{
	uint32_t type, length, value;

	for (size_t at = 0; at + 8 <= size;) {
		memcpy(&type, desc + at, 4);
		memcpy(&length, desc + at + 4, 4);
		at += 8;
		if (length > size - at)
			return;
		if (type == GNU_PROPERTY_X86_ISA_1_NEEDED && length >= 4) {
			memcpy(&value, desc + at, 4);
			object->isa_needed |= value;
		}
		at += (length + 7ull) & ~7ull;
	}
}

/* Some linkers leave room for one and fill in nothing. */
static bool is_build_id(const uint8_t *desc, size_t size)
{
	for (size_t i = 0; i < size && size >= BUILD_ID_MIN; i++)
		if (desc[i])
			return true;
	return false;
}

static void take_note(struct ost_object *object, const char *owner, size_t owner_size, uint32_t type,
		      const uint8_t *desc, size_t size)
{
	char text[OST_SHA256_TEXT];

	if (owner_size == 4 && !memcmp(owner, "GNU", 4)) {
		if (type == NT_GNU_PROPERTY_TYPE_0)
			take_property(object, desc, size);
		if (type != NT_GNU_BUILD_ID || !is_build_id(desc, size))
			return;
		for (size_t i = 0; i < size && 2 * i + 2 < sizeof(object->id); i++)
			snprintf(object->id + 2 * i, 3, "%02x", desc[i]);
	} else if (owner_size == 4 && !memcmp(owner, "Go\0", 4)) {
		struct ost_sha256 sha;

		object->file->go = true;
		if (type != NOTE_GO_BUILD_ID || size < GO_BUILD_ID_MIN ||
		    !memchr(desc, '/', size) || object->id[0])
			return;
		ost_sha256_init(&sha);
		ost_sha256_add(&sha, desc, size);
		ost_sha256_end_text(&sha, text);
		snprintf(object->id, sizeof(object->id), "go:%.61s", text);
	}
}

static int read_note_segment(struct ost_object *object, const Elf64_Phdr *ph)
{
	size_t size = ph->p_filesz < NOTES_MAX ? ph->p_filesz : NOTES_MAX;
	uint64_t align = ph->p_align == 8 ? 7 : 3;
	uint8_t *notes = malloc(size + 1);
	Elf64_Nhdr note;
	int r;

	if (!notes)
		return -ENOMEM;
	r = ost_object_pread(object, ph->p_offset, notes, size);
	if (r) {
		free(notes);
		if (r == -EBADMSG)
			ost_object_damage(object, "notes lie beyond the end of the file");
		return r == -EBADMSG ? 0 : r;
	}
	ost_object_mix(object, notes, size);
	for (uint64_t at = 0; at + sizeof(note) <= size;) {
		uint64_t name = at + sizeof(note), desc, end;

		memcpy(&note, notes + at, sizeof(note));
		desc = (name + note.n_namesz + align) & ~align;
		end = desc + note.n_descsz;
		if (end > size)
			break;
		take_note(object, (char *)notes + name, note.n_namesz, note.n_type, notes + desc,
			  note.n_descsz);
		at = (end + align) & ~align;
	}
	free(notes);
	return 0;
}

static int hash_file(struct ost_object *object)
{
	char text[OST_SHA256_TEXT];
	struct ost_sha256 sha;
	uint8_t block[65536];

	ost_sha256_init(&sha);
	for (uint64_t at = 0; at < object->size;) {
		size_t size = object->size - at < sizeof(block) ? object->size - at : sizeof(block);
		int r = ost_object_pread(object, at, block, size);

		if (r)
			return r;
		ost_sha256_add(&sha, block, size);
		at += size;
		if (at == HASHED_MAX && object->size > HASHED_MAX + HASHED_MAX / 4)
			at = object->size - HASHED_MAX / 4;
	}
	ost_sha256_end_text(&sha, text);
	snprintf(object->id, sizeof(object->id), "sha256:%.56s", text);
	return 0;
}

int ost_object_read_notes(struct ost_object *object, const struct ost_object_head *head,
			  struct ost_error *err)
{
	int r = 0;

	for (size_t i = 0; !r && i < head->count; i++)
		if (head->headers[i].p_type == PT_NOTE)
			r = read_note_segment(object, &head->headers[i]);
	if (!r && !object->id[0])
		r = hash_file(object);
	return r ? ost_error_set(err, r, "%s: %s", object->path,
				 r == -EBADMSG ? "was cut short while it was read" : strerror(-r)) : 0;
}
