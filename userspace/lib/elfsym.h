/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_ELFSYM_H
#define OST_LIB_ELFSYM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A small reader of ELF64 little-endian programs: is this symbol exported, is it static, did Go
 * make it? It uses program headers and the dynamic section only, so stripped files do, and finds
 * a symbol through the hash table in a few reads of a few bytes, however large the file is. The
 * file is the instance's own: it is read by pread(2) (a mapping of it would raise SIGBUS when it
 * is truncated), and every offset, count and chain is bounded.
 */

/** Dynamic tables and notes larger than this are not looked at: bytes. */
#define OST_ELF_TABLE_MAX (64 * 1024)

/** Steps along one hash chain before the file is called broken. */
#define OST_ELF_CHAIN_MAX 4096

/** Program headers that are looked at; more is no program of this world. */
#define OST_ELF_PHDR_MAX 128

struct ost_elf_segment {
	uint64_t vaddr;
	uint64_t offset;
	uint64_t filesz;
	bool writable;
};

/**
 * struct ost_elf - an opened program
 * @dynamic: has a dynamic section with symbols
 * @interpreter: asks for a dynamic linker
 * @needed: how many shared objects it asks for
 * @machine: EM_X86_64, EM_AARCH64, ...
 *
 * The rest is private to elfsym.c.
 */
struct ost_elf {
	bool dynamic;
	bool interpreter;
	unsigned int needed;
	uint16_t machine;

	int fd;
	const uint8_t *data;
	uint64_t size;
	struct ost_elf_segment segment[16];
	unsigned int segments;
	uint64_t note_offset[8], note_size[8];
	unsigned int notes;
	uint64_t symtab, strtab, strsz, gnu_hash, sysv_hash;
};

/**
 * ost_elf_open() - read the headers of a program
 * @fd: a regular file; stays the caller's and must stay open as long as @elf is used
 *
 * Return: 0; -ENOEXEC when it is no ELF file; -ENOTSUP for a class or byte order other than
 * 64-bit little-endian; -EBADMSG when it is broken; another negative errno.
 */
int ost_elf_open(struct ost_elf *elf, int fd);

/** ost_elf_open_memory() - the same for a file that is in memory; it must outlive @elf */
int ost_elf_open_memory(struct ost_elf *elf, const void *data, size_t size);

/**
 * ost_elf_exports() - does it define this dynamic symbol?
 *
 * Return: 1 or 0; -EBADMSG when its tables are broken; another negative errno.
 */
int ost_elf_exports(const struct ost_elf *elf, const char *symbol);

/** ost_elf_has_build_id() - has it a note with a GNU build-id? 1 or 0; negative errno */
int ost_elf_has_build_id(const struct ost_elf *elf);

/**
 * ost_elf_is_go() - was it linked by the Go toolchain?
 *
 * Looks for the note "Go" and for the build information that the linker puts at the beginning of
 * the first writable segment (the magic of the Go package debug/buildinfo).
 *
 * Return: 1 or 0; negative errno.
 */
int ost_elf_is_go(const struct ost_elf *elf);

#endif
