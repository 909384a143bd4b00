// SPDX-License-Identifier: GPL-2.0-or-later
#include "hash.h"

#include <errno.h>
#include <stdlib.h>

#define BUCKETS_FIRST 64

/* Keys are often consecutive numbers: multiply to spread them (Fibonacci hashing). */
static size_t bucket_of(uint64_t key, size_t buckets)
{
	return (key * 0x9e3779b97f4a7c15ull >> 32) & (buckets - 1);
}

static void push(struct ost_hash_node **bucket, size_t buckets, struct ost_hash_node *node)
{
	size_t at = bucket_of(node->key, buckets);

	node->next = bucket[at];
	bucket[at] = node;
}

static int resize(struct ost_hash *hash, size_t buckets)
{
	struct ost_hash_node **bucket = calloc(buckets, sizeof(*bucket));

	if (!bucket)
		return -ENOMEM;
	for (size_t i = 0; i < hash->buckets; i++)
		while (hash->bucket[i]) {
			struct ost_hash_node *node = hash->bucket[i];

			hash->bucket[i] = node->next;
			push(bucket, buckets, node);
		}
	free(hash->bucket);
	hash->bucket = bucket;
	hash->buckets = buckets;
	return 0;
}

int ost_hash_insert(struct ost_hash *hash, struct ost_hash_node *node, uint64_t key)
{
	if (!hash->buckets && resize(hash, BUCKETS_FIRST))
		return -ENOMEM;
	/* when memory is short the chains just grow longer */
	if (hash->count >= hash->buckets)
		resize(hash, hash->buckets * 2);
	node->key = key;
	push(hash->bucket, hash->buckets, node);
	hash->count++;
	return 0;
}

static struct ost_hash_node *with_key(struct ost_hash_node *node, uint64_t key)
{
	while (node && node->key != key)
		node = node->next;
	return node;
}

struct ost_hash_node *ost_hash_find(const struct ost_hash *hash, uint64_t key)
{
	return hash->buckets ? with_key(hash->bucket[bucket_of(key, hash->buckets)], key) : NULL;
}

void ost_hash_expect(const struct ost_hash *hash, uint64_t key)
{
	const struct ost_hash_node *node;

	if (!hash->buckets)
		return;
	node = hash->bucket[bucket_of(key, hash->buckets)];
	/* rows that are looked up often keep what is needed in their first two lines */
	__builtin_prefetch(node, 1);
	__builtin_prefetch((const char *)node + 64, 1);
}

struct ost_hash_node *ost_hash_again(const struct ost_hash_node *node)
{
	return with_key(node->next, node->key);
}

void ost_hash_remove(struct ost_hash *hash, struct ost_hash_node *node)
{
	struct ost_hash_node **at;

	if (!hash->buckets)
		return;
	at = &hash->bucket[bucket_of(node->key, hash->buckets)];
	while (*at && *at != node)
		at = &(*at)->next;
	if (!*at)
		return;
	*at = node->next;
	hash->count--;
}

struct ost_hash_node *ost_hash_next(const struct ost_hash *hash, const struct ost_hash_node *node)
{
	size_t at = 0;

	if (node) {
		if (node->next)
			return node->next;
		at = bucket_of(node->key, hash->buckets) + 1;
	}
	for (; at < hash->buckets; at++)
		if (hash->bucket[at])
			return hash->bucket[at];
	return NULL;
}

void ost_hash_free(struct ost_hash *hash)
{
	free(hash->bucket);
	*hash = (struct ost_hash){ 0 };
}

uint64_t ost_hash_text(const char *text)
{
	uint64_t key = 0xcbf29ce484222325ull;

	for (; *text; text++)
		key = (key ^ (unsigned char)*text) * 0x100000001b3ull;
	return key;
}
