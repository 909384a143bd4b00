// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/code.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "ostlerd/core/instance.h"
#include "ostlerd/core/trap.h"

struct site {
	struct ost_hash_node node;	/* key: of instance and address */
	uint64_t instance_id, ip;
	struct ost_code *code;
};

static struct ost_code *place(struct ost_hash_node *node)
{
	return node ? ost_container_of(node, struct ost_code, node) : NULL;
}

static struct site *site_row(struct ost_hash_node *node)
{
	return node ? ost_container_of(node, struct site, node) : NULL;
}

/* the constants are those of splitmix64 */
static uint64_t mix(uint64_t a, uint64_t b)
{
	a = (a ^ b) * 0xbf58476d1ce4e5b9ull;
	return (a ^ a >> 31) * 0x94d049bb133111ebull;
}

static void forget_sites(struct ost_codes *codes)
{
	struct ost_hash_node *node;

	while ((node = ost_hash_next(&codes->sites, NULL))) {
		ost_hash_remove(&codes->sites, node);
		free(site_row(node));
	}
	codes->site_count = 0;
}

void ost_codes_exit(struct ost_codes *codes)
{
	struct ost_hash_node *node;

	forget_sites(codes);
	while ((node = ost_hash_next(&codes->places, NULL))) {
		ost_hash_remove(&codes->places, node);
		free(place(node));
	}
	ost_hash_free(&codes->sites);
	ost_hash_free(&codes->places);
}

static uint64_t key_of(const struct ost_function *function, const char *id, uint64_t offset,
		       uint8_t feature)
{
	return mix(mix(ost_hash_text(id), offset), function->node.key ^ feature);
}

struct ost_code *ost_code_get(struct ost_codes *codes, struct ost_function *function, const char *id,
			      uint64_t offset, uint8_t feature)
{
	uint64_t key = key_of(function, id, offset, feature);
	struct ost_hash_node *node;
	struct ost_code *code;

	for (node = ost_hash_find(&codes->places, key); node; node = ost_hash_again(node)) {
		code = place(node);
		if (code->function == function && code->offset == offset &&
		    code->feature == feature && !strcmp(code->id, id))
			return code;
	}
	if (codes->places.count >= OST_CODES_MAX || function->codes >= OST_CODES_EACH_MAX)
		return NULL;
	code = calloc(1, sizeof(*code));
	if (!code || ost_hash_insert(&codes->places, &code->node, key)) {
		free(code);
		return NULL;
	}
	snprintf(code->id, sizeof(code->id), "%s", id);
	code->offset = offset;
	code->feature = feature;
	code->function = function;
	function->codes++;
	return code;
}

void ost_codes_forget(struct ost_codes *codes, const struct ost_function *function)
{
	struct ost_hash_node *node, *next;

	if (!function->codes)
		return;
	/* some may be of these places */
	forget_sites(codes);
	for (node = ost_hash_next(&codes->places, NULL); node; node = next) {
		next = ost_hash_next(&codes->places, node);
		if (place(node)->function != function)
			continue;
		ost_hash_remove(&codes->places, node);
		free(place(node));
	}
}

struct ost_code *ost_code_next(const struct ost_codes *codes, const struct ost_code *code)
{
	return place(ost_hash_next(&codes->places, code ? &code->node : NULL));
}

static struct site *find_site(const struct ost_codes *codes, uint64_t instance_id, uint64_t ip)
{
	struct ost_hash_node *node = ost_hash_find(&codes->sites, mix(instance_id, ip));

	for (; node; node = ost_hash_again(node))
		if (site_row(node)->instance_id == instance_id && site_row(node)->ip == ip)
			return site_row(node);
	return NULL;
}

bool ost_site_find(const struct ost_codes *codes, uint64_t instance_id, uint64_t ip,
		   struct ost_code **code)
{
	const struct site *site = find_site(codes, instance_id, ip);

	*code = site ? site->code : NULL;
	return site;
}

void ost_site_set(struct ost_codes *codes, uint64_t instance_id, uint64_t ip, struct ost_code *code)
{
	struct site *site = find_site(codes, instance_id, ip);

	if (!site) {
		/* what is still of use is looked up again */
		if (codes->site_count == OST_SITES_MAX)
			forget_sites(codes);
		site = calloc(1, sizeof(*site));
		if (!site || ost_hash_insert(&codes->sites, &site->node, mix(instance_id, ip))) {
			free(site);
			return;
		}
		site->instance_id = instance_id;
		site->ip = ip;
		codes->site_count++;
	}
	site->code = code;
}

void ost_trap_settle(struct ost_trap *trap)
{
	struct ost_code *code = trap->code;

	if (!code || trap->count == trap->code_from)
		return;
	if (!code->count)
		code->first_ns = trap->last_ns;
	code->count += trap->count - trap->code_from;
	code->last_ns = trap->last_ns;
	code->changed = true;
	trap->code_from = trap->count;
}
