// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/graph_state.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t *bits_new(uint64_t bits)
{
	return calloc(bits / 64 + 1, sizeof(uint64_t));
}

static int spans_fill(struct graph_member *member)
{
	const struct ost_object *object = member->object;

	member->spans = calloc(object->segment_count + 1, sizeof(*member->spans));
	if (!member->spans)
		return -ENOMEM;
	for (size_t i = 0; i < object->segment_count; i++) {
		const struct ost_segment *segment = &object->segments[i];
		struct graph_span *span = &member->spans[member->span_count];
		uint64_t covered = segment->end - segment->start;

		if (segment->end <= segment->start)
			continue;
		if (covered > segment->size && covered - segment->size > GRAPH_ZERO_COVERED)
			covered = segment->size + GRAPH_ZERO_COVERED;
		*span = (struct graph_span){
			.start = segment->start,
			.end = segment->start + covered,
			.bytes = segment->bytes,
			.size = segment->size,
			.seen = bits_new(covered),
			.anchors = bits_new(covered),
			.slots = bits_new(covered / 8),
			.followed = bits_new(covered / 8),
		};
		member->span_count++;
		if (!span->seen || !span->anchors || !span->slots || !span->followed)
			return -ENOMEM;
		if (member->span_count == 1)
			member->low = span->start;
		member->high = span->end;
	}
	return 0;
}

static void code_add(struct graph_member *member, const struct ost_segment *segment, uint64_t start,
		     uint64_t end)
{
	struct graph_code *code = &member->code[member->code_count];
	uint64_t file_end = segment->start + segment->size;

	if (start < segment->start)
		start = segment->start;
	if (end > file_end)
		end = file_end;
	if (start >= end)
		return;
	if (member->code_count && code[-1].end > start)
		start = code[-1].end;
	if (start >= end)
		return;
	*code = (struct graph_code){
		.start = start,
		.end = end,
		.bytes = segment->bytes + (start - segment->start),
		.readable = file_end - start,
	};
	member->code_count++;
}

static bool is_code_section(const struct ost_section *section)
{
	return section->flags & SHF_EXECINSTR && section->type != SHT_NOBITS &&
	       section->end > section->start;
}

/*
 * In an executable segment without sections everything may be code. With sections only the
 * executable ones are: older linkers put constants into the same segment. Sections that don't even
 * hold the entry are not believed.
 */
static int code_fill(struct graph_member *member)
{
	const struct ost_object *object = member->object;
	bool sections = false, entry = !object->entry || !object->section_count;

	for (size_t i = 0; i < object->section_count; i++) {
		const struct ost_section *section = &object->sections[i];

		if (!is_code_section(section))
			continue;
		sections = true;
		entry |= object->entry >= section->start && object->entry < section->end;
	}
	sections &= entry;
	member->code =
		calloc(object->segment_count + object->section_count + 1, sizeof(*member->code));
	if (!member->code)
		return -ENOMEM;
	for (size_t i = 0, s = 0; i < object->segment_count; i++) {
		const struct ost_segment *segment = &object->segments[i];

		if (!segment->execute || !segment->bytes)
			continue;
		if (!sections) {
			code_add(member, segment, segment->start, segment->end);
			continue;
		}
		while (s < object->section_count && object->sections[s].start < segment->start)
			s++;
		for (; s < object->section_count && object->sections[s].start < segment->end; s++)
			if (is_code_section(&object->sections[s]))
				code_add(member, segment, object->sections[s].start,
					 object->sections[s].end);
	}
	return 0;
}

static void anchor_set(struct graph_member *member, uint64_t address)
{
	struct graph_span *span;

	if (graph_code_of(member, address))
		return;
	span = graph_span_of(member, address);
	if (span)
		graph_bit_set(span->anchors, address - span->start);
}

static int relocs_fill(struct graph_member *member)
{
	const struct ost_object *object = member->object;

	if (object->reloc_count >= UINT32_MAX)
		return -E2BIG;
	member->next_reloc = malloc((object->reloc_count + 1) * sizeof(uint32_t));
	if (!member->next_reloc)
		return -ENOMEM;
	for (size_t i = 0; i <= object->reloc_count; i++)
		member->next_reloc[i] = i;
	for (size_t i = 0; i < object->reloc_count; i++) {
		const struct ost_reloc *reloc = &object->relocs[i];
		struct graph_span *span = graph_span_of(member, reloc->offset);

		if (span)
			graph_bit_set(span->slots, (reloc->offset - span->start) >> 3);
		if (reloc->type == R_X86_64_RELATIVE)
			anchor_set(member, reloc->addend);
		else if (reloc->type == R_X86_64_COPY)
			anchor_set(member, reloc->offset);
	}
	return 0;
}

static void symbols_anchor(struct graph_member *member)
{
	const struct ost_object *object = member->object;

	for (size_t i = 0; i < object->symbol_count; i++)
		if (object->symbols[i].type == STT_OBJECT)
			anchor_set(member, object->symbols[i].address);
}

/* Tables of the linker and the runtime: what looks like an address in them is none that code
 * follows. */
static bool has_words(const struct ost_section *section)
{
	static const char *const without[] = {
		".eh_frame", ".eh_frame_hdr",	   ".gcc_except_table", ".gopclntab",
		".interp",   ".note.gnu.property", ".comment",
	};

	if (section->flags & SHF_EXECINSTR)
		return false;
	if (section->type != SHT_PROGBITS && section->type != SHT_INIT_ARRAY &&
	    section->type != SHT_FINI_ARRAY && section->type != SHT_PREINIT_ARRAY)
		return false;
	for (size_t i = 0; section->name && i < sizeof(without) / sizeof(*without); i++)
		if (!strcmp(section->name, without[i]))
			return false;
	return true;
}

static bool is_word(struct graph_member *member, uint64_t value)
{
	if (value < member->low || value >= member->high)
		return false;
	return graph_code_of(member, value) ? ost_graph_is_start(member, value)
					    : graph_span_of(member, value) != NULL;
}

static int words_in(struct graph_member *member, size_t *room, uint64_t start, uint64_t end)
{
	struct graph_span *span = graph_span_of(member, start);

	if (!span)
		return 0;
	if (end > span->start + span->size)
		end = span->start + span->size;
	for (uint64_t at = (start + 7) & ~7ull; at + 8 <= end; at += 8) {
		uint64_t value;

		memcpy(&value, span->bytes + (at - span->start), 8);
		if (value - member->low >= member->high - member->low)
			continue;
		if (graph_bit(span->slots, (at - span->start) >> 3) || !is_word(member, value))
			continue;
		if (member->word_count == *room) {
			size_t more = *room ? *room * 2 : 1024;
			uint64_t *moved = reallocarray(member->words, more, sizeof(*moved));

			if (!moved)
				return -ENOMEM;
			member->words = moved;
			*room = more;
		}
		member->words[member->word_count++] = at;
		graph_bit_set(span->slots, (at - span->start) >> 3);
		anchor_set(member, value);
	}
	return 0;
}

int ost_graph_words_fill(struct graph_member *member)
{
	const struct ost_object *object = member->object;
	size_t room = 0;
	int err = 0;

	for (size_t i = 0; !err && object->section_count && i < object->section_count; i++)
		if (has_words(&object->sections[i]))
			err = words_in(member, &room, object->sections[i].start,
				       object->sections[i].end);
	for (size_t i = 0; !err && !object->section_count && i < object->segment_count; i++)
		if (!object->segments[i].execute)
			err = words_in(member, &room, object->segments[i].start,
				       object->segments[i].end);
	if (err || member->word_count >= UINT32_MAX)
		return err ? err : -E2BIG;
	member->next_word = malloc((member->word_count + 1) * sizeof(uint32_t));
	if (!member->next_word)
		return -ENOMEM;
	for (size_t i = 0; i <= member->word_count; i++)
		member->next_word[i] = i;
	return 0;
}

static int copy_name_order(const void *a, const void *b)
{
	const struct graph_copy *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static int copy_order(const void *a, const void *b)
{
	const struct graph_copy *x = a, *y = b;

	return x->start < y->start ? -1 : x->start > y->start;
}

static uint64_t copy_size(const struct ost_object *object, const struct ost_reloc *reloc)
{
	const struct ost_symbol *symbol = ost_object_symbol(object, reloc->offset);

	return symbol && symbol->address == reloc->offset && symbol->size ? symbol->size : 8;
}

int ost_graph_copies_fill(struct ost_graph *graph, struct graph_member *member)
{
	const struct ost_object *object = member->object;
	size_t count = 0;

	for (size_t i = 0; i < object->reloc_count; i++)
		count += object->relocs[i].type == R_X86_64_COPY && object->relocs[i].symbol;
	if (!count)
		return 0;
	member->copies = calloc(count, sizeof(*member->copies));
	if (!member->copies)
		return -ENOMEM;
	for (size_t i = 0; i < object->reloc_count; i++) {
		const struct ost_reloc *reloc = &object->relocs[i];

		if (reloc->type == R_X86_64_COPY && reloc->symbol)
			member->copies[member->copy_count++] = (struct graph_copy){
				.start = reloc->offset,
				.name = reloc->symbol,
				.end = reloc->offset + copy_size(object, reloc),
			};
	}
	qsort(member->copies, count, sizeof(*member->copies), copy_name_order);
	for (size_t m = 0; m < graph->program->count; m++) {
		const struct ost_object *other = graph->program->members[m].object;

		for (size_t i = 0; other != object && i < other->symbol_count; i++) {
			const struct ost_symbol *symbol = &other->symbols[i];
			struct graph_copy key = {.name = symbol->name}, *copy;

			if (!symbol->dynamic || symbol->type != STT_OBJECT || !symbol->name)
				continue;
			copy = bsearch(&key, member->copies, count, sizeof(key), copy_name_order);
			if (copy && !copy->found) {
				copy->from = (struct ost_place){m, symbol->address};
				copy->found = true;
			}
		}
	}
	qsort(member->copies, count, sizeof(*member->copies), copy_order);
	return 0;
}

int ost_graph_member_fill(struct ost_graph *graph, struct graph_member *member)
{
	int err;

	member->fixed = !member->object->shared;
	err = spans_fill(member);
	if (!err)
		err = code_fill(member);
	if (!err)
		err = ost_graph_bounds_fill(member);
	if (!err)
		err = relocs_fill(member);
	if (!err && member->fixed)
		err = ost_graph_words_fill(member);
	if (!err)
		err = ost_graph_copies_fill(graph, member);
	if (!err)
		symbols_anchor(member);
	return err;
}

void ost_graph_member_free(struct graph_member *member)
{
	for (size_t i = 0; i < member->span_count; i++) {
		free(member->spans[i].seen);
		free(member->spans[i].anchors);
		free(member->spans[i].slots);
		free(member->spans[i].followed);
	}
	free(member->spans);
	free(member->code);
	free(member->bounds);
	free(member->guessed);
	free(member->guess_hash);
	free(member->words);
	free(member->copies);
	free(member->resolved);
	free(member->next_reloc);
	free(member->next_word);
	free(member->batches);
	free(member->index_keys);
}
