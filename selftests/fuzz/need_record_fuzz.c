// SPDX-License-Identifier: GPL-2.0-or-later
/* Kept results of analyses, with a check sum that is right, and what daemons tell of runs. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "isa/need/record.h"
#include "isa/need/run_record.h"
#include "lib/error.h"

#define MEMBERS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was read must write the same bytes again. */
static void check(const struct ost_needs *needs, const uint8_t *bytes, size_t size)
{
	uint8_t *again;
	long len = ost_record_write(needs, MEMBERS, &again);

	for (size_t i = 0; i < needs->count; i++)
		if (needs->list[i].member >= MEMBERS || needs->list[i].guard_member >= MEMBERS ||
		    needs->list[i].verdict >= OST_NEED_END || needs->list[i].steps > OST_NEED_STEPS_MAX)
			abort();
	for (size_t i = 0; i < needs->place_count; i++)
		if (ost_needs_place(needs, needs->places[i].member, needs->places[i].address) !=
		    &needs->places[i])
			abort();
	/* but for the order and repetition of the guard's names */
	if (len < 0 || (size_t)len > size || memcmp(again, bytes, 8))
		abort();
	free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *bytes = malloc(size + 8);
	uint64_t hash = 0xcbf29ce484222325ull;
	struct ost_run_record record;
	struct ost_needs needs;
	struct ost_error err;

	memcpy(bytes, data, size);
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	memcpy(bytes + size, &hash, sizeof(hash));
	if (!ost_record_read(&needs, MEMBERS, bytes, size + 8)) {
		check(&needs, bytes, size + 8);
		ost_needs_free(&needs);
	}
	free(bytes);
	if (!ost_run_record_read(&record, (const char *)data, size, &err)) {
		for (size_t i = 0; i < record.run.trap_count; i++)
			if (!ost_feature_get(record.run.traps[i].feature) || !*record.run.traps[i].object)
				abort();
		ost_run_record_free(&record);
	}
	return 0;
}
