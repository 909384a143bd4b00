// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "isa/flow/close_internal.h"

/*
 * What a look came to is kept until the next one at the same function, for the last pass: who knows
 * that a look would come to the same need not have it done again only for what it tells at its end.
 */

/** All that is kept; of functions that don't fit, nothing is: bytes. */
#define KEPT_BYTES (96u << 20)

/* struct kept_block - followed by as much of the state as counts */
struct kept_block {
	uint32_t block;
	uint16_t changes;
};

struct kept_look {
	struct ost_cells *stack;
	uint64_t stack_escaped;
	size_t bytes;
	bool escaped, unset_any;
	char blocks[]; /* struct kept_block and its state, one after the other */
};

static void drop(struct ost_close *close, uint32_t index)
{
	struct kept_look *kept = close->kept[index];

	if (!kept)
		return;
	close->kept_bytes -= kept->bytes;
	ost_cells_free(kept->stack);
	free(kept);
	close->kept[index] = NULL;
}

void close_free_kept(struct ost_close *close)
{
	for (size_t i = 0; i < close->kept_room; i++)
		drop(close, i);
	free(close->kept);
}

static bool make_room(struct ost_close *close, uint32_t index)
{
	size_t room = 2ull * index + 1024;
	struct kept_look **more;

	if (index < close->kept_room)
		return true;
	more = realloc(close->kept, room * sizeof(*more));
	if (!more)
		return false;
	memset(more + close->kept_room, 0, (room - close->kept_room) * sizeof(*more));
	close->kept = more;
	close->kept_room = room;
	return true;
}

void close_keep(struct look *look)
{
	struct ost_close *close = look->close;
	uint32_t index = look->function->index;
	size_t bytes = sizeof(struct kept_look), own;
	struct kept_look *kept;
	char *at;

	if (!make_room(close, index))
		return;
	drop(close, index);
	for (uint32_t i = 0; i < look->block_count; i++)
		if (look->blocks[i].entered)
			bytes += sizeof(struct kept_block) + close_state_size(&look->blocks[i].in);
	own = bytes + ost_cells_size(look->stack);
	if (own > KEPT_BYTES - close->kept_bytes)
		return;
	kept = malloc(bytes);
	if (!kept)
		return;
	*kept = (struct kept_look){
		.stack = look->stack,
		.stack_escaped = look->stack_escaped,
		.bytes = own,
		.escaped = look->escaped,
		.unset_any = look->unset_any,
	};
	look->stack = NULL;
	at = kept->blocks;
	for (uint32_t i = 0; i < look->block_count; i++) {
		const struct block *block = &look->blocks[i];
		struct kept_block head = {i, block->changes};

		if (!block->entered)
			continue;
		memcpy(at, &head, sizeof(head));
		at += sizeof(head);
		memcpy(at, &block->in, close_state_size(&block->in));
		at += close_state_size(&block->in);
	}
	close->kept[index] = kept;
	close->kept_bytes += own;
}

bool close_kept(const struct ost_close *close, const struct ost_function *function)
{
	return function->index < close->kept_room && close->kept[function->index];
}

void close_take_kept(struct look *look)
{
	struct kept_look *kept = look->close->kept[look->function->index];
	size_t left = kept->bytes - sizeof(*kept) - ost_cells_size(kept->stack);
	const char *at = kept->blocks;

	while (left) {
		struct kept_block head;
		struct block *block;
		size_t size;

		memcpy(&head, at, sizeof(head));
		block = &look->blocks[head.block];
		block->entered = true;
		block->changes = head.changes;
		/* how long it is stands in its first part */
		memcpy(&block->in, at + sizeof(head), offsetof(struct state, recent));
		size = close_state_size(&block->in);
		memcpy(&block->in, at + sizeof(head), size);
		at += sizeof(head) + size;
		left -= sizeof(head) + size;
	}
	look->stack = kept->stack;
	look->stack_escaped = kept->stack_escaped;
	look->escaped = kept->escaped;
	look->unset_any = kept->unset_any;
	look->close->kept_bytes -= kept->bytes;
	look->close->kept[look->function->index] = NULL;
	free(kept);
}
