/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SELFTESTS_WORLD_H
#define OST_SELFTESTS_WORLD_H

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "isa/flow/graph.h"

/* A program of two objects that are built by hand, instruction by instruction; include <cmocka.h> before. */

#define OBJECTS 2
#define TEXT_SIZE 0x1000
#define DATA_SIZE 0x400
#define ROWS 32

/* Where things are in each object, from its base. */
#define TEXT 0x1000
#define DATA 0x4000

/* struct world - a program of two objects, and what is in them */
struct world {
	struct ost_program program;
	struct ost_member members[OBJECTS];
	struct ost_object objects[OBJECTS];
	struct ost_segment segments[OBJECTS][2];
	struct ost_symbol symbols[OBJECTS][ROWS];
	struct ost_reloc relocs[OBJECTS][ROWS];
	struct ost_range functions[OBJECTS][ROWS];
	uint8_t text[OBJECTS][TEXT_SIZE];
	uint8_t data[OBJECTS][DATA_SIZE];
	uint64_t base[OBJECTS];
	struct ost_graph *graph;
};

static inline struct world *world_new(bool fixed)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	for (size_t i = 0; i < OBJECTS; i++) {
		struct ost_object *object = &w->objects[i];
		uint64_t base = i == 0 && fixed ? 0x400000 : 0;

		w->base[i] = base;
		memset(w->text[i], 0xcc, TEXT_SIZE);
		w->segments[i][0] = (struct ost_segment){
			.start = base + TEXT, .end = base + TEXT + TEXT_SIZE, .bytes = w->text[i],
			.size = TEXT_SIZE, .execute = true,
		};
		w->segments[i][1] = (struct ost_segment){
			.start = base + DATA, .end = base + DATA + 2 * DATA_SIZE, .bytes = w->data[i],
			.size = DATA_SIZE, .write = true,
		};
		*object = (struct ost_object){
			.name = i ? "liba.so" : "main", .path = i ? "/liba.so" : "/main",
			.shared = i || !fixed, .segments = w->segments[i], .segment_count = 2,
			.symbols = w->symbols[i], .relocs = w->relocs[i],
			.functions = w->functions[i], .soname = i ? "liba.so" : NULL,
			.has_interpreter = i == 0,
		};
		w->members[i].object = object;
		w->members[i].how = i ? OST_HOW_NEEDED : OST_HOW_MAIN;
	}
	w->program.members = w->members;
	w->program.count = OBJECTS;
	w->objects[0].entry = w->base[0] + TEXT;
	return w;
}

static inline void world_free(struct world *w)
{
	ost_graph_free(w->graph);
	free(w);
}

static inline void graph_make(struct world *w, const struct ost_graph_budget *budget)
{
	w->graph = ost_graph_new(&w->program, budget);
	assert_non_null(w->graph);
}

/* Bytes of code at an address; returns the address after them. */
static inline uint64_t put(struct world *w, size_t i, uint64_t at, const char *bytes, size_t size)
{
	assert_in_range(at - w->base[i], TEXT, TEXT + TEXT_SIZE - size);
	memcpy(&w->text[i][at - w->base[i] - TEXT], bytes, size);
	return at + size;
}

#define PUT(w, i, at, bytes) put(w, i, at, bytes, sizeof(bytes) - 1)

/* An opcode and the 4-byte distance to an address. */
static inline uint64_t put_to(struct world *w, size_t i, uint64_t at, const char *bytes, size_t size,
		       uint64_t target)
{
	int32_t distance = target - (at + size + 4);

	at = put(w, i, at, bytes, size);
	return put(w, i, at, (const char *)&distance, 4);
}

#define PUT_TO(w, i, at, bytes, target) put_to(w, i, at, bytes, sizeof(bytes) - 1, target)

#define CALL "\xe8"
#define JUMP "\xe9"
#define JE "\x0f\x84"
#define LEA_RDI "\x48\x8d\x3d"
#define LOAD_RAX "\x48\x8b\x05"
#define CALL_SLOT "\xff\x15"
#define JUMP_SLOT "\xff\x25"
#define RET "\xc3"
#define CPUID "\x0f\xa2"
#define VADDPS "\xc5\xf4\x58\xc2"

static inline void range(struct world *w, size_t i, uint64_t start, uint64_t end)
{
	struct ost_object *object = &w->objects[i];

	assert_in_range(object->function_count, 0, ROWS - 1);
	w->functions[i][object->function_count++] = (struct ost_range){
		w->base[i] + start, w->base[i] + end,
	};
}

static inline void symbol(struct world *w, size_t i, uint64_t start, uint64_t size, const char *name,
		   uint8_t type)
{
	struct ost_object *object = &w->objects[i];

	assert_in_range(object->symbol_count, 0, ROWS - 1);
	w->symbols[i][object->symbol_count++] = (struct ost_symbol){
		.address = w->base[i] + start, .size = size, .name = name, .type = type,
		.bind = STB_GLOBAL, .dynamic = true,
	};
}

/* A relocation whose symbol, if any, this object defines itself. */
static inline void reloc(struct world *w, size_t i, uint64_t offset, uint32_t type, uint64_t target,
		  const char *name, uint8_t symbol_type)
{
	struct ost_object *object = &w->objects[i];

	assert_in_range(object->reloc_count, 0, ROWS - 1);
	w->relocs[i][object->reloc_count++] = (struct ost_reloc){
		.offset = w->base[i] + offset, .type = type, .symbol = name,
		.addend = name ? 0 : w->base[i] + target,
		.defined = name && target ? w->base[i] + target : 0, .symbol_type = symbol_type,
	};
}

#endif
