// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The graph of a program, on objects that are built by hand: edges of every kind, linkage entries,
 * boundaries with and without unwind information, code at fixed addresses, copies, budgets.
 */
#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa/feature_set.h"
#include "isa/flow/graph.h"
#include "isa/flow/graph_state.h"

#include "world.h"

static struct ost_function *function_at(struct world *w, uint32_t member, uint64_t address)
{
	struct ost_function *function = ost_graph_function(
		w->graph, (struct ost_place){ member, w->base[member] + address });

	assert_non_null(function);
	return function;
}

static bool reached(struct world *w, uint64_t address)
{
	for (size_t i = 0; i < ost_graph_count(w->graph); i++) {
		const struct ost_function *function = ost_graph_get(w->graph, i);

		if (function->member == 0 && function->decoded &&
		    function->start == w->base[0] + address)
			return true;
	}
	return false;
}

static void follows_every_kind_of_edge(void **unused)
{
	struct world *w = world_new(false);
	struct ost_function *start, *leaf;
	struct ost_graph_stats stats;
	uint64_t at = TEXT;

	at = PUT_TO(w, 0, at, CALL, TEXT + 0x100);
	at = PUT_TO(w, 0, at, LEA_RDI, TEXT + 0x140);
	at = PUT_TO(w, 0, at, LEA_RDI, DATA + 0x20);
	at = PUT_TO(w, 0, at, CALL_SLOT, DATA + 0x80);
	at = PUT_TO(w, 0, at, JE, TEXT + 0x180);
	at = PUT(w, 0, at, CPUID RET);
	range(w, 0, TEXT, at);
	for (uint64_t leaf_at = 0x100; leaf_at < 0x300; leaf_at += 0x40) {
		at = PUT(w, 0, TEXT + leaf_at, VADDPS RET);
		range(w, 0, TEXT + leaf_at, at);
	}
	symbol(w, 0, DATA + 0x20, 0x20, "table", STT_OBJECT);
	reloc(w, 0, DATA + 0x28, R_X86_64_RELATIVE, TEXT + 0x1c0, NULL, 0);
	reloc(w, 0, DATA + 0x40, R_X86_64_RELATIVE, TEXT + 0x200, NULL, 0);
	reloc(w, 0, DATA + 0x80, R_X86_64_RELATIVE, TEXT + 0x240, NULL, 0);
	graph_make(w, NULL);
	assert_int_equal(ost_graph_reach(w->graph), 0);

	assert_true(reached(w, TEXT + 0x100));	/* called */
	assert_true(reached(w, TEXT + 0x140));	/* address taken */
	assert_true(reached(w, TEXT + 0x180));	/* jumped to */
	assert_true(reached(w, TEXT + 0x1c0));	/* in a table */
	assert_true(reached(w, TEXT + 0x240));	/* called through a slot */
	assert_false(reached(w, TEXT + 0x200));	/* behind the end of the table */
	assert_false(reached(w, TEXT + 0x280));

	start = function_at(w, 0, TEXT);
	assert_true(start->exact);
	assert_int_equal(start->traits, OST_TRAIT_CPUID | OST_TRAIT_RETURNS);
	assert_int_equal(start->ref_count, 5);
	assert_int_equal(start->refs[0].kind, OST_REF_CALL);
	assert_int_equal(start->refs[1].kind, OST_REF_CODE);
	assert_int_equal(start->refs[2].kind, OST_REF_DATA);
	assert_int_equal(start->refs[3].kind, OST_REF_CALL_SLOT);
	assert_int_equal(start->refs[4].kind, OST_REF_JUMP);
	assert_int_equal(start->refs[1].site, TEXT + 5);
	assert_int_equal(start->refs[1].target, TEXT + 0x140);
	leaf = function_at(w, 0, TEXT + 0x102);
	assert_int_equal(leaf->start, TEXT + 0x100);
	assert_int_equal(leaf->use_count, 1);
	assert_int_equal(leaf->uses[0].site, TEXT + 0x100);
	assert_true(ost_feature_set_has(ost_quick_set(leaf->uses[0].need),
					ost_feature_find("avx")));
	ost_graph_stats(w->graph, &stats);
	assert_int_equal(stats.refs, 5);
	assert_int_equal(stats.uses, 5);
	assert_int_equal(stats.too_large, 0);
	world_free(w);
}

/* Every form of a linkage entry leads through its slot, and what isn't found is not followed. */
static void sees_through_linkage(void **unused)
{
	struct world *w = world_new(false);
	struct ost_target target;
	uint64_t at = TEXT;

	for (int i = 0; i < 5; i++)
		at = PUT_TO(w, 0, at, CALL, TEXT + 0x100 + 0x20 * i);
	range(w, 0, TEXT, PUT(w, 0, at, RET));
	PUT_TO(w, 0, TEXT + 0x100, JUMP_SLOT, DATA + 0x80);
	PUT_TO(w, 0, TEXT + 0x120, "\xf3\x0f\x1e\xfa" JUMP_SLOT, DATA + 0x88);
	PUT_TO(w, 0, TEXT + 0x140, "\xf3\x0f\x1e\xfa\xf2" JUMP_SLOT, DATA + 0x90);
	PUT_TO(w, 0, TEXT + 0x160, JUMP_SLOT, DATA + 0x98);
	PUT_TO(w, 0, TEXT + 0x180, JUMP_SLOT, DATA + 0xa0);
	for (uint64_t leaf = 0x200; leaf < 0x300; leaf += 0x40)
		range(w, 0, TEXT + leaf, PUT(w, 0, TEXT + leaf, VADDPS RET));
	reloc(w, 0, DATA + 0x80, R_X86_64_JUMP_SLOT, TEXT + 0x200, "lazy", STT_FUNC);
	reloc(w, 0, DATA + 0x88, R_X86_64_GLOB_DAT, TEXT + 0x240, "second", STT_FUNC);
	reloc(w, 0, DATA + 0x90, R_X86_64_JUMP_SLOT, TEXT + 0x280, "chosen", STT_GNU_IFUNC);
	reloc(w, 0, DATA + 0x98, R_X86_64_IRELATIVE, TEXT + 0x2c0, NULL, 0);
	reloc(w, 0, DATA + 0xa0, R_X86_64_JUMP_SLOT, 0, "nowhere", 0);
	graph_make(w, NULL);
	assert_int_equal(ost_graph_reach(w->graph), 0);

	for (uint64_t leaf = 0x200; leaf < 0x300; leaf += 0x40)
		assert_true(reached(w, TEXT + leaf));
	for (uint64_t entry = 0x100; entry < 0x200; entry += 0x20)
		assert_false(reached(w, TEXT + entry));
	assert_false(function_at(w, 0, TEXT + 0x240)->traits & OST_TRAIT_RESOLVER);
	assert_true(function_at(w, 0, TEXT + 0x280)->traits & OST_TRAIT_RESOLVER);
	assert_true(function_at(w, 0, TEXT + 0x2c0)->traits & OST_TRAIT_RESOLVER);
	target = ost_graph_code(w->graph, (struct ost_place){ 0, TEXT + 0x140 });
	assert_true(target.known && target.ifunc);
	assert_int_equal(target.place.address, TEXT + 0x280);
	assert_string_equal(target.symbol, "chosen");
	target = ost_graph_code(w->graph, (struct ost_place){ 0, TEXT + 0x180 });
	assert_false(target.known);
	assert_string_equal(target.symbol, "nowhere");
	target = ost_graph_code(w->graph, (struct ost_place){ 0, TEXT });
	assert_true(target.known);
	assert_int_equal(target.place.address, TEXT);
	world_free(w);
}

/* struct seen - what was told of references */
struct seen {
	size_t count;
	uint64_t sites[ROWS];
};

static void see(void *context, struct ost_function *function, const struct ost_ref *ref)
{
	struct seen *seen = context;

	assert_in_range(ref->site, function->start, function->end - 1);
	assert_in_range(seen->count, 0, ROWS - 1);
	seen->sites[seen->count++] = ref->site;
}

static void tell_slot(void *context, struct ost_place slot, const struct ost_target *target)
{
	struct seen *seen = context;

	assert_true(target->known);
	assert_in_range(seen->count, 0, ROWS - 1);
	seen->sites[seen->count++] = slot.address;
}

static void finds_readers_and_callers(void **unused)
{
	struct world *w = world_new(false);
	struct seen readers = { 0 }, callers = { 0 }, none = { 0 };
	uint64_t at = TEXT;

	at = PUT_TO(w, 0, at, LOAD_RAX, DATA + 0x204);	/* 0x1000 */
	at = PUT_TO(w, 0, at, LOAD_RAX, DATA + 0x208);	/* 0x1007: just behind it */
	at = PUT_TO(w, 0, at, LOAD_RAX, DATA + 0x80);	/* 0x100e: its address from a slot */
	at = PUT_TO(w, 0, at, CALL, TEXT + 0x100);	/* 0x1015: through an entry */
	at = PUT_TO(w, 0, at, CALL, TEXT + 0x200);	/* 0x101a */
	range(w, 0, TEXT, PUT(w, 0, at, RET));
	PUT_TO(w, 0, TEXT + 0x100, JUMP_SLOT, DATA + 0x88);
	at = PUT_TO(w, 0, TEXT + 0x200, LEA_RDI, DATA + 0x200);	/* 0x1200 */
	range(w, 0, TEXT + 0x200, PUT(w, 0, at, RET));
	reloc(w, 0, DATA + 0x80, R_X86_64_GLOB_DAT, DATA + 0x200, "cell", STT_OBJECT);
	reloc(w, 0, DATA + 0x88, R_X86_64_JUMP_SLOT, TEXT + 0x200, "leaf", STT_FUNC);
	graph_make(w, NULL);
	assert_int_equal(ost_graph_reach(w->graph), 0);

	ost_graph_readers(w->graph, (struct ost_place){ 0, DATA + 0x200 }, 8, see, &readers);
	assert_int_equal(readers.count, 3);
	assert_int_equal(readers.sites[0], TEXT + 0x200);
	assert_int_equal(readers.sites[1], TEXT);
	assert_int_equal(readers.sites[2], TEXT + 0x0e);
	ost_graph_callers(w->graph, function_at(w, 0, TEXT + 0x200), see, &callers);
	assert_int_equal(callers.count, 2);
	assert_int_equal(callers.sites[0], TEXT + 0x1a);
	assert_int_equal(callers.sites[1], TEXT + 0x15);
	ost_graph_readers(w->graph, (struct ost_place){ 0, DATA + 0x300 }, 8, see, &none);
	ost_graph_readers(w->graph, (struct ost_place){ 1, DATA + 0x200 }, 8, see, &none);
	ost_graph_readers(w->graph, (struct ost_place){ 7, DATA + 0x200 }, 8, see, &none);
	assert_int_equal(none.count, 0);
	world_free(w);
}

static void knows_where_variables_end(void **unused)
{
	struct world *w = world_new(false);
	uint64_t at = TEXT;

	at = PUT_TO(w, 0, at, LEA_RDI, DATA + 0x100);
	at = PUT_TO(w, 0, at, LEA_RDI, DATA + 0x178);
	range(w, 0, TEXT, PUT(w, 0, at, RET));
	symbol(w, 0, DATA + 0x40, 0x20, "named", STT_OBJECT);
	graph_make(w, NULL);
	assert_int_equal(ost_graph_reach(w->graph), 0);

	/* by its symbol, by the next address in use, by the end of the segment */
	assert_int_equal(ost_graph_object_end(w->graph, (struct ost_place){ 0, DATA + 0x48 }),
			 DATA + 0x60);
	assert_int_equal(ost_graph_object_end(w->graph, (struct ost_place){ 0, DATA + 0x100 }),
			 DATA + 0x178);
	assert_int_equal(ost_graph_object_end(w->graph, (struct ost_place){ 0, DATA + 0x178 }),
			 DATA + 2 * DATA_SIZE);
	assert_int_equal(ost_graph_object_end(w->graph, (struct ost_place){ 0, 0x900000 }), 0x900000);
	world_free(w);
}

/* Without any bounds: up to the last instruction that is reached, and not into padding. */
static void guesses_where_functions_end(void **unused)
{
	struct world *w = world_new(false);
	struct ost_function *function;
	uint64_t at = TEXT, forward, abort_call;

	at = PUT_TO(w, 0, at, JE, TEXT + 0x10);
	at = PUT(w, 0, at, RET "\x90\x90\x90");
	at = PUT(w, 0, TEXT + 0x10, VADDPS);
	at = PUT_TO(w, 0, at, CALL, TEXT + 0x200);
	at = PUT_TO(w, 0, at, CALL, TEXT + 0x300);
	forward = PUT_TO(w, 0, at, CALL, TEXT + 0x100);
	PUT(w, 0, forward, "\x66\x0f\x1f\x44\x00\x00" CPUID RET);

	/* a call that never returns, padding, and another function right behind it */
	at = PUT_TO(w, 0, TEXT + 0x100, JE, TEXT + 0x10c);
	at = PUT(w, 0, at, "\x31\xc0\x90\x90\x90\x90");
	assert_int_equal(at, TEXT + 0x10c);
	abort_call = PUT_TO(w, 0, at, CALL, TEXT + 0x400);
	PUT(w, 0, abort_call, "\x0f\x1f\x00" CPUID RET);
	PUT_TO(w, 0, TEXT + 0x400, JUMP_SLOT, DATA + 0x80);
	reloc(w, 0, DATA + 0x80, R_X86_64_JUMP_SLOT, 0, "abort", 0);

	/* a tail call, far away, ends it */
	at = PUT_TO(w, 0, TEXT + 0x200, JUMP, TEXT + 0x10);
	PUT(w, 0, at, CPUID RET);

	/* a table of distances: lea table, %rdx; movslq (%rdx,%rax,4), %rax; add %rdx, %rax; jmp *%rax */
	at = PUT_TO(w, 0, TEXT + 0x300, "\x48\x8d\x15", DATA + 0x40);
	at = PUT(w, 0, at, "\x48\x63\x04\x82\x48\x01\xd0\x3e\xff\xe0");
	PUT(w, 0, TEXT + 0x340, RET);
	PUT(w, 0, TEXT + 0x380, CPUID RET);
	for (int i = 0; i < 2; i++) {
		int32_t distance = (int64_t)(i ? TEXT + 0x380 : TEXT + 0x340) - (DATA + 0x40);

		memcpy(&w->data[0][0x40 + 4 * i], &distance, 4);
	}
	for (uint64_t hole = at - TEXT; hole < 0x380; hole++)
		if (hole != 0x340)
			w->text[0][hole] = 0x90;
	graph_make(w, NULL);
	assert_int_equal(ost_graph_reach(w->graph), 0);

	function = function_at(w, 0, TEXT);
	assert_false(function->exact);
	assert_int_equal(function->end, forward);
	assert_int_equal(function->traits, OST_TRAIT_RETURNS);
	function = function_at(w, 0, TEXT + 0x100);
	assert_int_equal(function->end, abort_call);
	assert_true(function->traits & OST_TRAIT_NO_RETURN);
	function = function_at(w, 0, TEXT + 0x200);
	assert_int_equal(function->end, TEXT + 0x205);
	assert_int_equal(function->ref_count, 1);
	assert_int_equal(function->refs[0].kind, OST_REF_JUMP);
	function = function_at(w, 0, TEXT + 0x300);
	assert_int_equal(function->end, TEXT + 0x383);
	assert_true(function->traits & OST_TRAIT_CPUID);
	/* the tail call's target is a part of a function that is known */
	assert_ptr_equal(function_at(w, 0, TEXT + 0x10), function_at(w, 0, TEXT));
	world_free(w);
}

#define LOAD_XMM0 "\x0f\x28\x05"
#define SHORT_JUMP "\xeb"
#define JUMP_RAX "\xff\xe0"
#define MOV_EAX_1 "\xb8\x01\0\0\0"

/* What a function jumps over and then reads, or takes the address of, is no code of its. */
static void tells_data_from_code(void **unused)
{
	struct world *w = world_new(false);
	uint64_t at = TEXT, over[5], data[5], start[5];

	for (unsigned int i = 0; i < 5; i++) {
		start[i] = at = TEXT + 0x100 * i;
		over[i] = at = PUT(w, 0, at, MOV_EAX_1);
		at = PUT(w, 0, at, SHORT_JUMP "\x04");
		data[i] = at;
		at = PUT(w, 0, at, VADDPS);
		switch (i) {
		case 0: /* its address is taken */
			at = PUT_TO(w, 0, at, LEA_RDI, data[i]);
			break;
		case 1: /* it is read */
			at = PUT_TO(w, 0, at, LOAD_XMM0, data[i]);
			break;
		case 2: /* nothing names it */
			break;
		case 3: /* it may be jumped to */
			at = PUT_TO(w, 0, at, LEA_RDI, data[i]);
			at = PUT(w, 0, at, JUMP_RAX);
			break;
		case 4: /* another function jumps into it */
			at = PUT_TO(w, 0, at, LEA_RDI, data[i]);
			PUT_TO(w, 0, TEXT + 0x800, JUMP, data[i]);
			range(w, 0, TEXT + 0x800, TEXT + 0x805);
			break;
		}
		at = PUT(w, 0, at, VADDPS RET);
		range(w, 0, start[i], at);
		symbol(w, 0, start[i], at - start[i], "f", STT_FUNC);
	}
	graph_make(w, NULL);
	for (unsigned int i = 0; i < 5; i++)
		assert_int_equal(ost_graph_decode(w->graph, function_at(w, 0, start[i])), 0);
	assert_int_equal(ost_graph_decode(w->graph, function_at(w, 0, TEXT + 0x800)), 0);
	for (unsigned int i = 0; i < 5; i++) {
		struct ost_function *function = function_at(w, 0, start[i]);

		assert_int_equal(function->use_count, 2);
		assert_int_equal(ost_graph_is_data(w->graph, function, function->uses[0].site),
				 i < 2);
		assert_false(ost_graph_is_data(w->graph, function, function->uses[1].site));
		assert_false(ost_graph_is_data(w->graph, function, over[i]));
	}
	world_free(w);
}

static void takes_symbols_for_bounds(void **unused)
{
	struct world *w = world_new(false);
	struct ost_function *function;
	uint64_t at;

	at = PUT_TO(w, 0, TEXT, CALL, TEXT + 0x24);
	at = PUT_TO(w, 0, at, CALL, TEXT + 0x40);
	range(w, 0, TEXT, PUT(w, 0, at, RET));
	/* its end is known from its size: what stands behind the ret belongs to it */
	PUT(w, 0, TEXT + 0x20, "\x90\x90\x90\x90" RET CPUID RET);
	symbol(w, 0, TEXT + 0x20, 8, "sized", STT_FUNC);
	symbol(w, 0, TEXT + 0x24, 0, "inside", STT_FUNC);
	/* without size: it goes on into the next one, and that is a jump */
	PUT(w, 0, TEXT + 0x40, "\x31\xc0\x31\xd2");
	symbol(w, 0, TEXT + 0x40, 0, "first", STT_FUNC);
	PUT(w, 0, TEXT + 0x44, VADDPS RET);
	symbol(w, 0, TEXT + 0x44, 0, "second", STT_FUNC);
	graph_make(w, NULL);
	assert_int_equal(ost_graph_reach(w->graph), 0);

	function = function_at(w, 0, TEXT + 0x24);
	assert_string_equal(function->name, "sized");
	assert_true(function->exact && function->traits & OST_TRAIT_CPUID);
	function = function_at(w, 0, TEXT + 0x40);
	assert_string_equal(function->name, "first");
	assert_false(function->exact);
	assert_int_equal(function->end, TEXT + 0x44);
	assert_int_equal(function->ref_count, 1);
	assert_int_equal(function->refs[0].kind, OST_REF_JUMP);
	assert_int_equal(function->refs[0].site, TEXT + 0x42);
	assert_int_equal(function->refs[0].target, TEXT + 0x44);
	assert_true(reached(w, TEXT + 0x44));
	world_free(w);
}

static void put_word(struct world *w, uint64_t offset, uint64_t value)
{
	memcpy(&w->data[0][offset], &value, 8);
}

/* At fixed addresses nothing but the numbers themselves tells of addresses. */
static void reads_fixed_addresses(void **unused)
{
	struct world *w = world_new(true);
	const uint64_t base = w->base[0];
	struct ost_function *start;
	struct ost_target target;
	struct seen slots = { 0 };
	uint64_t at = base + TEXT;

	at = PUT(w, 0, at, "\xbf\x40\x11\x40\x00");		/* mov $0x401140, %edi: a function */
	at = PUT(w, 0, at, "\xbf\x44\x11\x40\x00");		/* mov $0x401144: inside of one */
	at = PUT(w, 0, at, "\xbe\x20\x40\x40\x00");		/* mov $0x404020, %esi: data */
	at = PUT(w, 0, at, "\x48\x8b\x04\x25\x80\x40\x40\x00");	/* mov 0x404080, %rax */
	at = PUT(w, 0, at, "\xff\x14\xc5\xc0\x40\x40\x00");	/* call *0x4040c0(,%rax,8) */
	at = PUT(w, 0, at, "\xb8\x00\x00\x00\x10");		/* mov $0x10000000, %eax: a number */
	range(w, 0, TEXT, PUT(w, 0, at, RET) - base);
	for (uint64_t leaf = 0x140; leaf < 0x300; leaf += 0x40)
		range(w, 0, TEXT + leaf, PUT(w, 0, base + TEXT + leaf, "\x90\x90\x90\x90" RET) - base);
	put_word(w, 0x28, base + TEXT + 0x180);
	put_word(w, 0x80, base + TEXT + 0x1c0);
	put_word(w, 0xc8, base + TEXT + 0x200);
	put_word(w, 0xd0, base + TEXT + 0x244);	/* no function begins there */
	graph_make(w, NULL);
	assert_int_equal(ost_graph_reach(w->graph), 0);

	start = function_at(w, 0, TEXT);
	assert_int_equal(start->ref_count, 4);
	assert_int_equal(start->refs[0].kind, OST_REF_CODE);
	assert_int_equal(start->refs[1].kind, OST_REF_DATA);
	assert_int_equal(start->refs[2].kind, OST_REF_LOAD);
	assert_int_equal(start->refs[3].kind, OST_REF_DATA);
	for (uint64_t leaf = 0x140; leaf < 0x240; leaf += 0x40)
		assert_true(reached(w, TEXT + leaf));
	assert_false(reached(w, TEXT + 0x240));
	target = ost_graph_slot(w->graph, (struct ost_place){ 0, base + DATA + 0x28 });
	assert_true(target.known);
	assert_int_equal(target.place.address, base + TEXT + 0x180);
	assert_false(ost_graph_slot(w->graph, (struct ost_place){ 0, base + DATA + 0xd0 }).known);
	assert_false(ost_graph_slot(w->graph, (struct ost_place){ 0, base + DATA + 0x30 }).known);
	ost_graph_pointers(w->graph, (struct ost_place){ 0, base + DATA + 0x20 }, base + DATA + 0xc8,
			   tell_slot, &slots);
	assert_int_equal(slots.count, 2);
	assert_int_equal(slots.sites[0], base + DATA + 0x28);
	assert_int_equal(slots.sites[1], base + DATA + 0x80);
	assert_true(ost_graph_is_code(w->graph, (struct ost_place){ 0, base + TEXT }));
	assert_false(ost_graph_is_code(w->graph, (struct ost_place){ 0, base + DATA }));
	world_free(w);
}

/* A library's table that the loader copies into the executable is read where it comes from. */
static void reads_copies_at_their_source(void **unused)
{
	struct world *w = world_new(true);
	const uint64_t base = w->base[0];
	struct ost_target target;
	struct seen slots = { 0 };
	bool found = false;
	uint64_t at;

	at = PUT(w, 0, base + TEXT, "\xbf\x00\x45\x40\x00");	/* mov $0x404500, %edi */
	range(w, 0, TEXT, PUT(w, 0, at, RET) - base);
	symbol(w, 0, DATA + 0x500, 0x20, "hooks", STT_OBJECT);
	reloc(w, 0, DATA + 0x500, R_X86_64_COPY, 0, "hooks", 0);
	symbol(w, 1, DATA + 0x40, 0x20, "hooks", STT_OBJECT);
	range(w, 1, TEXT + 0x40, PUT(w, 1, TEXT + 0x40, VADDPS RET));
	reloc(w, 1, DATA + 0x48, R_X86_64_RELATIVE, TEXT + 0x40, NULL, 0);
	graph_make(w, NULL);
	assert_int_equal(ost_graph_reach(w->graph), 0);

	target = ost_graph_slot(w->graph, (struct ost_place){ 0, base + DATA + 0x508 });
	assert_true(target.known);
	assert_int_equal(target.place.member, 1);
	assert_int_equal(target.place.address, TEXT + 0x40);
	for (size_t i = 0; i < ost_graph_count(w->graph); i++)
		found |= ost_graph_get(w->graph, i)->member == 1;
	assert_true(found);
	ost_graph_pointers(w->graph, (struct ost_place){ 0, base + DATA + 0x500 },
			   base + DATA + 0x600, tell_slot, &slots);
	assert_int_equal(slots.count, 1);
	assert_int_equal(slots.sites[0], base + DATA + 0x508);
	world_free(w);
}

static void spreads_no_return(void **unused)
{
	struct world *w = world_new(false);
	uint64_t at = TEXT;

	at = PUT_TO(w, 0, at, CALL, TEXT + 0x100);
	at = PUT_TO(w, 0, at, CALL, TEXT + 0x140);
	range(w, 0, TEXT, PUT(w, 0, at, RET));
	range(w, 0, TEXT + 0x100, PUT_TO(w, 0, TEXT + 0x100, JUMP, TEXT + 0x180));
	range(w, 0, TEXT + 0x140, PUT_TO(w, 0, TEXT + 0x140, JUMP, TEXT + 0x1c0));
	range(w, 0, TEXT + 0x180, PUT(w, 0, TEXT + 0x180, "\x0f\x0b"));
	range(w, 0, TEXT + 0x1c0, PUT(w, 0, TEXT + 0x1c0, RET));
	graph_make(w, NULL);
	assert_int_equal(ost_graph_reach(w->graph), 0);

	assert_true(function_at(w, 0, TEXT + 0x180)->traits & OST_TRAIT_NO_RETURN);
	assert_true(function_at(w, 0, TEXT + 0x100)->traits & OST_TRAIT_NO_RETURN);
	assert_false(function_at(w, 0, TEXT + 0x140)->traits & OST_TRAIT_NO_RETURN);
	assert_false(function_at(w, 0, TEXT)->traits & OST_TRAIT_NO_RETURN);
	world_free(w);
}

static void knows_names_that_never_return(void **unused)
{
	static const char *const known[] = {
		"Perl_croak", "abort", "exit", "_exit", "verrx", "__stack_chk_fail", "_Unwind_Resume",
		"_ZSt20__throw_length_errorPKc", "_ZN4core9panicking5panic17h0123456789abcdefE",
		"__cxa_throw", "longjmp", "runtime.throw", "thrd_exit", "pthread_exit", "lua_error",
	};
	static const char *const unknown[] = {
		"", "abor", "aborts", "memcpy", "_ZSt4sortIPiEvT_S1_", "_ZN4core3ptr", "zzz", "A",
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		assert_true(ost_graph_no_return_name(known[i]));
	for (size_t i = 0; i < sizeof(unknown) / sizeof(*unknown); i++)
		assert_false(ost_graph_no_return_name(unknown[i]));
	assert_false(ost_graph_no_return_name(NULL));
}

/* struct roots - what was told of roots */
struct roots {
	size_t count, resolvers;
	struct ost_place last;
};

static void root(void *context, struct ost_place place, bool resolver)
{
	struct roots *roots = context;

	roots->count++;
	roots->resolvers += resolver;
	roots->last = place;
}

static void tells_what_runs_by_itself(void **unused)
{
	struct world *w = world_new(false);
	struct ost_range array = { DATA + 0x40, DATA + 0x50 };
	uint64_t init = TEXT + 0x40;
	struct roots roots = { 0 };

	PUT(w, 0, TEXT, RET);
	PUT(w, 1, TEXT, RET);
	w->objects[1].roots = &init;
	w->objects[1].root_count = 1;
	w->objects[1].arrays = &array;
	w->objects[1].array_count = 1;
	reloc(w, 1, DATA + 0x40, R_X86_64_RELATIVE, TEXT + 0x80, NULL, 0);
	reloc(w, 1, DATA + 0x48, R_X86_64_RELATIVE, TEXT + 0xc0, NULL, 0);
	reloc(w, 1, DATA + 0x80, R_X86_64_IRELATIVE, TEXT + 0x100, NULL, 0);
	symbol(w, 1, TEXT + 0x140, 4, "visible", STT_FUNC);
	graph_make(w, NULL);
	ost_graph_roots(w->graph, root, &roots);
	/* the entry, init, two of the array, a resolver; not what others could call but don't */
	assert_int_equal(roots.count, 5);
	assert_int_equal(roots.resolvers, 1);
	w->members[1].how = OST_HOW_DLOPEN;
	roots = (struct roots){ 0 };
	ost_graph_roots(w->graph, root, &roots);
	assert_int_equal(roots.count, 6);
	assert_int_equal(roots.last.member, 1);
	assert_int_equal(roots.last.address, TEXT + 0x140);
	world_free(w);
}

/* An array at fixed addresses has no relocations; one without end ends with the file. */
static void runs_what_fixed_arrays_name(void **unused)
{
	struct world *w = world_new(true);
	struct ost_range array = { w->base[0] + DATA + 0x40, UINT64_MAX };
	struct roots roots = { 0 };

	PUT(w, 0, w->base[0] + TEXT, RET);
	w->objects[0].arrays = &array;
	w->objects[0].array_count = 1;
	put_word(w, 0x40, w->base[0] + TEXT + 0x123);
	put_word(w, 0x48, 0x123456789);
	graph_make(w, NULL);
	ost_graph_roots(w->graph, root, &roots);
	assert_int_equal(roots.count, 2);
	assert_int_equal(roots.last.address, w->base[0] + TEXT + 0x123);
	world_free(w);
}

static void keeps_to_its_budget(void **unused)
{
	const struct ost_graph_budget bytes = { .code_bytes = 16 }, refs = { .refs = 2 };
	const struct ost_graph_budget uses = { .uses = 3 };
	struct world *w = world_new(false);
	struct ost_function *start;
	struct ost_graph_stats stats;
	uint64_t at = TEXT;

	for (int i = 0; i < 8; i++)
		at = PUT_TO(w, 0, at, CALL, TEXT + 0x100);
	range(w, 0, TEXT, PUT(w, 0, at, RET));
	PUT(w, 0, TEXT + 0x100, RET);
	graph_make(w, &bytes);
	assert_int_equal(ost_graph_reach(w->graph), 0);
	start = function_at(w, 0, TEXT);
	assert_true(start->traits & OST_TRAIT_TOO_LARGE);
	assert_int_equal(ost_graph_decode(w->graph, start), -E2BIG);
	ost_graph_stats(w->graph, &stats);
	assert_in_range(stats.code_bytes, 1, 20);
	assert_in_range(stats.too_large, 1, 2);
	ost_graph_free(w->graph);

	graph_make(w, &refs);
	assert_int_equal(ost_graph_reach(w->graph), 0);
	start = function_at(w, 0, TEXT);
	assert_true(start->traits & OST_TRAIT_TOO_LARGE);
	assert_int_equal(start->ref_count, 2);
	ost_graph_free(w->graph);

	for (at = TEXT; at < TEXT + 40;)
		at = PUT(w, 0, at, VADDPS);
	graph_make(w, &uses);
	assert_int_equal(ost_graph_reach(w->graph), 0);
	start = function_at(w, 0, TEXT);
	assert_true(start->traits & OST_TRAIT_TOO_LARGE);
	assert_int_equal(start->use_count, 3);
	world_free(w);
}

/* Functions that are decoded one inside the other, to know whether they return: none of them may begin
 * anew when together they went past the budget. */
static void keeps_to_its_budget_at_any_depth(void **unused)
{
	const struct ost_graph_budget bytes = { .code_bytes = 64 };
	struct world *w = world_new(false);
	struct ost_graph_stats stats;

	for (unsigned int i = 0; i < 16; i++) {
		uint64_t at = TEXT + 0x80 * i;

		for (unsigned int k = 0; k < 40; k++)
			at = PUT(w, 0, at, "\x31\xc0");
		PUT_TO(w, 0, at - 40, CALL, TEXT + 0x80 * (i + 1));
		PUT(w, 0, at, RET);
	}
	PUT(w, 0, TEXT + 0x800, RET);
	/* and nothing of what comes after */
	for (unsigned int k = 0; k < 0x400; k++)
		PUT(w, 0, TEXT + 0x900 + k, "\x90");
	range(w, 0, TEXT + 0x900, TEXT + 0xd00);
	graph_make(w, &bytes);
	assert_int_equal(ost_graph_reach(w->graph), 0);
	ost_graph_decode(w->graph, function_at(w, 0, TEXT + 0x900));
	ost_graph_stats(w->graph, &stats);
	assert_in_range(stats.code_bytes, 64, 64 * 17);
	assert_true(function_at(w, 0, TEXT + 0x900)->traits & OST_TRAIT_TOO_LARGE);
	assert_int_equal(function_at(w, 0, TEXT + 0x900)->end - TEXT - 0x900, 0x400);
	world_free(w);
}

/* Bytes that are no instruction: the rest of a function whose end is known is still looked at. */
static void goes_on_after_what_is_no_code(void **unused)
{
	struct world *w = world_new(false);
	struct ost_function *function;
	uint64_t at;

	at = PUT_TO(w, 0, TEXT, JUMP, TEXT + 0x200);
	range(w, 0, TEXT, at);
	at = PUT(w, 0, TEXT + 0x200, "\x06\x06" CPUID RET);
	range(w, 0, TEXT + 0x200, at);
	graph_make(w, NULL);
	assert_int_equal(ost_graph_reach(w->graph), 0);
	function = function_at(w, 0, TEXT + 0x200);
	assert_int_equal(function->traits, OST_TRAIT_BROKEN | OST_TRAIT_CPUID | OST_TRAIT_RETURNS);
	/* no function where there is no code */
	assert_null(ost_graph_function(w->graph, (struct ost_place){ 0, DATA }));
	assert_null(ost_graph_function(w->graph, (struct ost_place){ 0, 0 }));
	assert_null(ost_graph_function(w->graph, (struct ost_place){ 5, TEXT }));
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(follows_every_kind_of_edge),
		cmocka_unit_test(sees_through_linkage),
		cmocka_unit_test(finds_readers_and_callers),
		cmocka_unit_test(knows_where_variables_end),
		cmocka_unit_test(guesses_where_functions_end),
		cmocka_unit_test(tells_data_from_code),
		cmocka_unit_test(takes_symbols_for_bounds),
		cmocka_unit_test(reads_fixed_addresses),
		cmocka_unit_test(reads_copies_at_their_source),
		cmocka_unit_test(spreads_no_return),
		cmocka_unit_test(knows_names_that_never_return),
		cmocka_unit_test(tells_what_runs_by_itself),
		cmocka_unit_test(runs_what_fixed_arrays_name),
		cmocka_unit_test(keeps_to_its_budget),
		cmocka_unit_test(keeps_to_its_budget_at_any_depth),
		cmocka_unit_test(goes_on_after_what_is_no_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
