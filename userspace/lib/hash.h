/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_HASH_H
#define OST_LIB_HASH_H

#include <stddef.h>
#include <stdint.h>

/*
 * A hash table of nodes that the caller embeds in its own structs; keys are 64-bit numbers and may
 * repeat (the key of a string is ost_hash_text(), and the caller compares the strings). It doubles as it
 * fills and needs no memory for the nodes.
 */

struct ost_hash_node {
	struct ost_hash_node *next;
	uint64_t key;
};

struct ost_hash {
	struct ost_hash_node **bucket;
	size_t buckets;	/* a power of two, 0 before the first insertion */
	size_t count;
};

/** ost_hash_insert() - 0, or -ENOMEM when the very first buckets can't be had */
int ost_hash_insert(struct ost_hash *hash, struct ost_hash_node *node, uint64_t key);

/** ost_hash_find() - first node with the key, or NULL */
struct ost_hash_node *ost_hash_find(const struct ost_hash *hash, uint64_t key);

/** ost_hash_expect() - have the row that ost_hash_find() would look at first fetched into the cache, meanwhile */
void ost_hash_expect(const struct ost_hash *hash, uint64_t key);

/** ost_hash_again() - the next node after @node with the same key, or NULL */
struct ost_hash_node *ost_hash_again(const struct ost_hash_node *node);

/** ost_hash_remove() - take a node out; nothing happens when it isn't in */
void ost_hash_remove(struct ost_hash *hash, struct ost_hash_node *node);

/** ost_hash_next() - iterate, starting with NULL; the node just returned must stay in until the next call */
struct ost_hash_node *ost_hash_next(const struct ost_hash *hash, const struct ost_hash_node *node);

/** ost_hash_free() - free the buckets; the nodes are the caller's */
void ost_hash_free(struct ost_hash *hash);

/** ost_hash_text() - key of a string (FNV-1a, 64 bits) */
uint64_t ost_hash_text(const char *text);

#endif
