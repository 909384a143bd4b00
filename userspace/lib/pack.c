// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/pack.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CHECKSUM_SIZE 8

static uint64_t checksum(const uint8_t *bytes, size_t size)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	return hash;
}

void ost_pack(struct ost_packer *to, const void *bytes, size_t size)
{
	if (!size)
		return;
	if (!to->failed && to->size + size > to->most)
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

void ost_pack_u8(struct ost_packer *to, uint8_t value)
{
	ost_pack(to, &value, 1);
}

void ost_pack_u32(struct ost_packer *to, uint32_t value)
{
	value = htole32(value);
	ost_pack(to, &value, sizeof(value));
}

void ost_pack_u64(struct ost_packer *to, uint64_t value)
{
	value = htole64(value);
	ost_pack(to, &value, sizeof(value));
}

void ost_pack_text(struct ost_packer *to, const char *text)
{
	size_t len = text ? strlen(text) : 0;
	uint16_t stored = htole16(len);

	if (len > UINT16_MAX && !to->failed)
		to->failed = -E2BIG;
	ost_pack(to, &stored, sizeof(stored));
	ost_pack(to, text ? text : "", len);
}

long ost_pack_end(struct ost_packer *to, uint8_t **bytes)
{
	ost_pack_u64(to, to->failed ? 0 : checksum(to->bytes, to->size));
	if (to->failed) {
		free(to->bytes);
		return to->failed;
	}
	*bytes = to->bytes;
	return to->size;
}

bool ost_unpack_begin(struct ost_unpacker *from, const uint8_t *bytes, size_t size)
{
	struct ost_unpacker sum = {.end = bytes + size};

	*from = (struct ost_unpacker){.failed = true};
	if (size < CHECKSUM_SIZE)
		return false;
	sum.at = bytes + size - CHECKSUM_SIZE;
	if (ost_unpack_u64(&sum) != checksum(bytes, size - CHECKSUM_SIZE))
		return false;
	*from = (struct ost_unpacker){.at = bytes, .end = bytes + size - CHECKSUM_SIZE};
	return true;
}

const uint8_t *ost_unpack(struct ost_unpacker *from, size_t size)
{
	const uint8_t *at = from->at;

	if (from->failed || size > (size_t)(from->end - at)) {
		from->failed = true;
		return NULL;
	}
	from->at += size;
	return at;
}

uint8_t ost_unpack_u8(struct ost_unpacker *from)
{
	const uint8_t *at = ost_unpack(from, 1);

	return at ? *at : 0;
}

uint32_t ost_unpack_u32(struct ost_unpacker *from)
{
	const uint8_t *at = ost_unpack(from, 4);
	uint32_t value = 0;

	if (at)
		memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

uint64_t ost_unpack_u64(struct ost_unpacker *from)
{
	const uint8_t *at = ost_unpack(from, 8);
	uint64_t value = 0;

	if (at)
		memcpy(&value, at, sizeof(value));
	return le64toh(value);
}

/* The bytes of a text, NULL when it fails; "" is not NULL. */
static const char *take_text(struct ost_unpacker *from, size_t *len)
{
	const uint8_t *at = ost_unpack(from, 2);

	*len = at ? at[0] | at[1] << 8 : 0;
	at = ost_unpack(from, *len);
	if (at && memchr(at, 0, *len))
		from->failed = true;
	return from->failed ? NULL : (const char *)at;
}

void ost_unpack_text(struct ost_unpacker *from, char *buf, size_t size)
{
	size_t len;
	const char *at = take_text(from, &len);

	if (!at || len >= size) {
		from->failed = true;
		len = 0;
	}
	if (len)
		memcpy(buf, at, len);
	buf[len] = '\0';
}

char *ost_unpack_copy(struct ost_unpacker *from)
{
	size_t len;
	const char *at = take_text(from, &len);
	char *copy = at && len ? strndup(at, len) : NULL;

	if (at && len && !copy)
		from->failed = true;
	return copy;
}
