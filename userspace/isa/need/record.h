/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_RECORD_H
#define OST_ISA_RECORD_H

#include <stddef.h>
#include <stdint.h>

#include "isa/need/need.h"

/*
 * The result of an analysis as bytes that may be kept. Features and verdicts stand in it by name,
 * since their numbers belong to one build. All numbers are little-endian:
 *
 *	"ostn", u32 version, u32 members, u8 complete, text why not, u64 code_bytes, functions,
 *	analysed, duration_ns, u32 count, then for each feature in rising order
 *	  text feature, text verdict, u8 known | run << 1, place, u64 count,
 *	  u32 guards, their names, guard place, u32 steps, each: place, u8 how
 *	u32 count, then for each instruction that they name in rising order
 *	  u32 member, u64 address, u64 into, text symbol, text instruction; "" = none
 *	u64 FNV-1a of all before it
 *
 * text: u16 length, bytes. place: u32 member, u64 function, u64 site; guard's without function.
 */

#define OST_RECORD_VERSION 3

/** Most bytes of a record. */
#define OST_RECORD_MAX (4u << 20)

/**
 * ost_record_write() - make a record
 * @members: of the program; the same number must be given to read it
 * @bytes: gets it, to be freed by the caller
 *
 * Return: its size, or -ENOMEM, -E2BIG.
 */
long ost_record_write(const struct ost_needs *needs, size_t members, uint8_t **bytes);

/**
 * ost_record_read() - the reverse; what a record says is checked, not believed
 * @needs: is filled when the result is 0; to be freed with ost_needs_free()
 *
 * Return: 0; -EBADMSG when it is no whole record, of another version, of another number of members, or
 * names what this build doesn't know; -ENOMEM.
 */
int ost_record_read(struct ost_needs *needs, size_t members, const uint8_t *bytes, size_t size);

#endif
