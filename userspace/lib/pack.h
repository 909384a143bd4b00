/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_PACK_H
#define OST_LIB_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Records that are kept as bytes: numbers little-endian, texts as u16 length and bytes, and at the
 * end the FNV-1a of all before it, which finds damage, not attackers. Who reads checks each value.
 */

/** struct ost_packer - a record that is being written; zeroed but for @most */
struct ost_packer {
	uint8_t *bytes;
	size_t size, room;
	size_t most; /* bytes that it may have */
	int failed;  /* -ENOMEM, -E2BIG: nothing more is written */
};

void ost_pack(struct ost_packer *to, const void *bytes, size_t size);
void ost_pack_u8(struct ost_packer *to, uint8_t value);
void ost_pack_u32(struct ost_packer *to, uint32_t value);
void ost_pack_u64(struct ost_packer *to, uint64_t value);

/** ost_pack_text() - NULL is written as ""; fails with -E2BIG from 64 KiB on */
void ost_pack_text(struct ost_packer *to, const char *text);

/**
 * ost_pack_end() - the check sum, and no more
 * @bytes: gets the record, to be freed by the caller
 *
 * Return: its size, or why it failed; then it is freed.
 */
long ost_pack_end(struct ost_packer *to, uint8_t **bytes);

/** struct ost_unpacker - a record that is being read; once @failed, all that is read is 0 */
struct ost_unpacker {
	const uint8_t *at, *end;
	bool failed;
};

/** ost_unpack_begin() - false when the check sum is another one */
bool ost_unpack_begin(struct ost_unpacker *from, const uint8_t *bytes, size_t size);

const uint8_t *ost_unpack(struct ost_unpacker *from, size_t size);
uint8_t ost_unpack_u8(struct ost_unpacker *from);
uint32_t ost_unpack_u32(struct ost_unpacker *from);
uint64_t ost_unpack_u64(struct ost_unpacker *from);

/** ost_unpack_text() - fails, with "" in @buf, when it doesn't fit or has a NUL in it */
void ost_unpack_text(struct ost_unpacker *from, char *buf, size_t size);

/** ost_unpack_copy() - a text as memory of its own, NULL for "" and when it fails */
char *ost_unpack_copy(struct ost_unpacker *from);

#endif
