// SPDX-License-Identifier: GPL-2.0-or-later
/* The allocators behind malloc(), and how each gives free memory back to the kernel. */
#include "agent/agent.h"

/* jemalloc: MALLCTL_ARENAS_ALL, "every arena" in a mallctl name since 5.0 */
#define JEMALLOC_PURGE_ALL "arena.4096.purge"

typedef int mallctl_fn(const char *, void *, size_t *, void *, size_t);

/* glibc >= 2.33: struct mallinfo2 of malloc.h, which older headers lack */
struct glibc_info {
	size_t arena, ordblks, smblks, hblks, hblkhd, usmblks, fsmblks, uordblks, fordblks,
		keepcost;
};

static bool jemalloc_present(void)
{
	return ost_symbol("mallctl");
}

static int jemalloc_trim(void)
{
	mallctl_fn *mallctl = (mallctl_fn *)ost_symbol("mallctl");
	int err;

	if (!mallctl)
		return -ENOSYS;
	/* this thread's cache only: the others' are small and theirs alone to touch */
	mallctl("thread.tcache.flush", NULL, NULL, NULL, 0);
	err = mallctl(JEMALLOC_PURGE_ALL, NULL, NULL, NULL, 0);
	return err ? -EIO : 0;
}

static uint64_t jemalloc_read(mallctl_fn *mallctl, const char *name)
{
	size_t value = 0, len = sizeof(value);

	return mallctl(name, &value, &len, NULL, 0) ? 0 : value;
}

static void jemalloc_stat(uint64_t *heap_bytes, uint64_t *free_bytes)
{
	mallctl_fn *mallctl = (mallctl_fn *)ost_symbol("mallctl");
	uint64_t epoch = 1, used;
	size_t len = sizeof(epoch);

	if (!mallctl || mallctl("epoch", &epoch, &len, &epoch, len))
		return;
	*heap_bytes = jemalloc_read(mallctl, "stats.resident");
	used = jemalloc_read(mallctl, "stats.allocated");
	*free_bytes = *heap_bytes > used ? *heap_bytes - used : 0;
}

static bool tcmalloc_present(void)
{
	return ost_symbol("MallocExtension_ReleaseFreeMemory");
}

static int tcmalloc_trim(void)
{
	void (*release)(void) = (void (*)(void))ost_symbol("MallocExtension_ReleaseFreeMemory");

	if (!release)
		return -ENOSYS;
	release();
	return 0;
}

static bool mimalloc_present(void)
{
	return ost_symbol("mi_collect");
}

static int mimalloc_trim(void)
{
	void (*collect)(bool) = (void (*)(bool))ost_symbol("mi_collect");

	if (!collect)
		return -ENOSYS;
	collect(true);
	return 0;
}

static bool glibc_present(void)
{
	return ost_symbol("malloc_trim") && ost_symbol("gnu_get_libc_version");
}

static int glibc_trim(void)
{
	int (*malloc_trim)(size_t) = (int (*)(size_t))ost_symbol("malloc_trim");

	if (!malloc_trim)
		return -ENOSYS;
	malloc_trim(0);
	return 0;
}

static void glibc_stat(uint64_t *heap_bytes, uint64_t *free_bytes)
{
	struct glibc_info (*mallinfo2)(void) = (struct glibc_info(*)(void))ost_symbol("mallinfo2");
	struct glibc_info info;

	if (!mallinfo2)
		return;
	info = mallinfo2();
	*heap_bytes = info.arena + info.hblkhd;
	*free_bytes = info.fordblks;
}

/* musl: its allocator has no door, but says so by being recognised */
static bool musl_present(void)
{
	return !ost_symbol("gnu_get_libc_version");
}

/* those that replace libc's malloc come first: libc's symbols are still there then, and idle */
static const struct ost_allocator_ops allocators[] = {
	{OST_ALLOCATOR_JEMALLOC, jemalloc_present, jemalloc_trim, jemalloc_stat},
	{OST_ALLOCATOR_TCMALLOC, tcmalloc_present, tcmalloc_trim, NULL},
	{OST_ALLOCATOR_MIMALLOC, mimalloc_present, mimalloc_trim, NULL},
	{OST_ALLOCATOR_GLIBC, glibc_present, glibc_trim, glibc_stat},
	{OST_ALLOCATOR_MUSL, musl_present, NULL, NULL},
};

const struct ost_allocator_ops *ost_native_find(void)
{
	for (size_t i = 0; i < OST_ARRAY_SIZE(allocators); i++)
		if (allocators[i].present())
			return &allocators[i];
	return NULL;
}
