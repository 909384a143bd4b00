/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_SOLVE_INTERNAL_H
#define OST_ISA_SOLVE_INTERNAL_H

#include "isa/flow/cell.h"
#include "isa/flow/close.h"
#include "isa/flow/solve.h"

/* What solve.c (rounds), solve_tell.c (what functions tell each other) and solve_reach.c share. */

/** Looks at one function in one round. */
#define LOOKS_MAX 16

/** Fields nearer to the start of a struct than this are of too many structs: bytes. */
#define FIELD_MIN 0x10
/** Struct fields farther than this aren't looked for: bytes. */
#define FIELD_MAX 0x40000

/** How far from where the processor is asked a mere test of an answer is taken to say something of
 * what is done after it. */
#define IMPLICIT_MAX 1

/** How far from where the processor is asked functions are looked at closely. */
#define DISTANCE_MAX 5
/** How far from there what is stored in a struct is taken for flags. */
#define FIELD_DISTANCE_MAX 0

/* a list that grows */
#define LIST(type)                                                                                 \
	struct {                                                                                   \
		type *at;                                                                          \
		size_t count, room;                                                                \
	}

struct edge {
	uint64_t site;
	struct ost_place to;
	ost_cond cond;
	uint8_t how; /* enum ost_edge */
};

struct span {
	uint64_t start, end;
	ost_cond cond;
};

struct write {
	struct ost_memory memory;
	ost_value value;
};

/* what is known of a function that is looked at closely */
struct closely {
	struct ost_function *function;
	bool queued, failed;
	bool guess; /* it is taken to look at answers that are kept in structs */
	uint16_t looks;
	uint16_t distance;     /* from one that asks the processor, in steps of who told whom */
	uint64_t steps;	       /* instructions interpreted for it */
	ost_value returned;    /* what is known of it, joined */
	bool returned_unknown; /* also something that nothing is known of */
	ost_value argument[OST_CLOSE_ARGUMENTS];
	struct event *events; /* what the last look asked and told, or NULL */
	uint32_t event_count;
	bool event_truths; /* ost_values_truths() then */
	uint64_t sets; /* where it first stores to one of struct ost_solve.unset, or 0 */
	LIST(struct write) writes;
	LIST(struct edge) edges;
	LIST(struct span) spans;
};

/* the name of an object that is loaded at run time, and what is known where it is */
struct opened {
	struct ost_place name;
	ost_cond cond;
};

/* a branch that depends on what the processor has */
struct test {
	struct ost_place place;
	uint32_t function;
	ost_cond cond;
};

struct field_uses;
struct event;
struct solve_record;

struct initial {
	uint32_t space;
	uint64_t address;
	unsigned int bytes;
	ost_value value;
	uint32_t older; /* of struct ost_solve.unset: the one before it in its row, plus one; 0: none */
};

/* rows that these are in by their address */
#define UNSET_ROWS 4096

struct ost_solve {
	struct ost_graph *graph;
	const struct ost_program *program;
	struct ost_values *values;
	struct ost_conds *conds;
	struct ost_close *close;
	struct ost_close_calls told; /* what answers looks, behind what records them */
	struct solve_record *record;
	struct ost_cells *cells;
	LIST(struct initial) initials;
	LIST(struct initial)
	unset; /* of these, those that hold what says that nothing was asked yet */
	uint32_t unset_row[UNSET_ROWS]; /* the last of each row, plus one; 0: none */
	LIST(struct closely *) closely;
	struct closely **by_function; /* by index, NULL: not looked at */
	size_t by_function_room;
	LIST(struct closely *) queue;
	size_t queue_head;
	struct closely *looking; /* the one that is being looked at */
	bool guessing;		 /* what is wanted now only has something at a field's distance */
	LIST(struct ost_refusal) refusals;
	LIST(struct opened) opened;
	LIST(struct test) tests; /* in the order of functions that were looked at */
	struct field_uses *fields; /* by member; NULL: not asked for yet */
	uint32_t *field_count;	   /* fields kept, by member */
	ost_cond *answers;	   /* by member: what it asked for and keeps in structs */
	struct ost_reached *reached[OST_TIERS];
	size_t reached_room;
	uint64_t steps, steps_given;
	size_t given_up;
	bool settled; /* all was told: the rest only reads */
	bool failed;  /* no memory */
};

/* make room for one more and return it; NULL, and @solve->failed, without memory */
void *list_more(struct ost_solve *solve, void *list, size_t size);
#define MORE(solve, list) ((__typeof__((list)->at))list_more(solve, list, sizeof(*(list)->at)))

/* solve.c */
/* a function is to be looked at closely; NULL without memory */
struct closely *solve_begin(struct ost_solve *solve, struct ost_function *function);
struct closely *solve_find(const struct ost_solve *solve, const struct ost_function *function);
/* have it looked at (again); nothing happens for what was given up */
void solve_want(struct ost_solve *solve, struct ost_function *function);
/* the same for all that refer to something: of ost_graph_readers() and ost_graph_callers() */
void solve_want_referrer(void *context, struct ost_function *function, const struct ost_ref *ref);

/* solve_source.c: have the functions that ask the processor looked at */
void solve_want_sources(struct ost_solve *solve);

/* solve_tell.c */
void solve_calls(struct ost_solve *solve, struct ost_close_calls *calls);
void solve_put_initials(struct ost_solve *solve);

/* solve_record.c: what looks ask and tell is recorded; @calls are what answers them, and get what
 * does both; without memory, @solve->record is NULL */
void solve_record_calls(struct ost_solve *solve, struct ost_close_calls *calls);
void solve_record_free(struct ost_solve *solve);
/* around a look; then it is kept for the function in place of what was */
void solve_record_begin(struct ost_solve *solve);
void solve_record_end(struct ost_solve *solve, struct closely *closely);
void solve_record_drop(struct ost_solve *solve, struct closely *closely);
/* would a look come to the same as the last one? Tells the same again */
bool solve_record_same(struct ost_solve *solve, struct closely *closely);

/* solve_field.c: have all functions of an object looked at in which something is that far from a
 * register; @bytes: how long the field is */
void solve_want_field_users(struct ost_solve *solve, uint32_t member, int64_t distance,
			    unsigned int bytes);
void solve_free_fields(struct ost_solve *solve);

/* solve_guess.c: an answer of the processor's goes into a struct, or what is chosen under @cond */
void solve_keep_answer(struct ost_solve *solve, uint32_t member, ost_value value, ost_cond cond);
/* begin with the functions that are taken to look at such answers */
void solve_guess(struct ost_solve *solve);
/* what one of them loads from a struct, or got as an argument: the answer, if nothing else is known
 */
ost_value solve_guessed(struct ost_solve *solve, unsigned int bytes);
ost_value solve_guessed_argument(struct ost_solve *solve);

/* solve_reach.c */
int solve_reach(struct ost_solve *solve);

#endif
