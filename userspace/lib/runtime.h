/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_RUNTIME_H
#define OST_LIB_RUNTIME_H

#include <stddef.h>

/* What runs inside a process, as far as collecting its garbage is concerned. */

/**
 * enum ost_runtime - the language runtime that owns the heap
 *
 * The values are stored and sent: new ones go to the end.
 */
enum ost_runtime {
	OST_RUNTIME_UNKNOWN,	/* not looked at, or it could not be read */
	OST_RUNTIME_NATIVE,	/* no managed heap: only the allocator can give memory back */
	OST_RUNTIME_PYTHON,	/* CPython */
	OST_RUNTIME_NODE,	/* V8 */
	OST_RUNTIME_JVM,	/* HotSpot */
	OST_RUNTIME_RUBY,
	OST_RUNTIME_DOTNET,	/* CoreCLR */
	OST_RUNTIME_PHP,
	OST_RUNTIME_MONO,
	OST_RUNTIME_GO,
	OST_RUNTIME_LUA,
	OST_RUNTIME_COUNT
};

/**
 * enum ost_allocator - who serves malloc() in the process; stored and sent like enum ost_runtime
 */
enum ost_allocator {
	OST_ALLOCATOR_UNKNOWN,
	OST_ALLOCATOR_GLIBC,
	OST_ALLOCATOR_MUSL,
	OST_ALLOCATOR_JEMALLOC,
	OST_ALLOCATOR_TCMALLOC,
	OST_ALLOCATOR_MIMALLOC,
	OST_ALLOCATOR_STATIC,	/* linked into the program: out of reach */
	OST_ALLOCATOR_COUNT
};

/** enum ost_jvm_gc - a JVM's collector; decides whether GC.run alone gives memory back (only G1) */
enum ost_jvm_gc {
	OST_JVM_GC_UNKNOWN,
	OST_JVM_GC_SERIAL,
	OST_JVM_GC_PARALLEL,
	OST_JVM_GC_G1,
	OST_JVM_GC_Z,
	OST_JVM_GC_SHENANDOAH,
	OST_JVM_GC_EPSILON,
	OST_JVM_GC_COUNT
};

/** ost_runtime_name() - "python", "node", ...; "unknown" for values out of range */
const char *ost_runtime_name(enum ost_runtime runtime);

/** ost_runtime_parse() - the runtime of that name, OST_RUNTIME_UNKNOWN when there is none */
enum ost_runtime ost_runtime_parse(const char *name);

/** ost_allocator_name() - "glibc", "jemalloc", ...; "unknown" for values out of range */
const char *ost_allocator_name(enum ost_allocator allocator);

/** ost_jvm_gc_name() - "serial", "parallel", "g1", ...; "unknown" for values out of range */
const char *ost_jvm_gc_name(enum ost_jvm_gc gc);

/**
 * ost_runtime_of_object() - the runtime whose shared object has this file name
 * @name: last part of a path, need not be NUL-terminated ("libjvm.so", "libpython3.11.so.1.0")
 * @len: its length
 *
 * Return: the runtime, OST_RUNTIME_UNKNOWN when the name is none of the known ones.
 */
enum ost_runtime ost_runtime_of_object(const char *name, size_t len);

/** ost_allocator_of_object() - the allocator whose shared object has this file name, likewise */
enum ost_allocator ost_allocator_of_object(const char *name, size_t len);

/**
 * ost_runtime_outranks() - does @a decide when a process holds both runtimes?
 *
 * A JVM that has libpython loaded is still collected as a JVM: the host of the other outranks it.
 */
int ost_runtime_outranks(enum ost_runtime a, enum ost_runtime b);

#endif
