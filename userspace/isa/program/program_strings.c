// SPDX-License-Identifier: GPL-2.0-or-later
/* Strings that look like what dlopen() takes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "object_file.h"
#include "program_state.h"

/* Read at once, and how far a string may reach over the border; bytes. */
#define PIECE (64u << 10)
#define STRING_MAX 256

/* Looked at in one object, bytes. */
#define BYTES_MAX (64u << 20)

/* Names that are handed on from one object. */
#define NAMES_MAX 256

/** struct scan - one pass over an object's constant bytes */
struct scan {
	const struct ost_object *object;
	int (*each)(void *context, const char *name);
	void *context;
	unsigned int names;
	char bytes[PIECE + 2 * STRING_MAX];
};

/* Does it import or define dlopen()? The names of its dynamic symbols tell. */
static int calls_dlopen(struct scan *scan)
{
	static const char name[] = "\0dlopen", other[] = "\0dlmopen";
	const struct ost_object_table *strings = &scan->object->file->strings;
	uint64_t offset, left, at = 0;

	if (ost_object_offset(scan->object, strings->address, &offset, &left))
		return 0;
	if (left > strings->size)
		left = strings->size;
	if (left > BYTES_MAX)
		left = BYTES_MAX;
	while (at < left) {
		size_t size = left - at < PIECE ? left - at : PIECE;
		int r = ost_object_pread(scan->object, offset + at, scan->bytes, size);

		if (r)
			return r;
		if (memmem(scan->bytes, size, name, sizeof(name)) ||
		    memmem(scan->bytes, size, other, sizeof(other)))
			return 1;
		at += size == PIECE ? size - STRING_MAX : size;
	}
	return 0;
}

static bool is_name_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c && strchr("._+-/", c));
}

/* What follows ".so": nothing, or ".N", or ".N.N" and so on. */
static bool is_version(const char *text, const char *end)
{
	while (text < end && *text == '.') {
		const char *digits = ++text;

		while (text < end && *text >= '0' && *text <= '9')
			text++;
		if (text == digits)
			return false;
	}
	return text < end && !*text;
}

/* The string around ".so" at @at: from a NUL to a NUL. */
static int take_string(struct scan *scan, const char *at, const char *end)
{
	const char *start = at, *stop;
	size_t size;

	while (start > scan->bytes && at - start < STRING_MAX && is_name_char(start[-1]))
		start--;
	if (start == at || start == scan->bytes || start[-1] || !is_version(at + 3, end))
		return 0;
	stop = memchr(at, 0, end - at);
	size = stop - start;
	/* a name, or a path from the root: others depend on what the program puts before them */
	if (size >= STRING_MAX || (start[0] != '/' && memchr(start, '/', size)))
		return 0;
	if (scan->names++ >= NAMES_MAX)
		return 0;
	return scan->each(scan->context, start);
}

static int scan_bytes(struct scan *scan, uint64_t offset, uint64_t size)
{
	size_t kept = 1, from = 1;

	/* what comes before the first byte ends a string as good as a NUL does */
	scan->bytes[0] = '\0';
	while (size) {
		size_t piece = size < PIECE ? size : PIECE, have = kept + piece, limit;
		int r = ost_object_pread(scan->object, offset, scan->bytes + kept, piece);
		char *at;

		if (r)
			return r;
		offset += piece;
		size -= piece;
		/* a string near the border is left to the next piece, which has all of it */
		limit = size ? have - STRING_MAX : have;
		while ((at = memmem(scan->bytes + from, have - from, ".so", 3)) &&
		       at < scan->bytes + limit) {
			r = take_string(scan, at, scan->bytes + have);
			if (r)
				return r;
			from = at + 3 - scan->bytes;
		}
		kept = 2 * STRING_MAX;
		if (size)
			memmove(scan->bytes, scan->bytes + have - kept, kept);
		from = from > limit ? from - (have - kept) : STRING_MAX;
	}
	return 0;
}

int ost_program_strings(const struct ost_object *object,
			int (*each)(void *context, const char *name), void *context)
{
	struct scan *scan = malloc(sizeof(*scan));
	uint64_t left = BYTES_MAX;
	int r;

	if (!scan)
		return -ENOMEM;
	scan->object = object;
	scan->each = each;
	scan->context = context;
	scan->names = 0;
	r = calls_dlopen(scan);
	for (size_t i = 0; r >= 0 && r && i < object->segment_count; i++) {
		const struct ost_segment *segment = &object->segments[i];
		uint64_t size = segment->size < left ? segment->size : left;
		int q;

		/* strings are constant; older linkers put them beside the code */
		if (segment->write || (segment->execute && object->segment_count > 3))
			continue;
		left -= size;
		q = scan_bytes(scan, segment->offset, size);
		if (q)
			r = q;
	}
	free(scan);
	return r < 0 ? r : 0;
}
