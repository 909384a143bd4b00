/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_OBJECT_FILE_H
#define OST_ISA_OBJECT_FILE_H

#include <elf.h>
#include <time.h>

#include "isa/program/object.h"

/* What the object_*.c files share, and those program_*.c that read a file without loading it. */

/** struct ost_object_table - where the dynamic segment says that a table is */
struct ost_object_table {
	uint64_t address, size;	/* size 0: not told */
};

/** struct ost_object_file - the private part of an object */
struct ost_object_file {
	int fd;				/* -1: in memory, or loaded */
	struct timespec changed[2];	/* mtime, ctime when it was opened */
	const uint8_t *bytes;		/* the file by offsets; of a copy only what is loaded is there */
	void *map;			/* what to unmap */
	void *sections;			/* libelf's handle, for names of sections and symbols */
	uint64_t section_offset;	/* e_shoff, 0 = none */
	bool go;			/* has a note of Go's linker */
	bool outline;			/* of names only: there is nothing to load */

	struct ost_object_table strings, symbols, rela, jmprel, relr, unwind;
	uint64_t gnu_hash, sysv_hash, versions;
	struct ost_object_block *blocks;
};

/* Why a piece of a file can't be read; the callers' words name the piece. */
int ost_object_broken(const struct ost_object *object, struct ost_error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** ost_object_outline() - one that has only path, name and id; NULL without memory */
struct ost_object *ost_object_outline(const char *path, const char *name, const char *id);

/** ost_object_damage() - say what is broken and left out; the first one is kept */
void ost_object_damage(struct ost_object *object, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** ost_object_alloc() - zeroed memory that lives as long as the object; NULL without */
void *ost_object_alloc(struct ost_object *object, size_t size);

/** ost_object_copy() - a string of @size bytes, NUL-terminated, that lives as long as the object */
char *ost_object_copy(struct ost_object *object, const char *text, size_t size);

/** ost_object_pread() - bytes of the file by offset, all or nothing: 0, -EBADMSG past its end, ... */
int ost_object_pread(const struct ost_object *object, uint64_t offset, void *buf, size_t size);

/**
 * ost_object_offset() - where in the file the byte at an address is
 * @left: gets how many there are up to the end of the segment's part
 *
 * Return: 0, or -EBADMSG when there is none.
 */
int ost_object_offset(const struct ost_object *object, uint64_t address, uint64_t *offset,
		      uint64_t *left);

/** ost_object_mix() - add bytes to @check */
void ost_object_mix(struct ost_object *object, const void *bytes, size_t size);

/** struct ost_object_head - what the program headers tell the next steps */
struct ost_object_head {
	Elf64_Phdr *headers;
	size_t count;
	Elf64_Phdr dynamic, interp, unwind, tls, relro;	/* p_type PT_NULL: there is none */
};

int ost_object_read_head(struct ost_object *object, struct ost_object_head *head,
			 struct ost_error *err);
int ost_object_read_notes(struct ost_object *object, const struct ost_object_head *head,
			  struct ost_error *err);
int ost_object_read_dynamic(struct ost_object *object, const struct ost_object_head *head,
			    struct ost_error *err);

/* The tables, of a loaded file; 0 or -ENOMEM. What is broken becomes @damage. */
int ost_object_load_sections(struct ost_object *object);
int ost_object_load_symbols(struct ost_object *object);
int ost_object_load_relocs(struct ost_object *object);
int ost_object_load_functions(struct ost_object *object);
void ost_object_unmap(struct ost_object *object);
void ost_object_drop_sections(struct ost_object *object);

/** struct ost_object_symtab - .symtab, count 0 when there is none */
struct ost_object_symtab {
	const void *entries;	/* Elf64_Sym, not aligned */
	size_t count;
	const char *names;	/* ends with a NUL */
	size_t names_size;
};

void ost_object_symbol_table(struct ost_object *object, struct ost_object_symtab *table);

/** struct ost_dynamic_symbol - one of the dynamic symbol table, checked */
struct ost_dynamic_symbol {
	Elf64_Sym sym;
	const char *name;
	bool old_version;
};

/** ost_object_dynamic_symbol() - by index; false when there is none */
bool ost_object_dynamic_symbol(const struct ost_object *object, uint32_t index,
			       struct ost_dynamic_symbol *symbol);

/**
 * ost_object_go_functions() - those that Go's own table has; wants relocations
 * @each: returns 0 to go on
 *
 * Return: 0, or what @each returned.
 */
int ost_object_go_functions(struct ost_object *object,
			    int (*each)(struct ost_object *object, void *context, uint64_t start,
					uint64_t size, const char *name), void *context);

/** ost_object_symbol_address() - st_value as an address: of a TLS variable, its initial value's */
uint64_t ost_object_symbol_address(const struct ost_object *object, const Elf64_Sym *sym);

/** struct ost_object_key - to sort by */
struct ost_object_key {
	uint64_t key;
	uint64_t index;
};

/** ost_object_sort() - stable, linear; 0 or -ENOMEM */
int ost_object_sort(struct ost_object_key *keys, size_t count);

#endif
