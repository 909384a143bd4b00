/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The record of a parked task, shared by table.c (where records live) and park.c (what happens to them).
 */
#ifndef OSTLER_PARK_H
#define OSTLER_PARK_H

#include <linux/jiffies.h>
#include <linux/task_work.h>
#include <linux/wait.h>

#include "ostler.h"

/* Who still uses a record; it is free when nobody does */
#define OSTLER_HELD_LIVE	1	/* the park goes on */
#define OSTLER_HELD_WORK	2	/* the callback is queued or runs */
#define OSTLER_HELD_TELL	4	/* on its way to the manager */

struct ostler_park {
	struct hlist_node by_task;
	struct hlist_node by_event;
	struct list_head link;		/* unused, or to be told */
	struct callback_head work;
	wait_queue_head_t wait;
	struct ostler_instance *instance;
	struct task_struct *task;	/* only compared */
	u64 exec_id;
	u64 event;
	u64 ip;
	unsigned long since;		/* jiffies */
	unsigned long deadline;		/* jiffies */
	u32 pid, tgid;
	u32 retraps;
	u8 held;
	u8 insn_class, insn_len;
	u8 insn[OSTLER_INSN_MAX];
	u8 verdict, length;
	u8 verdict_end;			/* how the park ends when the verdict is consumed */
	u8 end;
	bool announced;			/* the callback waits or has waited: the manager is told of it */
	bool told;			/* as parked */
	char comm[OSTLER_COMM_LEN];
};

/* Guards every record and the table; the trap takes it with interrupts off */
extern raw_spinlock_t ostler_park_lock;

static inline bool ostler_park_is_live(const struct ostler_park *park)
{
	return park->held & OSTLER_HELD_LIVE;
}

static inline bool ostler_park_is_expired(const struct ostler_park *park)
{
	return time_after_eq(jiffies, park->deadline);
}

/* table.c; all but the first and the last with the lock held */
bool ostler_table_may_have(struct task_struct *task);
struct ostler_park *ostler_table_find_task(struct task_struct *task);
struct ostler_park *ostler_table_find_event(u64 event);
struct ostler_park *ostler_table_at(unsigned int slot);
struct ostler_park *ostler_table_unused(void);
void ostler_table_add(struct ostler_park *park);
void ostler_table_end(struct ostler_park *park, u8 end);
void ostler_table_let_go(struct ostler_park *park, u8 held);
void ostler_table_queue_tell(struct ostler_park *park);
void ostler_table_kick_tell(void);

#endif
