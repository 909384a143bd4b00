// SPDX-License-Identifier: GPL-2.0-or-later
#include "object.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/error.h"
#include "object_file.h"

struct ost_object_block {
	struct ost_object_block *next;
	max_align_t bytes[];
};

int ost_object_broken(const struct ost_object *object, struct ost_error *err, const char *fmt, ...)
{
	char what[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return ost_error_set(err, -EBADMSG, "%s: broken ELF file: %s", object->path, what);
}

void ost_object_damage(struct ost_object *object, const char *fmt, ...)
{
	va_list args;

	if (object->damage[0])
		return;
	va_start(args, fmt);
	vsnprintf(object->damage, sizeof(object->damage), fmt, args);
	va_end(args);
}

void *ost_object_alloc(struct ost_object *object, size_t size)
{
	struct ost_object_block *block = calloc(1, sizeof(*block) + size);

	if (!block)
		return NULL;
	block->next = object->file->blocks;
	object->file->blocks = block;
	return block->bytes;
}

char *ost_object_copy(struct ost_object *object, const char *text, size_t size)
{
	char *copy = ost_object_alloc(object, size + 1);

	if (copy)
		memcpy(copy, text, size);
	return copy;
}

void ost_object_mix(struct ost_object *object, const void *bytes, size_t size)
{
	const uint8_t *p = bytes;

	/* FNV-1a; finds changes, not attackers */
	for (size_t i = 0; i < size; i++)
		object->check = (object->check ^ p[i]) * 0x100000001b3ull;
}

static int read_file(int fd, uint64_t offset, uint8_t *buf, size_t size)
{
	while (size) {
		ssize_t n = pread(fd, buf, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -EBADMSG;
		buf += n;
		offset += n;
		size -= n;
	}
	return 0;
}

int ost_object_pread(const struct ost_object *object, uint64_t offset, void *buf, size_t size)
{
	if (offset > object->size || size > object->size - offset)
		return -EBADMSG;
	if (object->file->bytes) {
		memcpy(buf, object->file->bytes + offset, size);
		return 0;
	}
	return read_file(object->file->fd, offset, buf, size);
}

static struct ost_object *new_object(const char *path, uint64_t size)
{
	struct ost_object *object = calloc(1, sizeof(*object));

	if (!object)
		return NULL;
	object->file = calloc(1, sizeof(*object->file));
	if (object->file) {
		object->file->fd = -1;
		object->path = ost_object_copy(object, path, strlen(path));
	}
	if (!object->path) {
		ost_object_close(object);
		return NULL;
	}
	object->size = size;
	object->check = 0xcbf29ce484222325ull;
	ost_object_mix(object, &size, sizeof(size));
	return object;
}

void ost_object_close(struct ost_object *object)
{
	struct ost_object_file *file;

	if (!object)
		return;
	file = object->file;
	if (file) {
		ost_object_drop_sections(object);
		ost_object_unmap(object);
		if (file->fd >= 0)
			close(file->fd);
		while (file->blocks) {
			struct ost_object_block *block = file->blocks;

			file->blocks = block->next;
			free(block);
		}
		free(file);
	}
	free(object->symbols);
	free(object->relocs);
	free(object->functions);
	free(object);
}

static int name_object(struct ost_object *object)
{
	const char *slash = strrchr(object->path, '/');
	const char *name = object->soname && *object->soname ? object->soname :
			   slash ? slash + 1 : object->path;

	object->name = ost_object_copy(object, name, strlen(name));
	return object->name ? 0 : -ENOMEM;
}

static int read_headers(struct ost_object *object, struct ost_error *err)
{
	struct ost_object_head head = { 0 };
	int r = ost_object_read_head(object, &head, err);

	if (!r)
		r = ost_object_read_dynamic(object, &head, err);
	if (!r)
		r = ost_object_read_notes(object, &head, err);
	if (!r)
		r = name_object(object);
	if (r == -ENOMEM)
		ost_error_set(err, r, "%s: out of memory", object->path);
	return r;
}

int ost_object_open_memory(struct ost_object **object, const void *bytes, size_t size,
			   const char *path, struct ost_error *err)
{
	struct ost_object *made = new_object(path, size);
	int r;

	if (!made)
		return ost_error_set(err, -ENOMEM, "%s: out of memory", path);
	made->file->bytes = bytes;
	r = size ? read_headers(made, err) :
		   ost_error_set(err, -ENOEXEC, "%s: is empty, not an ELF file", path);
	if (r) {
		ost_object_close(made);
		return r;
	}
	*object = made;
	return 0;
}

struct ost_object *ost_object_outline(const char *path, const char *name, const char *id)
{
	struct ost_object *object = new_object(path, 0);

	if (!object)
		return NULL;
	object->file->outline = true;
	object->name = ost_object_copy(object, name, strlen(name));
	snprintf(object->id, sizeof(object->id), "%s", id);
	if (object->name)
		return object;
	ost_object_close(object);
	return NULL;
}

/* The file is looked at again later; where no descriptor is left for that, now. */
static int keep_file(struct ost_object *object, int fd, struct ost_error *err)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy >= 0) {
		object->file->fd = copy;
		return 0;
	}
	if (errno == EMFILE)
		return ost_object_load(object, err);
	return ost_error_set(err, -errno, "%s: %s", object->path, strerror(errno));
}

int ost_object_open(struct ost_object **object, int fd, const char *path, struct ost_error *err)
{
	struct ost_object *made;
	struct stat st;
	int r;

	if (fstat(fd, &st))
		return ost_error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return ost_error_set(err, S_ISDIR(st.st_mode) ? -EISDIR : -ENOEXEC,
				     "%s: is no regular file", path);
	if (!st.st_size)
		return ost_error_set(err, -ENOEXEC, "%s: is empty, not an ELF file", path);
	if ((uint64_t)st.st_size > OST_OBJECT_FILE_MAX)
		return ost_error_set(err, -EFBIG, "%s: has %lld bytes, more than %llu are not read", path,
				     (long long)st.st_size, OST_OBJECT_FILE_MAX);
	made = new_object(path, st.st_size);
	if (!made)
		return ost_error_set(err, -ENOMEM, "%s: out of memory", path);
	made->file->fd = fd;
	made->file->changed[0] = st.st_mtim;
	made->file->changed[1] = st.st_ctim;
	r = read_headers(made, err);
	if (!r)
		r = keep_file(made, fd, err);
	if (made->file->fd == fd)
		made->file->fd = -1;
	if (r) {
		ost_object_close(made);
		return r;
	}
	*object = made;
	return 0;
}
