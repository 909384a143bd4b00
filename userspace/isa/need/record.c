// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/need/record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/pack.h"

#define MAGIC "ostn"

/* longest name of a feature or a verdict */
#define NAME_MAX_BYTES 64

/* each verdict names its instruction, its test and its path */
#define PLACES_MAX (OST_FEATURE_END * (OST_NEED_STEPS_MAX + 2))

static void put_need(struct ost_packer *to, const struct ost_need *need)
{
	uint32_t steps = need->steps < OST_NEED_STEPS_MAX ? need->steps : OST_NEED_STEPS_MAX;

	ost_pack_text(to, ost_feature_name(need->feature));
	ost_pack_text(to, ost_need_verdict_name(need->verdict));
	ost_pack_u8(to, need->known | need->run << 1 | need->unsure << 2);
	ost_pack_u32(to, need->member);
	ost_pack_u64(to, need->function);
	ost_pack_u64(to, need->site);
	ost_pack_u64(to, need->count);
	ost_pack_u32(to, ost_feature_set_count(&need->guard));
	for (unsigned int f = 0; f < OST_FEATURE_END; f++)
		if (ost_feature_set_has(&need->guard, f))
			ost_pack_text(to, ost_feature_name(f));
	ost_pack_u32(to, need->guard_member);
	ost_pack_u64(to, need->guard_site);
	ost_pack_u32(to, steps);
	for (uint32_t i = 0; i < steps; i++) {
		ost_pack_u32(to, need->path[i].member);
		ost_pack_u64(to, need->path[i].function);
		ost_pack_u64(to, need->path[i].site);
		ost_pack_u8(to, need->path[i].how);
	}
}

static void put_places(struct ost_packer *to, const struct ost_needs *needs)
{
	ost_pack_u32(to, needs->place_count);
	for (size_t i = 0; i < needs->place_count; i++) {
		const struct ost_need_place *place = &needs->places[i];

		ost_pack_u32(to, place->member);
		ost_pack_u64(to, place->address);
		ost_pack_u64(to, place->into);
		ost_pack_text(to, place->symbol ? place->symbol : "");
		ost_pack_text(to, place->text ? place->text : "");
	}
}

long ost_record_write(const struct ost_needs *needs, size_t members, uint8_t **bytes)
{
	struct ost_packer to = { .most = OST_RECORD_MAX };

	ost_pack(&to, MAGIC, 4);
	ost_pack_u32(&to, OST_RECORD_VERSION);
	ost_pack_u32(&to, members);
	ost_pack_u8(&to, needs->complete);
	ost_pack_text(&to, needs->incomplete);
	ost_pack_u64(&to, needs->code_bytes);
	ost_pack_u64(&to, needs->functions);
	ost_pack_u64(&to, needs->analysed);
	ost_pack_u64(&to, needs->duration_ns);
	ost_pack_u32(&to, needs->count);
	for (size_t i = 0; i < needs->count; i++)
		put_need(&to, &needs->list[i]);
	put_places(&to, needs);
	return ost_pack_end(&to, bytes);
}

/* What is being read. */
struct reader {
	struct ost_unpacker in;
	size_t members;
};

static unsigned int take_feature(struct reader *from)
{
	char name[NAME_MAX_BYTES];
	unsigned int feature;

	ost_unpack_text(&from->in, name, sizeof(name));
	feature = ost_feature_find(name);
	if (feature == OST_FEATURE_NONE)
		from->in.failed = true;
	return feature;
}

static unsigned int take_verdict(struct reader *from)
{
	char name[NAME_MAX_BYTES];

	ost_unpack_text(&from->in, name, sizeof(name));
	for (unsigned int verdict = 0; verdict < OST_NEED_END; verdict++)
		if (!strcmp(name, ost_need_verdict_name(verdict)))
			return verdict;
	from->in.failed = true;
	return 0;
}

static uint32_t take_member(struct reader *from)
{
	uint32_t member = ost_unpack_u32(&from->in);

	if (member >= from->members)
		from->in.failed = true;
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
	flags = ost_unpack_u8(&from->in);
	need->known = flags & 1;
	need->run = flags >> 1 & 1;
	need->unsure = flags >> 2 & 1;
	need->member = take_member(from);
	need->function = ost_unpack_u64(&from->in);
	need->site = ost_unpack_u64(&from->in);
	need->count = ost_unpack_u64(&from->in);
	guards = ost_unpack_u32(&from->in);
	if (flags > 7 || guards > OST_FEATURE_END)
		from->in.failed = true;
	for (uint32_t i = 0; i < guards && !from->in.failed; i++)
		ost_feature_set_add(&need->guard, take_feature(from));
	need->guard_member = take_member(from);
	need->guard_site = ost_unpack_u64(&from->in);
	need->steps = ost_unpack_u32(&from->in);
	if (need->steps > OST_NEED_STEPS_MAX)
		from->in.failed = true;
	for (uint32_t i = 0; i < need->steps && !from->in.failed; i++) {
		struct ost_need_step *step = &need->path[i];

		step->member = take_member(from);
		step->function = ost_unpack_u64(&from->in);
		step->site = ost_unpack_u64(&from->in);
		step->how = ost_unpack_u8(&from->in);
		if (!is_how(step->how))
			from->in.failed = true;
	}
}

static int take_places(struct reader *from, struct ost_needs *needs)
{
	uint32_t count = ost_unpack_u32(&from->in);

	if (from->in.failed || count > PLACES_MAX)
		return -EBADMSG;
	if (!count)
		return 0;
	needs->places = calloc(count, sizeof(*needs->places));
	if (!needs->places)
		return -ENOMEM;
	needs->place_count = count;
	for (uint32_t i = 0; i < count && !from->in.failed; i++) {
		struct ost_need_place *place = &needs->places[i];

		place->member = take_member(from);
		place->address = ost_unpack_u64(&from->in);
		place->into = ost_unpack_u64(&from->in);
		place->symbol = ost_unpack_copy(&from->in);
		place->text = ost_unpack_copy(&from->in);
		/* they are searched by halves */
		if (i && (place->member < place[-1].member ||
			  (place->member == place[-1].member &&
			   place->address <= place[-1].address)))
			from->in.failed = true;
	}
	return from->in.failed ? -EBADMSG : 0;
}

static int take_needs(struct reader *from, struct ost_needs *needs)
{
	uint8_t complete = ost_unpack_u8(&from->in);
	int ret;

	ost_unpack_text(&from->in, needs->incomplete, sizeof(needs->incomplete));
	needs->complete = complete;
	needs->code_bytes = ost_unpack_u64(&from->in);
	needs->functions = ost_unpack_u64(&from->in);
	needs->analysed = ost_unpack_u64(&from->in);
	needs->duration_ns = ost_unpack_u64(&from->in);
	needs->count = ost_unpack_u32(&from->in);
	if (from->in.failed || complete > 1 || needs->count > OST_FEATURE_END)
		return -EBADMSG;
	needs->list = calloc(needs->count ? needs->count : 1, sizeof(*needs->list));
	if (!needs->list)
		return -ENOMEM;
	for (size_t i = 0; i < needs->count && !from->in.failed; i++) {
		take_need(from, &needs->list[i]);
		if (i && needs->list[i].feature <= needs->list[i - 1].feature)
			from->in.failed = true;
	}
	ret = from->in.failed ? -EBADMSG : take_places(from, needs);
	return ret ? ret : from->in.at != from->in.end ? -EBADMSG : 0;
}

int ost_record_read(struct ost_needs *needs, size_t members, const uint8_t *bytes, size_t size)
{
	struct reader from = { .members = members };
	struct ost_needs read = { 0 };
	int ret;

	if (size < 16 || size > OST_RECORD_MAX || memcmp(bytes, MAGIC, 4) ||
	    !ost_unpack_begin(&from.in, bytes, size))
		return -EBADMSG;
	ost_unpack(&from.in, 4);
	if (ost_unpack_u32(&from.in) != OST_RECORD_VERSION || ost_unpack_u32(&from.in) != members)
		return -EBADMSG;
	ret = take_needs(&from, &read);
	if (ret)
		ost_needs_free(&read);
	else
		*needs = read;
	return ret;
}
