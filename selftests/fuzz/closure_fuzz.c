// SPDX-License-Identifier: GPL-2.0-or-later
/* Kept closures, with a check sum that is right. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "isa/program/closure.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size + 8);
	uint64_t hash = 0xcbf29ce484222325ull;
	struct ost_program *program;
	char key[65];

	if (size)
		memcpy(bytes, data, size);
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	memcpy(bytes + size, &hash, sizeof(hash));
	/* below a folder without files: what a record names there is soon answered */
	if (!ost_closure_read(&program, "/proc/self/task", bytes, size + 8)) {
		ost_program_key(program, key, sizeof(key));
		if (strlen(key) != 64 || !program->count || program->count > OST_PROGRAM_OBJECTS_MAX)
			abort();
		for (size_t i = 0; i < program->count; i++)
			if (program->members[i].parent >= program->count ||
			    program->members[i].group >= program->count ||
			    strlen(program->members[i].object->id) >= OST_OBJECT_ID_MAX)
				abort();
		for (size_t i = 0; i < program->missing_count; i++)
			if (!program->missing[i].name || !program->missing[i].wanted_by)
				abort();
		ost_program_close(program);
	}
	free(bytes);
	return 0;
}
