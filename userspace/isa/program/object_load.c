// SPDX-License-Identifier: GPL-2.0-or-later
/* The bytes that are loaded at run time, at hand: copied, or mapped where that would be too much. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "object_file.h"

/* Pieces of at least so many bytes are copied into huge pages where there are any. */
#define HUGE (2u << 20)

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static int check_unchanged(const struct ost_object *object, struct ost_error *err)
{
	const struct ost_object_file *file = object->file;
	struct stat st;

	if (fstat(file->fd, &st))
		return ost_error_set(err, -errno, "%s: %s", object->path, strerror(errno));
	if ((uint64_t)st.st_size != object->size || !same_time(&st.st_mtim, &file->changed[0]))
		return ost_error_set(err, -ESTALE, "%s: was changed while it was read; try again",
				     object->path);
	return 0;
}

static int compare_offsets(const void *a, const void *b)
{
	const struct ost_range *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

/* File offsets that segments want, each once however many share them. */
static size_t list_pieces(const struct ost_object *object, struct ost_range *pieces, uint64_t *total)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < object->segment_count; i++)
		if (object->segments[i].size)
			pieces[count++] = (struct ost_range){
				object->segments[i].offset,
				object->segments[i].offset + object->segments[i].size
			};
	qsort(pieces, count, sizeof(*pieces), compare_offsets);
	*total = 0;
	for (size_t i = 0; i < count; i++) {
		if (kept && pieces[i].start <= pieces[kept - 1].end) {
			if (pieces[i].end > pieces[kept - 1].end)
				pieces[kept - 1].end = pieces[i].end;
		} else {
			pieces[kept++] = pieces[i];
		}
	}
	for (size_t i = 0; i < kept; i++)
		*total += pieces[i].end - pieces[i].start;
	return kept;
}

static int copy_pieces(struct ost_object *object, uint8_t *to, const struct ost_range *pieces,
		       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t *start = to + pieces[i].start;
		size_t size = pieces[i].end - pieces[i].start;
		uintptr_t aligned = ((uintptr_t)start + HUGE - 1) & ~(uintptr_t)(HUGE - 1);
		int r;

		if (size >= 2 * HUGE)
			madvise((void *)aligned, (uintptr_t)start + size - aligned, MADV_HUGEPAGE);
		r = ost_object_pread(object, pieces[i].start, start, size);
		if (r)
			return r;
	}
	return mprotect(to, object->size, PROT_READ) ? -errno : 0;
}

static int map_file(struct ost_object *object, struct ost_error *err)
{
	struct ost_object_file *file = object->file;
	struct ost_range *pieces = calloc(object->segment_count, sizeof(*pieces));
	uint64_t total;
	size_t count;
	int r = 0;

	if (!pieces)
		return ost_error_set(err, -ENOMEM, "%s: out of memory", object->path);
	count = list_pieces(object, pieces, &total);
	if (total > OST_OBJECT_COPY_MAX)
		file->map = mmap(NULL, object->size, PROT_READ, MAP_PRIVATE, file->fd, 0);
	else
		file->map = mmap(NULL, object->size, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (file->map == MAP_FAILED) {
		r = -errno;
		file->map = NULL;
	} else if (total <= OST_OBJECT_COPY_MAX) {
		r = copy_pieces(object, file->map, pieces, count);
	}
	free(pieces);
	if (r)
		return ost_error_set(err, r == -EBADMSG ? -ESTALE : r, "%s: %s", object->path,
				     r == -EBADMSG ? "was cut short while it was read" : strerror(-r));
	/* what was copied until here is one state of the file */
	return check_unchanged(object, err);
}

void ost_object_unmap(struct ost_object *object)
{
	if (object->file->map)
		munmap(object->file->map, object->size);
	object->file->map = NULL;
}

int ost_object_load(struct ost_object *object, struct ost_error *err)
{
	struct ost_object_file *file = object->file;
	int r = 0;

	if (object->loaded)
		return 0;
	if (file->outline)
		return ost_error_set(err, -ENODATA, "%s: only its name is known", object->path);
	if (file->fd >= 0) {
		r = check_unchanged(object, err);
		if (!r && !file->map)
			r = map_file(object, err);
		if (r)
			return r;
	}
	/* sections are read from the file: they need not be among what is copied */
	r = ost_object_load_sections(object);
	if (file->map)
		file->bytes = file->map;
	for (size_t i = 0; i < object->segment_count; i++)
		if (object->segments[i].size)
			object->segments[i].bytes = file->bytes + object->segments[i].offset;
	if (!r)
		r = ost_object_load_relocs(object);
	if (!r)
		r = ost_object_load_symbols(object);
	if (!r)
		r = ost_object_load_functions(object);
	if (r)
		return ost_error_set(err, r, "%s: %s", object->path, strerror(-r));
	object->loaded = true;
	if (file->fd >= 0 && file->map)
		close(file->fd);
	file->fd = file->map ? -1 : file->fd;
	return 0;
}
