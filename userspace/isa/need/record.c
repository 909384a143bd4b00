// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/need/record.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"

#define MAGIC "ostn"

/* longest name of a feature or a verdict */
#define NAME_MAX_BYTES 64

static uint64_t checksum(const uint8_t *bytes, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	return hash;
}

/* What is being written; once @failed nothing more is. */
struct writer {
	uint8_t *bytes;
	size_t size, room;
	int failed;
};

static void put(struct writer *to, const void *bytes, size_t size)
{
	if (!to->failed && to->size + size > OST_RECORD_MAX)
		to->failed = -E2BIG;
	if (to->failed)
		return;
	if (to->size + size > to->room) {
		size_t room = to->room ? to->room * 2 : 4096;
		uint8_t *grown;

		while (room < to->size + size)
			room *= 2;
		grown = realloc(to->bytes, room);
		if (!grown) {
			to->failed = -ENOMEM;
			return;
		}
		to->bytes = grown;
		to->room = room;
	}
	memcpy(to->bytes + to->size, bytes, size);
	to->size += size;
}

static void put_u8(struct writer *to, uint8_t value)
{
	put(to, &value, 1);
}

static void put_u32(struct writer *to, uint32_t value)
{
	value = htole32(value);
	put(to, &value, sizeof(value));
}

static void put_u64(struct writer *to, uint64_t value)
{
	value = htole64(value);
	put(to, &value, sizeof(value));
}

static void put_text(struct writer *to, const char *text)
{
	uint16_t len = strlen(text), stored = htole16(len);

	put(to, &stored, sizeof(stored));
	put(to, text, len);
}

static void put_need(struct writer *to, const struct ost_need *need)
{
	uint32_t steps = need->steps < OST_NEED_STEPS_MAX ? need->steps : OST_NEED_STEPS_MAX;

	put_text(to, ost_feature_name(need->feature));
	put_text(to, ost_need_verdict_name(need->verdict));
	put_u8(to, need->known | need->run << 1);
	put_u32(to, need->member);
	put_u64(to, need->function);
	put_u64(to, need->site);
	put_u64(to, need->count);
	put_u32(to, ost_feature_set_count(&need->guard));
	for (unsigned int f = 0; f < OST_FEATURE_END; f++)
		if (ost_feature_set_has(&need->guard, f))
			put_text(to, ost_feature_name(f));
	put_u32(to, need->guard_member);
	put_u64(to, need->guard_site);
	put_u32(to, steps);
	for (uint32_t i = 0; i < steps; i++) {
		put_u32(to, need->path[i].member);
		put_u64(to, need->path[i].function);
		put_u64(to, need->path[i].site);
		put_u8(to, need->path[i].how);
	}
}

long ost_record_write(const struct ost_needs *needs, size_t members, uint8_t **bytes)
{
	struct writer to = { 0 };

	put(&to, MAGIC, 4);
	put_u32(&to, OST_RECORD_VERSION);
	put_u32(&to, members);
	put_u8(&to, needs->complete);
	put_text(&to, needs->incomplete);
	put_u64(&to, needs->code_bytes);
	put_u64(&to, needs->functions);
	put_u64(&to, needs->analysed);
	put_u64(&to, needs->duration_ns);
	put_u32(&to, needs->count);
	for (size_t i = 0; i < needs->count; i++)
		put_need(&to, &needs->list[i]);
	put_u64(&to, to.failed ? 0 : checksum(to.bytes, to.size));
	if (to.failed) {
		free(to.bytes);
		return to.failed;
	}
	*bytes = to.bytes;
	return to.size;
}

/* What is being read; once @failed all is 0. */
struct reader {
	const uint8_t *at, *end;
	size_t members;
	bool failed;
};

static const uint8_t *take(struct reader *from, size_t size)
{
	const uint8_t *at = from->at;

	if (from->failed || size > (size_t)(from->end - at)) {
		from->failed = true;
		return NULL;
	}
	from->at += size;
	return at;
}

static uint8_t take_u8(struct reader *from)
{
	const uint8_t *at = take(from, 1);

	return at ? *at : 0;
}

static uint32_t take_u32(struct reader *from)
{
	const uint8_t *at = take(from, 4);
	uint32_t value = 0;

	if (at)
		memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

static uint64_t take_u64(struct reader *from)
{
	const uint8_t *at = take(from, 8);
	uint64_t value = 0;

	if (at)
		memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

static void take_text(struct reader *from, char *buf, size_t size)
{
	const uint8_t *at = take(from, 2);
	size_t len = at ? at[0] | at[1] << 8 : 0;

	at = take(from, len);
	if (!at || len >= size || memchr(at, 0, len)) {
		from->failed = true;
		len = 0;
	}
	if (len)
		memcpy(buf, at, len);
	buf[len] = '\0';
}

static unsigned int take_feature(struct reader *from)
{
	char name[NAME_MAX_BYTES];
	unsigned int feature;

	take_text(from, name, sizeof(name));
	feature = ost_feature_find(name);
	if (feature == OST_FEATURE_NONE)
		from->failed = true;
	return feature;
}

static unsigned int take_verdict(struct reader *from)
{
	char name[NAME_MAX_BYTES];

	take_text(from, name, sizeof(name));
	for (unsigned int verdict = 0; verdict < OST_NEED_END; verdict++)
		if (!strcmp(name, ost_need_verdict_name(verdict)))
			return verdict;
	from->failed = true;
	return 0;
}

static uint32_t take_member(struct reader *from)
{
	uint32_t member = take_u32(from);

	if (member >= from->members)
		from->failed = true;
	return member;
}

static bool is_how(char how)
{
	return how >= 'a' && how <= 'z';
}

static void take_need(struct reader *from, struct ost_need *need)
{
	uint32_t guards;
	uint8_t flags;

	need->feature = take_feature(from);
	need->verdict = take_verdict(from);
	flags = take_u8(from);
	need->known = flags & 1;
	need->run = flags >> 1 & 1;
	need->member = take_member(from);
	need->function = take_u64(from);
	need->site = take_u64(from);
	need->count = take_u64(from);
	guards = take_u32(from);
	if (flags > 3 || guards > OST_FEATURE_END)
		from->failed = true;
	for (uint32_t i = 0; i < guards && !from->failed; i++)
		ost_feature_set_add(&need->guard, take_feature(from));
	need->guard_member = take_member(from);
	need->guard_site = take_u64(from);
	need->steps = take_u32(from);
	if (need->steps > OST_NEED_STEPS_MAX)
		from->failed = true;
	for (uint32_t i = 0; i < need->steps && !from->failed; i++) {
		struct ost_need_step *step = &need->path[i];

		step->member = take_member(from);
		step->function = take_u64(from);
		step->site = take_u64(from);
		step->how = take_u8(from);
		if (!is_how(step->how))
			from->failed = true;
	}
}

static int take_needs(struct reader *from, struct ost_needs *needs)
{
	uint8_t complete = take_u8(from);

	take_text(from, needs->incomplete, sizeof(needs->incomplete));
	needs->complete = complete;
	needs->code_bytes = take_u64(from);
	needs->functions = take_u64(from);
	needs->analysed = take_u64(from);
	needs->duration_ns = take_u64(from);
	needs->count = take_u32(from);
	if (from->failed || complete > 1 || needs->count > OST_FEATURE_END)
		return -EBADMSG;
	needs->list = calloc(needs->count ? needs->count : 1, sizeof(*needs->list));
	if (!needs->list)
		return -ENOMEM;
	for (size_t i = 0; i < needs->count && !from->failed; i++) {
		take_need(from, &needs->list[i]);
		if (i && needs->list[i].feature <= needs->list[i - 1].feature)
			from->failed = true;
	}
	return from->failed || from->at != from->end ? -EBADMSG : 0;
}

int ost_record_read(struct ost_needs *needs, size_t members, const uint8_t *bytes, size_t size)
{
	struct reader from = { .at = bytes, .end = bytes, .members = members };
	struct reader sum = { .end = bytes + size };
	struct ost_needs read = { 0 };
	int ret;

	if (size < 16 || size > OST_RECORD_MAX || memcmp(bytes, MAGIC, 4))
		return -EBADMSG;
	from.end = sum.at = bytes + size - 8;
	if (take_u64(&sum) != checksum(bytes, size - 8))
		return -EBADMSG;
	from.at += 4;
	if (take_u32(&from) != OST_RECORD_VERSION || take_u32(&from) != members)
		return -EBADMSG;
	ret = take_needs(&from, &read);
	if (ret)
		ost_needs_free(&read);
	else
		*needs = read;
	return ret;
}
