// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/trap.h"

#include <stdlib.h>
#include <string.h>

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

/* A hot trap is at the front of the list, so the search ends where it begins. */
static struct ost_trap *find_trap(const struct ost_traps *traps, const char *function,
				  const uint8_t *insn, uint8_t insn_len)
{
	struct ost_trap *trap = traps->first;

	while (trap && (trap->insn_len != insn_len || memcmp(trap->insn, insn, insn_len) ||
			strcmp(trap->function, function)))
		trap = trap->next;
	return trap;
}

static struct ost_trap *new_trap(struct ost_traps *traps, const char *function,
				 const uint8_t *insn, uint8_t insn_len)
{
	struct ost_trap *trap;

	if (traps->rows == OST_TRAPS_MAX) {
		trap = traps->last;
		unlink_trap(traps, trap);
		memset(trap, 0, sizeof(*trap));
	} else {
		trap = calloc(1, sizeof(*trap));
		if (!trap)
			return NULL;
		traps->rows++;
	}
	strncpy(trap->function, function, sizeof(trap->function) - 1);
	trap->insn_len = insn_len;
	memcpy(trap->insn, insn, insn_len);
	ost_isa_decode_on(insn, insn_len, traps->host, &trap->decode);
	return trap;
}

struct ost_trap *ost_trap_note(struct ost_traps *traps, const char *function, uint64_t instance_id,
			       uint64_t ip, uint32_t pid, const char *comm, const uint8_t *insn,
			       uint8_t insn_len, uint8_t source, uint8_t si_code, uint64_t now_ns)
{
	struct ost_trap *trap;

	if (insn_len > sizeof(trap->insn))
		insn_len = sizeof(trap->insn);
	trap = find_trap(traps, function, insn, insn_len);
	if (trap)
		unlink_trap(traps, trap);
	else
		trap = new_trap(traps, function, insn, insn_len);
	if (!trap)
		return NULL;
	push_trap(traps, trap);
	if (!trap->count)
		trap->first_ns = now_ns;
	trap->count++;
	trap->last_ns = now_ns;
	trap->instance_id = instance_id;
	trap->ip = ip;
	trap->pid = pid;
	trap->source = source;
	trap->si_code = si_code;
	strncpy(trap->comm, comm, sizeof(trap->comm) - 1);
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
