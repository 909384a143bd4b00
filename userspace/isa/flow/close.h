/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_CLOSE_H
#define OST_ISA_CLOSE_H

#include "isa/flow/graph.h"
#include "isa/flow/value.h"

/*
 * The close look at one function: its instructions are interpreted on values (value.h) along all
 * paths at once until nothing changes, so that for each of its blocks it is known which features
 * are there when it runs. What happens outside of the function is asked of and told to a caller.
 */

/**
 * A variable of each thread is where what __tls_get_addr() was given is, plus this, which no
 * address of a program has.
 */
#define OST_CLOSE_THREAD (1ull << 62)

/** struct ost_memory - where a load or store goes that isn't on the stack */
struct ost_memory {
	enum { OST_MEMORY_PLACE, OST_MEMORY_FIELD, OST_MEMORY_ARGUMENT } kind;
	struct ost_place place; /* PLACE; FIELD: .member is the object the code is in */
	int64_t distance;	/* FIELD and ARGUMENT: from where the base register points */
	unsigned int argument;	/* ARGUMENT: of which argument */
	unsigned int bytes;
	uint64_t site; /* the instruction that loads or stores */
};

/** enum ost_edge - how code leads on to other code */
enum ost_edge {
	OST_EDGE_CALL,
	OST_EDGE_JUMP,
	OST_EDGE_ADDRESS,  /* its address goes where it may be called from */
	OST_EDGE_DATA,	   /* the address of data goes there: all that these point to may be */
	OST_EDGE_RESOLVED, /* a resolver's answer */
};

/** struct ost_close_calls - what the close look asks and tells; all get @context */
/** How many arguments are followed: six in registers, the others on the stack ... */
#define OST_CLOSE_PASSED 12
/** ... and rax, r10, r11, in which assembler code that jumps on to its next part keeps answers. */
#define OST_CLOSE_ARGUMENTS 15

struct ost_close_calls {
	void *context;
	/* what may be in memory: OST_VALUE_ANY when nothing is known */
	ost_value (*load)(void *context, const struct ost_memory *memory);
	/* @cond is the block's; @value has its own besides */
	void (*store)(void *context, struct ost_function *function, const struct ost_memory *memory,
		      ost_value value, ost_cond cond);
	/*
	 * a call; @arguments are OST_CLOSE_ARGUMENTS. Return: what comes back in rax. @writes gets
	 * the number of a list of stores through arguments, which ost_close_write() applies one by
	 * one
	 */
	ost_value (*call)(void *context, struct ost_function *caller, struct ost_function *callee,
			  const ost_value *arguments, ost_cond cond);
	/* store number @at that the callee makes through an argument; false: there are no more */
	bool (*written)(void *context, struct ost_function *callee, unsigned int at,
			struct ost_memory *memory, ost_value *value);
	/* what the function returns in rax, and what is known where it does */
	void (*returns)(void *context, struct ost_function *function, ost_value value,
			ost_cond cond);
	/* value of an argument on entry, OST_VALUE_ANY when nothing is known */
	ost_value (*argument)(void *context, struct ost_function *function, unsigned int at);

	/* the rest only in the last pass, with what is final */
	void (*edge)(void *context, struct ost_function *function, uint64_t site,
		     struct ost_place to, ost_cond cond, enum ost_edge how);
	void (*block)(void *context, struct ost_function *function, uint64_t start, uint64_t end,
		      ost_cond cond);
	/* code at @site tests for @cond, and where it isn't met nothing returns */
	void (*refuses)(void *context, struct ost_function *function, uint64_t site,
			ost_cond before, ost_cond cond);
	/* an object is loaded: dlopen() gets the text at @name */
	void (*opens)(void *context, struct ost_place name, ost_cond cond);
	/* code at @site tests for @cond */
	void (*tests)(void *context, struct ost_function *function, uint64_t site, ost_cond cond);
};

struct ost_close;

/** ost_close_new() - NULL without memory */
struct ost_close *ost_close_new(struct ost_graph *graph, struct ost_values *values,
				const struct ost_close_calls *calls);
void ost_close_free(struct ost_close *close);

/** ost_close_followed() - is a function that asks the processor small enough to be looked at anew
 * for each of its callers? */
bool ost_close_followed(const struct ost_function *function);

/** ost_close_answer_used() - does anybody who calls it look at what it returns? */
bool ost_close_answer_used(struct ost_close *close, const struct ost_function *function);

/** ost_close_named() - the feature that a string names, blanks around it aside, or OST_FEATURE_NONE
 */
unsigned int ost_close_named(const struct ost_object *object, uint64_t address);

/** ost_close_sets_jump() - is this a name of setjmp() or sigsetjmp()? */
bool ost_close_sets_jump(const char *name);

/**
 * ost_close_look() - interpret a function
 * @last: the last pass: tell edges, blocks and tests too
 * @steps: budget, instructions interpreted; is lowered by what was spent
 *
 * Return: 0; -E2BIG when it is too large or the budget is spent: then nothing is known of it, and
 * it is to be taken as a function that was not looked at; -ENOMEM.
 */
int ost_close_look(struct ost_close *close, struct ost_function *function, bool last,
		   uint64_t *steps);

/**
 * ost_close_tell() - the last pass alone, after a look that would come to the same now
 *
 * As ost_close_look() with @last, which it does when what the look came to wasn't kept.
 */
int ost_close_tell(struct ost_close *close, struct ost_function *function, uint64_t *steps);

#endif
