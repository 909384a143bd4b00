// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/graph_state.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

/* Guessed functions that are kept in order apart from the others, which would be moved for each. */
#define GUESS_RECENT 1024

static size_t guess_slot(const struct graph_member *member, uint64_t start)
{
	size_t at = (start * 0x9e3779b97f4a7c15ull >> 32) & member->guess_mask;

	while (member->guess_hash[at] && member->guess_hash[at]->start != start)
		at = (at + 1) & member->guess_mask;
	return at;
}

bool ost_graph_is_guess(const struct graph_member *member, uint64_t address)
{
	return member->guess_hash && member->guess_hash[guess_slot(member, address)];
}

static bool guess_rehash(struct ost_graph *graph, struct graph_member *member)
{
	size_t buckets = member->guess_hash ? (member->guess_mask + 1) * 2 : 256;
	struct ost_function **hash = calloc(buckets, sizeof(*hash));

	if (!hash) {
		graph->no_memory = true;
		return false;
	}
	free(member->guess_hash);
	member->guess_hash = hash;
	member->guess_mask = buckets - 1;
	for (size_t i = 0; i < member->guessed_count; i++)
		hash[guess_slot(member, member->guessed[i]->start)] = member->guessed[i];
	return true;
}

/* The first of some guessed functions, by start, that begins behind an address. */
static size_t guess_after(struct ost_function *const *guessed, size_t count, uint64_t address)
{
	size_t low = 0;

	while (low < count) {
		size_t mid = (low + count) / 2;

		if (guessed[mid]->start <= address)
			low = mid + 1;
		else
			count = mid;
	}
	return low;
}

/* Both parts of the list are in order; from their ends, the larger one goes last. */
static void guess_merge(struct graph_member *member)
{
	struct ost_function *recent[GUESS_RECENT];
	size_t count = member->guessed_count - member->guessed_sorted, old = member->guessed_sorted;
	size_t at = member->guessed_count;

	memcpy(recent, member->guessed + old, count * sizeof(*recent));
	while (count)
		member->guessed[--at] =
			old && member->guessed[old - 1]->start > recent[count - 1]->start
				? member->guessed[--old]
				: recent[--count];
	member->guessed_sorted = member->guessed_count;
}

static bool guess_insert(struct ost_graph *graph, struct graph_member *member,
			 struct ost_function *function)
{
	struct ost_function **recent;
	size_t count, at;

	if (!ost_graph_grow(graph, (void **)&member->guessed, member->guessed_count,
			    &member->guessed_room, sizeof(*member->guessed)))
		return false;
	if (member->guessed_count - member->guessed_sorted == GUESS_RECENT)
		guess_merge(member);
	recent = member->guessed + member->guessed_sorted;
	count = member->guessed_count - member->guessed_sorted;
	at = guess_after(recent, count, function->start);
	memmove(recent + at + 1, recent + at, (count - at) * sizeof(*recent));
	recent[at] = function;
	member->guessed_count++;
	return true;
}

static struct ost_function *guess_in(struct ost_function *const *guessed, size_t count,
				     uint64_t address)
{
	size_t at = guess_after(guessed, count, address);

	return at && guessed[at - 1]->decoded && address < guessed[at - 1]->end ? guessed[at - 1]
										: NULL;
}

/* A guessed function whose decoded part contains the address. */
static struct ost_function *guess_around(struct graph_member *member, uint64_t address)
{
	struct ost_function *function = guess_in(member->guessed, member->guessed_sorted, address);

	if (function || !member->guessed)
		return function;
	return guess_in(member->guessed + member->guessed_sorted,
			member->guessed_count - member->guessed_sorted, address);
}

/* Any of the names at one address says that it never returns. */
static bool named_no_return(const struct ost_object *object, size_t symbol)
{
	uint64_t address = object->symbols[symbol].address;

	while (symbol && object->symbols[symbol - 1].address == address)
		symbol--;
	for (; symbol < object->symbol_count && object->symbols[symbol].address == address;
	     symbol++)
		if (ost_graph_no_return_name(object->symbols[symbol].name))
			return true;
	return false;
}

static struct ost_function *function_new(struct ost_graph *graph, struct graph_member *member,
					 uint64_t start, uint64_t end)
{
	struct ost_function *function;

	if (graph->function_count >= UINT32_MAX - 1 ||
	    !ost_graph_grow(graph, (void **)&graph->functions, graph->function_count,
			    &graph->function_room, sizeof(*graph->functions)))
		return NULL;
	function = ost_graph_alloc(graph, sizeof(*function));
	if (!function)
		return NULL;
	*function = (struct ost_function){
		.start = start,
		.end = end ? end : ost_graph_limit(member, start),
		.member = member->index,
		.exact = end != 0,
		.index = graph->function_count,
	};
	graph->functions[graph->function_count++] = function;
	return function;
}

static struct ost_function *bound_function(struct ost_graph *graph, struct graph_member *member,
					   struct graph_bound *bound)
{
	const struct ost_object *object = member->object;
	struct ost_function *function;

	if (bound->function)
		return graph->functions[bound->function - 1];
	function = function_new(graph, member, bound->start, bound->end);
	if (!function)
		return NULL;
	bound->function = function->index + 1;
	if (bound->symbol) {
		function->name = object->symbols[bound->symbol - 1].name;
		if (named_no_return(object, bound->symbol - 1))
			function->traits |= OST_TRAIT_NO_RETURN;
	}
	return function;
}

static struct ost_function *guess_function(struct ost_graph *graph, struct graph_member *member,
					   uint64_t start)
{
	const struct ost_symbol *symbol;
	struct ost_function *function;

	if ((!member->guess_hash || member->guessed_count * 2 > member->guess_mask) &&
	    !guess_rehash(graph, member))
		return NULL;
	if (member->guess_hash[guess_slot(member, start)])
		return member->guess_hash[guess_slot(member, start)];
	function = function_new(graph, member, start, 0);
	if (!function || !guess_insert(graph, member, function))
		return NULL;
	symbol = ost_object_symbol(member->object, start);
	if (symbol && symbol->address == start && symbol->type != STT_TLS)
		function->name = symbol->name;
	if (function->name && ost_graph_no_return_name(function->name))
		function->traits |= OST_TRAIT_NO_RETURN;
	member->guess_hash[guess_slot(member, start)] = function;
	return function;
}

/* The bound that an address belongs to: exactly, or as far as it was decoded. */
static struct graph_bound *bound_around(struct ost_graph *graph, struct graph_member *member,
					uint64_t address)
{
	struct graph_bound *bound = ost_graph_bound_of(member, address);
	const struct ost_function *function;

	if (!bound || bound->start == address || address < bound->end)
		return bound;
	if (bound->end || !bound->function)
		return NULL;
	function = graph->functions[bound->function - 1];
	return function->decoded && address < function->end ? bound : NULL;
}

static struct ost_function *find(struct ost_graph *graph, struct ost_place place, bool apart)
{
	struct graph_member *member = &graph->members[place.member];
	struct ost_function *function = NULL;
	struct graph_bound *bound;

	if (!graph_code_of(member, place.address))
		return NULL;
	bound = bound_around(graph, member, place.address);
	if (bound && (bound->end || bound->start == place.address || !apart))
		return bound_function(graph, member, bound);
	if (member->guess_hash)
		function = member->guess_hash[guess_slot(member, place.address)];
	if (!function && !apart)
		function = guess_around(member, place.address);
	return function ? function : guess_function(graph, member, place.address);
}

struct ost_function *ost_graph_function(struct ost_graph *graph, struct ost_place place)
{
	return place.member < graph->program->count ? find(graph, place, false) : NULL;
}

struct ost_function *ost_graph_function_from(struct ost_graph *graph, struct ost_place place)
{
	return find(graph, place, true);
}

struct ost_function *ost_graph_function_known(struct ost_graph *graph, struct ost_place place)
{
	struct graph_member *member = &graph->members[place.member];
	struct graph_bound *bound = ost_graph_bound_of(member, place.address);

	if (bound && bound->start == place.address)
		return bound->function ? graph->functions[bound->function - 1] : NULL;
	return member->guess_hash ? member->guess_hash[guess_slot(member, place.address)] : NULL;
}
