/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_LDCACHE_H
#define OST_ISA_LDCACHE_H

#include <stddef.h>
#include <stdint.h>

/*
 * glibc's ld.so.cache, form "glibc-ld.so.cache1.1", alone or behind the old form that ldconfig
 * used to write before it (glibc, sysdeps/generic/dl-cache.h). The file is hostile.
 */

/** struct ost_ldcache - an opened cache; all zero: an empty one */
struct ost_ldcache {
	const char *bytes;	/* where the new form begins: offsets count from there */
	size_t size;
	uint32_t count;		/* of entries */
	uint32_t extensions;	/* offset of the extension directory, 0 = none */
	size_t text_end;	/* behind the last NUL: what begins before has an end */
};

/** Largest cache that is read, bytes; a workstation's has some 100 KB. */
#define OST_LDCACHE_MAX (16u << 20)

/** ost_ldcache_open() - @bytes outlive it; 0, or -EBADMSG when it is no such cache or cut short */
int ost_ldcache_open(struct ost_ldcache *cache, const void *bytes, size_t size);

/**
 * ost_ldcache_find() - where a library is
 * @level: gets 0 for a file that is for all hosts of x86-64, 2, 3 or 4 where there are only such
 *	for an x86-64 level (glibc-hwcaps); of several the lowest one. May be NULL
 *
 * Return: a path, NUL-terminated, or NULL.
 */
const char *ost_ldcache_find(const struct ost_ldcache *cache, const char *name, unsigned int *level);

#endif
