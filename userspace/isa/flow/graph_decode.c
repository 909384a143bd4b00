// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/flow/graph_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Where the end of a function isn't known, jumps further than this lead to other functions; bytes.
 * Conditional ones may go to code that was moved out of the way; unconditional ones that leave are
 * tail calls.
 */
#define GUESS_BRANCH_MAX (64u << 10)
#define GUESS_JUMP_MAX	 (4u << 10)

/* So many addresses of data that were used last may be the table of an indirect jump. */
#define TABLES 4

/* Functions that are decoded one inside the other, to know whether the innermost returns. */
#define DEPTH_MAX 64

/* Refs, and uses, of the functions that are being decoded at one time. */
#define AT_ONCE_MAX (4u << 20)

/* struct sweep - one pass over one function */
struct sweep {
	struct ost_graph *graph;
	struct graph_member *member;
	struct ost_function *function;
	const uint8_t *bytes; /* at the start */
	uint64_t readable;
	uint64_t start, limit;
	uint64_t before, at, next; /* the instruction before, this one, the one after */
	uint64_t last;		   /* the last instruction that doesn't just go on; then the last */
	uint64_t after_last;
	uint64_t furthest; /* target ahead that was seen; for functions whose end isn't known */
	uint64_t
		tables[TABLES]; /* data that was last referred to: jump tables, if a jump follows */
	unsigned int table_count;
	uint8_t flow; /* of @last */
	bool exact, fixed, stop;
	size_t first_ref, first_use; /* of this function in the graph's arrays */
};

/* True, and the function ends here, when a budget of what is kept is spent. */
static bool is_spent(struct sweep *sweep, size_t now, uint64_t kept, uint64_t most)
{
	if (now + kept < most && now < AT_ONCE_MAX)
		return false;
	sweep->function->traits |= OST_TRAIT_TOO_LARGE;
	sweep->stop = true;
	return true;
}

static void ref_add(struct sweep *sweep, uint64_t target, enum ost_ref_kind kind)
{
	struct ost_graph *graph = sweep->graph;

	if (target - sweep->member->low >= sweep->member->high - sweep->member->low)
		return;
	if (is_spent(sweep, graph->ref_count, sweep->member->ref_count, sweep->member->refs_max))
		return;
	if (graph->ref_count == graph->ref_room &&
	    !ost_graph_grow(graph, (void **)&graph->refs, graph->ref_count, &graph->ref_room,
			    sizeof(*graph->refs))) {
		sweep->stop = true;
		return;
	}
	graph->refs[graph->ref_count++] = (struct ost_ref){sweep->at, target, kind};
}

static void use_add(struct sweep *sweep, uint8_t need)
{
	struct ost_graph *graph = sweep->graph;

	if (!graph->matters[need])
		return;
	if (is_spent(sweep, graph->use_count, sweep->member->use_count, sweep->member->uses_max))
		return;
	if (!ost_graph_grow(graph, (void **)&graph->uses, graph->use_count, &graph->use_room,
			    sizeof(*graph->uses))) {
		sweep->stop = true;
		return;
	}
	graph->uses[graph->use_count++] = (struct ost_use){sweep->at, need};
}

/*
 * Does a call come back? Where the end of the caller depends on it the callee is decoded first,
 * though not through endless chains of calls.
 */
static bool comes_back(struct ost_graph *graph, struct ost_place place)
{
	struct ost_target real = ost_graph_code(graph, place);
	struct ost_function *callee =
		real.known ? ost_graph_function_from(graph, real.place) : NULL;

	if (!callee)
		return !ost_graph_no_return_name(real.symbol);
	if (!callee->decoded && !(callee->traits & OST_TRAIT_NO_RETURN) && graph->depth < DEPTH_MAX)
		ost_graph_decode(graph, callee);
	return !(callee->traits & OST_TRAIT_NO_RETURN);
}

/* Nothing that was seen so far leads past this instruction. */
static bool is_last(const struct sweep *sweep)
{
	return !sweep->exact && sweep->next > sweep->furthest;
}

static void call(struct sweep *sweep, uint64_t target)
{
	struct ost_place place = {sweep->member->index, target};

	if (!graph_code_of(sweep->member, target))
		return;
	ref_add(sweep, target, OST_REF_CALL);
	if (is_last(sweep) && !comes_back(sweep->graph, place))
		sweep->stop = true;
}

static void jump(struct sweep *sweep, uint64_t target, bool conditional)
{
	uint64_t reach = conditional ? GUESS_BRANCH_MAX : GUESS_JUMP_MAX;
	bool inside = target >= sweep->start && target < sweep->limit;

	if (inside && !sweep->exact && target > sweep->at)
		inside = target <= sweep->furthest ||
			 (target - sweep->at <= reach &&
			  (conditional || !ost_graph_is_guess(sweep->member, target)));
	if (inside && target > sweep->furthest)
		sweep->furthest = target;
	if (!inside && graph_code_of(sweep->member, target))
		ref_add(sweep, target, OST_REF_JUMP);
	if (!conditional && is_last(sweep))
		sweep->stop = true;
}

/* enum absolute - what an instruction's 4-byte displacement without rip is */
enum absolute { ABSOLUTE_NONE, ABSOLUTE_SLOT, ABSOLUTE_TABLE };

/* An address in a displacement: of the operand itself, or of a table that registers index. */
static enum absolute absolute_operand(const struct sweep *sweep, const struct ost_quick *insn,
				      const uint8_t *bytes, uint64_t *address)
{
	int32_t value;
	uint8_t sib;

	if (!sweep->fixed || !insn->disp_at || insn->segment || insn->rip ||
	    insn->disp_at + 4 > insn->length)
		return ABSOLUTE_NONE;
	memcpy(&value, bytes + insn->disp_at, 4);
	*address = (int64_t)value;
	if (*address < sweep->member->low || *address >= sweep->member->high)
		return ABSOLUTE_NONE;
	if (insn->base_reg || (insn->modrm & 7) != 4 || insn->modrm >> 6)
		return ABSOLUTE_TABLE;
	sib = bytes[insn->disp_at - 1];
	return (sib >> 3 & 7) == 4 && !(insn->rex & 2) ? ABSOLUTE_SLOT : ABSOLUTE_TABLE;
}

static void table_follow(struct sweep *sweep, uint64_t table, bool absolute)
{
	uint64_t end;

	end = ost_graph_table_end(sweep->member, table, absolute, sweep->at, sweep->limit);
	if (end > sweep->furthest)
		sweep->furthest = end;
}

static void jump_indirect(struct sweep *sweep, const struct ost_quick *insn, const uint8_t *bytes)
{
	uint64_t address;

	sweep->function->traits |= OST_TRAIT_RETURNS;
	if (insn->rip) {
		ref_add(sweep, sweep->next + insn->target, OST_REF_LOAD);
	} else if (insn->modrm >> 6 == 3) {
		for (unsigned int i = 0; !sweep->exact && i < TABLES && i < sweep->table_count; i++)
			table_follow(sweep, sweep->tables[i], false);
	} else {
		switch (absolute_operand(sweep, insn, bytes, &address)) {
		case ABSOLUTE_SLOT:
			ref_add(sweep, address, OST_REF_LOAD);
			break;
		case ABSOLUTE_TABLE:
			ref_add(sweep, address, OST_REF_DATA);
			if (!sweep->exact)
				table_follow(sweep, address, true);
			break;
		case ABSOLUTE_NONE:
			break;
		}
	}
	if (is_last(sweep))
		sweep->stop = true;
}

static void call_indirect(struct sweep *sweep, const struct ost_quick *insn, const uint8_t *bytes)
{
	uint64_t address;

	if (insn->rip) {
		ref_add(sweep, sweep->next + insn->target, OST_REF_CALL_SLOT);
		return;
	}
	switch (absolute_operand(sweep, insn, bytes, &address)) {
	case ABSOLUTE_SLOT:
		ref_add(sweep, address, OST_REF_CALL_SLOT);
		break;
	case ABSOLUTE_TABLE:
		ref_add(sweep, address, OST_REF_DATA);
		break;
	case ABSOLUTE_NONE:
		break;
	}
}

static void flow(struct sweep *sweep, const struct ost_quick *insn, const uint8_t *bytes)
{
	sweep->flow = insn->flow;
	sweep->last = sweep->at;
	sweep->after_last = sweep->next;
	switch (insn->flow) {
	case OST_FLOW_CALL:
		call(sweep, sweep->next + insn->target);
		break;
	case OST_FLOW_JUMP:
		jump(sweep, sweep->next + insn->target, false);
		break;
	case OST_FLOW_BRANCH:
		jump(sweep, sweep->next + insn->target, true);
		break;
	case OST_FLOW_RETURN:
		sweep->function->traits |= OST_TRAIT_RETURNS;
		sweep->stop |= is_last(sweep);
		break;
	case OST_FLOW_JUMP_INDIRECT:
		jump_indirect(sweep, insn, bytes);
		break;
	case OST_FLOW_CALL_INDIRECT:
		call_indirect(sweep, insn, bytes);
		break;
	case OST_FLOW_STOP:
		sweep->stop |= is_last(sweep);
		break;
	}
}

static void data_taken(struct sweep *sweep, uint64_t target)
{
	ref_add(sweep, target, OST_REF_DATA);
	sweep->tables[sweep->table_count++ % TABLES] = target;
}

static void address_taken(struct sweep *sweep, uint64_t target)
{
	if (ost_graph_is_code_ref(sweep->member, target))
		ref_add(sweep, target, OST_REF_CODE);
	else
		data_taken(sweep, target);
}

static bool is_lea(const struct ost_quick *insn)
{
	return insn->map == OST_MAP_1BYTE && insn->opcode == 0x8d;
}

/* Code at a fixed address has no relocations left: a number that is an address is taken for one. */
static void fixed_addresses(struct sweep *sweep, const struct ost_quick *insn, const uint8_t *bytes)
{
	struct graph_member *member = sweep->member;
	uint64_t address;

	switch (absolute_operand(sweep, insn, bytes, &address)) {
	case ABSOLUTE_SLOT:
		if (is_lea(insn))
			address_taken(sweep, address);
		else
			ref_add(sweep, address, OST_REF_LOAD);
		break;
	case ABSOLUTE_TABLE:
		if (!graph_code_of(member, address))
			address_taken(sweep, address);
		break;
	case ABSOLUTE_NONE:
		break;
	}
	if (insn->imm_size == 4 && insn->imm_at + 4 <= insn->length) {
		int32_t value;

		memcpy(&value, bytes + insn->imm_at, 4);
		address = (int64_t)value;
	} else if (insn->imm_size == 8 && insn->imm_at + 8 <= insn->length) {
		memcpy(&address, bytes + insn->imm_at, 8);
	} else {
		return;
	}
	if (address - member->low >= member->high - member->low)
		return;
	if (!graph_code_of(member, address))
		data_taken(sweep, address);
	else if (ost_graph_is_start(member, address))
		ref_add(sweep, address, OST_REF_CODE);
}

/* cpuid or xgetbv, which no assembler gives a prefix */
static bool is_query(const uint8_t *bytes)
{
	return bytes[0] == 0x0f && (bytes[1] == 0xa2 || (bytes[1] == 0x01 && bytes[2] == 0xd0));
}

/* mov r32, 0, as it was before this instruction */
#define MOV_ZERO_BYTES 5

/*
 * LZCNT or TZCNT of a number that the instruction before put into the register: nobody counts the
 * bits of a zero that is in the code but to learn from the flags whether it runs as BSR or BSF.
 */
static bool asks_itself(const struct sweep *sweep, const uint8_t *bytes)
{
	const uint8_t *before;
	uint32_t number;

	if (bytes[0] != 0xf3 || bytes[1] != 0x0f || (bytes[2] != 0xbd && bytes[2] != 0xbc) ||
	    bytes[3] >> 6 != 3 || sweep->before + MOV_ZERO_BYTES != sweep->at)
		return false;
	before = sweep->bytes + (sweep->before - sweep->start);
	memcpy(&number, before + 1, sizeof(number));
	return before[0] == (0xb8 | (bytes[3] & 7)) && !number;
}

static void note(struct sweep *sweep, const struct ost_quick *insn, const uint8_t *bytes)
{
	if (insn->need && !asks_itself(sweep, bytes))
		use_add(sweep, insn->need);
	if (is_query(bytes))
		sweep->function->traits |= bytes[1] == 0xa2 ? OST_TRAIT_CPUID : OST_TRAIT_XGETBV;
	if (insn->flow != OST_FLOW_NEXT) {
		flow(sweep, insn, bytes);
		return;
	}
	if (insn->rip) {
		if (is_lea(insn))
			address_taken(sweep, sweep->next + insn->target);
		else
			ref_add(sweep, sweep->next + insn->target, OST_REF_LOAD);
	}
	if (sweep->fixed && (insn->disp_at || insn->imm_size >= 4))
		fixed_addresses(sweep, insn, bytes);
}

/* The bytes of an instruction, with zeroes behind the end of what is readable. */
static const uint8_t *look(const struct sweep *sweep, uint64_t at, uint8_t *tail)
{
	const uint8_t *bytes = sweep->bytes + (at - sweep->start);
	uint64_t left = sweep->start + sweep->readable - at;

	if (left >= OST_QUICK_PAD)
		return bytes;
	memset(tail, 0, OST_QUICK_PAD);
	memcpy(tail, bytes, left);
	return tail;
}

static void sweep_run(struct sweep *sweep)
{
	uint8_t tail[OST_QUICK_PAD];
	uint64_t count = 0;
	struct ost_quick insn;

	while (sweep->at < sweep->limit && !sweep->stop) {
		const uint8_t *bytes = look(sweep, sweep->at, tail);
		unsigned int length = ost_quick_decode(bytes, &insn);

		if (__builtin_expect(!length || length > sweep->limit - sweep->at, 0)) {
			sweep->function->traits |= OST_TRAIT_BROKEN;
			sweep->flow = OST_FLOW_STOP;
			sweep->after_last = sweep->at + 1;
			if (!sweep->exact)
				break;
			sweep->at++;
			continue;
		}
		sweep->next = sweep->at + length;
		count++;
		if (insn.flow | insn.need | insn.rip || is_query(bytes) ||
		    (sweep->fixed && (insn.disp_at || insn.imm_size >= 4)))
			note(sweep, &insn, bytes);
		sweep->before = sweep->at;
		sweep->at = sweep->next;
	}
	sweep->graph->stats.instructions += count;
	if (!count)
		sweep->function->traits |= OST_TRAIT_BROKEN;
}

/* Makes @last and @flow those of the last instruction that isn't padding. */
static void find_last(struct sweep *sweep)
{
	uint8_t tail[OST_QUICK_PAD];
	struct ost_quick insn;

	for (uint64_t at = sweep->after_last; at < sweep->limit; at += insn.length) {
		if (!ost_quick_decode(look(sweep, at, tail), &insn))
			return;
		if ((insn.map == OST_MAP_1BYTE && insn.opcode == 0x90) ||
		    (insn.map == OST_MAP_0F && insn.opcode == 0x1f))
			continue;
		sweep->last = at;
		sweep->flow = OST_FLOW_NEXT;
	}
}

/* Padding is not code that anything goes on into, even when nothing says that a function ended. */
static bool goes_on_at(struct sweep *sweep, uint64_t address)
{
	struct graph_bound *bound = ost_graph_bound_of(sweep->member, address);
	struct graph_code *code = graph_code_of(sweep->member, address);
	const uint8_t *p;

	if (!code)
		return false;
	if (bound && bound->start == address)
		return true;
	p = code->bytes + (address - code->start);
	return p[0] != 0x90 && p[0] != 0xcc && p[0] != 0 && p[0] != 0x66 && p[0] != 0x0f;
}

/* The last instruction goes on into what comes after: assembly in several pieces. */
static void fall_through(struct sweep *sweep)
{
	if (sweep->stop || sweep->at != sweep->limit)
		return;
	find_last(sweep);
	if (sweep->flow != OST_FLOW_NEXT && sweep->flow != OST_FLOW_BRANCH)
		return;
	if (!goes_on_at(sweep, sweep->limit))
		return;
	sweep->at = sweep->last;
	ref_add(sweep, sweep->limit, OST_REF_JUMP);
	sweep->at = sweep->limit;
}

static int keep(struct sweep *sweep)
{
	const size_t refs = sweep->graph->ref_count - sweep->first_ref;
	const size_t uses = sweep->graph->use_count - sweep->first_use;
	struct ost_function *function = sweep->function;
	struct graph_member *member = sweep->member;
	struct ost_graph *graph = sweep->graph;

	if (refs) {
		function->refs = ost_graph_alloc(graph, refs * sizeof(*function->refs));
		if (!function->refs ||
		    !ost_graph_grow(graph, (void **)&member->batches, member->batch_count,
				    &member->batch_room, sizeof(*member->batches)))
			return -ENOMEM;
		memcpy(function->refs, graph->refs + sweep->first_ref,
		       refs * sizeof(*function->refs));
		function->ref_count = refs;
		member->batches[member->batch_count++] = (struct graph_batch){
			.first = member->ref_count,
			.function = function->index,
		};
		member->ref_count += refs;
	}
	if (uses) {
		function->uses = ost_graph_alloc(graph, uses * sizeof(*function->uses));
		if (!function->uses)
			return -ENOMEM;
		memcpy(function->uses, graph->uses + sweep->first_use,
		       uses * sizeof(*function->uses));
		function->use_count = uses;
		member->use_count += uses;
	}
	graph->stats.refs += refs;
	graph->stats.uses += uses;
	return 0;
}

/* How far a function may be decoded: its end, or what its object's budget still allows. */
static uint64_t limit_of(struct ost_graph *graph, const struct graph_member *member,
			 struct ost_function *function)
{
	uint64_t most = 0;

	/* those that are being decoded further out may have gone past it together */
	if (member->code_bytes < graph->budget.code_bytes)
		most = graph->budget.code_bytes - member->code_bytes;

	if (!function->exact && most > GRAPH_GUESS_MAX)
		most = GRAPH_GUESS_MAX;
	return function->end - function->start > most ? function->start + most : function->end;
}

/* What is known once the last instruction was seen. */
static void finish(struct sweep *sweep, uint64_t end)
{
	struct ost_function *function = sweep->function;
	struct ost_graph *graph = sweep->graph;

	if (sweep->limit < end && sweep->at >= sweep->limit && !sweep->stop)
		function->traits |= OST_TRAIT_TOO_LARGE;
	if (function->traits & OST_TRAIT_TOO_LARGE)
		graph->stats.too_large++;
	else
		fall_through(sweep);
	if (!function->exact)
		function->end = sweep->at;
	sweep->member->code_bytes += sweep->at - sweep->start;
	graph->stats.code_bytes += sweep->at - sweep->start;
}

int ost_graph_decode(struct ost_graph *graph, struct ost_function *function)
{
	struct graph_member *member = &graph->members[function->member];
	struct graph_code *code = graph_code_of(member, function->start);
	const uint64_t end = function->end;
	struct sweep sweep = {
		.graph = graph,
		.member = member,
		.function = function,
		.bytes = code->bytes + (function->start - code->start),
		.readable = code->readable - (function->start - code->start),
		.start = function->start,
		.at = function->start,
		.last = function->start,
		.after_last = function->start,
		.exact = function->exact,
		.fixed = member->fixed,
		.first_ref = graph->ref_count,
		.first_use = graph->use_count,
	};
	int err;

	if (function->decoded)
		return function->traits & OST_TRAIT_TOO_LARGE ? -E2BIG : 0;
	function->decoded = true;
	sweep.limit = limit_of(graph, member, function);
	if (!function->exact)
		function->end = function->start; /* until it is known */
	graph->depth++;
	sweep_run(&sweep);
	finish(&sweep, end);
	err = graph->no_memory ? -ENOMEM : keep(&sweep);
	graph->ref_count = sweep.first_ref;
	graph->use_count = sweep.first_use;
	if (!err)
		ost_graph_no_return_check(graph, function);
	graph->depth--;
	if (!err && function->traits & OST_TRAIT_TOO_LARGE)
		err = -E2BIG;
	return err;
}
