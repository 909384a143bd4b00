// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads a web server's log and sums it up per client in a chained hash map that grows. */
#include "serve.h"
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINES 60000

struct client {
	struct client *next;
	uint64_t hash;
	unsigned long requests, bytes, errors;
	char *last_page;
	char name[];
};

struct map {
	struct client **buckets;
	size_t size, used;
};

static void map_grow(struct map *map)
{
	size_t size = map->size ? map->size * 2 : 64;
	struct client **buckets = calloc(size, sizeof(*buckets));

	if (!buckets)
		err(1, "out of memory");
	for (size_t i = 0; i < map->size; i++) {
		struct client *c = map->buckets[i], *next;

		for (; c; c = next) {
			next = c->next;
			c->next = buckets[c->hash % size];
			buckets[c->hash % size] = c;
		}
	}
	free(map->buckets);
	map->buckets = buckets;
	map->size = size;
}

static struct client *map_get(struct map *map, const char *name)
{
	uint64_t hash = hash_bytes(0, name, strlen(name));
	struct client *c;

	if (map->used >= map->size)
		map_grow(map);
	for (c = map->buckets[hash % map->size]; c; c = c->next)
		if (c->hash == hash && !strcmp(c->name, name))
			return c;
	c = calloc(1, sizeof(*c) + strlen(name) + 1);
	if (!c)
		err(1, "out of memory");
	strcpy(c->name, name);
	c->hash = hash;
	c->next = map->buckets[hash % map->size];
	map->buckets[hash % map->size] = c;
	map->used++;
	return c;
}

static void count(struct map *map, const char *line)
{
	char name[64], page[128];
	unsigned long status, bytes;
	struct client *c;

	if (sscanf(line, "%63s \"GET %127s HTTP/1.1\" %lu %lu", name, page, &status, &bytes) != 4)
		return;
	c = map_get(map, name);
	c->requests++;
	c->bytes += bytes;
	c->errors += status >= 400;
	free(c->last_page);
	c->last_page = strdup(page);
}

static void write_line(char *line, size_t size, uint64_t *random)
{
	unsigned long long r = random_next(random);

	snprintf(line, size, "10.%llu.%llu.%llu \"GET /shop/item-%llu?ref=%llx HTTP/1.1\" %d %llu",
		 r % 8, r / 8 % 64, r / 512 % 64, r / 32768 % 4096, r, r / 7 % 20 ? 200 : 404,
		 r / 11 % 50000);
}

void function_run(uint64_t seed, char *reply, size_t size)
{
	uint64_t random = random_seed(seed), hash = 0;
	unsigned long requests = 0;
	struct map map = {0};
	char line[256];

	for (int i = 0; i < LINES; i++) {
		write_line(line, sizeof(line), &random);
		count(&map, line);
	}
	for (size_t i = 0; i < map.size; i++) {
		struct client *c = map.buckets[i], *next;

		for (; c; c = next) {
			next = c->next;
			requests += c->requests;
			/* a sum, so that the order of the chains doesn't matter */
			hash += hash_bytes(c->hash, &c->bytes, sizeof(c->bytes)) + c->errors;
			hash += hash_bytes(0, c->last_page, strlen(c->last_page));
			free(c->last_page);
			free(c);
		}
	}
	free(map.buckets);
	snprintf(reply, size, "log %zu %lu %016llx", map.used, requests, (unsigned long long)hash);
}
