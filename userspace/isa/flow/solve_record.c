// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "isa/flow/solve_internal.h"

/*
 * A look at a function depends on nothing but what it asks of others and is answered. All that it
 * asked and told is recorded, each thing once; when a look is wanted again, the same is asked and
 * told first, and if all the answers are the same, so would be the rest.
 */

/** Records of all functions; those that don't fit aren't kept: bytes. */
#define RECORDS_BYTES (64u << 20)

enum event_kind {
	EVENT_LOAD,
	EVENT_STORE,
	EVENT_CALL,
	EVENT_WRITTEN,
	EVENT_RETURNS,
	EVENT_ARGUMENT,
};

/* compared as bytes: cleared before it is filled */
struct event {
	uint8_t kind; /* enum event_kind */
	bool there;   /* WRITTEN: the answer */
	ost_cond cond;
	ost_value value; /* what was told or answered */
	uint32_t at;
	struct ost_function *callee;
	union {
		struct ost_memory memory;
		ost_value arguments[OST_CLOSE_ARGUMENTS];
	};
};

struct solve_record {
	LIST(struct event) events;
	uint32_t *table; /* of their numbers + 1 */
	size_t room;	 /* of the table, a power of two */
	size_t bytes;	 /* of all that is kept */
	bool on;
};

static void set_memory(struct event *event, const struct ost_memory *memory)
{
	/* one by one: what is between them would differ */
	event->memory.kind = memory->kind;
	event->memory.place.member = memory->place.member;
	event->memory.place.address = memory->place.address;
	event->memory.distance = memory->distance;
	event->memory.argument = memory->argument;
	event->memory.bytes = memory->bytes;
	event->memory.site = memory->site;
}

static uint64_t hash_event(const struct event *event)
{
	uint64_t words[sizeof(*event) / 8], hash = 0;

	memcpy(words, event, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	return hash;
}

static uint32_t *slot_of(const struct solve_record *record, const struct event *event)
{
	size_t at = hash_event(event) & (record->room - 1);

	while (record->table[at] &&
	       memcmp(&record->events.at[record->table[at] - 1], event, sizeof(*event)) != 0)
		at = (at + 1) & (record->room - 1);
	return &record->table[at];
}

static bool grow(struct solve_record *record)
{
	size_t room = record->room ? 2 * record->room : 1024;
	uint32_t *table = calloc(room, sizeof(*table));

	if (!table)
		return false;
	free(record->table);
	record->table = table;
	record->room = room;
	for (size_t i = 0; i < record->events.count; i++)
		*slot_of(record, &record->events.at[i]) = i + 1;
	return true;
}

static void note(struct ost_solve *solve, const struct event *event)
{
	struct solve_record *record = solve->record;
	uint32_t *slot;
	struct event *more;

	if (!record->on)
		return;
	if (2 * record->events.count >= record->room && !grow(record)) {
		record->on = false;
		return;
	}
	slot = slot_of(record, event);
	if (*slot)
		return;
	more = MORE(solve, &record->events);
	if (!more)
		return;
	*more = *event;
	*slot = record->events.count;
}

static ost_value load(void *context, const struct ost_memory *memory)
{
	struct ost_solve *solve = context;
	struct event event;

	memset(&event, 0, sizeof(event));
	event.kind = EVENT_LOAD;
	set_memory(&event, memory);
	event.value = solve->told.load(solve, memory);
	note(solve, &event);
	return event.value;
}

static void store(void *context, struct ost_function *function, const struct ost_memory *memory,
		  ost_value value, ost_cond cond)
{
	struct ost_solve *solve = context;
	struct event event;

	memset(&event, 0, sizeof(event));
	event.kind = EVENT_STORE;
	set_memory(&event, memory);
	event.value = value;
	event.cond = cond;
	solve->told.store(solve, function, memory, value, cond);
	note(solve, &event);
}

static ost_value call(void *context, struct ost_function *caller, struct ost_function *callee,
		      const ost_value *arguments, ost_cond cond)
{
	struct ost_solve *solve = context;
	struct event event;

	memset(&event, 0, sizeof(event));
	event.kind = EVENT_CALL;
	event.callee = callee;
	memcpy(event.arguments, arguments, sizeof(event.arguments));
	event.cond = cond;
	event.value = solve->told.call(solve, caller, callee, arguments, cond);
	note(solve, &event);
	return event.value;
}

static bool written(void *context, struct ost_function *callee, unsigned int at,
		    struct ost_memory *memory, ost_value *value)
{
	struct ost_solve *solve = context;
	struct event event;

	memset(&event, 0, sizeof(event));
	event.kind = EVENT_WRITTEN;
	event.callee = callee;
	event.at = at;
	event.there = solve->told.written(solve, callee, at, memory, value);
	if (event.there) {
		set_memory(&event, memory);
		event.value = *value;
	}
	note(solve, &event);
	return event.there;
}

static void returns(void *context, struct ost_function *function, ost_value value, ost_cond cond)
{
	struct ost_solve *solve = context;
	struct event event;

	memset(&event, 0, sizeof(event));
	event.kind = EVENT_RETURNS;
	event.value = value;
	event.cond = cond;
	solve->told.returns(solve, function, value, cond);
	note(solve, &event);
}

static ost_value argument(void *context, struct ost_function *function, unsigned int at)
{
	struct ost_solve *solve = context;
	struct event event;

	memset(&event, 0, sizeof(event));
	event.kind = EVENT_ARGUMENT;
	event.at = at;
	event.value = solve->told.argument(solve, function, at);
	note(solve, &event);
	return event.value;
}

void solve_record_calls(struct ost_solve *solve, struct ost_close_calls *calls)
{
	solve->record = calloc(1, sizeof(*solve->record));
	solve->told = *calls;
	calls->load = load;
	calls->store = store;
	calls->call = call;
	calls->written = written;
	calls->returns = returns;
	calls->argument = argument;
}

void solve_record_free(struct ost_solve *solve)
{
	if (!solve->record)
		return;
	free(solve->record->events.at);
	free(solve->record->table);
	free(solve->record);
}

void solve_record_begin(struct ost_solve *solve)
{
	struct solve_record *record = solve->record;

	record->events.count = 0;
	if (record->room)
		memset(record->table, 0, record->room * sizeof(*record->table));
	record->on = true;
}

void solve_record_drop(struct ost_solve *solve, struct closely *closely)
{
	solve->record->bytes -= closely->event_count * sizeof(struct event);
	free(closely->events);
	closely->events = NULL;
	closely->event_count = 0;
}

void solve_record_end(struct ost_solve *solve, struct closely *closely)
{
	struct solve_record *record = solve->record;
	size_t bytes = record->events.count * sizeof(struct event);

	solve_record_drop(solve, closely);
	if (record->on && bytes && bytes <= RECORDS_BYTES - record->bytes)
		closely->events = malloc(bytes);
	record->on = false;
	if (!closely->events)
		return;
	memcpy(closely->events, record->events.at, bytes);
	closely->event_count = record->events.count;
	closely->event_truths = ost_values_truths_told(solve->values);
	record->bytes += bytes;
}

static bool repeat(struct ost_solve *solve, struct ost_function *function,
		   const struct event *event)
{
	const struct ost_close_calls *told = &solve->told;
	struct ost_memory memory = {0};
	ost_value value = OST_VALUE_ANY;

	switch (event->kind) {
	case EVENT_LOAD:
		return told->load(solve, &event->memory) == event->value;
	case EVENT_STORE:
		told->store(solve, function, &event->memory, event->value, event->cond);
		return true;
	case EVENT_CALL:
		return told->call(solve, function, event->callee, event->arguments, event->cond) ==
		       event->value;
	case EVENT_WRITTEN:
		if (told->written(solve, event->callee, event->at, &memory, &value) != event->there)
			return false;
		return !event->there ||
		       (value == event->value && memory.argument == event->memory.argument &&
			memory.distance == event->memory.distance &&
			memory.bytes == event->memory.bytes);
	case EVENT_RETURNS:
		told->returns(solve, function, event->value, event->cond);
		return true;
	default:
		return told->argument(solve, function, event->at) == event->value;
	}
}

bool solve_record_same(struct ost_solve *solve, struct closely *closely)
{
	if (!closely->events || closely->event_truths != ost_values_truths_told(solve->values))
		return false;
	/* twice: what it told last may change what it asked first */
	for (unsigned int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < closely->event_count; i++)
			if (!repeat(solve, closely->function, &closely->events[i]))
				return false;
	return true;
}
