/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CORE_CODE_H
#define OST_CORE_CODE_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/hash.h"
#include "ostlerd/source/code.h"

struct ost_function;
struct ost_trap;

/*
 * Places in files where a feature was missing: by build-id and offset, which mean the same code in every
 * instance and on every host, as addresses don't. They correct what an analysis of the file said.
 */

#define OST_CODES_MAX 4096	/* places; more are not noted */
#define OST_CODES_EACH_MAX 256	/* of one function: a hostile one leaves room for the others */
#define OST_SITES_MAX 4096	/* addresses that were looked up; then all are forgotten */

/** struct ost_code - a place, as one function met it */
struct ost_code {
	struct ost_hash_node node;		/* key: of all that follows up to @function */
	char id[OST_CODE_ID_LEN];
	uint64_t offset;
	uint8_t feature;			/* enum ost_feature, the youngest that was missing */
	struct ost_function *function;		/* never NULL */
	char object[OST_CODE_NAME_LEN];		/* name of the file */
	uint64_t count;
	uint64_t first_ns, last_ns;
	bool changed;				/* since it was last stored */
};

/** struct ost_codes - the places, and which addresses of which instances are known to be one */
struct ost_codes {
	struct ost_hash places;
	struct ost_hash sites;
	unsigned int site_count;
	unsigned int pending;		/* addresses being looked up */
	uint64_t tokens_ns;		/* see locate.c */
};

void ost_codes_exit(struct ost_codes *codes);

/** ost_code_get() - a place, made when new; NULL when there are too many or memory is short */
struct ost_code *ost_code_get(struct ost_codes *codes, struct ost_function *function, const char *id,
			      uint64_t offset, uint8_t feature);

/** ost_codes_forget() - drop the places of a function that is about to be freed; after its traps */
void ost_codes_forget(struct ost_codes *codes, const struct ost_function *function);

/** ost_code_next() - iterate: start with NULL */
struct ost_code *ost_code_next(const struct ost_codes *codes, const struct ost_code *code);

/**
 * ost_site_find() - was this address looked up before?
 * @code: gets the place, or NULL: it is none, or the look-up goes on
 */
bool ost_site_find(const struct ost_codes *codes, uint64_t instance_id, uint64_t ip,
		   struct ost_code **code);

/** ost_site_set() - remember what an address is */
void ost_site_set(struct ost_codes *codes, uint64_t instance_id, uint64_t ip, struct ost_code *code);

/**
 * ost_trap_settle() - give the place that a trap's row stands at the traps counted since
 *
 * A trap only counts in its row; this is called when the row moves to another place, and before
 * places are read.
 */
void ost_trap_settle(struct ost_trap *trap);

#endif
