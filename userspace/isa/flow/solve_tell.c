// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "isa/flow/solve_internal.h"

/** How far before a variable its struct may begin, where no symbol says: bytes. */
#define STRUCT_BEFORE 1024
/** How far from what __tls_get_addr() is given a variable may be: bytes. */
#define THREAD_BEFORE 256
/** Cells that are kept; more is a program that stores what CPUID said everywhere. */
#define CELLS_MAX 60000

/**
 * Struct fields that are kept of an object. All structs of an object are taken for one, so more
 * than a few are no flags but what was computed from them; the first are nearest to where the
 * processor is asked.
 */
#define FIELDS_MAX 16

#define FIELD_SPACE 0x40000000u

/* libc and the loader: what they are passed says nothing of what they do with it */
static bool is_system(const struct ost_object *object)
{
	static const char *const names[] = {"libc.so",	  "ld-linux",  "libm.so", "libpthread.so",
					    "libmvec.so", "libc.musl", "ld-musl"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strncmp(object->name, names[i], strlen(names[i])))
			return true;
	return false;
}

static const struct ost_object *object_of(const struct ost_solve *solve, uint32_t member)
{
	return solve->program->members[member].object;
}

static bool crosses_barrier(const struct ost_solve *solve, const struct ost_function *caller,
			    const struct ost_function *callee)
{
	return caller->member != callee->member && is_system(object_of(solve, callee->member)) &&
	       !is_system(object_of(solve, caller->member));
}

/* Everybody who can name this piece of memory. */
static void want_readers(struct ost_solve *solve, struct ost_place place, unsigned int bytes)
{
	const struct ost_symbol *symbol =
		ost_object_symbol(object_of(solve, place.member), place.address);
	struct ost_place from = place;

	/* those of a thread are named by what the loader is asked for */
	if (place.address & OST_CLOSE_THREAD) {
		place.address &= ~OST_CLOSE_THREAD;
		from.address = place.address > THREAD_BEFORE ? place.address - THREAD_BEFORE : 0;
		ost_graph_readers(solve->graph, from, place.address + bytes - from.address,
				  solve_want_referrer, solve);
		return;
	}
	from.address = place.address > STRUCT_BEFORE ? place.address - STRUCT_BEFORE : 0;
	if (symbol && symbol->size && symbol->address <= place.address)
		from.address = symbol->address;
	ost_graph_readers(solve->graph, from, place.address + bytes - from.address,
			  solve_want_referrer, solve);
}

static ost_value file_value(struct ost_solve *solve, struct ost_place place, unsigned int bytes)
{
	size_t left = 0;
	const uint8_t *at = ost_object_at(object_of(solve, place.member), place.address, &left);
	uint64_t number = 0;

	/* what a thread begins with, init() replaces */
	if (place.address & OST_CLOSE_THREAD)
		return OST_VALUE_NOTHING;
	if (at)
		memcpy(&number, at, left < bytes ? left : bytes);
	/* all ones are what says that it wasn't asked yet */
	if (number == UINT64_MAX >> (64 - 8 * bytes))
		return OST_VALUE_NOTHING;
	return ost_value_number(solve->values, number);
}

static void put_initial(struct ost_solve *solve, const struct initial *initial)
{
	bool lost = false;

	ost_cells_store(solve->cells, initial->space, initial->address, initial->bytes,
			initial->value, &lost);
}

void solve_put_initials(struct ost_solve *solve)
{
	for (size_t i = 0; i < solve->initials.count; i++)
		put_initial(solve, &solve->initials.at[i]);
}

/* Of those that begin in the same sixteen bytes. */
static uint32_t *unset_row(struct ost_solve *solve, uint32_t space, uint64_t sixteen)
{
	uint64_t mixed = (sixteen ^ (uint64_t)space << 40) * 0x9e3779b97f4a7c15ull;

	return &solve->unset_row[mixed >> 32 & (UNSET_ROWS - 1)];
}

static void add_unset(struct ost_solve *solve, const struct initial *initial)
{
	struct initial *unset = MORE(solve, &solve->unset);
	uint32_t *row = unset_row(solve, initial->space, initial->address / 16);

	if (!unset)
		return;
	*unset = *initial;
	unset->older = *row;
	*row = solve->unset.count;
}

static bool add_initial(struct ost_solve *solve, uint32_t space, uint64_t address,
			unsigned int bytes, ost_value value)
{
	struct initial *initial;

	if (solve->initials.count >= CELLS_MAX)
		return false;
	initial = MORE(solve, &solve->initials);
	if (!initial)
		return false;
	*initial = (struct initial){space, address, bytes, value, 0};
	if (value == OST_VALUE_NOTHING)
		add_unset(solve, initial);
	put_initial(solve, initial);
	return true;
}

/* Begin to keep a variable: with what the file has there. */
static bool keep_place(struct ost_solve *solve, struct ost_place place, unsigned int bytes)
{
	struct ost_place granule = {place.member, place.address & ~3ull};

	if (bytes >= 4 && place.address % 4 == 0)
		return add_initial(solve, place.member, place.address, bytes,
				   file_value(solve, place, bytes));
	return add_initial(solve, place.member, granule.address, 4, file_value(solve, granule, 4));
}

/* Does it hold, before it is set, what says that nothing was asked yet? */
static bool is_unset(struct ost_solve *solve, const struct ost_memory *memory)
{
	uint64_t address = memory->place.address, seen = 0;
	/* one that begins before it has eight bytes at most */
	uint64_t first = address > 7 ? (address - 7) / 16 : 0;
	bool found = false;

	if (memory->kind != OST_MEMORY_PLACE || !memory->bytes)
		return false;
	for (uint64_t at = first; !found && at <= (address + memory->bytes - 1) / 16; at++) {
		uint32_t next = *unset_row(solve, memory->place.member, at);

		for (; next && !found; next = solve->unset.at[next - 1].older, seen++) {
			const struct initial *unset = &solve->unset.at[next - 1];

			found = unset->space == memory->place.member &&
				address < unset->address + unset->bytes &&
				unset->address < address + memory->bytes;
		}
	}
	/* who has them all in one row pays for it */
	seen /= 16;
	solve->steps -= seen < solve->steps ? seen : solve->steps;
	return found;
}

/* All ones beside what is known; where these can't be kept apart, anything. */
static ost_value or_unset(struct ost_solve *solve, ost_value value, unsigned int bytes)
{
	ost_value ones = ost_value_number(solve->values, UINT64_MAX >> (64 - 8 * bytes));
	unsigned int count;
	bool lost = false;

	value = ost_value_join(solve->values, value, OST_COND_NONE, ones, OST_COND_NONE, &lost);
	return ost_value_alts(solve->values, value, &count) ? value : OST_VALUE_ANY;
}

static ost_value tell_load(void *context, const struct ost_memory *memory)
{
	struct ost_solve *solve = context;
	uint32_t space = memory->place.member;
	uint64_t address = memory->place.address;
	ost_value value;

	if (memory->kind != OST_MEMORY_PLACE) {
		space |= FIELD_SPACE;
		address = memory->distance;
	}
	if (memory->bytes > 8 || !ost_cells_has(solve->cells, space, address, memory->bytes))
		return memory->kind == OST_MEMORY_PLACE ? OST_VALUE_ANY
							: solve_guessed(solve, memory->bytes);
	value = ost_cells_load(solve->cells, space, address, memory->bytes);
	/* who sets it looks first whether that was done */
	if (solve->looking && memory->site < solve->looking->sets && is_unset(solve, memory))
		return or_unset(solve, value, memory->bytes);
	return value == OST_VALUE_NOTHING ? OST_VALUE_ANY : value;
}

static void store_place(struct ost_solve *solve, const struct ost_memory *memory, ost_value value,
			bool tells)
{
	struct ost_place place = memory->place;
	bool lost = false,
	     kept = ost_cells_has(solve->cells, place.member, place.address, memory->bytes);

	if (!kept && (!tells || !keep_place(solve, place, memory->bytes)))
		return;
	if (solve->looking && is_unset(solve, memory) &&
	    (!solve->looking->sets || memory->site < solve->looking->sets))
		solve->looking->sets = memory->site;
	if (ost_cells_store(solve->cells, place.member, place.address, memory->bytes, value,
			    &lost) ||
	    !kept)
		want_readers(solve, place, memory->bytes);
}

/* Begin to keep a struct's field, where it is near enough to be one of flags. */
static bool keep_field(struct ost_solve *solve, uint32_t space, const struct ost_memory *memory)
{
	if (solve->looking && solve->looking->distance > FIELD_DISTANCE_MAX)
		return false;
	if (++solve->field_count[memory->place.member] > FIELDS_MAX)
		return false;
	/* fresh memory is zero */
	return add_initial(solve, space, memory->distance, memory->bytes,
			   ost_value_number(solve->values, 0));
}

static void store_field(struct ost_solve *solve, const struct ost_memory *memory, ost_value value)
{
	uint32_t space = FIELD_SPACE | memory->place.member;
	bool lost = false, kept;

	if (memory->distance < FIELD_MIN || memory->distance > FIELD_MAX || memory->bytes > 8)
		return;
	kept = ost_cells_has(solve->cells, space, memory->distance, memory->bytes);
	if (!kept && !keep_field(solve, space, memory))
		return;
	if (ost_cells_store(solve->cells, space, memory->distance, memory->bytes, value, &lost) ||
	    !kept)
		solve_want_field_users(solve, memory->place.member, memory->distance,
				       memory->bytes);
}

static void want_close_caller(void *context, struct ost_function *caller, const struct ost_ref *ref)
{
	(void)ref;
	if (solve_find(context, caller))
		solve_want(context, caller);
}

/* All, or those only that are looked at closely anyway. */
static void want_callers(struct ost_solve *solve, struct ost_function *function, bool all)
{
	ost_graph_callers(solve->graph, function, all ? solve_want_referrer : want_close_caller,
			  solve);
}

static void store_argument(struct ost_solve *solve, struct ost_function *function,
			   const struct ost_memory *memory, ost_value value, bool tells)
{
	struct closely *closely = solve_find(solve, function);
	struct write *write = NULL;
	bool lost = false;
	ost_value joined;

	if (!closely)
		return;
	for (size_t i = 0; i < closely->writes.count && !write; i++)
		if (closely->writes.at[i].memory.argument == memory->argument &&
		    closely->writes.at[i].memory.distance == memory->distance &&
		    closely->writes.at[i].memory.bytes == memory->bytes)
			write = &closely->writes.at[i];
	if (!write) {
		if (!tells || closely->writes.count >= 64 ||
		    !(write = MORE(solve, &closely->writes)))
			return;
		*write = (struct write){*memory, OST_VALUE_NOTHING};
	}
	joined = ost_value_join(solve->values, write->value, OST_COND_NONE, value, OST_COND_NONE,
				&lost);
	if (joined == write->value)
		return;
	write->value = joined;
	want_callers(solve, function, true);
}

/*
 * What a function leaves behind in a place that is only reached when a test came out well says how
 * it came out. Farther away from where the processor is asked, everything would say so.
 */
static ost_value under(const struct ost_solve *solve, const struct ost_function *function,
		       ost_value value, ost_cond cond)
{
	const struct closely *closely = solve_find(solve, function);

	return closely && closely->distance > IMPLICIT_MAX
		       ? value
		       : ost_value_given(solve->values, value, cond);
}

static void tell_store(void *context, struct ost_function *function,
		       const struct ost_memory *memory, ost_value value, ost_cond cond)
{
	struct ost_solve *solve = context;
	bool tells, unknown = ost_value_unknown(solve->values, value);

	if (value == OST_VALUE_NOTHING || memory->bytes > 8 || solve->settled)
		return;
	if (memory->kind != OST_MEMORY_PLACE)
		solve_keep_answer(solve, memory->place.member, value, cond);
	value = under(solve, function, value, cond);
	if (ost_value_has_address(solve->values, value))
		value = OST_VALUE_ANY;
	/*
	 * What nothing is known of is what somebody asked for instead, by an option or a variable
	 * of the environment, or a flag put in a word that isn't followed yet, in a function that
	 * asks the processor.
	 */
	tells = ost_value_tells(solve->values, value) &&
		(!unknown || function->traits & OST_TRAIT_CPUID);
	if (unknown && !tells)
		return;
	switch (memory->kind) {
	case OST_MEMORY_PLACE:
		store_place(solve, memory, value, tells);
		break;
	case OST_MEMORY_ARGUMENT:
		store_argument(solve, function, memory, value, tells);
		/* fallthrough */
	case OST_MEMORY_FIELD:
		if (tells && ost_value_flags(solve->values, value))
			store_field(solve, memory, value);
	}
}

static void pass_argument(struct ost_solve *solve, struct ost_function *callee, unsigned int at,
			  ost_value value)
{
	struct closely *closely;
	bool lost = false;
	ost_value joined;

	if (solve->settled || !ost_value_tells(solve->values, value) ||
	    ost_value_has_address(solve->values, value))
		return;
	closely = solve_find(solve, callee);
	if (!closely) {
		solve_want(solve, callee);
		closely = solve_find(solve, callee);
	}
	if (!closely)
		return;
	joined = ost_value_join(solve->values, closely->argument[at], OST_COND_NONE, value,
				OST_COND_NONE, &lost);
	if (joined == closely->argument[at])
		return;
	closely->argument[at] = joined;
	solve_want(solve, callee);
}

/* What is known of an answer goes before what isn't, as far as it tells the processors apart: one
 * that is left over under a test says nothing beside others. */
static ost_value answer_of(const struct ost_solve *solve, const struct closely *closely)
{
	bool lost = false;
	ost_value told;

	if (!closely->returned_unknown)
		return closely->returned;
	told = ost_value_instead(solve->values, OST_VALUE_ANY, OST_COND_NONE, closely->returned,
				 OST_COND_NONE);
	if (told != OST_VALUE_ANY)
		return told;
	return ost_value_join(solve->values, closely->returned, OST_COND_NONE, OST_VALUE_ANY,
			      OST_COND_NONE, &lost);
}

static ost_value tell_call(void *context, struct ost_function *caller, struct ost_function *callee,
			   const ost_value *arguments, ost_cond cond)
{
	struct ost_solve *solve = context;
	struct closely *closely;

	(void)cond;
	if (crosses_barrier(solve, caller, callee) &&
	    !(callee->name && !strncmp(callee->name, "__x86_get_cpu", 13)))
		return OST_VALUE_ANY;
	for (unsigned int i = 0; i < OST_CLOSE_ARGUMENTS; i++)
		pass_argument(solve, callee, i, arguments[i]);
	closely = solve_find(solve, callee);
	return closely && !closely->failed ? answer_of(solve, closely) : OST_VALUE_ANY;
}

static bool tell_written(void *context, struct ost_function *callee, unsigned int at,
			 struct ost_memory *memory, ost_value *value)
{
	const struct closely *closely = solve_find(context, callee);

	if (!closely || closely->failed || at >= closely->writes.count)
		return false;
	*memory = closely->writes.at[at].memory;
	*value = closely->writes.at[at].value;
	return true;
}

/* Is it the address of a struct in which something is kept that tells of the processor? */
static bool leads_to_cells(const struct ost_solve *solve, ost_value value)
{
	const struct ost_alt *alts;
	unsigned int count;

	alts = ost_value_alts(solve->values, value, &count);
	for (unsigned int i = 0; i < count; i++) {
		struct ost_place place = {alts[i].member, alts[i].number};
		uint64_t size;

		if (alts[i].kind != OST_ALT_ADDRESS || place.address & OST_CLOSE_THREAD)
			continue;
		/* what is behind it belongs to another one */
		size = ost_graph_object_end(solve->graph, place) - place.address;
		if (ost_cells_has(solve->cells, place.member, place.address,
				  size < STRUCT_BEFORE ? size : STRUCT_BEFORE))
			return true;
	}
	return false;
}

static void tell_returns(void *context, struct ost_function *function, ost_value value,
			 ost_cond cond)
{
	struct ost_solve *solve = context;
	struct closely *closely = solve_find(solve, function);
	ost_value before, joined;
	bool lost = false;

	if (!closely || value == OST_VALUE_NOTHING || solve->settled)
		return;
	before = answer_of(solve, closely);
	if (ost_value_unknown(solve->values, value))
		closely->returned_unknown = true;
	else
		closely->returned =
			ost_value_join(solve->values, closely->returned, OST_COND_NONE,
				       under(solve, function, value, cond), OST_COND_NONE, &lost);
	joined = answer_of(solve, closely);
	if (joined == before)
		return;
	/* a resolver answers the loader; those who seem to call it call what it chose. What a
	 * function that answers nothing has left over says nothing */
	if (function->traits & OST_TRAIT_RESOLVER || !ost_close_answer_used(solve->close, function))
		return;
	want_callers(solve, function,
		     ost_value_tells(solve->values, joined) || leads_to_cells(solve, joined));
}

static ost_value tell_argument(void *context, struct ost_function *function, unsigned int at)
{
	const struct closely *closely = solve_find(context, function);

	if (closely && closely->argument[at] != OST_VALUE_NOTHING)
		return closely->argument[at];
	return at < OST_CLOSE_PASSED ? solve_guessed_argument(context) : OST_VALUE_ANY;
}

static void tell_edge(void *context, struct ost_function *function, uint64_t site,
		      struct ost_place to, ost_cond cond, enum ost_edge how)
{
	struct ost_solve *solve = context;
	struct closely *closely = solve_find(solve, function);
	struct edge *edge = closely ? MORE(solve, &closely->edges) : NULL;

	if (edge)
		*edge = (struct edge){site, to, cond, how};
}

static void tell_block(void *context, struct ost_function *function, uint64_t start, uint64_t end,
		       ost_cond cond)
{
	struct ost_solve *solve = context;
	struct closely *closely = solve_find(solve, function);
	struct span *span = closely ? MORE(solve, &closely->spans) : NULL;

	if (span)
		*span = (struct span){start, end, cond};
}

static void tell_refuses(void *context, struct ost_function *function, uint64_t site,
			 ost_cond before, ost_cond cond)
{
	struct ost_solve *solve = context;
	struct ost_refusal *refusal;

	/* a guess is no test */
	if (solve->looking && solve->looking->guess)
		return;
	refusal = MORE(solve, &solve->refusals);
	if (refusal)
		*refusal = (struct ost_refusal){function->index, site, before, cond};
}

static void tell_opens(void *context, struct ost_place name, ost_cond cond)
{
	struct ost_solve *solve = context;
	struct opened *opened = MORE(solve, &solve->opened);

	if (opened)
		*opened = (struct opened){name, cond};
}

static void tell_tests(void *context, struct ost_function *function, uint64_t site, ost_cond cond)
{
	struct ost_solve *solve = context;
	struct test *test;

	if (solve->looking && solve->looking->guess)
		return;
	test = MORE(solve, &solve->tests);
	if (test)
		*test = (struct test){{function->member, site}, function->index, cond};
}

void solve_calls(struct ost_solve *solve, struct ost_close_calls *calls)
{
	*calls = (struct ost_close_calls){
		.context = solve,
		.load = tell_load,
		.store = tell_store,
		.call = tell_call,
		.written = tell_written,
		.returns = tell_returns,
		.argument = tell_argument,
		.edge = tell_edge,
		.block = tell_block,
		.refuses = tell_refuses,
		.opens = tell_opens,
		.tests = tell_tests,
	};
}
