// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "isa/flow/close_internal.h"

/*
 * The order in which blocks run: each after those that lead to it, and all of a loop before what
 * follows it, so that this runs once with what the loop came to and not once for each time round.
 * Loops are found by one walk along all paths, which learns for each block the innermost loop that
 * it is in (T. Wei, J. Mao, W. Zou, Y. Chen: A New Algorithm for Identifying Loops in
 * Decompilation, 2007); a second walk puts what is in fewer loops behind.
 */

/** Loops within loops that are told apart; deeper ones only cost time. */
#define LOOPS_MAX 32

/* one block on the path that is walked */
struct step {
	uint32_t block;
	uint32_t next; /* which of those that it leads to is next */
};

struct order {
	struct look *look;
	uint32_t *orphans;
	uint32_t orphan_count;
	/* by block, the last of them stands for all jumps by tables */
	uint32_t *loop;	 /* first block of the innermost loop around it, or NO_BLOCK */
	uint32_t *place; /* where it is on the path, from 1; 0: not on it */
	uint8_t *heads;	 /* does a loop begin there? */
	uint8_t *seen;
	struct step *path;
};

static unsigned int loops_around(const struct order *order, uint32_t block)
{
	unsigned int count = order->heads[block];

	while (count < LOOPS_MAX && (block = order->loop[block]) != NO_BLOCK)
		count++;
	return count;
}

/* Block number @at of those that one leads to, or NO_BLOCK; false: there are no more. */
static bool leads_to(const struct order *order, uint32_t number, uint32_t at, uint32_t *to)
{
	const struct look *look = order->look;
	const struct block *block;
	const struct ost_op *op;

	*to = NO_BLOCK;
	if (number == look->block_count) {
		if (at < order->orphan_count)
			*to = order->orphans[order->orphan_count - 1 - at];
		return at < order->orphan_count;
	}
	block = &look->blocks[number];
	op = &look->ops[block->end - 1];
	if (op->kind == OST_DO_JUMP && op->src.kind != OST_OPERAND_NUMBER)
		*to = look->block_count;
	else
		*to = at ? block->next : block->taken;
	return at < 2;
}

/* A block is in the loop that begins at @head, besides those that it is known to be in. */
static void put_in_loop(struct order *order, uint32_t block, uint32_t head)
{
	if (head == NO_BLOCK)
		return;
	for (unsigned int i = 0; i < LOOPS_MAX && block != head; i++) {
		uint32_t around = order->loop[block];

		if (around == head)
			return;
		if (around == NO_BLOCK) {
			order->loop[block] = head;
			return;
		}
		if (order->place[around] < order->place[head]) {
			order->loop[block] = head;
			block = head;
			head = around;
		} else {
			block = around;
		}
	}
}

static void meet_seen(struct order *order, uint32_t block, uint32_t to)
{
	uint32_t head = to;

	if (order->place[to])
		order->heads[to] = 1;
	else
		head = order->loop[to];
	for (unsigned int i = 0; i < LOOPS_MAX && head != NO_BLOCK && !order->place[head]; i++)
		head = order->loop[head];
	if (head != NO_BLOCK && order->place[head])
		put_in_loop(order, block, head);
}

static void find_loops(struct order *order, uint32_t from)
{
	uint32_t length = 1, to;

	order->path[0] = (struct step){from, 0};
	order->place[from] = 1;
	order->seen[from] = 1;
	while (length) {
		struct step *step = &order->path[length - 1];

		if (!leads_to(order, step->block, step->next++, &to)) {
			order->place[step->block] = 0;
			if (--length)
				put_in_loop(order, step[-1].block, order->loop[step->block]);
		} else if (to != NO_BLOCK && order->seen[to]) {
			meet_seen(order, step->block, to);
		} else if (to != NO_BLOCK) {
			order->seen[to] = 1;
			order->path[length++] = (struct step){to, 0};
			order->place[to] = length;
		}
	}
}

/* What is walked to first comes last. */
static bool leads_out_first(const struct order *order, uint32_t number, uint32_t at, uint32_t *to)
{
	uint32_t taken, next;

	if (number < order->look->block_count && leads_to(order, number, 0, &taken) &&
	    leads_to(order, number, 1, &next) && taken != NO_BLOCK && next != NO_BLOCK &&
	    loops_around(order, next) < loops_around(order, taken))
		at ^= at < 2;
	return leads_to(order, number, at, to);
}

/* Gives those that were not seen yet their places from @first on. Return: how many these were. */
static uint32_t walk(struct order *order, uint32_t from, uint32_t first, uint32_t *last)
{
	struct look *look = order->look;
	uint32_t length = 1, count = 0, to;

	order->path[0] = (struct step){from, 0};
	order->seen[from] = 1;
	while (length) {
		struct step *step = &order->path[length - 1];

		if (!leads_out_first(order, step->block, step->next++, &to)) {
			if (step->block < look->block_count)
				last[count++] = step->block;
			length--;
		} else if (to != NO_BLOCK && !order->seen[to]) {
			order->seen[to] = 1;
			order->path[length++] = (struct step){to, 0};
		}
	}
	for (uint32_t i = 0; i < count; i++)
		look->order[first + i] = last[count - 1 - i];
	return count;
}

static void put_in_order(struct order *order)
{
	struct look *look = order->look;
	uint32_t nodes = look->block_count + 1, done = 0;

	for (uint32_t i = 0; i < nodes; i++)
		order->loop[i] = NO_BLOCK;
	for (uint32_t i = 0; i < look->block_count; i++)
		if (look->blocks[i].orphan)
			order->orphans[order->orphan_count++] = i;
	for (uint32_t i = 0; i < look->block_count; i++)
		if (!order->seen[i])
			find_loops(order, i);
	memset(order->seen, 0, nodes);
	/* no longer needed as the path's */
	for (uint32_t i = 0; i < look->block_count; i++)
		if (!order->seen[i])
			done += walk(order, i, done, order->place);
	for (uint32_t i = 0; i < look->block_count; i++)
		look->blocks[look->order[i]].rank = i;
}

int close_order(struct look *look)
{
	uint32_t nodes = look->block_count + 1;
	struct order order = {.look = look};
	/* a step, three numbers and two bytes for each */
	char *memory = calloc(nodes, 3 * sizeof(uint32_t) + sizeof(struct step) + 2);

	look->order = malloc(nodes * sizeof(*look->order));
	if (!memory || !look->order) {
		free(memory);
		return -ENOMEM;
	}
	order.path = (struct step *)memory;
	order.loop = (uint32_t *)(order.path + nodes);
	order.place = order.loop + nodes;
	order.orphans = order.place + nodes;
	order.heads = (uint8_t *)(order.orphans + nodes);
	order.seen = order.heads + nodes;
	put_in_order(&order);
	free(memory);
	return 0;
}
