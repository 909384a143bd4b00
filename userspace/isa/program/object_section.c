// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What only section headers tell: names of parts, and .symtab. libelf reads them, from the file and
 * not from a mapping of it, so that a file that is cut short meanwhile is an error and no signal.
 */
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

#include "object_file.h"

/* Section headers that are read; a linked file has some forty. */
#define SECTIONS_MAX 8192

/* Largest table of names that is read, bytes; large browsers have some 100 MB. */
#define STRINGS_MAX (512ull << 20)

static int compare_sections(const void *a, const void *b)
{
	const struct ost_section *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start ? 1 :
	       x->end < y->end ? -1 : x->end > y->end;
}

void ost_object_drop_sections(struct ost_object *object)
{
	if (object->file->sections)
		elf_end(object->file->sections);
	object->file->sections = NULL;
}

static Elf *open_sections(struct ost_object *object)
{
	struct ost_object_file *file = object->file;
	size_t count;
	Elf *elf;

	elf_version(EV_CURRENT);
	/* elf_memory() asks for writable bytes, and writes to none of them when it only reads */
	elf = file->bytes ? elf_memory((char *)file->bytes, object->size) :
			    elf_begin(file->fd, ELF_C_READ, NULL);
	if (!elf || elf_kind(elf) != ELF_K_ELF || elf_getshdrnum(elf, &count) ||
	    count > SECTIONS_MAX) {
		ost_object_damage(object, "the section headers at %#llx can't be read",
				  (unsigned long long)file->section_offset);
		elf_end(elf);
		return NULL;
	}
	return elf;
}

/* Sections that say where they are, and say it right: within a loaded segment. */
static bool is_loaded(const struct ost_object *object, const GElf_Shdr *header)
{
	const struct ost_segment *segment;

	if (!(header->sh_flags & SHF_ALLOC) || !header->sh_size ||
	    header->sh_addr > UINT64_MAX - header->sh_size)
		return false;
	/* .tbss takes no addresses of its own */
	if (header->sh_flags & SHF_TLS && header->sh_type == SHT_NOBITS)
		return false;
	segment = ost_object_segment(object, header->sh_addr);
	return segment != NULL;
}

int ost_object_load_sections(struct ost_object *object)
{
	size_t count = 0, names;
	Elf_Scn *scn = NULL;
	Elf *elf;

	if (!object->file->section_offset || object->file->sections)
		return 0;
	elf = open_sections(object);
	object->file->sections = elf;
	if (!elf || elf_getshdrnum(elf, &count) || elf_getshdrstrndx(elf, &names))
		return 0;
	object->sections = ost_object_alloc(object, (count + 1) * sizeof(*object->sections));
	if (!object->sections)
		return -ENOMEM;
	while ((scn = elf_nextscn(elf, scn)) && object->section_count < count) {
		GElf_Shdr header;
		const char *name;

		if (!gelf_getshdr(scn, &header) || !is_loaded(object, &header))
			continue;
		name = elf_strptr(elf, names, header.sh_name);
		object->sections[object->section_count++] = (struct ost_section){
			.name = name && strnlen(name, OST_OBJECT_NAME_MAX) < OST_OBJECT_NAME_MAX ? name : "",
			.start = header.sh_addr,
			.end = header.sh_addr + header.sh_size,
			.flags = header.sh_flags,
			.type = header.sh_type,
		};
	}
	qsort(object->sections, object->section_count, sizeof(*object->sections), compare_sections);
	return 0;
}

/* The strings that a symbol table names, if they are terminated; libelf has checked the sizes. */
static const char *table_strings(Elf *elf, const GElf_Shdr *header, size_t *size)
{
	Elf_Scn *scn = elf_getscn(elf, header->sh_link);
	GElf_Shdr strings;
	Elf_Data *data;

	if (!scn || !gelf_getshdr(scn, &strings) || strings.sh_type != SHT_STRTAB ||
	    strings.sh_size > STRINGS_MAX)
		return NULL;
	data = elf_rawdata(scn, NULL);
	if (!data || !data->d_buf || !data->d_size || ((char *)data->d_buf)[data->d_size - 1])
		return NULL;
	*size = data->d_size;
	return data->d_buf;
}

void ost_object_symbol_table(struct ost_object *object, struct ost_object_symtab *table)
{
	Elf *elf = object->file->sections;
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	Elf_Data *data;

	memset(table, 0, sizeof(*table));
	while (elf && (scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &header) && header.sh_type == SHT_SYMTAB)
			break;
	if (!elf || !scn)
		return;
	data = header.sh_entsize == sizeof(Elf64_Sym) &&
	       header.sh_size / sizeof(Elf64_Sym) <= OST_OBJECT_SYMBOLS_MAX ?
	       elf_rawdata(scn, NULL) : NULL;
	if (data && data->d_buf) {
		table->names = table_strings(elf, &header, &table->names_size);
		table->entries = data->d_buf;
		table->count = data->d_size / sizeof(Elf64_Sym);
	}
	if (!table->names) {
		ost_object_damage(object, ".symtab (%llu bytes) or its strings can't be read",
				  (unsigned long long)header.sh_size);
		table->count = 0;
	}
}
