// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/handover.h"

/* Time between two looks at the state, µs: the owner is mostly woken within the first. */
#define LOOK_US 200

/* Looks between two wake-ups. */
#define LOOKS_PER_WAKE 5

enum { IDLE, ASKED, TAKEN, DONE };

static bool move(struct ost_handover *handover, int from, int to)
{
	return __atomic_compare_exchange_n(&handover->state, &from, to, false, __ATOMIC_ACQ_REL,
					   __ATOMIC_ACQUIRE);
}

bool ost_handover_asked(const struct ost_handover *handover)
{
	return __atomic_load_n(&handover->state, __ATOMIC_ACQUIRE) == ASKED;
}

bool ost_handover_take(struct ost_handover *handover)
{
	if (!ost_handover_asked(handover) || !move(handover, ASKED, TAKEN))
		return false;
	handover->begun_us = sys_now_us();
	return true;
}

void ost_handover_finish(struct ost_handover *handover)
{
	handover->ended_us = sys_now_us();
	move(handover, TAKEN, DONE);
}

int ost_handover_run(struct ost_handover *handover, void (*wake)(void), struct ost_round *round)
{
	uint64_t asked = sys_now_us(), end = asked + round->timeout_ms * 1000ull;

	if (!move(handover, IDLE, ASKED))
		return -EBUSY;
	for (int looks = 0; !move(handover, DONE, IDLE); looks++) {
		if (sys_now_us() >= end && move(handover, ASKED, IDLE)) {
			round->wait_us += sys_now_us() - asked;
			return -EBUSY;
		}
		if (looks % LOOKS_PER_WAKE == 0 && ost_handover_asked(handover))
			wake();
		sys_sleep_us(LOOK_US);
	}
	round->wait_us += handover->begun_us - asked;
	round->collect_us += handover->ended_us - handover->begun_us;
	return 0;
}

void ost_handover_reset(struct ost_handover *handover)
{
	handover->state = IDLE;
}
