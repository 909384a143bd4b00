// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "isa/flow/close_internal.h"

/** Bytes from an address of the stack on that a function which is given it may write. */
#define ESCAPE_BYTES 128

/** Of these, how many it is taken to write for sure: flags are kept in small structs. */
#define FORGET_BYTES 32

static const struct ost_object *object_of(const struct look *look, uint32_t member)
{
	return ost_graph_program(look->close->graph)->members[member].object;
}

static struct look *outermost(struct look *look)
{
	while (look->outer)
		look = look->outer;
	return look;
}

/* Functions that are followed one after the other have their frames in the same place, and nothing
 * in common there. */
static uint32_t space_of(const struct look *look, uint64_t distance)
{
	while (look->outer && (int64_t)distance >= look->frame)
		look = look->outer;
	return look->space;
}

void close_edge(struct look *look, uint64_t site, struct ost_place to, ost_cond cond,
		enum ost_edge how)
{
	const struct ost_close_calls *calls = &look->close->calls;

	if (cond == OST_COND_ALL || !look->last)
		return;
	/* what a followed function leads to is its caller's doing, at the call */
	for (; look->outer; look = look->outer) {
		site = look->call_site;
		if (!look->outer->last)
			return;
	}
	calls->edge(calls->context, look->function, site, to, cond, how);
}

/* Fixed code holds addresses as plain numbers. */
static ost_value number_or_address(struct look *look, uint64_t number, bool may_be_address)
{
	struct ost_close *close = look->close;
	const struct ost_object *object = object_of(look, look->function->member);

	if (may_be_address && !object->shared && number >= 4096 &&
	    ost_object_segment(object, number))
		return ost_value_alt(close->values, &(struct ost_alt){
							    .kind = OST_ALT_ADDRESS,
							    .member = look->function->member,
							    .number = number,
						    });
	return ost_value_number(close->values, number);
}

struct address close_address(struct look *look, const struct state *state,
			     const struct ost_operand *operand)
{
	struct ost_values *values = look->close->values;
	struct address address = {.value = OST_VALUE_ANY, .distance = operand->number};
	ost_value index = OST_VALUE_ANY, base;

	if (operand->thread)
		return (struct address){.value = OST_VALUE_ANY, .distance = -1};
	if (operand->index != OST_NO_REGISTER) {
		address.index = index = state->reg[operand->index];
		address.scale = operand->scale;
		if (operand->scale > 1)
			index = ost_value_compute(values, OST_OP_MUL, index,
						  ost_value_number(values, operand->scale), 64);
		address.indexed = true;
	}
	if (operand->rip || operand->reg == OST_NO_REGISTER) {
		struct ost_alt alt = {
			.kind = OST_ALT_ADDRESS,
			.member = look->function->member,
			.number = operand->number,
		};

		base = operand->rip ? ost_value_alt(values, &alt)
				    : number_or_address(look, operand->number, true);
		address.distance = 0;
	} else {
		base = ost_value_compute(values, OST_OP_ADD, state->reg[operand->reg],
					 ost_value_number(values, operand->number), 64);
		/* the array may be what is called the index */
		if (operand->index != OST_NO_REGISTER && operand->scale == 1 &&
		    !ost_value_has_address(values, base) && ost_value_has_address(values, index)) {
			ost_value swap = index;

			address.index = index = state->reg[operand->reg];
			base = ost_value_compute(values, OST_OP_ADD, swap,
						 ost_value_number(values, operand->number), 64);
		}
	}
	address.value = base;
	if (address.indexed && index != OST_VALUE_ANY) {
		ost_value sum = ost_value_compute(values, OST_OP_ADD, base, index, 64);

		if (sum != OST_VALUE_ANY) {
			address.value = sum;
			address.indexed = false;
		}
	}
	return address;
}

/* What the file has there: a constant, or what the loader will write. */
static ost_value load_place(struct look *look, uint64_t site, struct ost_place place,
			    unsigned int bytes)
{
	struct ost_close *close = look->close;
	const struct ost_close_calls *calls = &close->calls;
	const struct ost_segment *segment;
	struct ost_target target;
	struct ost_memory memory = {
		.kind = OST_MEMORY_PLACE, .place = place, .bytes = bytes, .site = site};
	ost_value value;

	close_spoil(close);
	if (look->passing_count && close_passing_load(look, &memory, &value))
		return value;
	value = calls->load(calls->context, &memory);
	if (value != OST_VALUE_ANY)
		return value;
	if (bytes == 8) {
		target = ost_graph_slot(close->graph, place);
		if (target.known && !target.ifunc)
			return ost_value_alt(close->values, &(struct ost_alt){
								    .kind = OST_ALT_ADDRESS,
								    .member = target.place.member,
								    .number = target.place.address,
							    });
	}
	segment = ost_object_segment(object_of(look, place.member), place.address);
	if (segment && !segment->write && !segment->relro && bytes <= 8) {
		size_t left;
		const uint8_t *at =
			ost_object_at(object_of(look, place.member), place.address, &left);
		uint64_t number = 0;

		if (at && left >= bytes) {
			memcpy(&number, at, bytes);
			return number_or_address(look, number, bytes == 8);
		}
	}
	return OST_VALUE_ANY;
}

/* @offset: from where the first argument on the stack is */
static ost_value load_argument(struct look *outer, uint64_t offset, unsigned int bytes)
{
	const struct ost_close_calls *calls = &outer->close->calls;

	close_spoil(outer->close);
	if (offset / 8 >= OST_CLOSE_PASSED - 6 || offset % 8)
		return OST_VALUE_ANY;
	return ost_value_cut(outer->close->values,
			     calls->argument(calls->context, outer->function, 6 + offset / 8), 0,
			     bytes * 8);
}

ost_value close_cell(struct look *look, int64_t distance, unsigned int bytes)
{
	return ost_cells_load(outermost(look)->stack, space_of(look, distance), distance, bytes);
}

static void watch(struct look *look, const struct watched *watched)
{
	struct watch *watch = look->close->watch;

	if (!watch || watch->spoiled)
		return;
	for (uint32_t i = 0; i < watch->count; i++)
		if (watch->list[i].distance == watched->distance &&
		    watch->list[i].kind == watched->kind &&
		    watch->list[i].value == watched->value &&
		    watch->list[i].bytes == watched->bytes)
			return;
	if (watch->count == WATCH_MAX)
		watch->spoiled = true;
	else
		watch->list[watch->count++] = *watched;
}

static void mark_reader(struct look *look, uint64_t distance, unsigned int bytes)
{
	uint64_t words = close_words(distance, bytes);

	for (struct look *at = look; at; at = at->outer)
		at->blocks[at->current].reads_stack |= words;
}

static ost_value load_stored(struct look *look, uint32_t space, uint64_t distance,
			     unsigned int bytes)
{
	struct look *outer = outermost(look);
	ost_value value = ost_cells_load(outer->stack, space, distance, bytes);

	if (value != OST_VALUE_NOTHING)
		return value;
	outer->saw_unset = true;
	return outer->unset_any ? OST_VALUE_ANY : OST_VALUE_NOTHING;
}

static ost_value load_stack(struct look *look, const struct state *state, uint64_t distance,
			    unsigned int bytes)
{
	struct watched watched = {
		.kind = WATCHED_RECENT,
		.distance = (int64_t)distance,
		.bytes = bytes,
		.value = OST_VALUE_ANY,
	};
	ost_value value;

	mark_reader(look, distance, bytes);
	/* above the return address is what the caller put there */
	if ((int64_t)distance >= 8 && bytes <= 8)
		return load_argument(outermost(look), distance - 8, bytes);
	if ((int64_t)distance >= 0 || bytes > 8)
		return OST_VALUE_ANY;
	if (close_recent_load(look, state, (int64_t)distance, bytes, &value)) {
		watch(look, &watched);
		return value;
	}
	watched.kind = WATCHED_LOAD;
	watched.space = space_of(look, distance);
	watched.value = load_stored(look, watched.space, distance, bytes);
	watch(look, &watched);
	return watched.value;
}

static ost_value load_field(struct look *look, int64_t distance, unsigned int bytes,
			    const struct ost_alt *argument)
{
	const struct ost_close_calls *calls = &look->close->calls;
	struct ost_memory memory = {
		.kind = argument ? OST_MEMORY_ARGUMENT : OST_MEMORY_FIELD,
		.place.member = look->function->member,
		.distance = distance,
		.argument = argument ? argument->member : 0,
		.bytes = bytes,
	};
	ost_value value;

	close_spoil(look->close);
	memory.place.address = (uint64_t)distance;
	if (argument && look->passing_count && close_passing_load(look, &memory, &value))
		return value;
	return calls->load(calls->context, &memory);
}

static void data_edge(struct look *look, const struct state *state, uint64_t site,
		      const struct ost_alt *alt)
{
	close_edge(look, site, (struct ost_place){alt->member, alt->number},
		   ost_cond_both(look->close->conds, state->cond, alt->cond), OST_EDGE_DATA);
}

ost_value close_load(struct look *look, const struct state *state, uint64_t site,
		     const struct address *address, unsigned int bytes)
{
	struct ost_values *values = look->close->values;
	struct ost_alt alts[OST_VALUE_ALTS];
	ost_value value = OST_VALUE_NOTHING;
	const struct ost_alt *list;
	unsigned int count;
	bool lost = false;

	if (address->value == OST_VALUE_NOTHING)
		return OST_VALUE_NOTHING;
	list = ost_value_alts(values, address->value, &count);
	if (!list)
		return address->indexed || address->distance < 0
			       ? OST_VALUE_ANY
			       : load_field(look, address->distance, bytes, NULL);
	memcpy(alts, list, count * sizeof(*alts));
	for (unsigned int i = 0; i < count; i++) {
		ost_value one = OST_VALUE_ANY;

		if (alts[i].kind == OST_ALT_ADDRESS && address->indexed) {
			if (bytes == 8)
				data_edge(look, state, site, &alts[i]);
			if (count == 1)
				close_choose(look, address,
					     (struct ost_place){alts[i].member, alts[i].number},
					     bytes);
		} else if (address->indexed) {
			one = OST_VALUE_ANY;
		} else if (alts[i].kind == OST_ALT_ADDRESS) {
			one = load_place(look, site,
					 (struct ost_place){alts[i].member, alts[i].number}, bytes);
		} else if (alts[i].kind == OST_ALT_STACK) {
			one = load_stack(look, state, alts[i].number, bytes);
		} else if (alts[i].kind == OST_ALT_ARGUMENT) {
			one = load_field(look, (int64_t)alts[i].number, bytes, &alts[i]);
		}
		value = ost_value_join(values, value, OST_COND_NONE, one, alts[i].cond, &lost);
	}
	return value;
}

static void store_stack(struct look *look, const struct state *state, uint64_t site,
			const struct watched *store)
{
	struct look *outer = outermost(look);
	bool lost = false;

	if (ost_cells_store(outer->stack, store->space, store->distance, store->bytes, store->value,
			    &lost))
		outer->stack_changed |= close_words(store->distance, store->bytes);
	/* others may read it there */
	if (lost || (outer->escaped && store->distance >= (int64_t)outer->stack_escaped))
		close_escape(look, state, site, store->value, OST_EDGE_ADDRESS);
}

bool close_repeat(struct look *look, const struct watch *watch)
{
	for (uint32_t i = 0; i < watch->count; i++) {
		const struct watched *watched = &watch->list[i];

		if (watched->kind == WATCHED_STORE) {
			store_stack(look, NULL, 0, watched);
			continue;
		}
		mark_reader(look, watched->distance, watched->bytes);
		if (watched->kind == WATCHED_LOAD &&
		    load_stored(look, watched->space, watched->distance, watched->bytes) !=
			    watched->value)
			return false;
	}
	return true;
}

void close_store(struct look *look, struct state *state, uint64_t site,
		 const struct address *address, unsigned int bytes, ost_value value)
{
	const struct ost_close_calls *calls = &look->close->calls;
	struct ost_memory memory = {.kind = OST_MEMORY_FIELD,
				    .place.member = look->function->member,
				    .distance = address->distance,
				    .bytes = bytes,
				    .site = site};
	struct ost_alt alts[OST_VALUE_ALTS];
	const struct ost_alt *list;
	unsigned int count;
	bool elsewhere = false;

	if (address->value == OST_VALUE_NOTHING)
		return;
	list = ost_value_alts(look->close->values, address->value, &count);
	if (!list || address->indexed)
		close_recent_forget(state);
	if (!list) {
		close_spoil(look->close);
		if (!address->indexed && address->distance >= 0)
			calls->store(calls->context, look->function, &memory, value, state->cond);
		close_escape(look, state, site, value, OST_EDGE_ADDRESS);
		return;
	}
	memcpy(alts, list, count * sizeof(*alts));
	for (unsigned int i = 0; i < count; i++) {
		ost_cond cond = ost_cond_both(look->close->conds, state->cond, alts[i].cond);

		if (alts[i].kind == OST_ALT_STACK && !address->indexed) {
			if ((int64_t)alts[i].number < 0) {
				struct watched store = {
					.kind = WATCHED_STORE,
					.distance = (int64_t)alts[i].number,
					.bytes = bytes,
					.space = space_of(look, alts[i].number),
					.value = ost_value_given(look->close->values, value, cond),
				};

				watch(look, &store);
				store_stack(look, state, site, &store);
			}
			if (count == 1 && !look->weak)
				close_recent_store(look, state, (int64_t)alts[i].number, bytes,
						   value);
			else
				close_recent_drop(state, (int64_t)alts[i].number, bytes);
			continue;
		}
		if (alts[i].kind == OST_ALT_STACK)
			close_recent_drop(state, (int64_t)alts[i].number, ESCAPE_BYTES);
		elsewhere = true;
		close_spoil(look->close);
		memory.kind =
			alts[i].kind == OST_ALT_ADDRESS ? OST_MEMORY_PLACE : OST_MEMORY_ARGUMENT;
		memory.place = (struct ost_place){alts[i].member, alts[i].number};
		memory.distance = (int64_t)alts[i].number;
		memory.argument = alts[i].member;
		if (alts[i].kind == OST_ALT_ARGUMENT)
			memory.place.member = look->function->member;
		if (address->indexed ||
		    (alts[i].kind != OST_ALT_ADDRESS && alts[i].kind != OST_ALT_ARGUMENT))
			continue;
		if (count > 1 || !close_passing_store(look, &memory, value))
			calls->store(calls->context, look->function, &memory, value, cond);
	}
	if (elsewhere)
		close_escape(look, state, site, value, OST_EDGE_ADDRESS);
}

ost_value close_read(struct look *look, const struct state *state, uint64_t site,
		     const struct ost_operand *operand, unsigned int bits)
{
	struct ost_values *values = look->close->values;
	struct address address;

	switch (operand->kind) {
	case OST_OPERAND_REGISTER:
		return ost_value_cut(values, state->reg[operand->reg], operand->high ? 8 : 0,
				     operand->bits);
	case OST_OPERAND_NUMBER:
		return ost_value_cut(values, ost_value_number(values, operand->number), 0, bits);
	case OST_OPERAND_MEMORY:
		if (operand->bits > 64 || operand->bits % 8)
			return OST_VALUE_ANY;
		address = close_address(look, state, operand);
		return close_load(look, state, site, &address, operand->bits / 8);
	default:
		return OST_VALUE_ANY;
	}
}

static void write_register(struct look *look, struct state *state,
			   const struct ost_operand *operand, ost_value value)
{
	struct ost_values *values = look->close->values;
	ost_value *reg = &state->reg[operand->reg];
	uint64_t before;

	/* a small part leaves the rest as it was; of zero it is the whole */
	if (operand->bits >= 32 ||
	    (!operand->high && ost_value_constant(values, *reg, &before) && !before))
		*reg = value;
	else
		*reg = ost_value_paste(values, *reg, value, operand->high ? 8 : 0, operand->bits);
}

void close_write(struct look *look, struct state *state, uint64_t site,
		 const struct ost_operand *operand, ost_value value)
{
	struct address address;

	if (operand->kind == OST_OPERAND_REGISTER) {
		write_register(look, state, operand, value);
	} else if (operand->kind == OST_OPERAND_MEMORY && operand->bits <= 64) {
		address = close_address(look, state, operand);
		close_store(look, state, site, &address, operand->bits / 8, value);
	}
}

static void escape_addresses(struct look *look, const struct state *state, uint64_t site,
			     const struct ost_alt *alts, unsigned int count, enum ost_edge how)
{
	for (unsigned int i = 0; i < count; i++) {
		struct ost_place place = {alts[i].member, alts[i].number};

		if (alts[i].kind != OST_ALT_ADDRESS)
			continue;
		close_edge(look, site, place,
			   ost_cond_both(look->close->conds, state->cond, alts[i].cond),
			   ost_graph_may_be_called(look->close->graph, place) ? how : OST_EDGE_DATA);
	}
}

/* What is on the stack from there on can be read by others, now and later. */
static void escape_stack(struct look *look, const struct state *state, uint64_t site,
			 uint64_t distance)
{
	struct look *outer = outermost(look);
	const struct ost_alt *alts;
	unsigned int count;

	close_spoil(look->close);
	if (!outer->escaped || (int64_t)distance < (int64_t)outer->stack_escaped) {
		outer->escaped = true;
		outer->stack_escaped = distance;
	}
	/* edges are told in the last pass only */
	if (!look->last)
		return;
	for (unsigned int i = 0; i < ESCAPE_BYTES; i += 4) {
		alts = ost_value_alts(look->close->values,
				      close_cell(look, (int64_t)distance + i, 8), &count);
		if (alts)
			escape_addresses(look, state, site, alts, count, OST_EDGE_ADDRESS);
	}
}

void close_escape(struct look *look, const struct state *state, uint64_t site, ost_value value,
		  enum ost_edge how)
{
	struct ost_alt alts[OST_VALUE_ALTS];
	const struct ost_alt *list;
	unsigned int count;

	list = ost_value_alts(look->close->values, value, &count);
	if (!list)
		return;
	memcpy(alts, list, count * sizeof(*alts));
	if (look->last)
		escape_addresses(look, state, site, alts, count, how);
	for (unsigned int i = 0; i < count; i++)
		if (alts[i].kind == OST_ALT_STACK)
			escape_stack(look, state, site, alts[i].number);
}

void close_forget_stack(struct look *look, struct state *state, ost_value value)
{
	struct look *outer = outermost(look);
	struct ost_alt alts[OST_VALUE_ALTS];
	const struct ost_alt *list;
	unsigned int count;
	bool lost = false;

	list = ost_value_alts(look->close->values, value, &count);
	if (!list)
		return;
	close_spoil(look->close);
	memcpy(alts, list, count * sizeof(*alts));
	for (unsigned int i = 0; i < count; i++)
		if (alts[i].kind == OST_ALT_STACK)
			close_recent_drop(state, (int64_t)alts[i].number, ESCAPE_BYTES);
	for (unsigned int i = 0; i < count; i++)
		for (uint64_t at = 0; alts[i].kind == OST_ALT_STACK && at < FORGET_BYTES; at += 4) {
			uint64_t distance = alts[i].number + at;
			uint32_t space = space_of(look, distance);

			if ((int64_t)distance < 0 &&
			    ost_cells_has(outer->stack, space, distance, 4) &&
			    ost_cells_store(outer->stack, space, distance, 4, OST_VALUE_ANY, &lost))
				outer->stack_changed |= close_words(distance, 4);
		}
}
