// SPDX-License-Identifier: GPL-2.0-or-later
/* The dynamic segment. Format: System V ABI, "Dynamic Section"; DT_RELR: generic ABI since 2022. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/error.h"
#include "object_file.h"

/* Entries that are looked at; a real one has some thirty, and one for each library. */
#define ENTRIES_MAX 4096

#ifndef DT_RELRSZ
#define DT_RELRSZ 35
#define DT_RELR 36
#define DT_RELRENT 37
#endif

/** What is gathered in one pass; strings can be read only after it. */
struct entries {
	Elf64_Dyn *list;
	size_t count, needed;
	uint64_t soname, rpath, runpath;	/* offsets of strings, NO_STRING */
	struct ost_object_table arrays[3];	/* preinit, init, fini */
	uint64_t roots[2];
	uint64_t plt_kind;
};

#define NO_STRING UINT64_MAX

static int read_entries(struct ost_object *object, const Elf64_Phdr *ph, struct entries *entries,
			struct ost_error *err)
{
	uint64_t offset, left, size = ph->p_filesz;
	int r = ost_object_offset(object, ph->p_vaddr, &offset, &left);

	if (r || size > left)
		return ost_object_broken(object, err, "the dynamic segment at %#llx is in no loaded segment",
					 (unsigned long long)ph->p_vaddr);
	if (size > ENTRIES_MAX * sizeof(Elf64_Dyn))
		size = ENTRIES_MAX * sizeof(Elf64_Dyn);
	entries->list = ost_object_alloc(object, size + sizeof(Elf64_Dyn));
	if (!entries->list)
		return -ENOMEM;
	r = ost_object_pread(object, offset, entries->list, size);
	if (r)
		return ost_error_set(err, r, "%s: %s", object->path,
				     r == -EBADMSG ? "was cut short while it was read" : strerror(-r));
	for (; entries->count < size / sizeof(Elf64_Dyn); entries->count++)
		if (entries->list[entries->count].d_tag == DT_NULL)
			break;
	ost_object_mix(object, entries->list, entries->count * sizeof(Elf64_Dyn));
	if (entries->count == ENTRIES_MAX)
		return ost_object_broken(object, err, "more than %u dynamic entries", ENTRIES_MAX);
	return 0;
}

static void take_table_entry(struct ost_object *object, struct entries *entries, const Elf64_Dyn *dyn)
{
	struct ost_object_file *file = object->file;
	uint64_t value = dyn->d_un.d_val;

	switch (dyn->d_tag) {
	case DT_STRTAB:
		file->strings.address = value;
		break;
	case DT_STRSZ:
		file->strings.size = value;
		break;
	case DT_SYMTAB:
		file->symbols.address = value;
		break;
	case DT_GNU_HASH:
		file->gnu_hash = value;
		break;
	case DT_HASH:
		file->sysv_hash = value;
		break;
	case DT_VERSYM:
		file->versions = value;
		break;
	case DT_RELA:
		file->rela.address = value;
		break;
	case DT_RELASZ:
		file->rela.size = value;
		break;
	case DT_JMPREL:
		file->jmprel.address = value;
		break;
	case DT_PLTRELSZ:
		file->jmprel.size = value;
		break;
	case DT_PLTREL:
		entries->plt_kind = value;
		break;
	case DT_RELR:
		file->relr.address = value;
		break;
	case DT_RELRSZ:
		file->relr.size = value;
		break;
	}
}

static void take_entry(struct ost_object *object, struct entries *entries, const Elf64_Dyn *dyn)
{
	uint64_t value = dyn->d_un.d_val;

	switch (dyn->d_tag) {
	case DT_NEEDED:
		entries->needed++;
		break;
	case DT_SONAME:
		entries->soname = value;
		break;
	case DT_RPATH:
		entries->rpath = value;
		break;
	case DT_RUNPATH:
		entries->runpath = value;
		break;
	case DT_INIT:
		entries->roots[0] = value;
		break;
	case DT_FINI:
		entries->roots[1] = value;
		break;
	case DT_PREINIT_ARRAY:
		entries->arrays[0].address = value;
		break;
	case DT_PREINIT_ARRAYSZ:
		entries->arrays[0].size = value;
		break;
	case DT_INIT_ARRAY:
		entries->arrays[1].address = value;
		break;
	case DT_INIT_ARRAYSZ:
		entries->arrays[1].size = value;
		break;
	case DT_FINI_ARRAY:
		entries->arrays[2].address = value;
		break;
	case DT_FINI_ARRAYSZ:
		entries->arrays[2].size = value;
		break;
	case DT_SYMBOLIC:
		object->symbolic = true;
		break;
	case DT_FLAGS:
		object->symbolic |= !!(value & DF_SYMBOLIC);
		break;
	case DT_FLAGS_1:
		object->no_default_lib = value & DF_1_NODEFLIB;
		break;
	default:
		take_table_entry(object, entries, dyn);
	}
}

/* A string of the dynamic string table, copied; NULL when it can't be had, with @r saying why. */
static const char *read_string(struct ost_object *object, uint64_t at, const char *what, int *r,
			       struct ost_error *err)
{
	const struct ost_object_table *strings = &object->file->strings;
	char text[OST_OBJECT_NAME_MAX + 1];
	uint64_t offset, left;
	size_t have = 0;
	char *copy;

	if (at >= strings->size || strings->address > UINT64_MAX - at ||
	    ost_object_offset(object, strings->address + at, &offset, &left)) {
		*r = ost_object_broken(object, err, "the text of %s, at %#llx of the string table, lies outside of it (%llu bytes)",
				       what, (unsigned long long)at, (unsigned long long)strings->size);
		return NULL;
	}
	if (left > strings->size - at)
		left = strings->size - at;
	if (left > sizeof(text))
		left = sizeof(text);
	/* names are short, the table is long: in growing pieces */
	for (size_t piece = 64; have < left; piece *= 4) {
		size_t size = left - have < piece ? left - have : piece;
		char *end;

		*r = ost_object_pread(object, offset + have, text + have, size);
		if (*r) {
			ost_error_set(err, *r, "%s: %s", object->path,
				      *r == -EBADMSG ? "was cut short while it was read" : strerror(-*r));
			return NULL;
		}
		end = memchr(text + have, 0, size);
		if (end) {
			copy = ost_object_copy(object, text, end - text);
			if (!copy)
				*r = -ENOMEM;
			return copy;
		}
		have += size;
	}
	*r = ost_object_broken(object, err, "the text of %s has no end within %u bytes", what,
			       OST_OBJECT_NAME_MAX);
	return NULL;
}

static int read_strings(struct ost_object *object, const struct entries *entries,
			struct ost_error *err)
{
	int r = 0;

	object->needed = ost_object_alloc(object, (entries->needed + 1) * sizeof(*object->needed));
	if (!object->needed)
		return -ENOMEM;
	for (size_t i = 0; i < entries->count && !r; i++) {
		if (entries->list[i].d_tag != DT_NEEDED)
			continue;
		object->needed[object->needed_count] =
			read_string(object, entries->list[i].d_un.d_val, "DT_NEEDED", &r, err);
		if (!r)
			object->needed_count++;
	}
	if (!r && entries->soname != NO_STRING)
		object->soname = read_string(object, entries->soname, "DT_SONAME", &r, err);
	if (!r && entries->rpath != NO_STRING)
		object->rpath = read_string(object, entries->rpath, "DT_RPATH", &r, err);
	if (!r && entries->runpath != NO_STRING)
		object->runpath = read_string(object, entries->runpath, "DT_RUNPATH", &r, err);
	return r;
}

static int take_roots(struct ost_object *object, const struct entries *entries)
{
	object->roots = ost_object_alloc(object, 2 * sizeof(*object->roots));
	object->arrays = ost_object_alloc(object, 3 * sizeof(*object->arrays));
	if (!object->roots || !object->arrays)
		return -ENOMEM;
	for (size_t i = 0; i < 2; i++) {
		if (!entries->roots[i])
			continue;
		if (ost_object_is_code(object, entries->roots[i]))
			object->roots[object->root_count++] = entries->roots[i];
		else
			ost_object_damage(object, "DT_%s names %#llx, where no code is", i ? "FINI" : "INIT",
					  (unsigned long long)entries->roots[i]);
	}
	for (size_t i = 0; i < 3; i++) {
		const struct ost_object_table *array = &entries->arrays[i];
		uint64_t offset, left;

		if (!array->size)
			continue;
		if (ost_object_offset(object, array->address, &offset, &left) ||
		    array->size > left) {
			ost_object_damage(object, "an array of initialisers at %#llx, %llu bytes, is outside of the segments",
					  (unsigned long long)array->address,
					  (unsigned long long)array->size);
			continue;
		}
		object->arrays[object->array_count++] = (struct ost_range){
			array->address, array->address + array->size
		};
	}
	return 0;
}

int ost_object_read_dynamic(struct ost_object *object, const struct ost_object_head *head,
			    struct ost_error *err)
{
	struct entries entries = {
		.soname = NO_STRING, .rpath = NO_STRING, .runpath = NO_STRING, .plt_kind = DT_RELA,
	};
	int r;

	if (!head->dynamic.p_type)
		return 0;
	r = read_entries(object, &head->dynamic, &entries, err);
	if (r)
		return r;
	object->dynamic = true;
	for (size_t i = 0; i < entries.count; i++)
		take_entry(object, &entries, &entries.list[i]);
	if (entries.plt_kind != DT_RELA)
		return ost_object_broken(object, err, "DT_PLTREL is %llu, x86-64 has only %u (DT_RELA)",
					 (unsigned long long)entries.plt_kind, DT_RELA);
	r = read_strings(object, &entries, err);
	if (!r)
		r = take_roots(object, &entries);
	return r;
}
