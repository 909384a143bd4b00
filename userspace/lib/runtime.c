// SPDX-License-Identifier: GPL-2.0-or-later
#include "runtime.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const runtime_names[OST_RUNTIME_COUNT] = {
	[OST_RUNTIME_UNKNOWN] = "unknown",
	[OST_RUNTIME_NATIVE] = "native",
	[OST_RUNTIME_PYTHON] = "python",
	[OST_RUNTIME_NODE] = "node",
	[OST_RUNTIME_JVM] = "jvm",
	[OST_RUNTIME_RUBY] = "ruby",
	[OST_RUNTIME_DOTNET] = "dotnet",
	[OST_RUNTIME_PHP] = "php",
	[OST_RUNTIME_MONO] = "mono",
	[OST_RUNTIME_GO] = "go",
	[OST_RUNTIME_LUA] = "lua",
};

static const char *const allocator_names[OST_ALLOCATOR_COUNT] = {
	[OST_ALLOCATOR_UNKNOWN] = "unknown",
	[OST_ALLOCATOR_GLIBC] = "glibc",
	[OST_ALLOCATOR_MUSL] = "musl",
	[OST_ALLOCATOR_JEMALLOC] = "jemalloc",
	[OST_ALLOCATOR_TCMALLOC] = "tcmalloc",
	[OST_ALLOCATOR_MIMALLOC] = "mimalloc",
	[OST_ALLOCATOR_STATIC] = "static",
};

static const char *const gc_names[OST_JVM_GC_COUNT] = {
	[OST_JVM_GC_UNKNOWN] = "unknown",
	[OST_JVM_GC_SERIAL] = "serial",
	[OST_JVM_GC_PARALLEL] = "parallel",
	[OST_JVM_GC_G1] = "g1",
	[OST_JVM_GC_Z] = "z",
	[OST_JVM_GC_SHENANDOAH] = "shenandoah",
	[OST_JVM_GC_EPSILON] = "epsilon",
};

/*
 * A runtime further left is the host of those to its right: it starts the process, they are
 * libraries in it. Lua and Python are embedded most often, so they come last.
 */
static const enum ost_runtime rank[] = {
	OST_RUNTIME_JVM, OST_RUNTIME_DOTNET, OST_RUNTIME_MONO, OST_RUNTIME_NODE, OST_RUNTIME_RUBY,
	OST_RUNTIME_PHP, OST_RUNTIME_PYTHON, OST_RUNTIME_LUA, OST_RUNTIME_GO, OST_RUNTIME_NATIVE,
	OST_RUNTIME_UNKNOWN,
};

/* A shared object is known by what its file name begins with; what may follow is a version. */
struct object {
	const char *prefix;
	int value;
};

static const struct object runtime_objects[] = {
	{ "libjvm.so", OST_RUNTIME_JVM },
	{ "libcoreclr.so", OST_RUNTIME_DOTNET },
	{ "libmonosgen-2.0.so", OST_RUNTIME_MONO },
	{ "libmono-2.0.so", OST_RUNTIME_MONO },
	{ "libnode.so", OST_RUNTIME_NODE },
	{ "libruby.so", OST_RUNTIME_RUBY },
	{ "libruby-", OST_RUNTIME_RUBY },
	{ "libphp", OST_RUNTIME_PHP },
	{ "libpython2.", OST_RUNTIME_PYTHON },
	{ "libpython3.", OST_RUNTIME_PYTHON },
	{ "libluajit-", OST_RUNTIME_LUA },
	{ "liblua.so", OST_RUNTIME_LUA },
	{ "liblua5", OST_RUNTIME_LUA },
	{ "liblua-5", OST_RUNTIME_LUA },
};

static const struct object allocator_objects[] = {
	{ "libjemalloc.so", OST_ALLOCATOR_JEMALLOC },
	{ "libtcmalloc.so", OST_ALLOCATOR_TCMALLOC },
	{ "libtcmalloc_", OST_ALLOCATOR_TCMALLOC },
	{ "libmimalloc", OST_ALLOCATOR_MIMALLOC },
	{ "libc.so.6", OST_ALLOCATOR_GLIBC },
	{ "libc-2.", OST_ALLOCATOR_GLIBC },
	{ "ld-musl-", OST_ALLOCATOR_MUSL },
	{ "libc.musl-", OST_ALLOCATOR_MUSL },
};

static int object_find(const struct object *table, size_t count, const char *name, size_t len)
{
	for (size_t i = 0; i < count; i++) {
		size_t n = strlen(table[i].prefix);

		if (len >= n && !memcmp(name, table[i].prefix, n))
			return table[i].value;
	}
	return 0;
}

const char *ost_runtime_name(enum ost_runtime runtime)
{
	return (unsigned int)runtime < OST_RUNTIME_COUNT ? runtime_names[runtime] : "unknown";
}

enum ost_runtime ost_runtime_parse(const char *name)
{
	for (unsigned int i = 0; i < OST_RUNTIME_COUNT; i++)
		if (!strcmp(name, runtime_names[i]))
			return i;
	return OST_RUNTIME_UNKNOWN;
}

const char *ost_allocator_name(enum ost_allocator allocator)
{
	if ((unsigned int)allocator >= OST_ALLOCATOR_COUNT)
		return "unknown";
	return allocator_names[allocator];
}

const char *ost_jvm_gc_name(enum ost_jvm_gc gc)
{
	return (unsigned int)gc < OST_JVM_GC_COUNT ? gc_names[gc] : "unknown";
}

enum ost_runtime ost_runtime_of_object(const char *name, size_t len)
{
	return object_find(runtime_objects, COUNT(runtime_objects), name, len);
}

enum ost_allocator ost_allocator_of_object(const char *name, size_t len)
{
	return object_find(allocator_objects, COUNT(allocator_objects), name, len);
}

static size_t rank_of(enum ost_runtime runtime)
{
	for (size_t i = 0; i < COUNT(rank); i++)
		if (rank[i] == runtime)
			return i;
	return COUNT(rank);
}

int ost_runtime_outranks(enum ost_runtime a, enum ost_runtime b)
{
	return rank_of(a) < rank_of(b);
}
