// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "isa/flow/solve_internal.h"

/** In larger programs only functions that need a feature themselves are asked for a field. */
#define FIELD_FUNCTIONS 30000

/** A distance at which more functions of an object have something is of too many structs. Those
 * that have a byte there are counted for themselves. */
#define FIELD_USERS_MAX 100

/* a function in which something is at this distance from a register */
struct field_use {
	int32_t distance;
	uint32_t function : 31;
	uint32_t byte : 1; /* it is one byte long */
};

/* all of an object's, by distance */
struct field_uses {
	LIST(struct field_use) uses;
	bool made;
};

static int compare_uses(const void *a, const void *b)
{
	const struct field_use *x = a, *y = b;

	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	if (x->function != y->function)
		return x->function < y->function ? -1 : 1;
	return (int)y->byte - (int)x->byte;
}

/* Is its memory operand one byte long? */
static bool is_byte(const struct ost_quick *insn)
{
	uint8_t opcode = insn->opcode;

	if (insn->map == OST_MAP_0F)
		return (opcode & 0xf0) == 0x90 || (opcode & 0xf7) == 0xb6 || opcode == 0xb0;
	if (insn->map != OST_MAP_1BYTE)
		return false;
	if (opcode < 0x40)
		return (opcode & 5) == 0;
	return opcode == 0x80 || opcode == 0x84 || opcode == 0x86 || opcode == 0x88 ||
	       opcode == 0x8a || opcode == 0xc0 || opcode == 0xc6 || opcode == 0xd0 ||
	       opcode == 0xd2 || opcode == 0xf6 || opcode == 0xfe;
}

static void add_uses(struct ost_solve *solve, struct field_uses *into,
		     const struct ost_function *function)
{
	const struct ost_object *object = solve->program->members[function->member].object;
	uint64_t size = function->end - function->start, at = 0;
	struct ost_quick insn;
	size_t left;
	const uint8_t *bytes = ost_object_at(object, function->start, &left);

	for (; bytes && at + OST_QUICK_PAD <= left && at < size; at += insn.length) {
		struct field_use use = {.function = function->index}, *more;

		if (!ost_quick_decode(bytes + at, &insn)) {
			insn.length = 1;
			continue;
		}
		if (!insn.base_reg || (!insn.disp_at && !insn.disp8_at))
			continue;
		if (insn.disp_at)
			memcpy(&use.distance, bytes + at + insn.disp_at, 4);
		else
			use.distance = (int8_t)bytes[at + insn.disp8_at];
		if (use.distance < FIELD_MIN || use.distance > FIELD_MAX)
			continue;
		use.byte = is_byte(&insn);
		more = MORE(solve, &into->uses);
		if (more)
			*more = use;
	}
}

static void make(struct ost_solve *solve, uint32_t member, struct field_uses *into)
{
	size_t count = ost_graph_count(solve->graph), kept = 0;

	into->made = true;
	for (size_t i = 0; i < count; i++) {
		const struct ost_function *function = ost_graph_get(solve->graph, i);

		if (function->member == member && function->decoded &&
		    (function->use_count || count <= FIELD_FUNCTIONS))
			add_uses(solve, into, function);
	}
	if (!into->uses.count)
		return;
	qsort(into->uses.at, into->uses.count, sizeof(*into->uses.at), compare_uses);
	for (size_t i = 1; i < into->uses.count; i++)
		/* of a function that has both at a distance, the byte comes first */
		if (into->uses.at[kept].distance != into->uses.at[i].distance ||
		    into->uses.at[kept].function != into->uses.at[i].function)
			into->uses.at[++kept] = into->uses.at[i];
	into->uses.count = kept + 1;
}

void solve_want_field_users(struct ost_solve *solve, uint32_t member, int64_t distance,
			    unsigned int bytes)
{
	struct field_uses *fields;
	size_t low = 0, high, end, seen[2] = {0};
	bool all;

	if (!solve->fields)
		solve->fields = calloc(solve->program->count, sizeof(*solve->fields));
	if (!solve->fields) {
		solve->failed = true;
		return;
	}
	fields = &solve->fields[member];
	if (!fields->made)
		make(solve, member, fields);
	for (high = fields->uses.count; low < high;) {
		size_t middle = low + (high - low) / 2;

		if (fields->uses.at[middle].distance < distance)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < fields->uses.count && fields->uses.at[end].distance == distance;)
		seen[fields->uses.at[end++].byte]++;
	all = seen[false] + seen[true] <= FIELD_USERS_MAX;
	if (!all && (bytes != 1 || seen[true] > FIELD_USERS_MAX))
		return;
	solve->guessing = true;
	for (; low < end; low++)
		if (all || fields->uses.at[low].byte)
			solve_want(solve,
				   ost_graph_get(solve->graph, fields->uses.at[low].function));
	solve->guessing = false;
}

void solve_free_fields(struct ost_solve *solve)
{
	for (size_t i = 0; solve->fields && i < solve->program->count; i++)
		free(solve->fields[i].uses.at);
	free(solve->fields);
}
