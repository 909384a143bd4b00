// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Function boundaries from unwind information. Format: Linux Standard Base, "Exception Frames";
 * DWARF for the rest. Entries stand one after the other; the search table of .eh_frame_hdr tells
 * how many there are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object_file.h"

/* Pointer encodings, DW_EH_PE_* */
#define PE_FORMAT 0x0f
#define PE_RELATION 0x70
#define PE_INDIRECT 0x80
#define PE_ABSOLUTE 0x00
#define PE_TO_PLACE 0x10	/* relative to where it stands */
#define PE_TO_HEADER 0x30	/* relative to .eh_frame_hdr */
#define PE_OMIT 0xff

/* Longest augmentation that is looked for, bytes; real ones have up to six. */
#define AUGMENTATION_MAX 16

/** struct cursor - a bounded place in loaded bytes */
struct cursor {
	const uint8_t *at, *end;
	uint64_t address;	/* of @at */
	bool broken;
};

/** struct ranges - functions so far */
struct ranges {
	struct ost_range *list;
	size_t count, room;
};

static uint64_t take_bytes(struct cursor *c, unsigned int size)
{
	uint64_t value = 0;

	if ((size_t)(c->end - c->at) < size) {
		c->broken = true;
		return 0;
	}
	memcpy(&value, c->at, size);
	c->at += size;
	c->address += size;
	return value;
}

static uint64_t take_leb(struct cursor *c)
{
	uint64_t value = 0;
	uint8_t byte;

	for (unsigned int shift = 0; shift < 64; shift += 7) {
		byte = take_bytes(c, 1);
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	c->broken = true;
	return 0;
}

/* A pointer as @encoding says; where 0 stands for none, 0. */
static uint64_t take_pointer(struct cursor *c, uint8_t encoding, uint64_t header)
{
	uint64_t place = c->address, value;

	switch (encoding & PE_FORMAT) {
	case 0x0: case 0x4: case 0xc:
		value = take_bytes(c, 8);
		break;
	case 0x1:
		value = take_leb(c);
		break;
	case 0x2:
		value = take_bytes(c, 2);
		break;
	case 0x3:
		value = take_bytes(c, 4);
		break;
	case 0xa:
		value = (int64_t)(int16_t)take_bytes(c, 2);
		break;
	case 0xb:
		value = (int64_t)(int32_t)take_bytes(c, 4);
		break;
	default:
		c->broken = true;
		return 0;
	}
	switch (encoding & PE_RELATION) {
	case PE_ABSOLUTE:
		return value;
	case PE_TO_PLACE:
		return value + place;
	case PE_TO_HEADER:
		return value + header;
	default:
		c->broken = true;
		return 0;
	}
}

static bool set_cursor(const struct ost_object *object, struct cursor *c, uint64_t address)
{
	size_t left;

	c->at = ost_object_at(object, address, &left);
	c->end = c->at ? c->at + left : NULL;
	c->address = address;
	c->broken = !c->at;
	return c->at;
}

/* How a CIE's entries write the start of their function; PE_OMIT when the CIE is broken. */
static uint8_t read_cie(struct cursor c)
{
	uint8_t encoding = PE_ABSOLUTE, version = take_bytes(&c, 1);
	const char *augmentation = (const char *)c.at;
	size_t left = c.end - c.at < AUGMENTATION_MAX ? c.end - c.at : AUGMENTATION_MAX;
	const uint8_t *end = c.broken ? NULL : memchr(c.at, 0, left);

	if (!end || (version != 1 && version != 3 && version != 4))
		return PE_OMIT;
	c.address += end + 1 - c.at;
	c.at = end + 1;
	if (augmentation[0] == 'e' && augmentation[1] == 'h') {
		augmentation += 2;
		take_bytes(&c, 8);
	}
	if (version == 4)
		take_bytes(&c, 2);
	take_leb(&c);
	take_leb(&c);
	if (version == 1)
		take_bytes(&c, 1);
	else
		take_leb(&c);
	if (*augmentation != 'z')
		return c.broken ? PE_OMIT : encoding;
	take_leb(&c);
	for (const char *a = augmentation + 1; *a && !c.broken; a++) {
		if (*a == 'R')
			encoding = take_bytes(&c, 1);
		else if (*a == 'P')
			take_pointer(&c, take_bytes(&c, 1) & PE_FORMAT, 0);
		else if (*a == 'L')
			take_bytes(&c, 1);
	}
	return c.broken ? PE_OMIT : encoding;
}

/*
 * A PLT has one entry for all its stubs, and they are no function: endbr64? bnd? jmp *[rip], or
 * push [rip] and that.
 */
static bool is_plt(const struct ost_object *object, uint64_t start, uint64_t size)
{
	const struct ost_section *section = ost_object_section(object, start);
	const uint8_t *p = ost_object_at(object, start, NULL);

	if (section)
		return !strncmp(section->name, ".plt", 4) || !strcmp(section->name, ".iplt");
	if (size < 16 || size % 8)
		return false;
	if (!memcmp(p, "\xf3\x0f\x1e\xfa", 4))
		p += 4;
	if (!memcmp(p, "\xff\x35", 2))
		p += 6;
	if (*p == 0xf2)
		p++;
	return p[0] == 0xff && p[1] == 0x25;
}

static int add_range(struct ost_object *object, struct ranges *ranges, uint64_t start, uint64_t size)
{
	size_t left;

	/* the linker writes 0 for functions that it removed */
	if (!start || !size || !ost_object_is_code(object, start))
		return 0;
	ost_object_at(object, start, &left);
	if (size > left) {
		ost_object_damage(object, "unwind information has a function at %#llx of %llu bytes, only %zu are there",
				  (unsigned long long)start, (unsigned long long)size, left);
		size = left;
	}
	if (is_plt(object, start, size))
		return 0;
	if (ranges->count == OST_OBJECT_FUNCTIONS_MAX)
		return -E2BIG;
	if (ranges->count == ranges->room) {
		size_t room = ranges->room ? ranges->room * 2 : 1024;
		struct ost_range *grown = realloc(ranges->list, room * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		ranges->list = grown;
		ranges->room = room;
	}
	ranges->list[ranges->count++] = (struct ost_range){ start, start + size };
	return 0;
}

/**
 * struct frames - entries one after the other
 * @cie: address of the last CIE that was read, whose encoding is @encoding
 */
struct frames {
	struct cursor c;
	uint64_t header, start;
	uint64_t cie;
	uint8_t encoding;
};

static int read_fde(struct ost_object *object, struct frames *f, struct cursor c, uint64_t cie,
		    struct ranges *ranges)
{
	uint64_t start, size;

	if (cie != f->cie) {
		struct cursor body;
		uint64_t length;

		f->encoding = PE_OMIT;
		f->cie = cie;
		if (set_cursor(object, &body, cie)) {
			length = take_bytes(&body, 4);
			if (length == UINT32_MAX)
				length = take_bytes(&body, 8);
			if (!body.broken && length >= 4 && length <= (size_t)(body.end - body.at)) {
				body.end = body.at + length;
				if (!take_bytes(&body, 4))
					f->encoding = read_cie(body);
			}
		}
	}
	if (f->encoding == PE_OMIT || f->encoding & PE_INDIRECT)
		return -EBADMSG;
	start = take_pointer(&c, f->encoding, f->header);
	size = take_pointer(&c, f->encoding & PE_FORMAT & ~8u, 0);
	return c.broken ? -EBADMSG : add_range(object, ranges, start, size);
}

/* One entry: 1 for a function's, 0 for a CIE, -ENODATA for the last one, which has no length. */
static int read_frame(struct ost_object *object, struct frames *f, struct ranges *ranges)
{
	uint64_t length = take_bytes(&f->c, 4), place, id;
	struct cursor body;
	int r;

	if (!length)
		return -ENODATA;
	if (length == UINT32_MAX)
		length = take_bytes(&f->c, 8);
	if (f->c.broken || length < 4 || length > (size_t)(f->c.end - f->c.at))
		return -EBADMSG;
	body = f->c;
	body.end = body.at + length;
	f->c.at += length;
	f->c.address += length;
	place = body.address;
	id = take_bytes(&body, 4);
	if (!id)
		return 0;
	r = read_fde(object, f, body, place - id, ranges);
	return r ? r : 1;
}

/* Up to @most functions' entries, or to the end of what is there. */
static int read_frames(struct ost_object *object, struct frames *f, uint64_t most,
		       struct ranges *ranges)
{
	for (uint64_t seen = 0; seen < most && f->c.end - f->c.at >= 4;) {
		int r = read_frame(object, f, ranges);

		if (r < 0)
			return r == -ENODATA ? 0 : r;
		seen += r;
	}
	return 0;
}

/** struct header - .eh_frame_hdr */
struct header {
	uint64_t frames;	/* address of .eh_frame */
	uint64_t count;		/* of functions; UINT64_MAX = not told */
	struct cursor table;	/* of pairs of distances from the header, 4 bytes each; empty = none */
};

static bool read_header(const struct ost_object *object, struct header *h)
{
	uint64_t address = object->file->unwind.address;
	uint8_t frames, count, table;
	struct cursor c;

	*h = (struct header){ .count = UINT64_MAX };
	if (!object->file->unwind.size || !set_cursor(object, &c, address) || take_bytes(&c, 1) != 1)
		return false;
	frames = take_bytes(&c, 1);
	count = take_bytes(&c, 1);
	table = take_bytes(&c, 1);
	if (frames == PE_OMIT)
		return false;
	h->frames = take_pointer(&c, frames, address);
	if (c.broken)
		return false;
	if (count == PE_OMIT)
		return true;
	h->count = take_pointer(&c, count, address);
	if (c.broken || !h->count)
		h->count = UINT64_MAX;
	else if (table == (PE_TO_HEADER | 0xb) && h->count <= (size_t)(c.end - c.at) / 8)
		h->table = c;
	return true;
}

/* Where the entries can't be followed, the table leads to each of them. */
static int read_by_table(struct ost_object *object, const struct header *h, struct ranges *ranges)
{
	struct frames f = { .header = object->file->unwind.address };
	struct cursor c = h->table;

	if (!c.at)
		return -EBADMSG;
	for (uint64_t i = 0; i < h->count; i++) {
		int r;

		take_bytes(&c, 4);
		if (!set_cursor(object, &f.c, f.header + (int32_t)take_bytes(&c, 4)))
			return -EBADMSG;
		r = read_frame(object, &f, ranges);
		if (r < 0)
			return r == -ENODATA ? -EBADMSG : r;
	}
	return 0;
}

static int read_all(struct ost_object *object, struct ranges *ranges)
{
	struct frames f = { .header = object->file->unwind.address };
	struct header h;
	int r;

	if (read_header(object, &h)) {
		r = set_cursor(object, &f.c, h.frames) ? read_frames(object, &f, h.count, ranges) :
							  -EBADMSG;
		if (r == -EBADMSG) {
			ranges->count = 0;
			r = read_by_table(object, &h, ranges);
		}
		return r;
	}
	for (size_t i = 0; i < object->section_count; i++) {
		const struct ost_section *section = &object->sections[i];

		if (strcmp(section->name, ".eh_frame") || !set_cursor(object, &f.c, section->start))
			continue;
		if (section->end - section->start < (size_t)(f.c.end - f.c.at))
			f.c.end = f.c.at + (section->end - section->start);
		return read_frames(object, &f, UINT64_MAX, ranges);
	}
	return 0;
}

/* By address; of several at one the longest; cut where the next one begins. */
static int sort_ranges(struct ost_object *object, struct ranges *ranges)
{
	struct ost_object_key *keys = malloc((ranges->count + 1) * sizeof(*keys));
	struct ost_range *sorted = malloc((ranges->count + 1) * sizeof(*sorted));
	int r = keys && sorted ? 0 : -ENOMEM;
	size_t kept = 0;

	for (size_t i = 0; !r && i < ranges->count; i++)
		keys[i] = (struct ost_object_key){ ranges->list[i].start, i };
	if (!r)
		r = ost_object_sort(keys, ranges->count);
	for (size_t i = 0; !r && i < ranges->count; i++) {
		struct ost_range range = ranges->list[keys[i].index];

		if (kept && sorted[kept - 1].start == range.start) {
			if (sorted[kept - 1].end < range.end)
				sorted[kept - 1].end = range.end;
			continue;
		}
		if (kept && sorted[kept - 1].end > range.start)
			sorted[kept - 1].end = range.start;
		sorted[kept++] = range;
	}
	free(keys);
	if (r) {
		free(sorted);
		return r;
	}
	free(object->functions);
	object->functions = sorted;
	object->function_count = kept;
	return 0;
}

static int add_go(struct ost_object *object, void *context, uint64_t start, uint64_t size,
		  const char *name)
{
	return add_range(object, context, start, size);
}

int ost_object_load_functions(struct ost_object *object)
{
	struct ranges ranges = { 0 };
	int r = read_all(object, &ranges);

	if (!r || r == -EBADMSG) {
		int q = ost_object_go_functions(object, add_go, &ranges);

		r = q ? q : r;
	}
	if (r == -EBADMSG || r == -E2BIG) {
		ost_object_damage(object, r == -E2BIG ? "more unwind entries than are looked at" :
				  "unwind information is broken; %zu functions are known from it",
				  ranges.count);
		r = 0;
	}
	if (!r)
		r = sort_ranges(object, &ranges);
	free(ranges.list);
	return r;
}
