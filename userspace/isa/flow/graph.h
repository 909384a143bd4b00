/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_GRAPH_H
#define OST_ISA_GRAPH_H

#include "isa/program/program.h"
#include "isa/quick/quick.h"

/*
 * The functions of a program that can be reached at all, what each refers to, and which of their
 * instructions need a feature: one pass of the quick decoder over each function, on demand.
 */

/** enum ost_ref_kind - how code refers to an address */
enum ost_ref_kind {
	OST_REF_CALL,	   /* call rel */
	OST_REF_JUMP,	   /* jmp or jcc out of the function */
	OST_REF_CODE,	   /* takes the address of code: lea, or an immediate in fixed code */
	OST_REF_DATA,	   /* takes the address of data */
	OST_REF_LOAD,	   /* reads or writes memory at an address (also jmp *[slot]) */
	OST_REF_CALL_SLOT, /* call *[slot] */
};

struct ost_ref {
	uint64_t site;	 /* address of the instruction */
	uint64_t target; /* address in the same object */
	uint8_t kind;	 /* enum ost_ref_kind */
};

/** struct ost_use - an instruction that needs more than x86-64-v1 */
struct ost_use {
	uint64_t site;
	uint8_t need; /* ost_quick_rule() */
};

/** What a function's code contains; bits of struct ost_function.traits. */
#define OST_TRAIT_CPUID	    (1u << 0)
#define OST_TRAIT_XGETBV    (1u << 1)
#define OST_TRAIT_RETURNS   (1u << 2) /* has a ret or an indirect jump */
#define OST_TRAIT_TOO_LARGE (1u << 3) /* not decoded to its end: a budget was spent */
#define OST_TRAIT_BROKEN    (1u << 4) /* has bytes that are no instruction */
#define OST_TRAIT_RESOLVER  (1u << 5) /* the loader calls it to choose a function (IFUNC) */
#define OST_TRAIT_MAIN	    (1u << 7) /* the entry passes it on: main(), or init() and fini() */
#define OST_TRAIT_NO_RETURN (1u << 6) /* by its name, or all that it can end in doesn't return */

/** struct ost_function - a piece of code with one way in */
struct ost_function {
	uint64_t start, end;
	uint32_t member;      /* of the program */
	uint32_t traits;      /* OST_TRAIT_* */
	bool decoded, exact;  /* @exact: its end is known from unwind information or a symbol */
	const char *name;     /* NULL: none known */
	struct ost_ref *refs; /* by site */
	struct ost_use *uses; /* by site */
	uint32_t ref_count, use_count;
	uint32_t index; /* in the graph */
};

/** struct ost_place - an address in a member of the program */
struct ost_place {
	uint32_t member;
	uint64_t address;
};

/** struct ost_target - what a reference leads to once the loader is done */
struct ost_target {
	bool known;
	bool ifunc; /* @place is the resolver */
	struct ost_place place;
	const char *symbol; /* name that was looked up, or NULL */
};

/** struct ost_graph_budget - what may be spent; 0 = the default */
struct ost_graph_budget {
	uint64_t code_bytes; /* decoded per object; default 512 MiB */
	uint64_t refs;	     /* kept per object; default one for 12 bytes of its code */
	uint64_t uses;	     /* the same; default one for 6 bytes */
};

struct ost_graph; /* private, with the accessors below */

/** ost_graph_new() - of a program that outlives it; NULL without memory */
struct ost_graph *ost_graph_new(const struct ost_program *program,
				const struct ost_graph_budget *budget);
void ost_graph_free(struct ost_graph *graph);
const struct ost_program *ost_graph_program(const struct ost_graph *graph);

/**
 * ost_graph_function() - the function that begins at or contains an address, made if there is none
 *
 * Boundaries come from unwind information, then from symbols, else from decoding up to the last
 * instruction that is reached.
 *
 * Return: NULL when there is no code.
 */
struct ost_function *ost_graph_function(struct ost_graph *graph, struct ost_place place);

/** ost_graph_decode() - fill refs, uses and traits once; 0, -ENOMEM, or -E2BIG: budget spent */
int ost_graph_decode(struct ost_graph *graph, struct ost_function *function);

/**
 * ost_graph_slot() - what the loader will have written to an 8-byte slot, or what the file has
 *
 * The file's own number is taken for a pointer only in the data of an object at a fixed address,
 * where it is that of a function's start or of data. In a variable that the loader copies out of a
 * library, the library's slot tells.
 */
struct ost_target ost_graph_slot(struct ost_graph *graph, struct ost_place slot);

/**
 * ost_graph_pointers() - all slots in [@from, @end) of one member that have something to tell
 * @each: @target is what ost_graph_slot() says of @slot
 */
void ost_graph_pointers(struct ost_graph *graph, struct ost_place from, uint64_t end,
			void (*each)(void *context, struct ost_place slot,
				     const struct ost_target *target),
			void *context);

/**
 * ost_graph_code() - where a call or jump to an address really leads
 *
 * Through a PLT entry, if it is one; not known when that leads nowhere, and where there is no code.
 */
struct ost_target ost_graph_code(struct ost_graph *graph, struct ost_place place);

/** ost_graph_is_code() - is this code rather than data? By sections where there are any */
bool ost_graph_is_code(struct ost_graph *graph, struct ost_place place);

/** ost_graph_may_be_called() - and does it look like code, not like data that lies among it? */
bool ost_graph_may_be_called(struct ost_graph *graph, struct ost_place place);

/**
 * ost_graph_object_end() - how far the variable at an address may reach
 *
 * Up to the end of its symbol, else up to the next address that code takes, a symbol has or a
 * pointer in data has, else the end of its section or segment. Wants all reachable functions
 * decoded.
 */
uint64_t ost_graph_object_end(struct ost_graph *graph, struct ost_place place);

/**
 * ost_graph_virtual() - is this a virtual table, or where objects point to in one?
 * @place: an address that code takes; gets where the pointers to functions begin
 * @end: gets where they end
 *
 * By its symbol, or by the type information that it has a pointer to. Wants all reachable functions
 * decoded.
 */
bool ost_graph_virtual(struct ost_graph *graph, struct ost_place *place, uint64_t *end);

/** ost_graph_count(), ost_graph_get() - all functions made so far, by index */
size_t ost_graph_count(const struct ost_graph *graph);
struct ost_function *ost_graph_get(const struct ost_graph *graph, size_t index);

/**
 * ost_graph_roots() - what runs without being called by the program's code
 * @each: called with the entry of the program and of the interpreter, initialisers and finalisers
 *	of every member, resolvers of IFUNCs (@resolver), and, of members that are dlopened and of a
 *	program that is a library, every function and every variable that others can see
 */
void ost_graph_roots(struct ost_graph *graph,
		     void (*each)(void *context, struct ost_place place, bool resolver),
		     void *context);

/**
 * ost_graph_reach() - decode everything that any edge leads to from the roots
 *
 * Edges: all kinds of references, relocations of all data that are referred to, resolvers.
 *
 * Return: 0 or -ENOMEM. What a budget cut short is marked OST_TRAIT_TOO_LARGE.
 */
int ost_graph_reach(struct ost_graph *graph);

/**
 * ost_graph_readers() - functions that refer to a range of addresses, after ost_graph_reach()
 * @each: called once per reference, with the function
 *
 * Also those that get the address from a slot that the loader fills with it, of whichever member,
 * and those through PLT entries: then that is the target of the reference.
 */
void ost_graph_readers(struct ost_graph *graph, struct ost_place from, uint64_t size,
		       void (*each)(void *context, struct ost_function *function,
				    const struct ost_ref *ref),
		       void *context);

/** ost_graph_callers() - functions that refer to a function's start, in the same ways */
void ost_graph_callers(struct ost_graph *graph, const struct ost_function *function,
		       void (*each)(void *context, struct ost_function *caller,
				    const struct ost_ref *ref),
		       void *context);

/**
 * ost_graph_is_data() - is what stands there data between instructions?
 * @function: that it is in, after ost_graph_reach()
 *
 * True only where no way leads to it and the function takes its address or something reads it. Goes
 * through the function when another one was asked about last.
 */
bool ost_graph_is_data(struct ost_graph *graph, const struct ost_function *function, uint64_t site);

/** struct ost_graph_stats - what was done */
struct ost_graph_stats {
	uint64_t code_bytes; /* decoded */
	uint64_t instructions;
	uint64_t refs, uses;
	size_t functions, too_large;
};

void ost_graph_stats(const struct ost_graph *graph, struct ost_graph_stats *stats);

#endif
