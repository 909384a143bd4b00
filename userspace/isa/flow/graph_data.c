// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/graph_state.h"

#include <stdlib.h>

/*
 * Data between instructions: a function jumps over it, or returns before it, and takes its address
 * or reads it. What a function leads to by itself is followed here from its start and from where
 * others jump into it. With a jump that isn't known where it goes, nothing is said.
 */

/** Largest function that is looked through: bytes. */
#define DATA_FUNCTION_MAX (64u << 10)

#define REACHED 1 /* an instruction of the function's, each byte of it */
#define QUEUED	2 /* an instruction begins there that was not looked at yet */
#define NAMED	4 /* its address is taken, or it is read */
#define DATA	8 /* between code, and named, there or before */

struct follow {
	struct ost_graph *graph;
	bool names; /* something in it is referred to as data may be */
	const struct ost_function *function;
	const uint8_t *bytes;
	uint8_t *marks; /* per byte of the function */
	uint64_t size, readable;
	uint32_t *todo; /* where instructions begin, as distances; each once */
	uint32_t todo_count;
	bool anywhere; /* it may jump to wherever it likes */
};

static void go_to(struct follow *follow, uint64_t address)
{
	uint64_t at = address - follow->function->start;

	if (at >= follow->size || follow->marks[at] & QUEUED)
		return;
	follow->marks[at] |= QUEUED;
	follow->todo[follow->todo_count++] = at;
}

static bool is_name(const struct follow *follow, const struct ost_function *from,
		    const struct ost_ref *ref)
{
	return ref->kind == OST_REF_LOAD ||
	       (from == follow->function &&
		(ref->kind == OST_REF_CODE || ref->kind == OST_REF_DATA));
}

static void see_name(void *context, struct ost_function *from, const struct ost_ref *ref)
{
	struct follow *follow = context;

	follow->names |= is_name(follow, from, ref);
}

static void see_ref(void *context, struct ost_function *from, const struct ost_ref *ref)
{
	struct follow *follow = context;
	uint64_t at = ref->target - follow->function->start;

	if (at >= follow->size)
		return;
	if (is_name(follow, from, ref))
		follow->marks[at] |= NAMED;
	/* its own jumps are followed from where they are reached */
	else if (from != follow->function)
		go_to(follow, ref->target);
}

/* One instruction, and where it leads: false when it doesn't go on. */
static bool step(struct follow *follow, uint64_t at, struct ost_quick *insn)
{
	uint64_t next = follow->function->start + at + insn->length;

	switch (insn->flow) {
	case OST_FLOW_CALL:
	case OST_FLOW_BRANCH:
		go_to(follow, next + insn->target);
		return true;
	case OST_FLOW_JUMP:
		go_to(follow, next + insn->target);
		return false;
	case OST_FLOW_JUMP_INDIRECT:
		follow->anywhere |= !insn->rip;
		return false;
	case OST_FLOW_RETURN:
	case OST_FLOW_STOP:
		return false;
	default:
		return true;
	}
}

static void run(struct follow *follow, uint64_t at)
{
	struct ost_quick insn;

	while (at < follow->size && at + OST_QUICK_PAD <= follow->readable && !follow->anywhere) {
		if (!ost_quick_decode(follow->bytes + at, &insn))
			return;
		for (unsigned int i = 0; i < insn.length && at + i < follow->size; i++)
			follow->marks[at + i] |= REACHED;
		if (!step(follow, at, &insn))
			return;
		at += insn.length;
		if (at < follow->size && follow->marks[at] & QUEUED)
			return;
	}
	/* too near to the end of the object's code to be read: taken for code */
	for (; at < follow->size; at++)
		follow->marks[at] |= REACHED;
}

static bool prepare(struct follow *follow)
{
	struct graph_member *member = &follow->graph->members[follow->function->member];
	struct graph_code *code = graph_code_of(member, follow->function->start);
	uint64_t before = follow->function->start - code->start;

	follow->size = follow->function->end - follow->function->start;
	if (!follow->function->exact || follow->size > DATA_FUNCTION_MAX ||
	    before + follow->size > code->readable)
		return false;
	follow->bytes = code->bytes + before;
	follow->readable = code->readable - before;
	follow->marks = calloc(follow->size, 1);
	follow->todo = malloc(follow->size * sizeof(*follow->todo));
	return follow->marks && follow->todo;
}

/* What isn't reached is data from the first name on that is in it. */
static void mark_data(struct follow *follow)
{
	bool data = false;

	for (uint64_t at = 0; at < follow->size; at++) {
		data = !(follow->marks[at] & REACHED) && (data || follow->marks[at] & NAMED);
		if (data)
			follow->marks[at] |= DATA;
	}
}

/* The marks of a function, or NULL: none of it is data, as far as is known. */
static uint8_t *marks_of(struct ost_graph *graph, const struct ost_function *function)
{
	struct follow follow = {.graph = graph, .function = function};
	struct ost_place place = {function->member, function->start};

	/* hardly ever, and quick to see */
	ost_graph_readers(graph, (struct ost_place){place.member, place.address + 1},
			  function->end - function->start - 1, see_name, &follow);
	if (follow.names && prepare(&follow)) {
		go_to(&follow, function->start);
		ost_graph_readers(graph, place, follow.size, see_ref, &follow);
		while (follow.todo_count && !follow.anywhere)
			run(&follow, follow.todo[--follow.todo_count]);
		mark_data(&follow);
	} else {
		follow.anywhere = true;
	}
	free(follow.todo);
	if (!follow.anywhere)
		return follow.marks;
	free(follow.marks);
	return NULL;
}

bool ost_graph_is_data(struct ost_graph *graph, const struct ost_function *function, uint64_t site)
{
	/* asked of a function for many of its instructions in a row */
	if (graph->marks_of != function) {
		free(graph->marks);
		graph->marks = marks_of(graph, function);
		graph->marks_of = function;
	}
	return graph->marks && site - function->start < function->end - function->start &&
	       graph->marks[site - function->start] & DATA;
}
