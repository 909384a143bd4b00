// SPDX-License-Identifier: GPL-2.0-or-later
/* Symbols: those that the loader finds, by its hash tables, and those that .symtab adds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object_file.h"

#define VERSION_HIDDEN 0x8000u	/* DT_VERSYM: not the default version */

/* Symbols with the same address that are compared to find one that both tables have. */
#define SAME_STEPS 8

uint64_t ost_object_symbol_address(const struct ost_object *object, const Elf64_Sym *sym)
{
	bool tls = ELF64_ST_TYPE(sym->st_info) == STT_TLS;

	return tls ? object->tls_start + sym->st_value : sym->st_value;
}

/* The loaded bytes of a table's entry; tables are not always aligned in broken files. */
static bool read_entry(const struct ost_object *object, uint64_t table, uint64_t at, void *entry,
		       size_t size)
{
	const uint8_t *bytes;
	size_t left;

	if (!table || at > UINT64_MAX - table)
		return false;
	bytes = ost_object_at(object, table + at, &left);
	if (!bytes || left < size)
		return false;
	memcpy(entry, bytes, size);
	return true;
}

static const char *dynamic_string(const struct ost_object *object, uint64_t at)
{
	const struct ost_object_table *strings = &object->file->strings;
	const char *text;
	size_t left;

	if (at >= strings->size || strings->address > UINT64_MAX - at)
		return "";
	text = (const char *)ost_object_at(object, strings->address + at, &left);
	if (!text)
		return "";
	if (left > strings->size - at)
		left = strings->size - at;
	if (left > OST_OBJECT_NAME_MAX)
		left = OST_OBJECT_NAME_MAX;
	return strnlen(text, left) < left ? text : "";
}

bool ost_object_dynamic_symbol(const struct ost_object *object, uint32_t index,
			       struct ost_dynamic_symbol *symbol)
{
	uint16_t version = 0;

	if (!read_entry(object, object->file->symbols.address, index * (uint64_t)sizeof(Elf64_Sym),
			&symbol->sym, sizeof(Elf64_Sym)))
		return false;
	symbol->name = dynamic_string(object, symbol->sym.st_name);
	symbol->old_version = read_entry(object, object->file->versions, index * 2ull, &version, 2) &&
			      version & VERSION_HIDDEN;
	return true;
}

/*
 * DT_GNU_HASH: header, bloom filter words, buckets, chain values from symoffset on; the symbols end
 * where the chain of the highest bucket does.
 */
static uint32_t count_gnu_hash(const struct ost_object *object)
{
	struct { uint32_t buckets, first, bloom_size, bloom_shift; } head;
	uint64_t table = object->file->gnu_hash, buckets, chain;
	uint32_t last = 0, value = 0;

	if (!read_entry(object, table, 0, &head, sizeof(head)))
		return 0;
	buckets = sizeof(head) + head.bloom_size * 8ull;
	chain = buckets + head.buckets * 4ull;
	for (uint32_t i = 0; i < head.buckets; i++) {
		if (!read_entry(object, table, buckets + i * 4ull, &value, 4))
			return 0;
		if (value > last)
			last = value;
	}
	if (last < head.first)
		return head.first;
	for (;; last++) {
		if (!read_entry(object, table, chain + (last - head.first) * 4ull, &value, 4))
			return 0;
		if (value & 1)
			return last + 1;
	}
}

static uint32_t count_dynamic(struct ost_object *object)
{
	uint32_t head[2], count = 0;

	if (object->file->gnu_hash)
		count = count_gnu_hash(object);
	else if (object->file->sysv_hash &&
		 read_entry(object, object->file->sysv_hash, 0, head, sizeof(head)))
		count = head[1];
	if (!count && (object->file->gnu_hash || object->file->sysv_hash))
		ost_object_damage(object, "the hash table of its dynamic symbols is broken");
	if (count > OST_OBJECT_SYMBOLS_MAX) {
		ost_object_damage(object, "%u dynamic symbols, %u are looked at", count,
				  OST_OBJECT_SYMBOLS_MAX);
		count = OST_OBJECT_SYMBOLS_MAX;
	}
	return count;
}

static bool is_wanted(const struct ost_object *object, const Elf64_Sym *sym, bool dynamic)
{
	uint64_t address = ost_object_symbol_address(object, sym);

	if (sym->st_shndx == SHN_UNDEF || sym->st_shndx == SHN_ABS)
		return false;
	switch (ELF64_ST_TYPE(sym->st_info)) {
	case STT_TLS:
		return true;
	case STT_FUNC:
	case STT_GNU_IFUNC:
	case STT_OBJECT:
		/* those at the very end of a segment mark its end */
		return ost_object_segment(object, address) ||
		       (dynamic && address && ost_object_segment(object, address - 1));
	case STT_NOTYPE:
		return ost_object_is_code(object, address) ||
		       (dynamic && ost_object_segment(object, address));
	default:
		return false;
	}
}

static void add_symbol(struct ost_object *object, const Elf64_Sym *sym, const char *name,
		       bool dynamic, bool old_version)
{
	unsigned int visibility = ELF64_ST_VISIBILITY(sym->st_other);
	unsigned int bind = ELF64_ST_BIND(sym->st_info);

	object->symbols[object->symbol_count++] = (struct ost_symbol){
		.address = ost_object_symbol_address(object, sym),
		.size = sym->st_size,
		.name = name,
		.type = ELF64_ST_TYPE(sym->st_info),
		.bind = bind,
		.dynamic = dynamic && bind != STB_LOCAL && visibility != STV_HIDDEN &&
			   visibility != STV_INTERNAL,
		.old_version = old_version,
	};
}

static void add_dynamic(struct ost_object *object, uint32_t count)
{
	struct ost_dynamic_symbol symbol;

	for (uint32_t i = 1; i < count; i++) {
		if (!ost_object_dynamic_symbol(object, i, &symbol)) {
			ost_object_damage(object, "dynamic symbol %u of %u lies outside of the file", i,
					  count);
			return;
		}
		if (is_wanted(object, &symbol.sym, true))
			add_symbol(object, &symbol.sym, symbol.name, true, symbol.old_version);
	}
}

static void add_table(struct ost_object *object, const struct ost_object_symtab *table)
{
	Elf64_Sym sym;

	for (size_t i = 1; i < table->count; i++) {
		const char *name = "";

		memcpy(&sym, (const uint8_t *)table->entries + i * sizeof(sym), sizeof(sym));
		if (!is_wanted(object, &sym, false))
			continue;
		if (sym.st_name < table->names_size)
			name = table->names + sym.st_name;
		if (strnlen(name, OST_OBJECT_NAME_MAX) == OST_OBJECT_NAME_MAX)
			name = "";
		add_symbol(object, &sym, name, false, false);
	}
}

/* Go's names, where nothing else has them; there is room for as many as were counted. */
static int count_go(struct ost_object *object, void *context, uint64_t start, uint64_t size,
		    const char *name)
{
	++*(size_t *)context;
	return 0;
}

static int add_go(struct ost_object *object, void *context, uint64_t start, uint64_t size,
		  const char *name)
{
	if (*name && ost_object_is_code(object, start))
		object->symbols[object->symbol_count++] = (struct ost_symbol){
			.address = start, .size = size, .name = name, .type = STT_FUNC,
			.bind = STB_LOCAL,
		};
	return 0;
}

/* .symtab writes name@VERSION and name@@VERSION where the dynamic table has versions of their own. */
static bool is_same_name(const char *dynamic, const char *other)
{
	size_t size = strlen(dynamic);

	return !strncmp(dynamic, other, size) && (!other[size] || other[size] == '@');
}

static bool is_known(const struct ost_symbol *symbols, size_t count, const struct ost_symbol *symbol)
{
	for (size_t i = 0; i < count && i < SAME_STEPS; i++) {
		const struct ost_symbol *other = &symbols[count - 1 - i];

		if (other->address != symbol->address)
			return false;
		if (other->type == symbol->type && other->size == symbol->size &&
		    is_same_name(other->name, symbol->name))
			return true;
	}
	return false;
}

/* By address; where both tables have a symbol, that of the dynamic one stays: it came first. */
static int sort_symbols(struct ost_object *object)
{
	size_t count = object->symbol_count, kept = 0;
	struct ost_object_key *keys = malloc((count + 1) * sizeof(*keys));
	struct ost_symbol *sorted = malloc((count + 1) * sizeof(*sorted));
	int r = keys && sorted ? 0 : -ENOMEM;

	for (size_t i = 0; !r && i < count; i++)
		keys[i] = (struct ost_object_key){ object->symbols[i].address, i };
	if (!r)
		r = ost_object_sort(keys, count);
	if (!r) {
		for (size_t i = 0; i < count; i++) {
			const struct ost_symbol *symbol = &object->symbols[keys[i].index];

			if (symbol->dynamic || !is_known(sorted, kept, symbol))
				sorted[kept++] = *symbol;
		}
		free(object->symbols);
		object->symbols = sorted;
		object->symbol_count = kept;
		sorted = NULL;
	}
	free(keys);
	free(sorted);
	return r;
}

int ost_object_load_symbols(struct ost_object *object)
{
	uint32_t count = object->dynamic ? count_dynamic(object) : 0;
	struct ost_object_symtab table;
	size_t go = 0;

	ost_object_symbol_table(object, &table);
	if (!table.count)
		ost_object_go_functions(object, count_go, &go);
	free(object->symbols);
	object->symbol_count = 0;
	object->symbols = malloc((count + table.count + go + 1) * sizeof(*object->symbols));
	if (!object->symbols)
		return -ENOMEM;
	add_dynamic(object, count);
	add_table(object, &table);
	if (go)
		ost_object_go_functions(object, add_go, NULL);
	return sort_symbols(object);
}
