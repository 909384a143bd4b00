// SPDX-License-Identifier: GPL-2.0-or-later
/* What the loader is configured with: its kind, its cache, its default folders, its tokens. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "object_file.h"
#include "program_state.h"

/* Bytes of the loader that are searched for its folders; glibc's has some 200 KB. */
#define LOADER_BYTES_MAX (4u << 20)

/* Default folders that are looked at. */
#define FOLDERS_MAX 32

/* Longest search path of musl, bytes. */
#define MUSL_PATH_MAX 65536

static const char *const usual_folders[] = {
	"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64", "/lib", "/usr/lib",
};

#define MUSL_FOLDERS "/lib:/usr/local/lib:/usr/lib"

static const struct ost_object *interpreter_of(const struct ost_program *program)
{
	return program->count > 1 && program->members[1].how == OST_HOW_INTERPRETER ?
	       program->members[1].object : NULL;
}

static enum ost_loader loader_of(const struct ost_program *program)
{
	const struct ost_object *object = program->members[0].object;
	const char *path = object->interpreter;

	if (path) {
		const char *slash = strrchr(path, '/');

		return strncmp(slash ? slash + 1 : path, "ld-musl", 7) ? OST_LOADER_GLIBC :
									 OST_LOADER_MUSL;
	}
	for (size_t i = 0; i < object->needed_count; i++)
		if (!strncmp(object->needed[i], "libc.musl-", 10))
			return OST_LOADER_MUSL;
	return OST_LOADER_GLIBC;
}

static int add_folder(struct ost_program_state *state, size_t *count, const char *text, size_t size)
{
	while (size > 1 && text[size - 1] == '/')
		size--;
	if (*count == FOLDERS_MAX || !size || text[0] != '/' || size >= OST_ROOT_PATH_MAX)
		return 0;
	state->folders[*count] = strndup(text, size);
	if (!state->folders[*count])
		return -ENOMEM;
	(*count)++;
	return 0;
}

/* Length with its NUL of a string that is a folder as ld.so has it: "/usr/lib/"; else 0. */
static size_t folder_length(const char *text, size_t left)
{
	size_t size = strnlen(text, left < 256 ? left : 256);

	if (size == left || size == 256 || size < 2 || text[0] != '/' || text[size - 1] != '/' ||
	    !memmem(text, size, "lib", 3))
		return 0;
	for (size_t i = 0; i < size; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return 0;
	return size + 1;
}

/* ld.so has its default folders built in, one string behind the other: the longest such row. */
static int take_built_in(struct ost_program_state *state, size_t *folders, const char *bytes,
			 size_t size)
{
	const char *best = NULL;
	size_t best_count = 0;
	int r = 0;

	for (size_t at = 1; at < size;) {
		size_t count = 0, end = at, length;

		if (bytes[at] != '/' || bytes[at - 1]) {
			const char *next = memchr(bytes + at + 1, '/', size - at - 1);

			if (!next)
				break;
			at = next - bytes;
			continue;
		}
		for (; (length = folder_length(bytes + end, size - end)); end += length)
			count++;
		if (count > best_count) {
			best = bytes + at;
			best_count = count;
		}
		at = end > at ? end : at + 1;
	}
	for (; !r && best_count; best_count--, best += strlen(best) + 1)
		r = add_folder(state, folders, best, strlen(best));
	return r;
}

static int read_built_in(struct ost_program *program, size_t *folders)
{
	const struct ost_object *loader = interpreter_of(program);
	int r = 0;

	for (size_t i = 0; !r && loader && i < loader->segment_count && !*folders; i++) {
		const struct ost_segment *segment = &loader->segments[i];
		size_t size = segment->size < LOADER_BYTES_MAX ? segment->size : LOADER_BYTES_MAX;
		_ost_free_ char *bytes = NULL;

		if (segment->write || segment->execute)
			continue;
		bytes = malloc(size + 1);
		if (!bytes)
			return -ENOMEM;
		if (!ost_object_pread(loader, segment->offset, bytes, size))
			r = take_built_in(program->state, folders, bytes, size);
	}
	return r;
}

/* Debian's kind of $LIB, where the loader itself doesn't tell. */
static bool has_multiarch(const struct ost_program *program)
{
	int fd = ost_program_file(program, "/usr/lib/x86_64-linux-gnu");

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int prepare_glibc(struct ost_program *program)
{
	struct ost_program_state *state = program->state;
	size_t folders = 0;
	bool multiarch;
	int r = read_built_in(program, &folders);

	multiarch = folders ? !!strstr(state->folders[0], "x86_64-linux-gnu") : has_multiarch(program);
	if (!r && !folders)
		for (size_t i = 0; !r && i < sizeof(usual_folders) / sizeof(usual_folders[0]); i++)
			r = add_folder(state, &folders, usual_folders[i], strlen(usual_folders[i]));
	state->lib = multiarch ? "lib/x86_64-linux-gnu" : "lib64";
	return r;
}

/* As much as fstat() says that there is: what is no regular file has nothing that could be read. */
static int read_open(int fd, size_t max, char **text)
{
	_ost_free_ char *bytes = NULL;
	struct stat st;
	ssize_t n = 1;
	off_t at;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (st.st_size > (off_t)max)
		return -EFBIG;
	bytes = malloc(st.st_size + 1);
	if (!bytes)
		return -ENOMEM;
	for (at = 0; n && at < st.st_size; at += n) {
		n = pread(fd, bytes + at, st.st_size - at, at);
		if (n < 0)
			return -errno;
	}
	bytes[at] = '\0';
	*text = bytes;
	bytes = NULL;
	return at;
}

static int read_file(const struct ost_program *program, const char *path, size_t max, char **text)
{
	int fd = ost_program_file(program, path), n;

	if (fd < 0)
		return fd;
	n = read_open(fd, max, text);
	close(fd);
	return n;
}

/* Beside the folder of the loader: /lib/ld-musl-x86_64.so.1, /etc/ld-musl-x86_64.path */
static int prepare_musl(struct ost_program *program)
{
	struct ost_program_state *state = program->state;
	const char *interpreter = program->members[0].object->interpreter;
	char path[OST_ROOT_PATH_MAX + 32];
	_ost_free_ char *text = NULL;
	const char *list = MUSL_FOLDERS;
	size_t folders = 0, prefix = 0;
	int r = 0;

	for (size_t i = 0, last = 0; interpreter && interpreter[i]; i++)
		if (interpreter[i] == '/') {
			prefix = last;
			last = i;
		}
	snprintf(path, sizeof(path), "%.*s/etc/ld-musl-x86_64.path", (int)prefix,
		 interpreter ? interpreter : "");
	if (read_file(program, path, MUSL_PATH_MAX, &text) > 0)
		list = text;
	while (*list && !r) {
		size_t size = strcspn(list, ":\n");

		r = add_folder(state, &folders, list, size);
		list += size + !!list[size];
	}
	state->lib = "lib";
	return r;
}

static void read_cache(struct ost_program *program)
{
	struct ost_program_state *state = program->state;
	int size = read_file(program, "/etc/ld.so.cache", OST_LDCACHE_MAX, &state->cache_bytes);

	/* one that is broken is none to ld.so either */
	if (size > 0)
		ost_ldcache_open(&state->cache, state->cache_bytes, size);
}

int ost_program_prepare_find(struct ost_program *program)
{
	struct ost_program_state *state = program->state;

	state->loader = loader_of(program);
	state->platform = "x86_64";
	state->folders = calloc(FOLDERS_MAX + 1, sizeof(*state->folders));
	if (!state->folders)
		return -ENOMEM;
	if (state->loader == OST_LOADER_MUSL)
		return prepare_musl(program);
	read_cache(program);
	return prepare_glibc(program);
}

void ost_program_end_find(struct ost_program *program)
{
	struct ost_program_state *state = program->state;

	for (size_t i = 0; state->folders && state->folders[i]; i++)
		free(state->folders[i]);
	free(state->folders);
	free(state->cache_bytes);
	state->folders = NULL;
	state->cache_bytes = NULL;
}
