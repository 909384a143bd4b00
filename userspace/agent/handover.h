/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_AGENT_HANDOVER_H
#define OST_AGENT_HANDOVER_H

#include "agent/agent.h"

/*
 * Work that only the program's own thread may do: the helper asks, the owner takes it at a point
 * where it is safe, the helper waits. What is not taken in time is withdrawn, so it can't happen
 * later by surprise.
 *
 *	idle --ask--> asked --take (owner)--> taken --finish (owner)--> done --wait--> idle
 *	                |--withdraw (helper, time-out)--> idle
 */
struct ost_handover {
	int state;
	uint64_t begun_us;
	uint64_t ended_us;
};

/** ost_handover_asked() - is there work that nobody took yet? */
bool ost_handover_asked(const struct ost_handover *handover);

/** ost_handover_take() - owner: claim the work; false when there is none (any more) */
bool ost_handover_take(struct ost_handover *handover);

/** ost_handover_finish() - owner: the work is done */
void ost_handover_finish(struct ost_handover *handover);

/**
 * ost_handover_run() - helper: ask, and wait until it is done
 * @wake: called now and then while nobody takes it, to bring the owner to its safe point
 * @round: its time-out counts until the work is taken; gets wait_us and collect_us
 *
 * Return: 0, or -EBUSY when it was withdrawn.
 */
int ost_handover_run(struct ost_handover *handover, void (*wake)(void), struct ost_round *round);

/** ost_handover_reset() - in the child after fork() */
void ost_handover_reset(struct ost_handover *handover);

#endif
