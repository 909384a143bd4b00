// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/program/closure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pack.h"
#include "object_file.h"
#include "program_state.h"

#define MAGIC "ostc"

/* Text of a key, with NUL. */
#define KEY_MAX 65

/* As many as an ELF file may have program headers, and one that is split. */
#define SEGMENTS_MAX 65536

#define FACTS (sizeof(((struct ost_look *)0)->facts) / sizeof(uint64_t))

/* Is what is known of a file enough to see any change of it that is still to come? */
static bool is_old(const struct ost_program_state *state, const struct ost_look *look)
{
	int64_t mtime = look->facts[3], ctime = look->facts[5], last = mtime > ctime ? mtime : ctime;

	return look->what != OST_LOOK_FILE || last < state->begun_s - OST_CLOSURE_AGE_S;
}

static void put_look(struct ost_packer *to, const struct ost_look *look)
{
	ost_pack_text(to, look->path);
	ost_pack_u8(to, look->what);
	for (size_t i = 0; i < FACTS && look->what == OST_LOOK_FILE; i++)
		ost_pack_u64(to, look->facts[i]);
}

static void put_segments(struct ost_packer *to, const struct ost_object *object)
{
	uint32_t count = 0;

	for (size_t i = 0; i < object->segment_count; i++)
		count += object->segments[i].execute;
	ost_pack_u32(to, count);
	for (size_t i = 0; i < object->segment_count; i++) {
		if (!object->segments[i].execute)
			continue;
		ost_pack_u64(to, object->segments[i].start);
		ost_pack_u64(to, object->segments[i].offset);
		ost_pack_u64(to, object->segments[i].size);
	}
}

static void put_member(struct ost_packer *to, const struct ost_member *member)
{
	ost_pack_text(to, member->object->path);
	ost_pack_text(to, member->object->name);
	ost_pack_text(to, member->object->id);
	put_segments(to, member->object);
	ost_pack_u8(to, member->how);
	ost_pack_u8(to, member->level);
	ost_pack_u32(to, member->parent);
	ost_pack_u32(to, member->group);
}

static void put_missing(struct ost_packer *to, const struct ost_missing *missing)
{
	ost_pack_text(to, missing->name);
	ost_pack_text(to, missing->wanted_by);
	ost_pack_text(to, missing->why);
	ost_pack_u8(to, missing->dlopen);
}

long ost_closure_write(const struct ost_program *program, uint8_t **bytes)
{
	const struct ost_program_state *state = program->state;
	struct ost_packer to = {.most = OST_CLOSURE_MAX};
	char key[KEY_MAX];

	if (state->looks_lost || state->outline_key)
		return -ENODATA;
	for (size_t i = 0; i < state->look_count; i++)
		if (!is_old(state, &state->looks[i]))
			return -ENODATA;
	ost_program_key(program, key, sizeof(key));
	ost_pack(&to, MAGIC, 4);
	ost_pack_u32(&to, OST_CLOSURE_VERSION);
	ost_pack_text(&to, key);
	ost_pack_u32(&to, state->look_count);
	for (size_t i = 0; i < state->look_count; i++)
		put_look(&to, &state->looks[i]);
	ost_pack_u32(&to, program->count);
	for (size_t i = 0; i < program->count; i++)
		put_member(&to, &program->members[i]);
	ost_pack_u32(&to, program->missing_count);
	for (size_t i = 0; i < program->missing_count; i++)
		put_missing(&to, &program->missing[i]);
	return ost_pack_end(&to, bytes);
}

/* The next path and what was there: is that there still? 0, -ESTALE, -EBADMSG. No root: not asked. */
static int check_look(struct ost_unpacker *from, const struct ost_root *root)
{
	char path[OST_ROOT_PATH_MAX];
	struct ost_look was = {0}, is = {0};

	ost_unpack_text(from, path, sizeof(path));
	was.what = ost_unpack_u8(from);
	for (size_t i = 0; i < FACTS && was.what == OST_LOOK_FILE; i++)
		was.facts[i] = ost_unpack_u64(from);
	if (from->failed || !*path || was.what >= OST_LOOK_OTHER)
		return -EBADMSG;
	if (!root)
		return 0;
	if (ost_look_at(root, path, &is) || is.what != was.what ||
	    memcmp(is.facts, was.facts, sizeof(is.facts)))
		return -ESTALE;
	return 0;
}

static int take_looks(struct ost_unpacker *from, const struct ost_root *root)
{
	uint32_t count = ost_unpack_u32(from);
	int ret = 0;

	/* a search that looked at nothing found nothing: it wasn't noted */
	if ((root && !count) || count > OST_CLOSURE_LOOKS_MAX)
		return -EBADMSG;
	while (count-- && !ret)
		ret = check_look(from, root);
	return ret;
}

static int take_segments(struct ost_unpacker *from, struct ost_object *object)
{
	uint32_t count = ost_unpack_u32(from);

	if (from->failed || count > SEGMENTS_MAX)
		return -EBADMSG;
	object->segments = ost_object_alloc(object, (count + 1) * sizeof(*object->segments));
	if (!object->segments)
		return -ENOMEM;
	while (object->segment_count < count) {
		struct ost_segment *segment = &object->segments[object->segment_count];

		segment->start = ost_unpack_u64(from);
		segment->offset = ost_unpack_u64(from);
		segment->size = ost_unpack_u64(from);
		segment->execute = true;
		if (from->failed || __builtin_add_overflow(segment->start, segment->size, &segment->end) ||
		    segment->offset > OST_OBJECT_FILE_MAX || segment->size > OST_OBJECT_FILE_MAX)
			return -EBADMSG;
		object->segment_count++;
	}
	return 0;
}

static int take_member(struct ost_unpacker *from, struct ost_program *program, uint32_t count)
{
	struct ost_member *member = &program->members[program->count];
	char path[2 * OST_ROOT_PATH_MAX], name[OST_OBJECT_NAME_MAX + 1], id[OST_OBJECT_ID_MAX];
	int ret;

	ost_unpack_text(from, path, sizeof(path));
	ost_unpack_text(from, name, sizeof(name));
	ost_unpack_text(from, id, sizeof(id));
	if (from->failed)
		return -EBADMSG;
	member->object = ost_object_outline(path, name, id);
	if (!member->object)
		return -ENOMEM;
	program->count++;
	ret = take_segments(from, member->object);
	if (ret)
		return ret;
	member->how = ost_unpack_u8(from);
	member->level = ost_unpack_u8(from);
	member->parent = ost_unpack_u32(from);
	member->group = ost_unpack_u32(from);
	if (from->failed || member->how > OST_HOW_DLOPEN || member->level > 4 ||
	    member->parent >= count || member->group >= count)
		return -EBADMSG;
	return 0;
}

static int take_members(struct ost_unpacker *from, struct ost_program *program)
{
	uint32_t count = ost_unpack_u32(from);
	int ret = 0;

	if (!count || count > OST_PROGRAM_OBJECTS_MAX)
		return -EBADMSG;
	program->members = calloc(count, sizeof(*program->members));
	if (!program->members)
		return -ENOMEM;
	while (program->count < count && !ret)
		ret = take_member(from, program, count);
	return ret;
}

static int take_missing(struct ost_unpacker *from, struct ost_program *program)
{
	uint32_t count = ost_unpack_u32(from);

	if (from->failed || count > OST_PROGRAM_MISSING_MAX)
		return -EBADMSG;
	program->missing = calloc(count ? count : 1, sizeof(*program->missing));
	if (!program->missing)
		return -ENOMEM;
	while (program->missing_count < count) {
		struct ost_missing *missing = &program->missing[program->missing_count++];
		uint8_t dlopened;

		missing->name = ost_unpack_copy(from);
		missing->wanted_by = ost_unpack_copy(from);
		missing->why = ost_unpack_copy(from);
		dlopened = ost_unpack_u8(from);
		missing->dlopen = dlopened;
		if (from->failed || dlopened > 1 || !missing->wanted_by || !missing->why)
			return -EBADMSG;
		/* DT_NEEDED may be an empty name */
		if (!missing->name)
			missing->name = strdup("");
		if (!missing->name)
			return -ENOMEM;
	}
	return from->at == from->end ? 0 : -EBADMSG;
}

static int take_all(struct ost_unpacker *from, struct ost_program *program, bool look)
{
	char key[KEY_MAX];
	int ret;

	ost_unpack_text(from, key, sizeof(key));
	if (from->failed || strlen(key) != KEY_MAX - 1)
		return -EBADMSG;
	program->state->outline_key = strdup(key);
	if (!program->state->outline_key)
		return -ENOMEM;
	ret = take_looks(from, look ? &program->state->root : NULL);
	if (!ret)
		ret = take_members(from, program);
	return ret ? ret : take_missing(from, program);
}

static int read_record(struct ost_program **program, const char *root, bool look,
		       const uint8_t *bytes, size_t size)
{
	struct ost_program *made;
	struct ost_unpacker from;
	int ret;

	if (size < 16 || size > OST_CLOSURE_MAX || memcmp(bytes, MAGIC, 4) ||
	    !ost_unpack_begin(&from, bytes, size))
		return -EBADMSG;
	ost_unpack(&from, 4);
	if (ost_unpack_u32(&from) != OST_CLOSURE_VERSION)
		return -EBADMSG;
	ret = ost_program_new(&made, root);
	if (ret)
		return ret;
	ret = take_all(&from, made, look);
	if (ret)
		ost_program_close(made);
	else
		*program = made;
	return ret;
}

int ost_closure_read(struct ost_program **program, const char *root, const uint8_t *bytes,
		     size_t size)
{
	return read_record(program, root, true, bytes, size);
}

int ost_closure_outline(struct ost_program **program, const uint8_t *bytes, size_t size)
{
	return read_record(program, NULL, false, bytes, size);
}
