// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/graph_state.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Compilers and assemblers align functions at least so when they leave padding; bytes. */
#define FUNCTION_ALIGNMENT 16

/* An entry of a procedure linkage table: for ost_graph_code(), which says where it leads. */
static bool is_linkage(struct graph_member *member, uint64_t address)
{
	const struct ost_object *object = member->object;
	const struct ost_section *section = ost_object_section(object, address);
	struct graph_code *code = graph_code_of(member, address);
	const uint8_t *p;

	if (section && section->name)
		return !strncmp(section->name, ".plt", 4) || !strncmp(section->name, ".iplt", 5);
	if (!code || code->end - address < 16)
		return false;
	p = code->bytes + (address - code->start);
	if (p[0] == 0xf3 && p[1] == 0x0f && p[2] == 0x1e && p[3] == 0xfa)
		p += 4;
	if (p[0] == 0xf2)
		p++;
	/* push or jmp through a slot: entry 0, or any other */
	return p[0] == 0xff && (p[1] == 0x35 || p[1] == 0x25);
}

static bool is_function_symbol(const struct ost_symbol *symbol)
{
	return symbol->type == STT_FUNC || symbol->type == STT_GNU_IFUNC ||
	       (symbol->type == STT_NOTYPE && symbol->size);
}

static size_t ranges_take(struct graph_member *member, struct graph_bound *bounds)
{
	const struct ost_object *object = member->object;
	size_t count = 0;

	for (size_t i = 0; i < object->function_count; i++) {
		struct ost_range range = object->functions[i];
		struct graph_code *code = graph_code_of(member, range.start);

		if (!code || range.end <= range.start)
			continue;
		if (range.end > code->end)
			range.end = code->end;
		if (count && range.start < bounds[count - 1].end)
			continue;
		bounds[count++] = (struct graph_bound){.start = range.start, .end = range.end};
	}
	return count;
}

/* A symbol that no unwind range contains; one inside the one before it names a part of that. */
static size_t symbol_take(struct graph_member *member, struct graph_bound *bounds, size_t count,
			  const struct ost_symbol *symbol)
{
	struct graph_code *code = graph_code_of(member, symbol->address);
	struct graph_bound *last = count ? &bounds[count - 1] : NULL;
	uint64_t end = symbol->size ? symbol->address + symbol->size : 0;

	if (!code || is_linkage(member, symbol->address))
		return count;
	if (end > code->end || end < symbol->address)
		end = 0;
	if (last && last->start == symbol->address) {
		if (end > last->end)
			last->end = end;
		return count;
	}
	if (last && symbol->address < last->end) {
		if (end <= last->end)
			return count;
		last->end = 0;
	}
	bounds[count] = (struct graph_bound){.start = symbol->address, .end = end};
	return count + 1;
}

static size_t symbols_take(struct graph_member *member, const struct graph_bound *ranges,
			   size_t range_count, struct graph_bound *bounds)
{
	const struct ost_object *object = member->object;
	size_t count = 0, r = 0;

	for (size_t i = 0; i < object->symbol_count; i++) {
		const struct ost_symbol *symbol = &object->symbols[i];

		if (!is_function_symbol(symbol))
			continue;
		while (r < range_count && ranges[r].end <= symbol->address)
			r++;
		if (r == range_count || symbol->address < ranges[r].start)
			count = symbol_take(member, bounds, count, symbol);
	}
	return count;
}

/* Unwind ranges win over symbols that overlap them. */
static void merge(struct graph_member *member, const struct graph_bound *ranges, size_t range_count,
		  const struct graph_bound *symbols, size_t symbol_count)
{
	struct graph_bound *bounds = member->bounds;
	size_t count = 0, r = 0, s = 0;

	while (r < range_count || s < symbol_count) {
		bool range = s == symbol_count ||
			     (r < range_count && ranges[r].start <= symbols[s].start);
		const struct graph_bound *next = range ? &ranges[r++] : &symbols[s++];

		if (count && bounds[count - 1].end > next->start)
			bounds[count - 1].end = 0;
		bounds[count++] = *next;
	}
	member->bound_count = count;
}

static int name_rank(const struct ost_symbol *symbol)
{
	return (symbol->type != STT_NOTYPE) * 4 + (symbol->bind == STB_GLOBAL) * 2 +
	       (symbol->bind == STB_WEAK);
}

static void bounds_name(struct graph_member *member)
{
	const struct ost_object *object = member->object;
	size_t s = 0;

	for (size_t i = 0; i < member->bound_count; i++) {
		struct graph_bound *bound = &member->bounds[i];
		int best = -1;

		while (s < object->symbol_count && object->symbols[s].address < bound->start)
			s++;
		for (; s < object->symbol_count && object->symbols[s].address == bound->start;
		     s++) {
			const struct ost_symbol *symbol = &object->symbols[s];

			if (symbol->type == STT_TLS || symbol->type == STT_OBJECT ||
			    name_rank(symbol) <= best)
				continue;
			best = name_rank(symbol);
			bound->symbol = s + 1;
		}
	}
}

int ost_graph_bounds_fill(struct graph_member *member)
{
	const struct ost_object *object = member->object;
	struct graph_bound *ranges, *symbols;
	size_t range_count, symbol_count;
	int err = -ENOMEM;

	ranges = calloc(object->function_count + 1, sizeof(*ranges));
	symbols = calloc(object->symbol_count + 1, sizeof(*symbols));
	if (!ranges || !symbols)
		goto out;
	range_count = ranges_take(member, ranges);
	symbol_count = symbols_take(member, ranges, range_count, symbols);
	member->bounds = calloc(range_count + symbol_count + 1, sizeof(*member->bounds));
	if (!member->bounds)
		goto out;
	merge(member, ranges, range_count, symbols, symbol_count);
	bounds_name(member);
	err = 0;
out:
	free(ranges);
	free(symbols);
	return err;
}

struct graph_bound *ost_graph_bound_of(struct graph_member *member, uint64_t address)
{
	size_t low = 0, high = member->bound_count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (member->bounds[mid].start <= address)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? &member->bounds[low - 1] : NULL;
}

bool ost_graph_is_start(struct graph_member *member, uint64_t address)
{
	struct graph_bound *bound = ost_graph_bound_of(member, address);

	if (bound && bound->start == address)
		return true;
	if (bound && address < bound->end)
		return false;
	return address % FUNCTION_ALIGNMENT == 0 && ost_graph_plausible(member, address);
}

uint64_t ost_graph_limit(struct graph_member *member, uint64_t start)
{
	struct graph_code *code = graph_code_of(member, start);
	struct graph_bound *bound = ost_graph_bound_of(member, start);
	struct graph_bound *next = bound ? bound + 1 : member->bounds;
	uint64_t limit = code ? code->end : start;

	if (next < member->bounds + member->bound_count && next->start < limit)
		limit = next->start;
	return limit;
}
