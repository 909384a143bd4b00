// SPDX-License-Identifier: GPL-2.0-or-later
/* Who defines a name: a hash table for what is there from the start, one for each that is dlopened. */
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "lib/error.h"
#include "program_state.h"

struct ost_scope_entry {
	uint64_t hash;
	uint32_t member;
	uint32_t symbol;	/* index + 1; 0: the entry is free */
};

/* Eight bytes a step; the seed keeps those who choose names from choosing where they go. */
static uint64_t hash_name(uint64_t seed, const char *name)
{
	size_t left = strlen(name);
	uint64_t hash = seed ^ left, word;

	for (; left >= 8; left -= 8, name += 8) {
		memcpy(&word, name, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
		hash ^= hash >> 29;
	}
	word = 0;
	memcpy(&word, name, left);
	hash = (hash ^ word ^ seed >> 7) * 0xbf58476d1ce4e5b9ull;
	return hash ^ hash >> 32;
}

static const struct ost_symbol *entry_symbol(const struct ost_program *program,
					     const struct ost_scope_entry *entry)
{
	return &program->members[entry->member].object->symbols[entry->symbol - 1];
}

/* The entry of a name, or the free one where it belongs. */
static struct ost_scope_entry *find_entry(const struct ost_program *program,
					  const struct ost_scope *scope, uint64_t hash, const char *name)
{
	for (size_t i = hash & (scope->room - 1);; i = (i + 1) & (scope->room - 1)) {
		struct ost_scope_entry *entry = &scope->entries[i];

		if (!entry->symbol ||
		    (entry->hash == hash && !strcmp(entry_symbol(program, entry)->name, name)))
			return entry;
	}
}

/* What ld.so finds: a name of ours that others may use, with a value. */
static bool is_definition(const struct ost_symbol *symbol)
{
	return symbol->dynamic && symbol->name[0] && (symbol->address || symbol->type == STT_TLS);
}

static size_t count_definitions(const struct ost_object *object)
{
	size_t count = 0;

	for (size_t i = 0; i < object->symbol_count; i++)
		count += is_definition(&object->symbols[i]);
	return count;
}

static int make_scope(struct ost_scope *scope, size_t definitions)
{
	if (!definitions)
		return 0;
	scope->room = 16;
	while (scope->room < 2 * definitions)
		scope->room *= 2;
	scope->entries = calloc(scope->room, sizeof(*scope->entries));
	return scope->entries ? 0 : -ENOMEM;
}

/* The first one stays, but for a default version. */
static void add_definition(const struct ost_program *program, struct ost_scope *scope, uint64_t hash,
			   size_t member, size_t index)
{
	const struct ost_symbol *symbol = &program->members[member].object->symbols[index];
	struct ost_scope_entry *entry = find_entry(program, scope, hash, symbol->name);

	if (entry->symbol && (symbol->old_version || !entry_symbol(program, entry)->old_version))
		return;
	*entry = (struct ost_scope_entry){ hash, member, index + 1 };
}

static void add_member(const struct ost_program *program, size_t member)
{
	struct ost_program_state *state = program->state;
	const struct ost_object *object = program->members[member].object;
	size_t group = program->members[member].group;

	for (size_t i = 0; i < object->symbol_count; i++) {
		uint64_t hash;

		if (!is_definition(&object->symbols[i]))
			continue;
		hash = hash_name(state->seed, object->symbols[i].name);
		add_definition(program, &state->scopes[group], hash, member, i);
		if (group)
			add_definition(program, &state->rest, hash, member, i);
	}
}

static int make_scopes(struct ost_program *program)
{
	struct ost_program_state *state = program->state;
	size_t *definitions = calloc(program->count, sizeof(*definitions));
	size_t rest = 0;
	int r = 0;

	state->scopes = calloc(program->count, sizeof(*state->scopes));
	if (!definitions || !state->scopes) {
		free(definitions);
		return -ENOMEM;
	}
	for (size_t i = 0; i < program->count; i++) {
		size_t count = count_definitions(program->members[i].object);

		definitions[program->members[i].group] += count;
		rest += program->members[i].group ? count : 0;
	}
	for (size_t i = 0; !r && i < program->count; i++)
		r = make_scope(&state->scopes[i], definitions[i]);
	if (!r)
		r = make_scope(&state->rest, rest);
	for (size_t i = 0; !r && i < state->order_count; i++)
		add_member(program, state->order[i]);
	free(definitions);
	return r;
}

void ost_program_drop_scopes(struct ost_program *program)
{
	struct ost_program_state *state = program->state;

	for (size_t i = 0; state->scopes && i < program->count; i++)
		free(state->scopes[i].entries);
	free(state->scopes);
	free(state->rest.entries);
	state->scopes = NULL;
	state->rest = (struct ost_scope){ 0 };
}

int ost_program_load(struct ost_program *program, struct ost_error *err)
{
	int r = 0;

	if (program->loaded)
		return 0;
	for (size_t i = 0; !r && i < program->count; i++)
		r = ost_object_load(program->members[i].object, err);
	if (r)
		return r;
	if (getrandom(&program->state->seed, sizeof(program->state->seed), GRND_NONBLOCK) < 0)
		program->state->seed = (uintptr_t)program;
	r = make_scopes(program);
	if (r) {
		ost_program_drop_scopes(program);
		return ost_error_set(err, r, "%s: out of memory", program->members[0].object->path);
	}
	program->loaded = true;
	return 0;
}

static bool find_in(const struct ost_program *program, const struct ost_scope *scope, uint64_t hash,
		    const char *name, struct ost_definition *found)
{
	const struct ost_scope_entry *entry;

	if (!scope->room)
		return false;
	entry = find_entry(program, scope, hash, name);
	if (!entry->symbol)
		return false;
	*found = (struct ost_definition){ entry->member, entry_symbol(program, entry) };
	return true;
}

int ost_program_lookup(const struct ost_program *program, size_t from, const char *name,
		       struct ost_definition *found)
{
	const struct ost_program_state *state = program->state;
	uint64_t hash;

	if (!program->loaded || from >= program->count || !name || !*name)
		return -ENOENT;
	hash = hash_name(state->seed, name);
	if (find_in(program, &state->scopes[0], hash, name, found))
		return 0;
	if (program->members[from].group &&
	    find_in(program, &state->scopes[program->members[from].group], hash, name, found))
		return 0;
	return find_in(program, &state->rest, hash, name, found) ? 0 : -ENOENT;
}
