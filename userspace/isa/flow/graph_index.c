// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/graph_state.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define DIGIT_BITS 11
#define DIGITS	   (1u << DIGIT_BITS)

/* By the target's part of the keys; what has the same target stays in the order of decoding. */
static uint64_t *keys_sort(uint64_t *keys, uint64_t *spare, size_t count, uint64_t most)
{
	for (unsigned int shift = GRAPH_ID_BITS; shift < 64 && most >> shift; shift += DIGIT_BITS) {
		size_t at[DIGITS] = {0}, sum = 0;
		uint64_t *swap = keys;

		for (size_t i = 0; i < count; i++)
			at[keys[i] >> shift & (DIGITS - 1)]++;
		for (size_t d = 0; d < DIGITS; d++) {
			size_t here = at[d];

			at[d] = sum;
			sum += here;
		}
		for (size_t i = 0; i < count; i++)
			spare[at[keys[i] >> shift & (DIGITS - 1)]++] = keys[i];
		keys = spare;
		spare = swap;
	}
	return keys;
}

static void index_build(struct ost_graph *graph, struct graph_member *member)
{
	uint64_t *keys, *spare, most = 0;
	size_t count = 0;

	if (member->indexed)
		return;
	member->indexed = true;
	keys = malloc((member->ref_count + 1) * sizeof(*keys));
	spare = malloc((member->ref_count + 1) * sizeof(*spare));
	if (!keys || !spare) {
		free(keys);
		free(spare);
		graph->no_memory = true;
		return;
	}
	for (size_t b = 0; b < member->batch_count; b++) {
		const struct graph_batch *batch = &member->batches[b];
		const struct ost_function *function = graph->functions[batch->function];

		for (uint32_t i = 0; i < function->ref_count; i++) {
			uint64_t distance = function->refs[i].target - member->low;

			/* further than any code reaches: no address of an object of this size */
			if (distance >= GRAPH_DISTANCE_MAX)
				continue;
			keys[count] = distance << GRAPH_ID_BITS | (batch->first + i);
			if (keys[count] > most)
				most = keys[count];
			count++;
		}
	}
	member->index_keys = keys_sort(keys, spare, count, most);
	member->index_count = count;
	free(member->index_keys == keys ? spare : keys);
}

/* The function and the ref that a key is of. */
static struct ost_function *key_open(struct ost_graph *graph, const struct graph_member *member,
				     uint64_t key, const struct ost_ref **ref)
{
	uint32_t number = key & GRAPH_REFS_MAX;
	size_t low = 0, high = member->batch_count;
	struct ost_function *function;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (member->batches[mid].first <= number)
			low = mid + 1;
		else
			high = mid;
	}
	function = graph->functions[member->batches[low - 1].function];
	*ref = &function->refs[number - member->batches[low - 1].first];
	return function;
}

typedef void (*each_ref)(void *context, struct ost_function *function, const struct ost_ref *ref);

static void refs_between(struct ost_graph *graph, struct ost_place from, uint64_t size,
			 each_ref each, void *context)
{
	struct graph_member *member = &graph->members[from.member];
	uint64_t start = from.address - member->low, end = start + size;
	size_t low = 0, high;

	index_build(graph, member);
	if (from.address < member->low || start >= GRAPH_DISTANCE_MAX)
		return;
	if (end > GRAPH_DISTANCE_MAX || end < start)
		end = GRAPH_DISTANCE_MAX;
	high = member->index_count;
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (member->index_keys[mid] >> GRAPH_ID_BITS < start)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < member->index_count && member->index_keys[low] >> GRAPH_ID_BITS < end; low++) {
		const struct ost_ref *ref;
		struct ost_function *function =
			key_open(graph, member, member->index_keys[low], &ref);

		each(context, function, ref);
	}
}

static int place_order(struct ost_place a, struct ost_place b)
{
	if (a.member != b.member)
		return a.member < b.member ? -1 : 1;
	return a.address < b.address ? -1 : a.address > b.address;
}

static int alias_order(const void *a, const void *b)
{
	const struct graph_alias *x = a, *y = b;
	int order = place_order(x->target, y->target);

	return order ? order : place_order(x->place, y->place);
}

static void aliases_sort(struct ost_graph *graph)
{
	if (graph->aliases_sorted)
		return;
	if (graph->alias_count)
		qsort(graph->aliases, graph->alias_count, sizeof(*graph->aliases), alias_order);
	graph->aliases_sorted = true;
}

/* References to slots and linkage entries that stand for the range. */
static void refs_through(struct ost_graph *graph, struct ost_place from, uint64_t size,
			 each_ref each, void *context)
{
	size_t low = 0, high = graph->alias_count;

	aliases_sort(graph);
	while (low < high) {
		size_t mid = (low + high) / 2;

		if (place_order(graph->aliases[mid].target, from) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < graph->alias_count; low++) {
		const struct graph_alias *alias = &graph->aliases[low];

		if (alias->target.member != from.member ||
		    alias->target.address - from.address >= size)
			break;
		refs_between(graph, alias->place, 1, each, context);
	}
}

void ost_graph_readers(struct ost_graph *graph, struct ost_place from, uint64_t size,
		       void (*each)(void *context, struct ost_function *function,
				    const struct ost_ref *ref),
		       void *context)
{
	if (from.member >= graph->program->count)
		return;
	refs_between(graph, from, size, each, context);
	refs_through(graph, from, size, each, context);
}

void ost_graph_callers(struct ost_graph *graph, const struct ost_function *function,
		       void (*each)(void *context, struct ost_function *caller,
				    const struct ost_ref *ref),
		       void *context)
{
	ost_graph_readers(graph, (struct ost_place){function->member, function->start}, 1, each,
			  context);
}

/* The next address after this one that something refers to, below the limit. */
static uint64_t next_anchor(const struct graph_span *span, uint64_t address, uint64_t limit)
{
	uint64_t at = address - span->start + 1, end = limit - span->start;

	while (at < end) {
		uint64_t word = span->anchors[at >> 6] >> (at & 63);

		if (word) {
			at += __builtin_ctzll(word);
			break;
		}
		at = (at | 63) + 1;
	}
	return at < end ? span->start + at : limit;
}

uint64_t ost_graph_object_end(struct ost_graph *graph, struct ost_place place)
{
	struct graph_member *member;
	const struct ost_section *section;
	const struct ost_symbol *symbol;
	struct graph_span *span;
	uint64_t limit;

	if (place.member >= graph->program->count)
		return place.address;
	member = &graph->members[place.member];
	span = graph_span_of(member, place.address);
	if (!span)
		return place.address;
	limit = span->end;
	section = ost_object_section(member->object, place.address);
	/* .tbss has addresses that other sections have, too */
	if (section && !(section->flags & SHF_TLS) && section->end > place.address &&
	    section->end < limit)
		limit = section->end;
	symbol = ost_object_symbol(member->object, place.address);
	if (symbol && symbol->type == STT_OBJECT &&
	    place.address - symbol->address < symbol->size) {
		uint64_t end = symbol->address + symbol->size;

		return end < limit ? end : limit;
	}
	return next_anchor(span, place.address, limit);
}
