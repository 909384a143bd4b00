/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CORE_TRAP_H
#define OST_CORE_TRAP_H

#include <stdbool.h>
#include <stdint.h>

#include "isa/decode.h"
#include "ostlerd/core/code.h"
#include "ostlerd/core/instance.h"

/*
 * Traps, summed by function and opcode bytes, and the tasks parked at one now. A program that traps a
 * million times at one place is one row.
 */

struct ost_host_features;

#define OST_TRAPS_MAX 4096	/* rows; the least recent makes room */

/* A row that was met this short a time ago is not moved to the front again, nanoseconds. */
#define OST_TRAPS_RECENT_NS 100000000

/**
 * struct ost_trap - one kind of trap of one function
 *
 * What each trap reads and writes comes first: a flood is bound by the cache lines it touches.
 */
struct ost_trap {
	struct ost_hash_node node;	/* key: of function and opcode bytes */
	const struct ost_function *of;	/* NULL when the instance was not known */
	uint64_t count;
	uint64_t last_ns;
	uint64_t instance_id;		/* of the latest */
	uint64_t ip;			/* of the latest */
	uint32_t pid;			/* of the latest */
	uint8_t source;			/* enum ost_trap_source */
	uint8_t si_code;
	uint8_t insn_len;
	uint8_t insn[15];
	char comm[16];
	bool moved;			/* the latest was at another address or instance than the one before */
	struct ost_code *code;		/* where the latest was; NULL: not known */
	uint64_t code_from;		/* @count up to here is another place's, or counted already */
	struct ost_trap *next;		/* most recent first, to within OST_TRAPS_RECENT_NS */
	struct ost_trap *prev;
	uint64_t first_ns;
	char function[OST_NAME_LEN], user[OST_NAME_LEN];	/* "" where @of is NULL */
	struct ost_trap_decode decode;
};

/** struct ost_parked - a task the module holds */
struct ost_parked {
	struct ost_parked *next;
	uint64_t event;
	uint64_t instance_id;
	uint64_t ip;
	uint64_t since_ns;
	uint64_t deadline_ns;
	uint32_t pid;
	uint32_t tgid;
	uint32_t retraps;
	uint8_t state;			/* enum ostler_park_state */
	uint8_t insn_len;
	uint8_t insn[15];
	char comm[16];
	bool seen;			/* by the dump that is going on */
	struct ost_trap_decode decode;
};

struct ost_traps {
	struct ost_trap *first, *last;
	struct ost_hash by_kind;
	unsigned int rows;
	struct ost_parked *parked;
	unsigned int parked_count;
	const struct ost_host_features *host;	/* what this host has */
};

void ost_traps_init(struct ost_traps *traps, const struct ost_host_features *host);
void ost_traps_exit(struct ost_traps *traps);

/**
 * ost_trap_note() - count a trap; decodes it when it is a new kind
 * @function: NULL when the instance is not known
 *
 * Return: its row, valid until the next call; NULL when memory is short.
 */
struct ost_trap *ost_trap_note(struct ost_traps *traps, const struct ost_function *function,
			       uint64_t instance_id,
			       uint64_t ip, uint32_t pid, const char *comm, const uint8_t *insn,
			       uint8_t insn_len, uint8_t source, uint8_t si_code, uint64_t now_ns);

/** ost_trap_expect() - ost_trap_note() will be called for this soon: have the row fetched into the cache */
void ost_trap_expect(const struct ost_traps *traps, const struct ost_function *function,
		     const uint8_t *insn, uint8_t insn_len);

/** ost_trap_find() - the row of a kind; NULL when there is none */
struct ost_trap *ost_trap_find(const struct ost_traps *traps, const struct ost_function *function,
			       const uint8_t *insn, uint8_t insn_len);

/** ost_traps_forget() - drop the rows of a function that is about to be freed */
void ost_traps_forget(struct ost_traps *traps, const struct ost_function *function);

/** ost_parked_find() - by event number */
struct ost_parked *ost_parked_find(const struct ost_traps *traps, uint64_t event);

/** ost_parked_get() - by event number, made when new; NULL when memory is short */
struct ost_parked *ost_parked_get(struct ost_traps *traps, uint64_t event);

/** ost_parked_drop() - the park ended */
void ost_parked_drop(struct ost_traps *traps, uint64_t event);

#endif
