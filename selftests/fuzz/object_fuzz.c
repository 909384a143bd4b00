// SPDX-License-Identifier: GPL-2.0-or-later
/* ELF objects: whatever the file says, its tables are in order, within it, and end. */
#include <elf.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "isa/program/ldcache.h"
#include "isa/program/object.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sum;

static void must(bool so)
{
	if (!so)
		abort();
}

static void touch_bytes(const struct ost_object *object)
{
	for (size_t i = 0; i < object->segment_count; i++) {
		const struct ost_segment *s = &object->segments[i];
		size_t left;

		must(s->start < s->end && s->size <= s->end - s->start);
		must(!i || s[-1].end <= s->start);
		must(ost_object_segment(object, s->start) == s);
		must(ost_object_segment(object, s->end - 1) == s);
		for (uint64_t at = 0; at < s->size; at++)
			sum += s->bytes[at];
		if (s->size)
			must(ost_object_at(object, s->start, &left) == s->bytes && left == s->size);
	}
}

static void touch_tables(const struct ost_object *object)
{
	for (size_t i = 0; i < object->symbol_count; i++) {
		const struct ost_symbol *symbol = &object->symbols[i];

		must(!i || symbol[-1].address <= symbol->address);
		sum += strlen(symbol->name);
		sum += !!ost_object_symbol(object, symbol->address + symbol->size / 2);
	}
	for (size_t i = 0; i < object->reloc_count; i++) {
		const struct ost_reloc *reloc = &object->relocs[i];

		must(!i || reloc[-1].offset < reloc->offset);
		must(ost_object_reloc(object, reloc->offset) == reloc);
		sum += reloc->symbol ? strlen(reloc->symbol) : 0;
	}
	for (size_t i = 0; i < object->function_count; i++) {
		const struct ost_range *range = &object->functions[i];

		must(range->start < range->end && (!i || range[-1].end <= range->start));
		must(ost_object_is_code(object, range->start));
		must(ost_object_is_code(object, range->end - 1));
	}
	for (size_t i = 0; i < object->section_count; i++) {
		sum += strlen(object->sections[i].name);
		sum += !!ost_object_section(object, object->sections[i].start);
	}
	for (size_t i = 0; i < object->array_count; i++)
		must(object->arrays[i].start < object->arrays[i].end);
	for (size_t i = 0; i < object->root_count; i++)
		must(ost_object_is_code(object, object->roots[i]));
}

static void touch_texts(const struct ost_object *object)
{
	must(memchr(object->id, 0, sizeof(object->id)) && object->id[0]);
	must(memchr(object->damage, 0, sizeof(object->damage)));
	sum += strlen(object->name) + strlen(object->path);
	for (size_t i = 0; i < object->needed_count; i++)
		sum += strlen(object->needed[i]);
	sum += object->soname ? strlen(object->soname) : 0;
	sum += object->rpath ? strlen(object->rpath) : 0;
	sum += object->runpath ? strlen(object->runpath) : 0;
	sum += object->has_interpreter ? strlen(object->interpreter) : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ost_object *object;
	struct ost_ldcache cache;

	if (!ost_object_open_memory(&object, data, size, "/fuzz", NULL)) {
		touch_texts(object);
		if (!ost_object_load(object, NULL)) {
			touch_bytes(object);
			touch_tables(object);
		}
		touch_texts(object);
		ost_object_close(object);
	}
	if (!ost_ldcache_open(&cache, data, size)) {
		static const char *const names[] = { "libc.so.6", "liba.so", "libb.so.9", "" };
		const char *path;

		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			if ((path = ost_ldcache_find(&cache, names[i], NULL)))
				sum += strlen(path);
	}
	return 0;
}
