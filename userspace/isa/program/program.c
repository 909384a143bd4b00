// SPDX-License-Identifier: GPL-2.0-or-later
/* The closure: who is a member, and why; in the order in which the loader looks symbols up. */
#include "program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/error.h"
#include "lib/sha256.h"
#include "program_state.h"

bool ost_program_is_x86(int fd)
{
	Elf64_Ehdr eh;

	/* what isn't ELF at all is not passed over: that the loader would stumble over it is told */
	if (pread(fd, &eh, sizeof(eh), 0) != sizeof(eh) || memcmp(eh.e_ident, ELFMAG, SELFMAG))
		return true;
	return eh.e_ident[EI_CLASS] == ELFCLASS64 && eh.e_machine == EM_X86_64;
}

static int add_missing(struct ost_program *program, size_t from, const char *name, const char *why)
{
	struct ost_missing *missing = program->missing;

	for (size_t i = 0; i < program->missing_count; i++)
		if (!strcmp(missing[i].name, name))
			return 0;
	if (program->missing_count == OST_PROGRAM_MISSING_MAX)
		return 0;
	missing = realloc(missing, (program->missing_count + 1) * sizeof(*missing));
	if (!missing)
		return -ENOMEM;
	program->missing = missing;
	missing += program->missing_count;
	*missing = (struct ost_missing){
		.name = strdup(name),
		.wanted_by = strdup(program->members[from].object->path),
		.why = strdup(why),
	};
	if (!missing->name || !missing->wanted_by || !missing->why) {
		free(missing->name);
		free(missing->wanted_by);
		free(missing->why);
		return -ENOMEM;
	}
	program->missing_count++;
	return 0;
}

static int find_name(const struct ost_program *program, const char *name, size_t *member)
{
	struct ost_hash_node *node;

	for (node = ost_hash_find(&program->state->names, ost_hash_text(name)); node;
	     node = ost_hash_again(node)) {
		struct ost_program_name *known = ost_container_of(node, struct ost_program_name, node);

		if (!strcmp(known->text, name)) {
			*member = known->member;
			return 0;
		}
	}
	return -ENOENT;
}

static int add_name(struct ost_program *program, size_t member, const char *text)
{
	struct ost_program_name *name;
	size_t known;

	if (!text || !*text || !find_name(program, text, &known))
		return 0;
	name = calloc(1, sizeof(*name));
	if (!name)
		return -ENOMEM;
	name->text = strdup(text);
	name->member = member;
	if (!name->text || ost_hash_insert(&program->state->names, &name->node, ost_hash_text(text))) {
		free(name->text);
		free(name);
		return -ENOMEM;
	}
	return 0;
}

static int make_room(struct ost_program *program)
{
	struct ost_program_state *state = program->state;
	size_t room = state->room ? state->room * 2 : 32;
	void *grown;

	if (program->count < state->room)
		return 0;
	grown = realloc(program->members, room * sizeof(*program->members));
	if (!grown)
		return -ENOMEM;
	program->members = grown;
	grown = realloc(state->files, room * sizeof(*state->files));
	if (!grown)
		return -ENOMEM;
	state->files = grown;
	grown = realloc(state->order, room * sizeof(*state->order));
	if (!grown)
		return -ENOMEM;
	state->order = grown;
	state->room = room;
	return 0;
}

/* The program's own is where it really is; a library's where it was found, links and all (glibc). */
static char *origin_of(const struct ost_program *program, int fd, const char *path)
{
	char real[OST_ROOT_PATH_MAX];
	const char *slash;

	if (!program->count && !ost_root_real(&program->state->root, fd, real))
		path = real;
	slash = strrchr(path, '/');
	if (!slash)
		return strdup(".");
	return slash == path ? strdup("/") : strndup(path, slash - path);
}

/** struct candidate - a file that is to become a member; @fd is closed by add_member() */
struct candidate {
	int fd;
	const char *path;	/* in the root */
	enum ost_how how;
	size_t parent;
	unsigned int level;
};

static int append_member(struct ost_program *program, const struct candidate *c,
			 const struct stat *st, struct ost_error *err)
{
	struct ost_program_state *state = program->state;
	struct ost_program_file *file;
	struct ost_object *object;
	char path[2 * OST_ROOT_PATH_MAX];
	char *origin;
	int r;

	snprintf(path, sizeof(path), "%s%s%s", state->root.path,
		 *state->root.path && *c->path != '/' ? "/" : "", c->path);
	if (program->count == OST_PROGRAM_OBJECTS_MAX)
		return ost_error_set(err, -E2BIG, "is one more than %u objects, the most that are read",
				     OST_PROGRAM_OBJECTS_MAX);
	if (S_ISREG(st->st_mode) && state->bytes + st->st_size > OST_PROGRAM_BYTES_MAX)
		return ost_error_set(err, -E2BIG, "%s: with it the program has more than %llu bytes, the most that are read",
				     path, OST_PROGRAM_BYTES_MAX);
	r = make_room(program);
	if (!r)
		r = ost_object_open(&object, c->fd, path, err);
	if (r)
		return r;
	origin = origin_of(program, c->fd, c->path);
	if (!origin) {
		ost_object_close(object);
		return -ENOMEM;
	}
	state->bytes += object->size;
	file = &state->files[program->count];
	*file = (struct ost_program_file){
		.origin = origin, .device = st->st_dev, .inode = st->st_ino, .loader = c->parent,
	};
	program->members[program->count] = (struct ost_member){
		.object = object, .how = c->how, .parent = c->parent, .level = c->level,
		.group = state->group,
	};
	if (c->how == OST_HOW_DLOPEN)
		state->group = program->members[program->count].group = program->count;
	program->count++;
	r = add_name(program, program->count - 1, object->soname);
	return r ? r : add_name(program, program->count - 1, c->path);
}

/* Its index, also when it was one before by another name; or a negative errno. */
static long add_member(struct ost_program *program, const struct candidate *c, struct ost_error *err)
{
	const struct ost_program_state *state = program->state;
	struct stat st;
	long r = -1;

	if (fstat(c->fd, &st)) {
		r = ost_error_set(err, -errno, "%s: %s", c->path, strerror(errno));
		close(c->fd);
		return r;
	}
	for (size_t i = 0; r < 0 && i < program->count; i++)
		if (state->files[i].device == st.st_dev && state->files[i].inode == st.st_ino)
			r = i;
	if (r < 0) {
		r = append_member(program, c, &st, err);
		if (!r)
			r = program->count - 1;
	}
	close(c->fd);
	return r;
}

static void put_in_order(struct ost_program *program, size_t member)
{
	struct ost_program_state *state = program->state;

	if (state->files[member].in_order)
		return;
	state->files[member].in_order = true;
	state->order[state->order_count++] = member;
}

/*
 * A library by name: 0 or -ENOMEM. What can't be had is named as missing, where @tell says so.
 */
static int want(struct ost_program *program, size_t from, const char *name, enum ost_how how,
		bool tell)
{
	struct ost_error err = { 0 };
	struct ost_found found;
	size_t member;
	long r;

	if (!find_name(program, name, &member)) {
		put_in_order(program, member);
		return 0;
	}
	r = ost_program_find(program, from, name, &found);
	if (r == -ENOENT) {
		r = tell ? add_missing(program, from, name, found.why) : 0;
	} else if (!r) {
		struct candidate c = { found.fd, found.path, how, from, found.level };

		r = add_member(program, &c, &err);
		if (r >= 0) {
			member = r;
			r = strchr(name, '/') ? 0 : add_name(program, member, name);
			put_in_order(program, member);
		} else if (r != -ENOMEM) {
			snprintf(found.why, sizeof(found.why), "can't be used: %.480s", err.text);
			r = tell ? add_missing(program, from, name, found.why) : 0;
		}
	} else if (r != -ENOMEM) {
		snprintf(found.why, sizeof(found.why), "%s", strerror(-r));
		r = tell ? add_missing(program, from, name, found.why) : 0;
	}
	if (!r && tell && how == OST_HOW_DLOPEN && program->missing_count &&
	    !strcmp(program->missing[program->missing_count - 1].name, name))
		program->missing[program->missing_count - 1].dlopen = true;
	return r;
}

/* What members from @first of the lookup order on need, and what that needs, and so on. */
static int follow_needed(struct ost_program *program, size_t first)
{
	struct ost_program_state *state = program->state;
	int r = 0;

	for (size_t i = first; !r && i < state->order_count; i++) {
		size_t member = state->order[i];
		const struct ost_object *object = program->members[member].object;

		for (size_t k = 0; !r && k < object->needed_count; k++)
			r = want(program, member, object->needed[k], OST_HOW_NEEDED, true);
	}
	return r;
}

static int want_dlopen(struct ost_program *program, size_t from, const char *name, bool tell)
{
	size_t first = program->state->order_count;
	int r = want(program, from, name, OST_HOW_DLOPEN, tell);

	if (!r)
		r = follow_needed(program, first);
	program->state->group = 0;
	return r;
}

/** struct strings - whose strings are looked at */
struct strings {
	struct ost_program *program;
	size_t from;
};

static int want_string(void *context, const char *name)
{
	struct strings *strings = context;

	return want_dlopen(strings->program, strings->from, name, false);
}

/* glibc's own names (libgcc_s, NSS modules) are in every program, and so tell nothing of one. */
static bool is_libc(const struct ost_object *object)
{
	return !strcmp(object->name, "libc.so.6") || !strncmp(object->name, "ld-linux", 8) ||
	       !strncmp(object->name, "ld-musl", 7) || !strncmp(object->name, "libc.musl", 9);
}

static int follow_strings(struct ost_program *program)
{
	int r = 0;

	for (size_t i = 0; !r && i < program->state->order_count; i++) {
		struct strings strings = { program, program->state->order[i] };
		const struct ost_object *object = program->members[strings.from].object;

		if (object->dynamic && !is_libc(object))
			r = ost_program_strings(object, want_string, &strings);
		/* a file that can't be read any more is no reason to know less of the others */
		if (r != -ENOMEM)
			r = 0;
	}
	return r;
}

static int add_interpreter(struct ost_program *program)
{
	const struct ost_object *object = program->members[0].object;
	struct ost_error err = { 0 };
	struct candidate c = { .path = object->interpreter, .how = OST_HOW_INTERPRETER };
	char why[sizeof(err.text) + 32];
	long r;

	if (!object->has_interpreter)
		return 0;
	c.fd = object->interpreter[0] == '/' ? ost_program_file(program, c.path) : -ENOENT;
	if (c.fd < 0)
		return add_missing(program, 0, c.path, strerror(-c.fd));
	r = add_member(program, &c, &err);
	if (r >= 0 || r == -ENOMEM)
		return r < 0 ? r : 0;
	snprintf(why, sizeof(why), "can't be used: %s", err.text);
	return add_missing(program, 0, c.path, why);
}

/* The loader goes on without those that it can't find. */
static int want_preloaded(struct ost_program *program, const char *list)
{
	char name[OST_ROOT_PATH_MAX];
	int r = 0;

	while (list && *list && !r) {
		size_t size = strcspn(list, " :");

		if (size && size < sizeof(name)) {
			memcpy(name, list, size);
			name[size] = '\0';
			r = want(program, 0, name, OST_HOW_NEEDED, false);
		}
		list += size + !!list[size];
	}
	return r;
}

static int find_closure(struct ost_program *program, const struct ost_program_options *options)
{
	int r;

	put_in_order(program, 0);
	if (options->alone)
		return 0;
	r = add_interpreter(program);
	if (!r)
		r = ost_program_prepare_find(program);
	if (!r && program->members[0].object->dynamic)
		r = want_preloaded(program, options->preload);
	if (!r && program->members[0].object->dynamic)
		r = follow_needed(program, 0);
	if (!r && program->count > 1)
		put_in_order(program, 1);
	for (size_t i = 0; !r && options->dlopened && options->dlopened[i]; i++)
		r = want_dlopen(program, 0, options->dlopened[i], true);
	if (!r && options->follow_dlopen)
		r = follow_strings(program);
	return r;
}

static int open_main(struct ost_program *program, const char *path,
		     const struct ost_program_options *options, struct ost_error *err)
{
	struct candidate c = { .path = path, .how = OST_HOW_MAIN };
	long r;

	c.fd = options->is_open ? ost_root_again(options->descriptor) :
				  ost_program_file(program, path);
	if (c.fd < 0)
		return ost_error_set(err, c.fd, "%s%s%s: %s", program->state->root.path,
				     *program->state->root.path && *path != '/' ? "/" : "", path,
				     strerror(-c.fd));
	r = add_member(program, &c, err);
	return r < 0 ? r : 0;
}

int ost_program_new(struct ost_program **program, const char *root)
{
	struct ost_program *made = calloc(1, sizeof(*made));
	int r = -ENOMEM;

	if (made)
		made->state = calloc(1, sizeof(*made->state));
	if (!made || !made->state) {
		free(made);
		return r;
	}
	r = ost_root_open(&made->state->root, root);
	if (!r) {
		made->root = strdup(*made->state->root.path ? made->state->root.path : "/");
		r = made->root ? 0 : -ENOMEM;
	}
	if (r)
		ost_program_close(made);
	else
		*program = made;
	return r;
}

int ost_program_open(struct ost_program **program, const char *path,
		     const struct ost_program_options *options, struct ost_error *err)
{
	static const struct ost_program_options defaults;
	struct timespec now;
	struct ost_program *made;
	int r;

	if (!options)
		options = &defaults;
	r = ost_program_new(&made, options->root);
	if (r)
		return ost_error_set(err, r, "%s: %s", r == -ENOMEM ? path : options->root,
				     strerror(-r));
	clock_gettime(CLOCK_REALTIME_COARSE, &now);
	made->state->begun_s = now.tv_sec;
	made->state->note_looks = options->note_looks;
	if (options->library_path) {
		made->state->library_path = strdup(options->library_path);
		/* glibc takes both */
		for (char *p = made->state->library_path; p && (p = strchr(p, ';'));)
			*p = ':';
	}
	r = options->library_path && !made->state->library_path ? -ENOMEM : 0;
	if (!r)
		r = open_main(made, path, options, err);
	if (!r)
		r = find_closure(made, options);
	ost_program_end_find(made);
	/* a folder that is kept open keeps its file system busy */
	ost_root_leave(&made->state->root);
	if (r) {
		ost_program_close(made);
		return r == -ENOMEM ? ost_error_set(err, r, "%s: out of memory", path) : r;
	}
	*program = made;
	return 0;
}

static void free_names(struct ost_hash *names)
{
	struct ost_hash_node *node;

	while ((node = ost_hash_next(names, NULL))) {
		struct ost_program_name *name = ost_container_of(node, struct ost_program_name, node);

		ost_hash_remove(names, node);
		free(name->text);
		free(name);
	}
	ost_hash_free(names);
}

void ost_program_close(struct ost_program *program)
{
	struct ost_program_state *state;

	if (!program)
		return;
	state = program->state;
	ost_program_end_find(program);
	ost_program_drop_scopes(program);
	for (size_t i = 0; i < program->count; i++) {
		ost_object_close(program->members[i].object);
		if (state->files)
			free(state->files[i].origin);
	}
	for (size_t i = 0; i < program->missing_count; i++) {
		free(program->missing[i].name);
		free(program->missing[i].wanted_by);
		free(program->missing[i].why);
	}
	free_names(&state->names);
	ost_root_close(&state->root);
	ost_program_drop_looks(state);
	free(state->outline_key);
	free(state->library_path);
	free(state->files);
	free(state->order);
	free(state);
	free(program->members);
	free(program->missing);
	free(program->root);
	free(program);
}

void ost_program_key(const struct ost_program *program, char *buf, size_t size)
{
	char text[OST_SHA256_TEXT];
	struct ost_sha256 sha;

	if (program->state->outline_key) {
		snprintf(buf, size, "%s", program->state->outline_key);
		return;
	}
	ost_sha256_init(&sha);
	for (size_t i = 0; i < program->count; i++) {
		const struct ost_member *member = &program->members[i];
		uint8_t facts[4] = { member->how, member->level, member->parent, member->parent >> 8 };

		ost_sha256_add(&sha, member->object->id, strlen(member->object->id) + 1);
		ost_sha256_add(&sha, &member->object->check, sizeof(member->object->check));
		ost_sha256_add(&sha, facts, sizeof(facts));
	}
	for (size_t i = 0; i < program->missing_count; i++)
		ost_sha256_add(&sha, program->missing[i].name, strlen(program->missing[i].name) + 1);
	ost_sha256_end_text(&sha, text);
	snprintf(buf, size, "%s", text);
}
