// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/trap.h"

#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"

void ost_traps_init(struct ost_traps *traps, const struct ost_host_features *host)
{
	memset(traps, 0, sizeof(*traps));
	traps->host = host;
}

void ost_traps_exit(struct ost_traps *traps)
{
	while (traps->first) {
		struct ost_trap *trap = traps->first;

		traps->first = trap->next;
		free(trap);
	}
	ost_hash_free(&traps->by_kind);
	while (traps->parked)
		ost_parked_drop(traps, traps->parked->event);
	traps->last = NULL;
	traps->rows = 0;
}

static void unlink_trap(struct ost_traps *traps, struct ost_trap *trap)
{
	*(trap->prev ? &trap->prev->next : &traps->first) = trap->next;
	*(trap->next ? &trap->next->prev : &traps->last) = trap->prev;
}

static void push_trap(struct ost_traps *traps, struct ost_trap *trap)
{
	trap->prev = NULL;
	trap->next = traps->first;
	*(traps->first ? &traps->first->prev : &traps->last) = trap;
	traps->first = trap;
}

/* Opcode bytes as two words that overlap by one byte; those beyond the length are 0. */
struct kind {
	uint64_t low, high;
	uint8_t len;
};

static struct kind kind_of(const uint8_t *insn, uint8_t len)
{
	uint8_t padded[OST_INSN_BYTES_MAX] = { 0 };
	struct kind kind = { .len = len < sizeof(padded) ? len : sizeof(padded) };

	/* nearly all have all bytes: reading back what was just copied bytewise would cost more than the look-up */
	if (kind.len < sizeof(padded)) {
		memcpy(padded, insn, kind.len);
		insn = padded;
	}
	memcpy(&kind.low, insn, 8);
	memcpy(&kind.high, insn + 7, 8);
	return kind;
}

/* the constants are those of splitmix64 */
static uint64_t kind_key(const struct ost_function *function, const struct kind *kind)
{
	uint64_t key;

	key = (kind->low ^ (function ? function->node.key : 0)) * 0xbf58476d1ce4e5b9ull;
	return (key ^ key >> 31 ^ kind->high) * 0x94d049bb133111ebull;
}

static struct ost_trap *find_trap(const struct ost_traps *traps, uint64_t key,
				  const struct ost_function *function, const struct kind *kind)
{
	struct ost_hash_node *node = ost_hash_find(&traps->by_kind, key);

	for (; node; node = ost_hash_again(node)) {
		struct ost_trap *trap = ost_container_of(node, struct ost_trap, node);

		if (trap->of == function && trap->insn_len == kind->len &&
		    !memcmp(trap->insn, &kind->low, 8) && !memcmp(trap->insn + 7, &kind->high, 8))
			return trap;
	}
	return NULL;
}

static struct ost_trap *new_trap(struct ost_traps *traps, uint64_t key,
				 const struct ost_function *function, const struct kind *kind)
{
	struct ost_trap *trap;

	if (traps->rows == OST_TRAPS_MAX) {
		trap = traps->last;
		ost_trap_settle(trap);
		unlink_trap(traps, trap);
		ost_hash_remove(&traps->by_kind, &trap->node);
		traps->rows--;
		memset(trap, 0, sizeof(*trap));
	} else {
		trap = calloc(1, sizeof(*trap));
	}
	if (!trap || ost_hash_insert(&traps->by_kind, &trap->node, key)) {
		free(trap);
		return NULL;
	}
	traps->rows++;
	trap->of = function;
	if (function) {
		strcpy(trap->function, function->name);
		strcpy(trap->user, function->user);
	}
	trap->insn_len = kind->len;
	memcpy(trap->insn, &kind->low, 8);
	memcpy(trap->insn + 7, &kind->high, 8);
	ost_isa_decode_on(trap->insn, trap->insn_len, traps->host, &trap->decode);
	push_trap(traps, trap);
	return trap;
}

void ost_traps_forget(struct ost_traps *traps, const struct ost_function *function)
{
	struct ost_trap *trap = traps->first, *next;

	for (; trap; trap = next) {
		next = trap->next;
		if (trap->of != function)
			continue;
		unlink_trap(traps, trap);
		ost_hash_remove(&traps->by_kind, &trap->node);
		traps->rows--;
		free(trap);
	}
}

void ost_trap_expect(const struct ost_traps *traps, const struct ost_function *function,
		     const uint8_t *insn, uint8_t insn_len)
{
	struct kind kind = kind_of(insn, insn_len);

	ost_hash_expect(&traps->by_kind, kind_key(function, &kind));
}

struct ost_trap *ost_trap_find(const struct ost_traps *traps, const struct ost_function *function,
			       const uint8_t *insn, uint8_t insn_len)
{
	struct kind kind = kind_of(insn, insn_len);

	return find_trap(traps, kind_key(function, &kind), function, &kind);
}

struct ost_trap *ost_trap_note(struct ost_traps *traps, const struct ost_function *function,
			       uint64_t instance_id, uint64_t ip, uint32_t pid, const char *comm,
			       const uint8_t *insn, uint8_t insn_len, uint8_t source,
			       uint8_t si_code, uint64_t now_ns)
{
	struct kind kind = kind_of(insn, insn_len);
	uint64_t key = kind_key(function, &kind);
	struct ost_trap *trap = find_trap(traps, key, function, &kind);

	if (!trap)
		trap = new_trap(traps, key, function, &kind);
	if (!trap)
		return NULL;
	if (now_ns - trap->last_ns > OST_TRAPS_RECENT_NS && trap != traps->first) {
		unlink_trap(traps, trap);
		push_trap(traps, trap);
	}
	trap->moved = trap->ip != ip || trap->instance_id != instance_id || !trap->count;
	if (trap->moved) {
		if (trap->code)
			ost_trap_settle(trap);
		trap->code = NULL;
		trap->code_from = trap->count;
	}
	if (!trap->count++)
		trap->first_ns = now_ns;
	trap->last_ns = now_ns;
	trap->instance_id = instance_id;
	trap->ip = ip;
	trap->pid = pid;
	trap->source = source;
	trap->si_code = si_code;
	memcpy(trap->comm, comm, sizeof(trap->comm) - 1);
	return trap;
}

struct ost_parked *ost_parked_find(const struct ost_traps *traps, uint64_t event)
{
	struct ost_parked *parked = traps->parked;

	while (parked && parked->event != event)
		parked = parked->next;
	return parked;
}

struct ost_parked *ost_parked_get(struct ost_traps *traps, uint64_t event)
{
	struct ost_parked *parked = ost_parked_find(traps, event);

	if (parked)
		return parked;
	parked = calloc(1, sizeof(*parked));
	if (!parked)
		return NULL;
	parked->event = event;
	parked->next = traps->parked;
	traps->parked = parked;
	traps->parked_count++;
	return parked;
}

void ost_parked_drop(struct ost_traps *traps, uint64_t event)
{
	struct ost_parked **at = &traps->parked;

	while (*at && (*at)->event != event)
		at = &(*at)->next;
	if (*at) {
		struct ost_parked *parked = *at;

		*at = parked->next;
		traps->parked_count--;
		free(parked);
	}
}
