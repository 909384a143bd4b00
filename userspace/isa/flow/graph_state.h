/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_GRAPH_STATE_H
#define OST_ISA_GRAPH_STATE_H

#include "isa/flow/graph.h"

/*
 * What a graph is made of. For the files graph*.c only.
 *
 * Whatever must be known of every address (was it seen, does something refer to it) is a bit per
 * byte of a segment, so that the questions of the inner loops are one memory access each, without
 * hashing or searching.
 */

/** Bytes of a segment behind the file's part (.bss) that have bits; no target is further. */
#define GRAPH_ZERO_COVERED (256ull << 20)

/** A function whose end nothing tells is not followed further than this; bytes. */
#define GRAPH_GUESS_MAX (512u << 10)

/** struct graph_span - one segment and the bits of its addresses */
struct graph_span {
	uint64_t start, end; /* end of what has bits */
	const uint8_t *bytes;
	uint64_t size;	    /* bytes from the file */
	uint64_t *seen;	    /* per byte: reach has been sent here */
	uint64_t *anchors;  /* per byte: a variable begins here */
	uint64_t *slots;    /* per 8 bytes: a pointer, from the loader or the file */
	uint64_t *followed; /* per 8 bytes: reach has followed that pointer */
};

/** struct graph_code - addresses that hold code: executable sections; without any, segments */
struct graph_code {
	uint64_t start, end;
	const uint8_t *bytes;
	uint64_t readable; /* bytes from @start on that the file has */
};

/** struct graph_bound - where unwind information or symbols say that a function is */
struct graph_bound {
	uint64_t start, end; /* end 0: only the start is known */
	uint32_t symbol;     /* index + 1 of the best name at @start, 0 = none */
	uint32_t function;   /* index + 1, 0 = not made yet */
};

/** struct graph_copy - a library's variable that the loader copies into this object */
struct graph_copy {
	uint64_t start, end;
	const char *name;
	struct ost_place from;
	bool found;
};

/** struct graph_resolved - what a relocation with a symbol leads to, kept after the first look */
struct graph_resolved {
	uint64_t address;
	uint32_t member;
	uint8_t state; /* enum graph_resolved_state */
	bool ifunc;
};

enum graph_resolved_state { GRAPH_UNASKED, GRAPH_KNOWN, GRAPH_UNKNOWN };

/** struct graph_batch - refs of one function, by their number in the member */
struct graph_batch {
	uint32_t first; /* number of its first ref */
	uint32_t function;
};

struct graph_member {
	const struct ost_object *object;
	uint32_t index;
	bool fixed;	    /* ET_EXEC: addresses in immediates and in data */
	uint64_t low, high; /* of all segments */

	struct graph_span *spans; /* by address */
	size_t span_count, last_span;
	struct graph_code *code; /* by address */
	size_t code_count, last_code;

	struct graph_bound *bounds; /* by address, not overlapping */
	size_t bound_count;
	struct ost_function **guessed; /* functions that no bound tells of: by start up to ... */
	size_t guessed_sorted;	       /* ... here, and from here on once more */
	size_t guessed_count, guessed_room;
	struct ost_function **guess_hash; /* the same by start */
	size_t guess_mask;

	uint64_t *words; /* fixed: slots with addresses that no relocation writes */
	size_t word_count;
	struct graph_copy *copies; /* by address */
	size_t copy_count;
	struct graph_resolved *resolved; /* per relocation */
	uint32_t *next_reloc;		 /* per relocation: the next that reach didn't follow yet */
	uint32_t *next_word;		 /* the same for @words */

	uint64_t code_bytes, ref_count, use_count;
	uint64_t refs_max, uses_max; /* budgets of these */
	struct graph_batch *batches; /* by number */
	size_t batch_count, batch_room;
	uint64_t *index_keys; /* by target: (target - low) << GRAPH_ID_BITS | number */
	size_t index_count;
	bool indexed;
};

/** Bits of a ref's number in an index key; the rest is the target's distance from @low. */
#define GRAPH_ID_BITS	   25
#define GRAPH_REFS_MAX	   ((1ull << GRAPH_ID_BITS) - 1)
#define GRAPH_DISTANCE_MAX (1ull << (64 - GRAPH_ID_BITS))

/** struct graph_alias - a slot or PLT entry that stands for an address in this or another member */
struct graph_alias {
	struct ost_place target, place;
};

struct graph_block; /* of the arena */

struct ost_graph {
	const struct ost_program *program;
	struct ost_graph_budget budget;
	struct graph_member *members;
	struct ost_function **functions;
	size_t function_count, function_room;
	struct graph_block *blocks;
	bool no_memory;	   /* somewhere an allocation failed: the result is not whole */
	bool matters[256]; /* needs that are a use: their rule isn't empty */

	struct ost_ref *refs; /* of the functions that are being decoded, the innermost last */
	size_t ref_count, ref_room;
	struct ost_use *uses;
	size_t use_count, use_room;
	unsigned int depth; /* how many these are */

	uint32_t *queue; /* functions to decode, first in, first out */
	size_t queue_head, queue_count, queue_room;
	struct ost_place *data; /* variables to look through, the same way */
	size_t data_head, data_count, data_room;
	struct graph_alias *aliases;
	size_t alias_count, alias_room;
	bool aliases_sorted, reached;
	const struct ost_function *marks_of; /* was asked about last whether something is data ... */
	uint8_t *marks;			     /* ... and what is known of each of its bytes, or NULL */
	struct ost_graph_stats stats;
};

static inline bool graph_bit(const uint64_t *bits, uint64_t at)
{
	return bits[at >> 6] >> (at & 63) & 1;
}

static inline void graph_bit_set(uint64_t *bits, uint64_t at)
{
	bits[at >> 6] |= 1ull << (at & 63);
}

/** graph_span_of() - the segment that covers an address, or NULL */
static inline struct graph_span *graph_span_of(struct graph_member *member, uint64_t address)
{
	struct graph_span *span = &member->spans[member->last_span];
	size_t low = 0, high = member->span_count;

	if (address - span->start < span->end - span->start)
		return span;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (member->spans[mid].end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == member->span_count || address < member->spans[low].start)
		return NULL;
	member->last_span = low;
	return &member->spans[low];
}

/** graph_code_of() - the piece of code that an address is in, or NULL */
static inline struct graph_code *graph_code_of(struct graph_member *member, uint64_t address)
{
	struct graph_code *code = &member->code[member->last_code];
	size_t low = 0, high = member->code_count;

	if (address - code->start < code->end - code->start)
		return code;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (member->code[mid].end <= address)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == member->code_count || address < member->code[low].start)
		return NULL;
	member->last_code = low;
	return &member->code[low];
}

/** ost_graph_grow() - room for one more element; false without memory, said in @graph */
bool ost_graph_grow(struct ost_graph *graph, void **array, size_t count, size_t *room, size_t size);

/** ost_graph_alloc() - memory that lives as long as the graph, or NULL, said in @graph */
void *ost_graph_alloc(struct ost_graph *graph, size_t size);

/** ost_graph_member_fill(), ost_graph_member_free() - segments, code, bounds, pointers */
int ost_graph_member_fill(struct ost_graph *graph, struct graph_member *member);
void ost_graph_member_free(struct graph_member *member);

/** ost_graph_bounds_fill() - functions that unwind information and symbols tell of */
int ost_graph_bounds_fill(struct graph_member *member);

/** ost_graph_words_fill() - addresses in the data of fixed code; wants the bounds */
int ost_graph_words_fill(struct graph_member *member);

/** ost_graph_copies_fill() - where the variables come from that the loader copies */
int ost_graph_copies_fill(struct ost_graph *graph, struct graph_member *member);

/** ost_graph_bound_of() - the last bound that begins at or before an address, or NULL */
struct graph_bound *ost_graph_bound_of(struct graph_member *member, uint64_t address);

/** ost_graph_is_start() - may a function begin here: known for it, or looks like it? */
bool ost_graph_is_start(struct graph_member *member, uint64_t address);

/**
 * ost_graph_function_from() - as ost_graph_function(), but without bounds it is a function of its
 * own, even in the middle of another
 */
struct ost_function *ost_graph_function_from(struct ost_graph *graph, struct ost_place place);

/** ost_graph_function_known() - the function that begins exactly here, or NULL if not made yet */
struct ost_function *ost_graph_function_known(struct ost_graph *graph, struct ost_place place);

/** ost_graph_is_guess() - does a function begin here that no bound tells of? */
bool ost_graph_is_guess(const struct graph_member *member, uint64_t address);

/** ost_graph_limit() - how far a function may be followed that begins here and has no known end */
uint64_t ost_graph_limit(struct graph_member *member, uint64_t start);

/** ost_graph_plausible() - do the bytes at an address look like a function's first instructions? */
bool ost_graph_plausible(struct graph_member *member, uint64_t address);

/** ost_graph_is_code_ref() - is what code takes the address of code, and no data among it? */
bool ost_graph_is_code_ref(struct graph_member *member, uint64_t target);

/** ost_graph_table_end() - the furthest target of a jump table, for code whose end is not known */
uint64_t ost_graph_table_end(struct graph_member *member, uint64_t table, bool absolute,
			     uint64_t jump, uint64_t limit);

/** ost_graph_reloc_target() - ost_graph_slot() when the relocation is at hand */
struct ost_target ost_graph_reloc_target(struct ost_graph *graph, struct graph_member *member,
					 const struct ost_reloc *reloc);

/** ost_graph_copied_from() - the library's variable that the loader copies to an address */
bool ost_graph_copied_from(struct ost_graph *graph, struct ost_place place, struct ost_place *from);

/** ost_graph_word_from() - index of the first of @words at or after an address */
size_t ost_graph_word_from(const struct graph_member *member, uint64_t address);

/** ost_graph_no_return_name() - is it the name of a function that never returns? */
bool ost_graph_no_return_name(const char *name);

/** ost_graph_no_return_check() - mark a decoded function if all its ways end in such functions */
bool ost_graph_no_return_check(struct ost_graph *graph, struct ost_function *function);

/** ost_graph_no_return_settle() - the same for all functions, again and again */
void ost_graph_no_return_settle(struct ost_graph *graph);

/** ost_graph_is_slot() - does the loader or the file have a pointer at this address? */
static inline bool ost_graph_is_slot(struct graph_member *member, uint64_t address)
{
	struct graph_span *span = graph_span_of(member, address);

	return span && graph_bit(span->slots, (address - span->start) >> 3);
}

#endif
