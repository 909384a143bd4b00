// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions of Go programs: they have no .eh_frame, but a table for the runtime's own tracebacks that
 * stripping leaves (runtime/symtab.go, internal/abi/symtab.go; the forms of Go 1.18 and 1.20).
 */
#include <errno.h>
#include <string.h>

#include "object_file.h"

#define MAGIC_1_18 0xfffffff0u
#define MAGIC_1_20 0xfffffff1u

/* Looked through for the table when no section names it, bytes. */
#define SEARCH_MAX (256ull << 20)

struct header {
	uint32_t magic;
	uint8_t zero[2], quantum, pointer;
	uint64_t functions, files, text;
	uint64_t names, units, file_names, counters, entries;	/* offsets from the header */
};

_Static_assert(sizeof(struct header) == 72, "as Go's linker writes it");

static bool is_header(const struct header *h)
{
	return (h->magic == MAGIC_1_18 || h->magic == MAGIC_1_20) && !h->zero[0] && !h->zero[1] &&
	       h->quantum == 1 && h->pointer == 8 && h->functions &&
	       h->functions <= OST_OBJECT_FUNCTIONS_MAX;
}

static bool search(const struct ost_object *object, uint64_t start, uint64_t size, uint64_t *address)
{
	const uint8_t *bytes;
	struct header h;
	size_t left;

	bytes = ost_object_at(object, start, &left);
	if (!bytes)
		return false;
	if (left > size)
		left = size;
	for (size_t at = 0; at + sizeof(h) <= left; at += 8) {
		/* its last bytes differ from nearly everything */
		if (bytes[at + 3] != 0xff || bytes[at + 7] != 8)
			continue;
		memcpy(&h, bytes + at, sizeof(h));
		if (is_header(&h)) {
			*address = start + at;
			return true;
		}
	}
	return false;
}

static bool find_table(const struct ost_object *object, uint64_t *address)
{
	uint64_t left = SEARCH_MAX;

	for (size_t i = 0; i < object->section_count; i++)
		if (!strcmp(object->sections[i].name, ".gopclntab"))
			return search(object, object->sections[i].start, sizeof(struct header),
				      address);
	if (!object->file->go)
		return false;
	for (size_t i = 0; i < object->segment_count && left; i++) {
		const struct ost_segment *segment = &object->segments[i];
		uint64_t start = (segment->start + 7) & ~7ull;
		uint64_t size = segment->size < left ? segment->size : left;

		if (segment->write || segment->execute)
			continue;
		if (search(object, start, size, address))
			return true;
		left -= size;
	}
	return false;
}

static const uint8_t *bytes_at(const struct ost_object *object, uint64_t address, uint64_t offset,
			       uint64_t size)
{
	const uint8_t *bytes;
	size_t left;

	if (offset > UINT64_MAX - address)
		return NULL;
	bytes = ost_object_at(object, address + offset, &left);
	return bytes && left >= size ? bytes : NULL;
}

/* The name that an entry's record gives; "" for a broken one. */
static const char *function_name(const struct ost_object *object, uint64_t table,
				 const struct header *h, uint32_t record)
{
	const uint8_t *bytes = bytes_at(object, table + h->entries, record, 8);
	const char *name;
	int32_t offset;
	size_t left;

	if (!bytes)
		return "";
	memcpy(&offset, bytes + 4, sizeof(offset));
	if (offset < 0 || h->names > UINT64_MAX - table)
		return "";
	name = (const char *)ost_object_at(object, table + h->names + offset, &left);
	if (!name)
		return "";
	if (left > OST_OBJECT_NAME_MAX)
		left = OST_OBJECT_NAME_MAX;
	return strnlen(name, left) < left ? name : "";
}

int ost_object_go_functions(struct ost_object *object,
			    int (*each)(struct ost_object *object, void *context, uint64_t start,
					uint64_t size, const char *name), void *context)
{
	const struct ost_reloc *reloc;
	const uint8_t *entries;
	struct header h;
	uint64_t table;
	int r = 0;

	if (!find_table(object, &table))
		return 0;
	memcpy(&h, ost_object_at(object, table, NULL), sizeof(h));
	reloc = ost_object_reloc(object, table + offsetof(struct header, text));
	if (reloc && reloc->type == R_X86_64_RELATIVE)
		h.text = reloc->addend;
	entries = h.entries > UINT64_MAX - table ? NULL :
		  bytes_at(object, table, h.entries, h.functions * 8 + 4);
	if (!entries || !ost_object_is_code(object, h.text)) {
		ost_object_damage(object, "Go's table of functions at %#llx is broken",
				  (unsigned long long)table);
		return 0;
	}
	for (uint64_t i = 0; !r && i < h.functions; i++) {
		uint32_t entry[3];

		memcpy(entry, entries + i * 8, sizeof(entry));
		if (entry[2] > entry[0])
			r = each(object, context, h.text + entry[0], entry[2] - entry[0],
				 function_name(object, table, &h, entry[1]));
	}
	return r;
}
