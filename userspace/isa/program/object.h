/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_OBJECT_H
#define OST_ISA_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ost_error;

/*
 * One ELF file for x86-64, an executable or a shared library, read the way the loader reads it:
 * program headers and the dynamic segment are the truth; section headers, when they are there, add
 * the symbols that are left (.symtab) and nothing else. The file is hostile: every offset,
 * size, count and chain in it is checked, and what is broken beyond use is an error that says where.
 *
 * It is read in two steps. ost_object_open() reads headers, notes and the dynamic segment: a few
 * kilobytes, however large the file is; enough to find libraries and to name the contents.
 * ost_object_load() reads the rest. What each fills is said at the fields.
 */

/** struct ost_segment - a PT_LOAD, or the part of one that has the same rights */
struct ost_segment {
	uint64_t start, end;	/* virtual addresses; what lies past the file's bytes is zero */
	const uint8_t *bytes;	/* the file's part; NULL until ost_object_load(), or if it has none */
	uint64_t size;		/* bytes of that */
	uint64_t offset;	/* of @bytes in the file */
	bool execute, write;	/* with PT_GNU_RELRO pages counted as not writable after start */
	bool relro;		/* one of those: written while the program starts */
};

/** struct ost_symbol - a defined function or variable */
struct ost_symbol {
	uint64_t address, size;	/* of a TLS variable: address of its initial value, see tls_start */
	const char *name;	/* as in the file; "" for one longer than OST_OBJECT_NAME_MAX */
	uint8_t type;		/* STT_* */
	uint8_t bind;		/* STB_* */
	bool dynamic;		/* others find it: in the dynamic table, neither local nor hidden */
	bool old_version;	/* not the default one of its name: name@VERSION, not name@@VERSION */
};

/** struct ost_reloc - what the loader will write somewhere */
struct ost_reloc {
	uint64_t offset;	/* address that is written, 8 bytes (TLSDESC: 16) */
	int64_t addend;		/* with RELATIVE and IRELATIVE: the address itself. With TPOFF64 and
				 * DTPOFF64 without symbol: distance from tls_start */
	const char *symbol;	/* NULL: none */
	uint64_t defined;	/* address of that symbol where this object defines it, else 0 */
	uint32_t type;		/* R_X86_64_* : RELATIVE (also those packed in DT_RELR), IRELATIVE,
				 * GLOB_DAT, JUMP_SLOT, 64, COPY; DTPMOD64, DTPOFF64, TPOFF64, TLSDESC;
				 * others as they are */
	uint8_t symbol_type;	/* STT_* of that definition */
	bool local;		/* means @defined in any case: local, protected, -Bsymbolic */
};

/** struct ost_range - of code that unwind information calls one function: [start, end) */
struct ost_range {
	uint64_t start, end;
};

/** struct ost_section - by name, for what only sections tell (.plt); none in stripped headers */
struct ost_section {
	const char *name;
	uint64_t start, end;
	uint64_t flags;		/* SHF_* */
	uint32_t type;		/* SHT_* */
};

#define OST_OBJECT_ID_MAX 65	/* text of a build-id, or of the file's hash; with NUL */

struct ost_object_file;		/* private */

/** struct ost_object - a file that was read; all pointers live as long as it does */
struct ost_object {
	/* from ost_object_open() */
	char *path;			/* as opened */
	char *name;			/* DT_SONAME, or the last part of the path */
	char id[OST_OBJECT_ID_MAX];	/* build-id in hexadecimal; without one "go:" and a hash of Go's
					 * own build id; else "sha256:" and the first 56 digits of the
					 * file's hash (of more than 1.25 GiB: of the first GiB and
					 * the last quarter). A build-id survives strip and patchelf,
					 * and can be forged: see @check */
	uint64_t check;			/* hash of size, headers, dynamic segment and notes */
	bool shared;			/* ET_DYN; an executable that is one is a PIE */
	bool dynamic;			/* has a dynamic segment; without: statically linked, fixed */
	bool symbolic;			/* its own definitions come before others': -Bsymbolic */
	bool has_interpreter;
	char *interpreter;		/* PT_INTERP */
	uint64_t entry;
	uint64_t size;			/* of the file, bytes */
	uint64_t code_bytes;		/* of executable segments */
	uint32_t isa_needed;		/* GNU_PROPERTY_X86_ISA_1_NEEDED: bit 0 v1 .. bit 3 v4 */
	const char **needed;		/* DT_NEEDED */
	size_t needed_count;
	const char *soname, *rpath, *runpath;
	bool no_default_lib;		/* DF_1_NODEFLIB */
	uint64_t *roots;		/* DT_INIT, DT_FINI; arrays are read through the relocations */
	size_t root_count;
	struct ost_range *arrays;	/* DT_PREINIT_ARRAY, DT_INIT_ARRAY, DT_FINI_ARRAY */
	size_t array_count;
	struct ost_segment *segments;	/* by address, not overlapping */
	size_t segment_count;
	uint64_t tls_start, tls_size;	/* PT_TLS: initial values of thread-local variables */

	/* from ost_object_load() */
	bool loaded;
	struct ost_section *sections;	/* by address, those that are loaded */
	size_t section_count;
	struct ost_symbol *symbols;	/* by address; defined FUNC, IFUNC, OBJECT, TLS, and NOTYPE
					 * that is in code or dynamic; without .symtab also Go's functions */
	size_t symbol_count;
	struct ost_reloc *relocs;	/* by offset, one for each */
	size_t reloc_count;
	struct ost_range *functions;	/* by address, not overlapping: from .eh_frame,
					 * without PLTs, and from Go's table */
	size_t function_count;

	char damage[160];		/* what is broken and was left out, in words; "" = nothing.
					 * A verdict is then incomplete */
	struct ost_object_file *file;
};

#define OST_OBJECT_NAME_MAX 4096	/* longest symbol, path or library name, bytes */
#define OST_OBJECT_FILE_MAX (8ull << 30)	/* largest file, bytes */
#define OST_OBJECT_COPY_MAX (256ull << 20)	/* most bytes of one that are copied */
#define OST_OBJECT_SYMBOLS_MAX (4u << 20)	/* symbols of a table that are looked at */
#define OST_OBJECT_RELOCS_MAX (4u << 20)	/* relocations that are looked at */
#define OST_OBJECT_FUNCTIONS_MAX (4u << 20)	/* unwind entries that are looked at */

/**
 * ost_object_open() - read a file's headers
 * @fd: a regular file; may be closed afterwards
 * @path: what to call it
 *
 * Return: 0; -ENOEXEC when it is no ELF file; -ENOTSUP for another machine, class or byte order, or
 * a relocatable object or core file; -EBADMSG when it is broken; -EFBIG; -ENOMEM; another negative
 * errno.
 */
int ost_object_open(struct ost_object **object, int fd, const char *path, struct ost_error *err);

/** ost_object_open_memory() - the same for bytes that outlive the object; for tests and fuzzers */
int ost_object_open_memory(struct ost_object **object, const void *bytes, size_t size,
			   const char *path, struct ost_error *err);

/**
 * ost_object_load() - read the rest: bytes, sections, symbols, relocations, unwind information
 *
 * What is loaded at run time is copied, so that a file that is cut short meanwhile does no harm; of
 * more than OST_OBJECT_COPY_MAX bytes a private mapping is made, whose reader gets SIGBUS then. Does
 * nothing the second time. A table that is broken is left out from there on, and said in @damage.
 *
 * Return: 0; -ESTALE when the file was changed since it was opened; -ENOMEM; another negative errno.
 */
int ost_object_load(struct ost_object *object, struct ost_error *err);

void ost_object_close(struct ost_object *object);

/**
 * ost_object_at() - the file's bytes at an address
 * @left: gets how many there are up to the end of the segment's part in the file
 *
 * Return: NULL when no segment has bytes there (also: zeroes past the file's part), and before
 * ost_object_load().
 */
const uint8_t *ost_object_at(const struct ost_object *object, uint64_t address, size_t *left);

/** ost_object_is_code() - is it in an executable segment's file bytes? */
bool ost_object_is_code(const struct ost_object *object, uint64_t address);

/** ost_object_segment() - the segment that an address is in, or NULL */
const struct ost_segment *ost_object_segment(const struct ost_object *object, uint64_t address);

/** ost_object_section() - the section that an address is in, or NULL */
const struct ost_section *ost_object_section(const struct ost_object *object, uint64_t address);

/** ost_object_reloc() - the relocation that writes to exactly this address, or NULL */
const struct ost_reloc *ost_object_reloc(const struct ost_object *object, uint64_t address);

/** ost_object_relocs_from() - index of the first relocation at or after an address */
size_t ost_object_relocs_from(const struct ost_object *object, uint64_t address);

/** ost_object_symbol() - best symbol that contains an address (function before object), or NULL */
const struct ost_symbol *ost_object_symbol(const struct ost_object *object, uint64_t address);

#endif
