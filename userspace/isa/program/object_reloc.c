// SPDX-License-Identifier: GPL-2.0-or-later
/* Relocations, in the order in which ld.so applies them: DT_RELR, DT_RELA, DT_JMPREL. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object_file.h"

/* Where a static program without sections is searched for its IRELATIVE relocations, bytes. */
#define SEARCH_MAX (1u << 20)

/** struct list - relocations so far */
struct list {
	struct ost_reloc *relocs;
	size_t count, room;
};

static int add_reloc(struct ost_object *object, struct list *list, const struct ost_reloc *reloc)
{
	if (!ost_object_segment(object, reloc->offset)) {
		ost_object_damage(object, "a relocation writes to %#llx, outside of the segments",
				  (unsigned long long)reloc->offset);
		return 0;
	}
	if (list->count == OST_OBJECT_RELOCS_MAX) {
		ost_object_damage(object, "more than %u relocations", OST_OBJECT_RELOCS_MAX);
		return -E2BIG;
	}
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 1024;
		struct ost_reloc *grown = realloc(list->relocs, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		list->relocs = grown;
		list->room = room;
	}
	list->relocs[list->count++] = *reloc;
	return 0;
}

static bool binds_locally(const struct ost_object *object, const Elf64_Sym *sym)
{
	return ELF64_ST_BIND(sym->st_info) == STB_LOCAL || ELF64_ST_VISIBILITY(sym->st_other) ||
	       object->symbolic;
}

static int add_rela(struct ost_object *object, struct list *list, const Elf64_Rela *rela)
{
	uint32_t index = ELF64_R_SYM(rela->r_info);
	struct ost_dynamic_symbol symbol;
	struct ost_reloc reloc = {
		.offset = rela->r_offset,
		.type = ELF64_R_TYPE(rela->r_info),
		.addend = rela->r_addend,
	};

	if (reloc.type == R_X86_64_NONE)
		return 0;
	if (index && !ost_object_dynamic_symbol(object, index, &symbol)) {
		ost_object_damage(object, "the relocation of %#llx names dynamic symbol %u, which lies outside of the file",
				  (unsigned long long)reloc.offset, index);
	} else if (index) {
		reloc.symbol = symbol.name;
		if (symbol.sym.st_shndx != SHN_UNDEF) {
			reloc.defined = ost_object_symbol_address(object, &symbol.sym);
			reloc.symbol_type = ELF64_ST_TYPE(symbol.sym.st_info);
			reloc.local = binds_locally(object, &symbol.sym);
		}
	}
	return add_reloc(object, list, &reloc);
}

/* A table's bytes as far as there are any. */
static const uint8_t *table_bytes(struct ost_object *object, const struct ost_object_table *table,
				  const char *name, size_t *size)
{
	const uint8_t *bytes;
	size_t left;

	*size = 0;
	if (!table->size)
		return NULL;
	bytes = ost_object_at(object, table->address, &left);
	if (!bytes || left < table->size)
		ost_object_damage(object, "%s at %#llx, %llu bytes, lies outside of the file", name,
				  (unsigned long long)table->address,
				  (unsigned long long)table->size);
	if (bytes)
		*size = left < table->size ? left : table->size;
	return bytes;
}

static int add_table(struct ost_object *object, struct list *list,
		     const struct ost_object_table *table, const char *name)
{
	size_t size;
	const uint8_t *bytes = table_bytes(object, table, name, &size);
	Elf64_Rela rela;
	int r = 0;

	for (size_t at = 0; !r && at + sizeof(rela) <= size; at += sizeof(rela)) {
		memcpy(&rela, bytes + at, sizeof(rela));
		r = add_rela(object, list, &rela);
	}
	return r;
}

static int add_relative(struct ost_object *object, struct list *list, uint64_t address)
{
	struct ost_reloc reloc = { .offset = address, .type = R_X86_64_RELATIVE };
	size_t left;
	const uint8_t *bytes = ost_object_at(object, address, &left);

	if (bytes && left >= sizeof(reloc.addend))
		memcpy(&reloc.addend, bytes, sizeof(reloc.addend));
	return add_reloc(object, list, &reloc);
}

/* An even word is an address; an odd one has a bit for each of the 63 words that follow. */
static int add_relr(struct ost_object *object, struct list *list)
{
	size_t size;
	const uint8_t *bytes = table_bytes(object, &object->file->relr, "DT_RELR", &size);
	uint64_t next = 0, word;
	int r = 0;

	for (size_t at = 0; !r && at + sizeof(word) <= size; at += sizeof(word)) {
		memcpy(&word, bytes + at, sizeof(word));
		if (!(word & 1)) {
			r = add_relative(object, list, word);
			next = word + 8;
			continue;
		}
		for (unsigned int bit = 1; !r && bit < 64; bit++)
			if (word >> bit & 1)
				r = add_relative(object, list, next + (bit - 1) * 8);
		next += 63 * 8;
	}
	return r;
}

static bool is_irelative(const struct ost_object *object, const Elf64_Rela *rela)
{
	const struct ost_segment *segment = ost_object_segment(object, rela->r_offset);

	return rela->r_info == R_X86_64_IRELATIVE && segment && !segment->execute &&
	       rela->r_offset % 8 == 0 && ost_object_is_code(object, rela->r_addend);
}

/* A static program's own start code applies them, between symbols that stripping removes. */
static int add_irelatives(struct ost_object *object, struct list *list, uint64_t start, uint64_t end)
{
	Elf64_Rela rela;
	const uint8_t *bytes;
	size_t left;
	int r = 0;

	bytes = ost_object_at(object, start, &left);
	if (!bytes)
		return 0;
	if (end - start < left)
		left = end - start;
	for (size_t at = 0; !r && at + sizeof(rela) <= left;) {
		memcpy(&rela, bytes + at, sizeof(rela));
		if (!is_irelative(object, &rela)) {
			at += 8;
			continue;
		}
		r = add_rela(object, list, &rela);
		at += sizeof(rela);
	}
	return r;
}

static int add_static(struct ost_object *object, struct list *list)
{
	int r = 0;

	for (size_t i = 0; !r && i < object->section_count; i++)
		if (object->sections[i].type == SHT_RELA)
			r = add_irelatives(object, list, object->sections[i].start,
					   object->sections[i].end);
	if (r || object->section_count)
		return r;
	/* they stand at the beginning of what is neither code nor written: look for their form there */
	for (size_t i = 0; !r && i < object->segment_count; i++) {
		const struct ost_segment *segment = &object->segments[i];
		uint64_t size = segment->end - segment->start;

		if (!segment->write && (!segment->execute || object->segment_count <= 3))
			r = add_irelatives(object, list, (segment->start + 7) & ~7ull,
					   segment->start + (size < SEARCH_MAX ? size : SEARCH_MAX));
	}
	return r;
}

/* By offset; of several that write to the same place the one that is applied last stays. */
static int sort_relocs(struct ost_object *object, struct list *list)
{
	struct ost_object_key *keys = malloc((list->count + 1) * sizeof(*keys));
	struct ost_reloc *sorted = malloc((list->count + 1) * sizeof(*sorted));
	int r = keys && sorted ? 0 : -ENOMEM;
	size_t kept = 0;

	for (size_t i = 0; !r && i < list->count; i++)
		keys[i] = (struct ost_object_key){ list->relocs[i].offset, i };
	if (!r)
		r = ost_object_sort(keys, list->count);
	for (size_t i = 0; !r && i < list->count; i++) {
		if (kept && sorted[kept - 1].offset == keys[i].key)
			kept--;
		sorted[kept++] = list->relocs[keys[i].index];
	}
	free(keys);
	if (r) {
		free(sorted);
		return r;
	}
	free(object->relocs);
	object->relocs = sorted;
	object->reloc_count = kept;
	return 0;
}

int ost_object_load_relocs(struct ost_object *object)
{
	struct list list = { 0 };
	int r = 0;

	if (object->dynamic) {
		r = add_relr(object, &list);
		if (!r)
			r = add_table(object, &list, &object->file->rela, "DT_RELA");
		if (!r)
			r = add_table(object, &list, &object->file->jmprel, "DT_JMPREL");
	} else {
		r = add_static(object, &list);
	}
	if (!r || r == -E2BIG)
		r = sort_relocs(object, &list);
	free(list.relocs);
	return r;
}
