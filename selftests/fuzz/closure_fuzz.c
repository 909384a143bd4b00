// SPDX-License-Identifier: GPL-2.0-or-later
/* Kept closures, with a check sum that is right. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "isa/program/closure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ost_program *program)
{
	char key[65];

	ost_program_key(program, key, sizeof(key));
	if (strlen(key) != 64 || !program->count || program->count > OST_PROGRAM_OBJECTS_MAX)
		abort();
	for (size_t i = 0; i < program->count; i++) {
		const struct ost_member *member = &program->members[i];

		if (member->parent >= program->count || member->group >= program->count ||
		    strlen(member->object->id) >= OST_OBJECT_ID_MAX)
			abort();
		for (size_t k = 0; k < member->object->segment_count; k++)
			if (member->object->segments[k].end < member->object->segments[k].start)
				abort();
	}
	for (size_t i = 0; i < program->missing_count; i++)
		if (!program->missing[i].name || !program->missing[i].wanted_by)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size + 8);
	uint64_t hash = 0xcbf29ce484222325ull;
	struct ost_program *program;

	if (size)
		memcpy(bytes, data, size);
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	memcpy(bytes + size, &hash, sizeof(hash));
	/* below a folder without files: what a record names there is soon answered */
	if (!ost_closure_read(&program, "/proc/self/task", bytes, size + 8)) {
		check(program);
		ost_program_close(program);
	}
	if (!ost_closure_outline(&program, bytes, size + 8)) {
		check(program);
		ost_program_close(program);
	}
	free(bytes);
	return 0;
}
