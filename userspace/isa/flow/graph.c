// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/graph.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isa/feature_set.h"
#include "isa/flow/graph_state.h"

/* Bytes of code decoded per object, when the caller doesn't say. */
#define CODE_BYTES_DEFAULT (512ull << 20)

/*
 * Bytes of code for one ref and one use that is kept. Compilers make a ref of 20 to 50 bytes, and
 * code that is nothing but vectors a use of 7; what is made to cost memory has one of 2. In small
 * objects there may be as many as there are.
 */
#define CODE_PER_REF 12
#define CODE_PER_USE 6
#define KEPT_ALWAYS  65536ull

/* Bytes of one block of the arena; what is larger gets a block of its own. */
#define BLOCK_SIZE (256u << 10)

struct graph_block {
	struct graph_block *next;
	size_t used, size;
	_Alignas(16) uint8_t bytes[];
};

bool ost_graph_grow(struct ost_graph *graph, void **array, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 64;
	void *moved;

	if (count < *room)
		return true;
	moved = reallocarray(*array, more, size);
	if (!moved) {
		graph->no_memory = true;
		return false;
	}
	*array = moved;
	*room = more;
	return true;
}

void *ost_graph_alloc(struct ost_graph *graph, size_t size)
{
	struct graph_block *block = graph->blocks;
	size_t want = (size + 15) & ~(size_t)15;
	void *memory;

	if (!block || block->size - block->used < want) {
		size_t room = want > BLOCK_SIZE / 4 ? want : BLOCK_SIZE;

		block = malloc(sizeof(*block) + room);
		if (!block) {
			graph->no_memory = true;
			return NULL;
		}
		block->used = 0;
		block->size = room;
		if (room == want && graph->blocks) {
			/* the block in use stays the first, it has room left */
			block->next = graph->blocks->next;
			graph->blocks->next = block;
		} else {
			block->next = graph->blocks;
			graph->blocks = block;
		}
	}
	memory = block->bytes + block->used;
	block->used += want;
	return memory;
}

static uint64_t most_of(uint64_t told, uint64_t code_bytes, unsigned int each)
{
	if (told)
		return told;
	return code_bytes / each > KEPT_ALWAYS ? code_bytes / each : KEPT_ALWAYS;
}

static void set_budgets(const struct ost_graph *graph, struct graph_member *member)
{
	uint64_t code_bytes = 0;

	for (size_t i = 0; i < member->code_count; i++)
		code_bytes += member->code[i].readable;
	member->refs_max = most_of(graph->budget.refs, code_bytes, CODE_PER_REF);
	member->uses_max = most_of(graph->budget.uses, code_bytes, CODE_PER_USE);
	if (member->refs_max > GRAPH_REFS_MAX)
		member->refs_max = GRAPH_REFS_MAX;
}

struct ost_graph *ost_graph_new(const struct ost_program *program,
				const struct ost_graph_budget *budget)
{
	struct ost_graph *graph = calloc(1, sizeof(*graph));

	if (!graph)
		return NULL;
	graph->program = program;
	if (budget)
		graph->budget = *budget;
	if (!graph->budget.code_bytes)
		graph->budget.code_bytes = CODE_BYTES_DEFAULT;
	for (unsigned int need = 1; need < ost_quick_needs() && need < 256; need++)
		graph->matters[need] = !ost_feature_set_empty(ost_quick_set(need));
	graph->members = calloc(program->count, sizeof(*graph->members));
	if (!graph->members)
		goto err;
	for (size_t i = 0; i < program->count; i++) {
		graph->members[i].object = program->members[i].object;
		graph->members[i].index = i;
		if (ost_graph_member_fill(graph, &graph->members[i]))
			goto err;
		set_budgets(graph, &graph->members[i]);
	}
	return graph;

err:
	ost_graph_free(graph);
	return NULL;
}

void ost_graph_free(struct ost_graph *graph)
{
	if (!graph)
		return;
	for (size_t i = 0; graph->members && i < graph->program->count; i++)
		ost_graph_member_free(&graph->members[i]);
	while (graph->blocks) {
		struct graph_block *block = graph->blocks;

		graph->blocks = block->next;
		free(block);
	}
	free(graph->members);
	free(graph->functions);
	free(graph->refs);
	free(graph->uses);
	free(graph->queue);
	free(graph->data);
	free(graph->aliases);
	free(graph->marks);
	free(graph);
}

const struct ost_program *ost_graph_program(const struct ost_graph *graph)
{
	return graph->program;
}

size_t ost_graph_count(const struct ost_graph *graph)
{
	return graph->function_count;
}

struct ost_function *ost_graph_get(const struct ost_graph *graph, size_t index)
{
	return index < graph->function_count ? graph->functions[index] : NULL;
}

void ost_graph_stats(const struct ost_graph *graph, struct ost_graph_stats *stats)
{
	*stats = graph->stats;
	stats->functions = graph->function_count;
}
