// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/graph_state.h"

#include <string.h>

/*
 * What bytes look like, for code that neither unwind information nor symbols tell of.
 */

/* Instructions that must look right before bytes are taken for a function. */
#define PROBE_INSTRUCTIONS 24

/* Targets of one jump table that are looked at, and how far one may be from the jump; bytes. */
#define TABLE_ENTRIES_MAX  4096
#define TABLE_DISTANCE_MAX (64u << 10)

/*
 * No compiler and no assembler routine of a program has these: port and interrupt-flag
 * instructions, far returns, software interrupts, segment loads, xlat, and "add %al, (%rax)", which
 * is how zeroes read.
 */
static bool is_odd(const struct ost_quick *insn, const uint8_t *bytes)
{
	if (insn->map != OST_MAP_1BYTE)
		return false;
	switch (insn->opcode) {
	case 0x00:
		return bytes[0] == 0 && bytes[1] == 0;
	case 0x6c ... 0x6f: /* ins, outs */
	case 0x8e:	    /* mov to a segment register */
	case 0xca:
	case 0xcb:	    /* retf */
	case 0xcd:	    /* int n */
	case 0xcf:	    /* iret */
	case 0xd7:	    /* xlat */
	case 0xe4 ... 0xe7: /* in, out */
	case 0xec ... 0xef:
	case 0xf1: /* int1 */
	case 0xf4: /* hlt */
	case 0xf5: /* cmc */
	case 0xfa:
	case 0xfb: /* cli, sti */
		return true;
	}
	return false;
}

bool ost_graph_plausible(struct graph_member *member, uint64_t address)
{
	struct graph_code *code = graph_code_of(member, address);
	uint64_t at = address;
	struct ost_quick insn;

	for (int i = 0; code && i < PROBE_INSTRUCTIONS; i++) {
		uint8_t bytes[2 * OST_QUICK_PAD] = {0};
		uint64_t left;

		if (at >= code->end)
			return false;
		left = code->readable - (at - code->start);
		memcpy(bytes, code->bytes + (at - code->start),
		       left < sizeof(bytes) ? left : sizeof(bytes));
		if (!ost_quick_decode(bytes, &insn) || is_odd(&insn, bytes))
			return false;
		at += insn.length;
		switch (insn.flow) {
		case OST_FLOW_CALL:
			if (!graph_code_of(member, at + insn.target))
				return false;
			break;
		case OST_FLOW_JUMP:
		case OST_FLOW_BRANCH:
			if (!graph_code_of(member, at + insn.target))
				return false;
			if (insn.flow == OST_FLOW_JUMP)
				return true;
			break;
		case OST_FLOW_RETURN:
		case OST_FLOW_JUMP_INDIRECT:
			return true;
		case OST_FLOW_STOP:
			/* a function that only traps, or one call and a trap: real; data: rarely */
			return insn.map == OST_MAP_0F;
		}
		if (insn.rip && !graph_span_of(member, at + insn.target))
			return false;
	}
	return code != NULL;
}

bool ost_graph_is_code_ref(struct graph_member *member, uint64_t target)
{
	struct graph_bound *bound;

	if (!graph_code_of(member, target))
		return false;
	bound = ost_graph_bound_of(member, target);
	if (bound && (target < bound->end || target == bound->start))
		return true;
	return ost_graph_plausible(member, target);
}

bool ost_graph_may_be_called(struct ost_graph *graph, struct ost_place place)
{
	return place.member < graph->program->count &&
	       ost_graph_is_code_ref(&graph->members[place.member], place.address);
}

static bool table_entry(const struct graph_span *span, uint64_t at, bool absolute, uint64_t table,
			uint64_t *target)
{
	unsigned int size = absolute ? 8 : 4;
	int32_t distance;

	if (at < span->start || span->size < size || at - span->start > span->size - size)
		return false;
	if (absolute) {
		memcpy(target, span->bytes + (at - span->start), 8);
	} else {
		memcpy(&distance, span->bytes + (at - span->start), 4);
		*target = table + (int64_t)distance;
	}
	return true;
}

uint64_t ost_graph_table_end(struct graph_member *member, uint64_t table, bool absolute,
			     uint64_t jump, uint64_t limit)
{
	const struct ost_section *section = ost_object_section(member->object, table);
	struct graph_span *span = graph_span_of(member, table);
	const unsigned int size = absolute ? 8 : 4;
	uint64_t furthest = 0, at = table;

	if (!span)
		return 0;
	for (int i = 0; i < TABLE_ENTRIES_MAX; i++, at += size) {
		uint64_t target, distance;

		if (section && at + size > section->end)
			break;
		/* another variable begins here; for the table itself that is how it was found */
		if (i && graph_bit(span->anchors, at - span->start))
			break;
		if (!table_entry(span, at, absolute, table, &target))
			break;
		distance = target > jump ? target - jump : jump - target;
		if (distance > TABLE_DISTANCE_MAX || !graph_code_of(member, target))
			break;
		if (target > furthest && target < limit)
			furthest = target;
	}
	return furthest;
}
