// SPDX-License-Identifier: GPL-2.0-or-later
#include "ldcache.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define OLD_MAGIC "ld.so-1.7.0"
#define OLD_HEADER 16	/* magic, padding, number of entries */
#define OLD_ENTRY 12
#define NEW_MAGIC "glibc-ld.so.cache1.1"
#define NEW_ALIGN 8
#define BIG_ENDIAN_FLAG 3

/* Flags of an entry for 64-bit x86 and glibc 2: FLAG_ELF_LIBC6 | FLAG_X8664_LIB64 */
#define ENTRY_X86_64 0x0303

/* hwcap of an entry: the lower half is an index into the names of the extension below */
#define HWCAP_EXTENSION (1ull << 62)
#define EXTENSION_MAGIC 0xeaa42174u
#define EXTENSION_HWCAPS 1

/* How many entries on each side of a match are looked at: one name, several hwcaps and machines. */
#define SAME_NAME_MAX 256

struct header {
	char magic[20];
	uint32_t entries;
	uint32_t string_bytes;
	uint8_t flags;
	uint8_t padding[3];
	uint32_t extensions;
	uint32_t unused[3];
};

struct entry {
	int32_t flags;
	uint32_t key, value;	/* offsets of strings */
	uint32_t unused;
	uint64_t hwcap;
};

_Static_assert(sizeof(struct header) == 48, "as glibc has it");
_Static_assert(sizeof(struct entry) == 24, "as glibc has it");

int ost_ldcache_open(struct ost_ldcache *cache, const void *bytes, size_t size)
{
	const char *p = bytes;
	struct header header;
	uint32_t old;

	*cache = (struct ost_ldcache){ 0 };
	if (size >= OLD_HEADER && !memcmp(p, OLD_MAGIC, strlen(OLD_MAGIC))) {
		uint64_t skip;

		memcpy(&old, p + OLD_HEADER - sizeof(old), sizeof(old));
		skip = (OLD_HEADER + old * (uint64_t)OLD_ENTRY + NEW_ALIGN - 1) & ~(NEW_ALIGN - 1ull);
		if (skip > size)
			return -EBADMSG;
		p += skip;
		size -= skip;
	}
	if (size < sizeof(header) || memcmp(p, NEW_MAGIC, strlen(NEW_MAGIC)))
		return -EBADMSG;
	memcpy(&header, p, sizeof(header));
	if ((header.flags & 3) == BIG_ENDIAN_FLAG ||
	    header.entries > (size - sizeof(header)) / sizeof(struct entry))
		return -EBADMSG;
	*cache = (struct ost_ldcache){ p, size, header.entries, header.extensions, 0 };
	for (cache->text_end = size; cache->text_end && p[cache->text_end - 1]; cache->text_end--)
		;
	return 0;
}

static void read_entry(const struct ost_ldcache *cache, uint32_t index, struct entry *entry)
{
	memcpy(entry, cache->bytes + sizeof(struct header) + index * sizeof(*entry), sizeof(*entry));
}

static const char *text_at(const struct ost_ldcache *cache, uint32_t at)
{
	return at < cache->text_end ? cache->bytes + at : NULL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The order of the cache: numbers within names by value (glibc, _dl_cache_libcmp). */
static int compare_names(const char *a, const char *b)
{
	while (*a) {
		if (is_digit(*a) && is_digit(*b)) {
			char *a_end, *b_end;
			unsigned long x = strtoul(a, &a_end, 10), y = strtoul(b, &b_end, 10);

			if (x != y)
				return x < y ? -1 : 1;
			a = a_end;
			b = b_end;
		} else if (is_digit(*a) != is_digit(*b)) {
			return is_digit(*a) ? 1 : -1;
		} else if (*a != *b) {
			return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
		} else {
			a++;
			b++;
		}
	}
	return *b ? -1 : 0;
}

static int compare_entry(const struct ost_ldcache *cache, uint32_t index, const char *name)
{
	struct entry entry;
	const char *key;

	read_entry(cache, index, &entry);
	key = text_at(cache, entry.key);
	return key ? compare_names(name, key) : 0;
}

/* Extension directory: magic, count, then tag, flags, offset, size of each section. */
static const char *hwcap_name(const struct ost_ldcache *cache, uint32_t index)
{
	uint32_t head[2], section[4], at;

	if (!cache->extensions || cache->extensions > cache->size ||
	    cache->size - cache->extensions < sizeof(head))
		return NULL;
	memcpy(head, cache->bytes + cache->extensions, sizeof(head));
	if (head[0] != EXTENSION_MAGIC)
		return NULL;
	for (uint32_t i = 0; i < head[1] && i < 64; i++) {
		uint64_t place = cache->extensions + sizeof(head) + i * sizeof(section);

		if (place + sizeof(section) > cache->size)
			return NULL;
		memcpy(section, cache->bytes + place, sizeof(section));
		if (section[0] != EXTENSION_HWCAPS)
			continue;
		if (index >= section[3] / sizeof(at) ||
		    section[2] + (index + 1ull) * sizeof(at) > cache->size)
			return NULL;
		memcpy(&at, cache->bytes + section[2] + index * sizeof(at), sizeof(at));
		return text_at(cache, at);
	}
	return NULL;
}

/* 0: for all hosts; 2 to 4: an x86-64 level; -1: for something else. */
static int entry_level(const struct ost_ldcache *cache, const struct entry *entry)
{
	const char *name;

	if (!entry->hwcap)
		return 0;
	if (!(entry->hwcap & HWCAP_EXTENSION))
		return -1;
	name = hwcap_name(cache, (uint32_t)entry->hwcap);
	if (!name || strncmp(name, "x86-64-v", 8) || name[8] < '2' || name[8] > '4' || name[9])
		return -1;
	return name[8] - '0';
}

/* Is it for this name? Then the better one of it and what was found before. */
static bool take_entry(const struct ost_ldcache *cache, uint32_t index, const char *name,
		       const char **best, int *best_level)
{
	const char *key, *value;
	struct entry entry;
	int level;

	read_entry(cache, index, &entry);
	key = text_at(cache, entry.key);
	if (!key || compare_names(name, key))
		return false;
	value = text_at(cache, entry.value);
	level = entry_level(cache, &entry);
	if (strcmp(name, key) || !value || entry.flags != ENTRY_X86_64 || level < 0)
		return true;
	if (!*best || level < *best_level) {
		*best = value;
		*best_level = level;
	}
	return true;
}

const char *ost_ldcache_find(const struct ost_ldcache *cache, const char *name, unsigned int *level)
{
	uint32_t low = 0, high = cache->count, first;
	const char *best = NULL;
	int best_level = 0;

	/* entries stand in falling order; of equal ones the loader begins with the leftmost */
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (compare_entry(cache, middle, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	first = low;
	for (uint32_t i = first; i < cache->count && i - first < SAME_NAME_MAX; i++)
		if (!take_entry(cache, i, name, &best, &best_level))
			break;
	if (level)
		*level = best_level;
	return best;
}
