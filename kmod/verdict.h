/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a parked task's trap leads to, by the verdict that waits for it. Pure.
 */
#ifndef OSTLER_VERDICT_H
#define OSTLER_VERDICT_H

#include <linux/build_bug.h>
#include <linux/ostler.h>
#include <linux/types.h>

enum ostler_step {
	OSTLER_STEP_WAIT,	/* park again, same event, same deadline */
	OSTLER_STEP_ANEW,	/* this park is over; the trap is a new one */
	OSTLER_STEP_SIGNAL,	/* over: the signal */
	OSTLER_STEP_SKIP,	/* over: step over the instruction */
};

/* @expired: the deadline has passed. A verdict that was given in time still counts. */
static inline enum ostler_step ostler_verdict_step(u8 verdict, bool expired)
{
	static const u8 step[] = {
		[OSTLER_VERDICT_UNSPEC] = OSTLER_STEP_WAIT,
		[OSTLER_VERDICT_RETRY] = OSTLER_STEP_ANEW,
		[OSTLER_VERDICT_DELIVER] = OSTLER_STEP_SIGNAL,
		[OSTLER_VERDICT_SKIP] = OSTLER_STEP_SKIP,
	};

	BUILD_BUG_ON(ARRAY_SIZE(step) != OSTLER_VERDICT_MAX + 1);
	if (verdict == OSTLER_VERDICT_UNSPEC && expired)
		return OSTLER_STEP_SIGNAL;
	return step[verdict];
}

#endif
