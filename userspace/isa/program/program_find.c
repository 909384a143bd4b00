// SPDX-License-Identifier: GPL-2.0-or-later
/* Where the loader looks for a library. glibc: elf/dl-load.c; musl: ldso/dynlink.c. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "program_state.h"

/* musl's own names: whatever asks for these libraries gets the loader, which contains them. */
static const char *const musl_own[] = { "c.", "pthread.", "rt.", "m.", "dl.", "util.", "xnet." };

static const char *const levels[] = {
	[0] = "",
	[2] = "glibc-hwcaps/x86-64-v2/",
	[3] = "glibc-hwcaps/x86-64-v3/",
	[4] = "glibc-hwcaps/x86-64-v4/",
};

/** struct search - one library that is looked for */
struct search {
	struct ost_program *program;
	struct ost_found *found;
	const char *name;
	bool glibc;
	unsigned int level;	/* only what hosts of this x86-64 level look at; 0: what all do */
};

static void add_why(struct ost_found *found, const char *place)
{
	size_t have = strlen(found->why);

	snprintf(found->why + have, sizeof(found->why) - have, "%s%s", have ? ", " : "", place);
}

/* Opens a file that may be it: 1, 0 to go on looking, -ENFILE when enough was tried. */
static int try_file(struct search *search, const char *path, unsigned int level)
{
	struct ost_program_state *state = search->program->state;
	int fd;

	if (state->tries++ >= OST_PROGRAM_TRIES_MAX)
		return -E2BIG;
	fd = ost_program_file(search->program, path);
	if (fd < 0)
		return fd == -ENOMEM || fd == -EMFILE || fd == -ENFILE ? fd : 0;
	/* glibc passes over what is for another machine; musl stops there, and so finds nothing */
	if (!ost_program_is_x86(fd)) {
		close(fd);
		return 0;
	}
	search->found->fd = fd;
	search->found->level = level;
	snprintf(search->found->path, sizeof(search->found->path), "%s", path);
	return 1;
}

static int try_folder(struct search *search, const char *folder)
{
	char path[OST_ROOT_PATH_MAX];
	int n;

	if (!search->level)
		add_why(search->found, folder);
	n = snprintf(path, sizeof(path), "%s/%s%s", folder, levels[search->level], search->name);
	return n < (int)sizeof(path) ? try_file(search, path, search->level) : 0;
}

/* $NAME or ${NAME} at @text: how long, or 0. */
static size_t match_token(const char *text, const char *name)
{
	size_t size = strlen(name);
	bool braces = text[1] == '{';
	const char *end = text + 1 + braces + size;

	if (strncmp(text + 1 + braces, name, size))
		return 0;
	if (braces)
		return *end == '}' ? size + 3 : 0;
	/* no part of a longer word */
	return *end == '_' || isalnum((unsigned char)*end) ? 0 : size + 1;
}

/* Dynamic string tokens. False when it doesn't fit or musl wouldn't take it. */
static bool expand(const struct search *search, const char *origin, const char *from, size_t size,
		   char *to, size_t room)
{
	const struct ost_program_state *state = search->program->state;
	const struct { const char *name, *value; } tokens[] = {
		{ "ORIGIN", origin }, { "LIB", state->lib }, { "PLATFORM", state->platform },
	};
	size_t used = 0;

	for (size_t i = 0; i < size;) {
		const char *value = NULL;
		size_t length = 0;

		for (size_t k = 0; from[i] == '$' && !length && k < (search->glibc ? 3 : 1); k++) {
			length = match_token(from + i, tokens[k].name);
			value = tokens[k].value;
		}
		if (from[i] == '$' && !length && !search->glibc)
			return false;
		if (!length) {
			value = from + i;
			length = 1;
		}
		size_t add = value == from + i ? 1 : strlen(value);

		if (used + add >= room)
			return false;
		memcpy(to + used, value, add);
		used += add;
		i += length;
	}
	to[used] = '\0';
	return used;
}

/* A list of folders with colons between them. */
static int try_list(struct search *search, const char *list, const char *origin)
{
	char folder[OST_ROOT_PATH_MAX];
	int r = 0;

	while (list && *list && !r) {
		size_t size = strcspn(list, ":");

		/* a relative one depends on where the program is started */
		if (expand(search, origin, list, size, folder, sizeof(folder)) && folder[0] == '/')
			r = try_folder(search, folder);
		list += size + !!list[size];
	}
	return r;
}

static int try_rpaths(struct search *search, size_t from)
{
	const struct ost_program *program = search->program;
	const struct ost_program_state *state = program->state;
	bool main_seen = false;
	int r = 0;

	for (size_t m = from;; m = state->files[m].loader) {
		const struct ost_object *object = program->members[m].object;

		main_seen |= !m;
		if (!object->runpath)
			r = try_list(search, object->rpath, state->files[m].origin);
		if (r || state->files[m].loader == m)
			break;
	}
	if (!r && !main_seen && !program->members[0].object->runpath)
		r = try_list(search, program->members[0].object->rpath, state->files[0].origin);
	return r;
}

static bool is_default(const struct ost_program_state *state, const char *path)
{
	const char *slash = strrchr(path, '/');

	for (size_t i = 0; slash && state->folders[i]; i++)
		if (!strncmp(path, state->folders[i], slash - path) &&
		    !state->folders[i][slash - path])
			return true;
	return false;
}

static int try_cache(struct search *search, bool no_default)
{
	const struct ost_program_state *state = search->program->state;
	unsigned int level;
	const char *path = ost_ldcache_find(&state->cache, search->name, &level);

	if (!search->level)
		add_why(search->found,
			state->cache.bytes ? "ld.so.cache" : "ld.so.cache (there is none)");
	if (!path || level != search->level || path[0] != '/' || (no_default && is_default(state, path)))
		return 0;
	return try_file(search, path, level);
}

static int try_defaults(struct search *search)
{
	int r = 0;

	for (char **folder = search->program->state->folders; *folder && !r; folder++)
		r = try_folder(search, *folder);
	return r;
}

static int find_at_level(struct search *search, size_t from)
{
	const struct ost_program *program = search->program;
	const struct ost_object *object = program->members[from].object;
	int r = 0;

	if (!object->runpath)
		r = try_rpaths(search, from);
	if (!r)
		r = try_list(search, program->state->library_path, program->state->files[0].origin);
	if (!r)
		r = try_list(search, object->runpath, program->state->files[from].origin);
	if (!r)
		r = try_cache(search, object->no_default_lib);
	if (!r && !object->no_default_lib)
		r = try_defaults(search);
	return r;
}

/* What all hosts find anywhere goes before what those of a level find first. */
static int find_glibc(struct search *search, size_t from)
{
	int r = find_at_level(search, from);

	for (search->level = 2; !r && search->level <= 4; search->level++)
		r = find_at_level(search, from);
	return r;
}

static int find_musl(struct search *search, size_t from)
{
	const struct ost_program *program = search->program;
	const struct ost_program_state *state = program->state;
	int r = 0;

	if (!strncmp(search->name, "lib", 3) && program->count > 1 &&
	    program->members[1].how == OST_HOW_INTERPRETER)
		for (size_t i = 0; i < sizeof(musl_own) / sizeof(musl_own[0]); i++)
			if (!strncmp(search->name + 3, musl_own[i], strlen(musl_own[i])))
				return try_file(search, program->members[1].object->path +
						strlen(state->root.path), 0);
	r = try_list(search, state->library_path, state->files[0].origin);
	for (size_t m = from; !r; m = state->files[m].loader) {
		const struct ost_object *object = program->members[m].object;

		r = try_list(search, object->runpath ? object->runpath : object->rpath,
			     state->files[m].origin);
		if (state->files[m].loader == m)
			break;
	}
	return r ? r : try_defaults(search);
}

int ost_program_find(struct ost_program *program, size_t from, const char *name,
		     struct ost_found *found)
{
	struct search search = {
		.program = program, .found = found, .name = name,
		.glibc = program->state->loader == OST_LOADER_GLIBC,
	};
	char path[OST_ROOT_PATH_MAX];
	char places[sizeof(found->why)];
	int r;

	found->fd = -1;
	found->why[0] = '\0';
	if (!*name) {
		snprintf(found->why, sizeof(found->why), "an empty name is no library");
		return -ENOENT;
	}
	if (strchr(name, '/')) {
		if (!expand(&search, program->state->files[from].origin, name, strlen(name), path,
			    sizeof(path)) || path[0] != '/') {
			snprintf(found->why, sizeof(found->why),
				 "a relative path depends on the folder that the program is started in");
			return -ENOENT;
		}
		r = try_file(&search, path, 0);
		snprintf(found->why, sizeof(found->why), "there is no 64-bit x86 library at that path");
		return r == 1 ? 0 : r ? r : -ENOENT;
	}
	r = search.glibc ? find_glibc(&search, from) : find_musl(&search, from);
	if (r == 1)
		return 0;
	if (r == -E2BIG) {
		snprintf(found->why, sizeof(found->why), "not looked for: %u files were tried already for this program",
			 OST_PROGRAM_TRIES_MAX);
		return -ENOENT;
	}
	snprintf(places, sizeof(places), "%s", found->why);
	snprintf(found->why, sizeof(found->why), "not found in %.480s", places);
	return r ? r : -ENOENT;
}
