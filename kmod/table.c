// SPDX-License-Identifier: GPL-2.0
/*
 * The table of parks. Its records are made at load time, because the trap can't sleep. A record is one task's
 * until its park ends; it is used again when the task's callback has returned and the end has been told.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/hashtable.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "park.h"
#include "trace.h"

#define PARK_MAX_MAX 65536

/* How many tasks are parked */
unsigned int ostler_parks;

unsigned int ostler_park_max = 1024;
module_param_named(park_max, ostler_park_max, uint, 0444);
MODULE_PARM_DESC(park_max,
		 "Most tasks parked at once, 1 to 65536 (default 1024; some 250 bytes of memory each)");

DEFINE_RAW_SPINLOCK(ostler_park_lock);

static DEFINE_HASHTABLE(by_task, 10);
static DEFINE_HASHTABLE(by_event, 10);
static struct ostler_park *records;
static LIST_HEAD(unused);
static LIST_HEAD(to_tell);

static void tell_parks(struct work_struct *work);
static DECLARE_WORK(tell_work, tell_parks);

/* Without the lock: only @task itself adds its record, so from there a "no" is certain */
bool ostler_table_may_have(struct task_struct *task)
{
	return !hlist_empty(&by_task[hash_min((unsigned long)task, HASH_BITS(by_task))]);
}

struct ostler_park *ostler_table_find_task(struct task_struct *task)
{
	struct ostler_park *park;

	hash_for_each_possible(by_task, park, by_task, (unsigned long)task) {
		if (park->task == task)
			return park;
	}
	return NULL;
}

struct ostler_park *ostler_table_find_event(u64 event)
{
	struct ostler_park *park;

	hash_for_each_possible(by_event, park, by_event, event) {
		if (park->event == event)
			return park;
	}
	return NULL;
}

/* A record keeps its slot for life, so a walk over the slots meets what lives throughout exactly once */
struct ostler_park *ostler_table_at(unsigned int slot)
{
	return ostler_park_is_live(&records[slot]) ? &records[slot] : NULL;
}

struct ostler_park *ostler_table_unused(void)
{
	return list_first_entry_or_null(&unused, struct ostler_park, link);
}

/* @park: from ostler_table_unused(), filled; takes over the caller's reference of its instance */
void ostler_table_add(struct ostler_park *park)
{
	list_del_init(&park->link);
	park->held = OSTLER_HELD_LIVE;
	hash_add(by_task, &park->by_task, (unsigned long)park->task);
	hash_add(by_event, &park->by_event, park->event);
	WRITE_ONCE(ostler_parks, ostler_parks + 1);
	WRITE_ONCE(park->instance->parked, park->instance->parked + 1);
	ostler_instance_count(park->instance, OSTLER_STAT_PARKS);
}

void ostler_table_let_go(struct ostler_park *park, u8 held)
{
	park->held &= ~held;
	if (park->held)
		return;
	ostler_instance_put(park->instance);
	park->instance = NULL;
	list_add(&park->link, &unused);
}

void ostler_table_end(struct ostler_park *park, u8 end)
{
	static const u8 stat[] = {
		[OSTLER_END_RETRY] = OSTLER_STAT_RETRIES,
		[OSTLER_END_DELIVER] = OSTLER_STAT_DELIVERED,
		[OSTLER_END_SKIP] = OSTLER_STAT_SKIPS,
		[OSTLER_END_TIMEOUT] = OSTLER_STAT_TIMEOUTS,
		[OSTLER_END_ORPHAN] = OSTLER_STAT_ORPHANS,
		[OSTLER_END_EXIT] = OSTLER_STAT_EXITS,
		[OSTLER_END_RELEASED] = OSTLER_STAT_RELEASED,
	};
	struct ostler_instance *instance = park->instance;

	BUILD_BUG_ON(ARRAY_SIZE(stat) != OSTLER_END_MAX + 1);
	hash_del(&park->by_task);
	hash_del(&park->by_event);
	WRITE_ONCE(park->end, end);
	WRITE_ONCE(ostler_parks, ostler_parks - 1);
	WRITE_ONCE(instance->parked, instance->parked - 1);
	if (park->verdict == OSTLER_VERDICT_SKIP && end != OSTLER_END_SKIP && instance->skipped)
		instance->skipped--;
	ostler_instance_count(instance, stat[end]);
	if (park->announced)
		ostler_table_queue_tell(park);
	ostler_table_let_go(park, OSTLER_HELD_LIVE);
}

/* ---- telling ---- */

void ostler_table_queue_tell(struct ostler_park *park)
{
	if (!list_empty(&park->link))
		return;
	park->held |= OSTLER_HELD_TELL;
	list_add_tail(&park->link, &to_tell);
}

/* Called after the lock was given up, by whoever may have queued something */
void ostler_table_kick_tell(void)
{
	if (!list_empty_careful(&to_tell))
		queue_work(ostler_queue, &tell_work);
}

static void read_park(const struct ostler_park *park, struct ostler_park_info *info)
{
	unsigned long now = jiffies;

	*info = (struct ostler_park_info) {
		.event = park->event,
		.instance_id = park->instance->id,
		.ip = park->ip,
		.pid = park->pid,
		.tgid = park->tgid,
		.age_ms = jiffies_to_msecs(now - park->since),
		.retraps = park->retraps,
		.state = park->verdict ? OSTLER_PARK_DECIDED : OSTLER_PARK_WAITING,
		.end = park->end,
		.insn_class = park->insn_class,
		.insn_len = park->insn_len,
	};
	if (time_before(now, park->deadline))
		info->left_ms = jiffies_to_msecs(park->deadline - now);
	memcpy(info->insn, park->insn, sizeof(info->insn));
	memcpy(info->comm, park->comm, sizeof(info->comm));
}

static void tell(struct ostler_instance *instance, struct ostler_park_info *info, bool first)
{
	u8 end = info->end;

	if (first) {
		info->end = OSTLER_END_UNSPEC;
		if (ostler_manager_tell(info))
			ostler_instance_count(instance, OSTLER_STAT_LOST);
	}
	if (!end)
		return;
	info->end = end;
	trace_ostler_park_end(info->event, info->instance_id, info->pid, end, info->age_ms);
	if (ostler_manager_tell(info))
		ostler_instance_count(instance, OSTLER_STAT_LOST);
}

static void tell_parks(struct work_struct *work)
{
	struct ostler_park_info info;
	struct ostler_park *park;
	bool first;

	raw_spin_lock_irq(&ostler_park_lock);
	while ((park = list_first_entry_or_null(&to_tell, struct ostler_park, link))) {
		list_del_init(&park->link);
		first = !park->told;
		park->told = true;
		read_park(park, &info);
		raw_spin_unlock_irq(&ostler_park_lock);

		tell(park->instance, &info, first);
		cond_resched();

		raw_spin_lock_irq(&ostler_park_lock);
		/* it may have ended meanwhile, and be in the queue again */
		if (list_empty(&park->link))
			ostler_table_let_go(park, OSTLER_HELD_TELL);
	}
	raw_spin_unlock_irq(&ostler_park_lock);
}

/* ---- reading ---- */

int ostler_park_read(u64 event, struct ostler_park_info *info)
{
	struct ostler_park *park;

	raw_spin_lock_irq(&ostler_park_lock);
	park = ostler_table_find_event(event);
	if (park)
		read_park(park, info);
	raw_spin_unlock_irq(&ostler_park_lock);
	return park ? 0 : -ESRCH;
}

/* False when nothing is parked in @slot (0 .. ostler_park_max - 1) */
bool ostler_park_slot(unsigned int slot, struct ostler_park_info *info)
{
	struct ostler_park *park;

	raw_spin_lock_irq(&ostler_park_lock);
	park = ostler_table_at(slot);
	if (park)
		read_park(park, info);
	raw_spin_unlock_irq(&ostler_park_lock);
	return park;
}

int ostler_table_init(void)
{
	unsigned int slot;

	if (!ostler_park_max || ostler_park_max > PARK_MAX_MAX) {
		pr_err("park_max=%u is out of range: 1 to %u is right\n", ostler_park_max,
		       PARK_MAX_MAX);
		return -EINVAL;
	}
	records = kvcalloc(ostler_park_max, sizeof(*records), GFP_KERNEL);
	if (!records)
		return -ENOMEM;
	for (slot = 0; slot < ostler_park_max; slot++) {
		init_waitqueue_head(&records[slot].wait);
		list_add_tail(&records[slot].link, &unused);
	}
	return 0;
}

void ostler_table_exit(void)
{
	kvfree(records);
}
