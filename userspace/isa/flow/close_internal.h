/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_CLOSE_INTERNAL_H
#define OST_ISA_CLOSE_INTERNAL_H

#include <stddef.h>

#include "isa/flow/cell.h"
#include "isa/flow/close.h"
#include "isa/flow/op.h"

/* What close.c (paths), close_blocks.c (blocks), close_step.c (instructions) and close_memory.c
 * share. */

#define RAX 0
#define RCX 1
#define RDX 2
#define RBX 3
#define RSP 4
#define RBP 5
#define RSI 6
#define RDI 7

/** What a call may overwrite by convention: rax, rcx, rdx, rsi, rdi, r8 to r11. */
#define CALLER_SAVED 0x0fc7

/** Functions within functions that are followed with their arguments known. */
#define INLINE_DEPTH 3
/** Largest function that is: bytes. */
#define INLINE_BYTES 512

/** Words of the stack that are known along a path, of those that tell of the processor ... */
#define RECENT_MAX 12
/** ... and of plain numbers: as many as CPUID is given, and some that are put there meanwhile. */
#define NUMBERS_MAX 4

/** struct recent - what was stored on the stack last */
struct recent {
	int64_t distance;
	ost_value value;
	uint32_t bytes;
};

/** struct state - registers and flags at one point */
struct state {
	ost_value reg[16];
	struct ost_flags flags;
	ost_value vector[16][2]; /* low and high half of xmm0 .. xmm15 */
	ost_cond cond;	/* what is known to be present here */
	uint8_t trying; /* enum trying */
	uint32_t recents, numbers;
	struct recent number[NUMBERS_MAX];
	struct recent recent[RECENT_MAX]; /* the first @recents count */
};

/** enum trying - is an instruction tried that may not be there? */
enum trying {
	TRY_NOT,
	TRY_CAUGHT, /* SIGILL is caught */
	TRY_ASKED,  /* and sigsetjmp() was called, whose answer isn't known yet */
	TRY_RUNS,   /* and it was zero */
};

/* How much of a state counts: bytes. */
static inline size_t close_state_size(const struct state *state)
{
	return offsetof(struct state, recent) + state->recents * sizeof(state->recent[0]);
}

#define NO_BLOCK UINT32_MAX

struct block {
	uint32_t first, end;  /* ops */
	uint32_t taken, next; /* blocks, or NO_BLOCK */
	uint32_t rank;	      /* its place in the order in which blocks run */
	bool entered;	      /* some path leads here, so far */
	bool queued;
	uint64_t reads_stack; /* words of the stack that it reads, as of close_words() */
	uint16_t changes; /* how often its state did */
	uint16_t lost;	  /* registers that had more addresses than are told apart, a bit each */
	bool orphan;	  /* no direct jump leads here: a table's may */
	bool dead;	  /* nothing returns from here */
	struct state in;
};

/** Stores of one block to the same place more than once that are kept apart. */
#define PASSING_MAX 4

/** struct passing - what is stored somewhere, and overwritten before anybody else sees it */
struct passing {
	uint64_t space, address;
	ost_value value;
	unsigned int bytes;
};

/** struct choice - an entry of a table of constants that was loaded, by a number that tells */
struct choice {
	ost_value index; /* OST_VALUE_ANY: there is none */
	struct ost_place table;
	unsigned int bytes; /* of an entry */
	unsigned int step;  /* what the number grows by from one to the next */
};

/** struct look - one function being looked at, or one that is followed inside of it */
struct look {
	struct ost_close *close;
	struct ost_function *function;
	struct look *outer; /* whose stack this one shares; NULL */
	struct ost_op *ops;
	struct block *blocks;
	uint32_t op_count, block_count, block_room;
	uint32_t *order;	 /* blocks in the order in which they run */
	bool ops_kept;		 /* @ops and @order are a shape's */
	uint32_t current;	 /* the block that is run */
	struct passing passing[PASSING_MAX]; /* of this block */
	uint32_t passing_count;
	struct choice choice;		     /* of this block */
	uint32_t lowest;		     /* no block before it, by rank, is queued */
	struct ost_cells *stack; /* the outermost one's */
	uint64_t
		stack_escaped; /* lowest distance whose address others were given; INT64_MAX none */
	bool escaped, unset_any, last;
	bool saw_unset;		       /* in the outermost one */
	uint64_t stack_changed;	       /* the same: words of the stack, as of close_words() */
	unsigned int depth;
	uint64_t call_site; /* of the call in @outer */
	int64_t frame;	    /* what is below it on the stack is this one's own */
	uint32_t space;	    /* of the cells of that: of one call, wherever it is looked at */
	ost_value returned; /* rax */
	ost_value returned_rdx;
	struct state left;	 /* where it returns: only what is recent */
	bool has_returned, weak; /* @weak: what is stored now may also not be */
	uint64_t *steps;
};

/** struct address - where a memory operand points */
struct address {
	ost_value value; /* OST_VALUE_ANY: only @distance is known */
	int64_t distance;
	bool indexed; /* by something unknown: anywhere from there on */
	ost_value index; /* the number of the entry, before it is multiplied by @scale */
	uint8_t scale;
	bool from_argument;
};

/** struct shape - a function's instructions and blocks, as they are before anything runs */
struct shape {
	struct ost_op *ops;
	uint32_t *order;
	uint32_t op_count, block_count;
	struct outline {
		uint32_t first, end, taken, next, rank;
		bool orphan, dead;
	} block[];
};

/** Calls within calls that are looked into for what a function does to registers. */
#define HABIT_DEPTH 3

/** struct habits - what a function does to registers, seen from so many calls above; 0: unknown */
struct habits {
	uint8_t chosen[HABIT_DEPTH + 1];    /* the same as @uses, of those that it may choose */
	uint8_t uses[HABIT_DEPTH + 1];	    /* 0x80 and which of the six arguments it reads */
	uint16_t clobbers[HABIT_DEPTH + 1]; /* the stack pointer's bit and those it overwrites */
	uint8_t searches;		    /* 1: it doesn't look for names, 2: it does */
};

/** What a run that is kept may do to the stack, at most. */
#define WATCH_MAX 24

/** struct watch - what a run did to the stack, and what it found there */
struct watch {
	struct watched {
		int64_t distance;
		ost_value value;
		uint32_t space;
		uint16_t bytes;
		uint8_t kind; /* enum watched_kind */
	} list[WATCH_MAX];
	uint32_t count;
	bool spoiled; /* it did more than this, or asked somebody outside */
};

enum watched_kind {
	WATCHED_STORE,
	WATCHED_LOAD,
	WATCHED_RECENT, /* a load of what the state knows */
};

struct ost_close {
	struct kept_look **kept; /* per function, by index */
	size_t kept_room, kept_bytes;
	struct watch *watch; /* of the run that may be kept, or NULL */
	struct runs *runs;
	struct shape **shapes; /* per function, by index; NULL: not kept */
	size_t shapes_room, shapes_bytes;
	struct habits *habits; /* per function, by index */
	size_t habits_room;
	uint8_t *cpuinfo; /* by member: 1: it doesn't name /proc/cpuinfo, 2: it does; or NULL */
	struct ost_graph *graph;
	struct ost_values *values;
	struct ost_conds *conds;
	struct ost_close_calls calls;
};

/* A bit for each four bytes of the stack, the same for all that are 64 apart. */
static inline uint64_t close_words(uint64_t distance, unsigned int bytes)
{
	uint64_t bits = 1ull << (distance / 4 & 63);

	for (uint64_t at = distance / 4 + 1; at <= (distance + bytes - 1) / 4; at++)
		bits |= 1ull << (at & 63);
	return bits;
}

/* close_order.c: ranks, and @look->order; 0 or -ENOMEM */
int close_order(struct look *look);

/* close_blocks.c: 0, -E2BIG, -ENOMEM */
int close_blocks(struct look *look);
void close_free_shapes(struct ost_close *close);
uint32_t close_block_at(const struct look *look, uint64_t address);
/* the function that an operand of a direct call or jump leads to, or NULL */
struct ost_function *close_direct(const struct look *look, const struct ost_op *op,
				  struct ost_target *target);

/* is this where main() gives up: straight on to a return of something other than zero? */
bool close_quits(const struct look *look, uint32_t block);

/* close_memory.c */
struct address close_address(struct look *look, const struct state *state,
			     const struct ost_operand *operand);
ost_value close_load(struct look *look, const struct state *state, uint64_t site,
		     const struct address *address, unsigned int bytes);
void close_store(struct look *look, struct state *state, uint64_t site,
		 const struct address *address, unsigned int bytes, ost_value value);
ost_value close_read(struct look *look, const struct state *state, uint64_t site,
		     const struct ost_operand *operand, unsigned int bits);
void close_write(struct look *look, struct state *state, uint64_t site,
		 const struct ost_operand *operand, ost_value value);
/* addresses in a value go where others may use them */
void close_escape(struct look *look, const struct state *state, uint64_t site, ost_value value,
		  enum ost_edge how);
/* a function that nothing is known of got this: what is on the stack there may be anything now */
void close_forget_stack(struct look *look, struct state *state, ost_value value);
/* all that was ever stored there on the stack */
ost_value close_cell(struct look *look, int64_t distance, unsigned int bytes);
void close_edge(struct look *look, uint64_t site, struct ost_place to, ost_cond cond,
		enum ost_edge how);

/* close_switch.c: an entry of a table at @table is loaded, by a number that isn't known */
void close_choose(struct look *look, const struct address *address, struct ost_place table,
		  unsigned int bytes);
/* a jump by what was loaded so, number @at of the table: the block that it leads to, and the
 * condition; false: it is no such jump, or there are no more */
bool close_choice(const struct look *look, unsigned int at, uint32_t *block, ost_cond *cond);

/* close_recent.c */
void close_recent_store(struct look *look, struct state *state, int64_t distance,
			unsigned int bytes, ost_value value);
void close_recent_drop(struct state *state, int64_t distance, unsigned int bytes);
/* something is written nobody knows where: no plain number there is sure any more */
void close_recent_forget(struct state *state);
/* a function that was followed has returned: what it had on the stack is gone */
void close_recent_leave(struct look *look, struct state *state);
/* false: only the cells know */
bool close_recent_load(struct look *look, const struct state *state, int64_t distance,
		       unsigned int bytes, ost_value *value);
/* where two paths meet; @hope: what only one of them knows is kept. Did @in change? */
bool close_recent_meet(struct look *look, struct state *in, ost_cond when_in,
		       const struct state *other, ost_cond when_other, bool hope);

/* close_passing.c */
/* is it stored for the rest of the block only? Then nobody is told */
bool close_passing_store(struct look *look, const struct ost_memory *memory, ost_value value);
bool close_passing_load(struct look *look, const struct ost_memory *memory, ost_value *value);

/* close_vector.c: moves and logic of 16-byte registers, and what other instructions do to them */
void close_vector(struct look *look, struct state *state, const struct ost_op *op);

/* close_step.c */
void close_step(struct look *look, struct state *state, const struct ost_op *op);
void close_move_stack(struct look *look, struct state *state, int64_t by);

/* close_try.c */
/* a function is called that may begin or end a try; true: its answer is in rax */
bool close_try_call(struct look *look, struct state *state, const char *name);
/* a block begins, after what sigsetjmp() answered was tested */
void close_try_block(struct look *look, struct state *state);
/* an instruction of a try: is more known from there on? */
bool close_try_step(struct look *look, struct state *state, uint64_t site);

/* what is known of a function; NULL without memory */
struct habits *close_habits(struct ost_close *close, const struct ost_function *function);

/* close_search.c */
/* what a search for a feature's name answers; OST_VALUE_ANY for any other call */
ost_value close_search(struct look *look, const char *symbol, const ost_value *arguments);
/* is it a small function that looks for a name that it is given? */
bool close_searches(struct look *look, const struct state *state,
		    const struct ost_function *callee);

/* the six arguments in registers, in order */
extern const uint8_t close_argument_registers[6];

/* close_uses.c: which argument registers a function reads before it writes them, a bit each */
unsigned int close_uses(struct ost_close *close, struct ost_function *function);
/* which of the registers that aren't arguments are read by code that jumps there, a bit each: rax,
 * r10, r11; none where a test before may be jumped over */
#define LIVE_COUNT (OST_CLOSE_ARGUMENTS - OST_CLOSE_PASSED)
extern const uint8_t close_live_registers[LIVE_COUNT];
unsigned int close_reads_live(struct ost_close *close, const struct ost_function *function,
			      uint64_t at);
/* registers that a call overwrites: compilers know which a local function leaves alone */
uint16_t close_clobbers(struct ost_close *close, const struct ost_function *caller,
			const struct ost_function *callee);

/* close_follow.c: a small function that asks CPUID for its caller is run with what it is given;
 * false: it isn't such a one */
bool close_follow(struct look *look, struct state *state, const struct ost_op *op,
		  struct ost_function *callee);
void close_free_runs(struct ost_close *close);

/* the run that is watched does what can't be repeated from what is kept of it */
static inline void close_spoil(struct ost_close *close)
{
	if (close->watch)
		close->watch->spoiled = true;
}

/* close_memory.c: do the same to the stack again; false: something else is there now */
bool close_repeat(struct look *look, const struct watch *watch);

/* close_call.c */
void close_do_call(struct look *look, struct state *state, const struct ost_op *op);
/* a call or a jump out of the function that leads to @callee; NULL: nobody knows where */
void close_call(struct look *look, struct state *state, const struct ost_op *op,
		struct ost_function *callee, const char *symbol);

/* close_keep.c: what a look came to, in place of what the one before did */
void close_keep(struct look *look);
bool close_kept(const struct ost_close *close, const struct ost_function *function);
/* begin where the kept one ended; it is no longer kept then */
void close_take_kept(struct look *look);
void close_free_kept(struct ost_close *close);

/* close.c */
int close_run(struct look *look, const struct state *entry);

#endif
