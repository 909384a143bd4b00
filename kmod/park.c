// SPDX-License-Identifier: GPL-2.0
/*
 * Parking. A task is held in a task_work callback that waits interruptibly on its way back to user mode.
 * Whatever wakes it (a verdict, a signal, the freezer, ptrace) lets it run the instruction again, which traps
 * again, and that trap decides in the task itself: consume the verdict, or park again with the same event number and
 * deadline. So nothing here needs to know why a task woke.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/moduleparam.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/uprobes.h>
#include <linux/workqueue.h>

#include "compat.h"
#include "insn.h"
#include "park.h"
#include "trace.h"
#include "verdict.h"

/* How long after its deadline a park is kept for a task that isn't waiting: stopped, frozen, in a handler */
#define LINGER_MS 10000

static unsigned int park_share = 256;
module_param(park_share, uint, 0644);
MODULE_PARM_DESC(park_share, "Most tasks of one instance parked at once (default 256)");

static atomic64_t events = ATOMIC64_INIT(0);

/* Callbacks queued or running: the module's code must outlive them */
static atomic_t works = ATOMIC_INIT(0);
static DECLARE_WAIT_QUEUE_HEAD(works_idle);

static struct tracepoint *exit_tracepoint;

/* The number of the next trap, unique while the module is loaded */
u64 ostler_park_event(void)
{
	return atomic64_inc_return(&events);
}

/* ---- the wait ---- */

/* Jiffies to wait, 0 for not at all */
static unsigned long begin_wait(struct ostler_park *park)
{
	unsigned long flags, left = 0;
	bool first = false;

	raw_spin_lock_irqsave(&ostler_park_lock, flags);
	if (!ostler_park_is_live(park) || ostler_park_is_expired(park) ||
	    (current->flags & PF_EXITING))
		goto out;
	/* the page was on the move just then; the processor brings it back by running it again */
	if (!park->insn_len && !park->retraps)
		goto out;
	left = park->deadline - jiffies;
	first = !park->announced;
	if (first) {
		park->announced = true;
		ostler_table_queue_tell(park);
	}
out:
	raw_spin_unlock_irqrestore(&ostler_park_lock, flags);
	if (first) {
		trace_ostler_park(park->event, park->instance->id, park->ip, park->pid);
		ostler_table_kick_tell();
	}
	return left;
}

static void end_wait(struct ostler_park *park)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&ostler_park_lock, flags);
	if (ostler_park_is_live(park) && park->verdict == OSTLER_VERDICT_RETRY)
		ostler_table_end(park, OSTLER_END_RETRY);
	ostler_table_let_go(park, OSTLER_HELD_WORK);
	raw_spin_unlock_irqrestore(&ostler_park_lock, flags);
	ostler_table_kick_tell();
}

static void park_wait(struct callback_head *work)
{
	struct ostler_park *park = container_of(work, struct ostler_park, work);
	unsigned long left = begin_wait(park);

	if (left)
		wait_event_interruptible_timeout(park->wait,
						 READ_ONCE(park->verdict) || READ_ONCE(park->end),
						 left);
	end_wait(park);
	/* ostler_park_stop() waits for this, and then until this function has returned */
	if (atomic_dec_and_test(&works))
		wake_up(&works_idle);
}

/* ---- the trap ---- */

static bool is_same_trap(const struct ostler_park *park, const struct ostler_trap *trap,
			 const struct ostler_instance *instance)
{
	unsigned int len = min(park->insn_len, trap->insn_len);

	return park->ip == trap->ip && park->instance == instance &&
	       park->exec_id == current->self_exec_id && !memcmp(park->insn, trap->insn, len) &&
	       !ostler_insn_is_abort(trap->insn_class);
}

static void note_insn(struct ostler_park *park, const struct ostler_trap *trap)
{
	memcpy(park->insn, trap->insn, sizeof(park->insn));
	park->insn_len = trap->insn_len;
	park->insn_class = trap->insn_class;
}

/* OSTLER_TRAP_NEW: the park is over, and this trap is one of its own */
static enum ostler_outcome trap_again(struct ostler_park *park, const struct ostler_trap *trap,
				      struct pt_regs *regs)
{
	park->retraps++;
	if (trap->insn_len > park->insn_len)
		note_insn(park, trap);
	switch (ostler_verdict_step(park->verdict, ostler_park_is_expired(park))) {
	case OSTLER_STEP_WAIT:
		return OSTLER_TRAP_AGAIN;
	case OSTLER_STEP_SIGNAL:
		ostler_table_end(park, park->verdict ? park->verdict_end : OSTLER_END_TIMEOUT);
		return OSTLER_TRAP_DELIVER;
	case OSTLER_STEP_SKIP:
		regs->ip += park->length;
		ostler_table_end(park, OSTLER_END_SKIP);
		return OSTLER_TRAP_SKIP;
	case OSTLER_STEP_ANEW:
		ostler_table_end(park, OSTLER_END_RETRY);
		break;
	}
	return OSTLER_TRAP_NEW;
}

/* Others have a say in what the trap means, or it isn't ours to judge */
static bool is_unparkable(const struct ostler_trap *trap, struct pt_regs *regs)
{
	return current->ptrace || (current->utask && current->utask->active_uprobe) ||
	       !user_64bit_mode(regs) || ostler_insn_is_entry(trap->insn, trap->insn_len);
}

static void fill(struct ostler_park *park, const struct ostler_trap *trap,
		 struct ostler_instance *instance)
{
	park->instance = instance;
	park->task = current;
	park->exec_id = current->self_exec_id;
	park->event = trap->event;
	park->ip = trap->ip;
	park->since = jiffies;
	park->deadline = park->since + msecs_to_jiffies(READ_ONCE(instance->park_ms));
	park->pid = task_pid_nr(current);
	park->tgid = task_tgid_nr(current);
	park->retraps = 0;
	park->verdict = OSTLER_VERDICT_UNSPEC;
	park->end = OSTLER_END_UNSPEC;
	park->announced = false;
	park->told = false;
	note_insn(park, trap);
	memcpy(park->comm, current->comm, sizeof(park->comm));
	park->comm[sizeof(park->comm) - 1] = '\0';
}

/* The park that the trap begins, or NULL */
static struct ostler_park *trap_new(struct ostler_trap *trap, struct ostler_instance *instance,
				    struct pt_regs *regs)
{
	struct ostler_park *park;

	/* under the lock: ostler_park_release() and ostler_park_orphan() come after such a change */
	if (READ_ONCE(instance->mode) != OSTLER_MODE_PARK || READ_ONCE(instance->dead) ||
	    !ostler_manager_there() || ostler_insn_is_abort(trap->insn_class))
		return NULL;
	if (is_unparkable(trap, regs)) {
		ostler_instance_count(instance, OSTLER_STAT_UNPARKABLE);
		return NULL;
	}
	park = ostler_table_unused();
	if (!park || instance->parked >= READ_ONCE(park_share)) {
		ostler_instance_count(instance, OSTLER_STAT_FULL);
		return NULL;
	}
	if (!ostler_instance_get(instance))
		return NULL;
	trap->event = ostler_park_event();
	fill(park, trap, instance);
	ostler_table_add(park);
	return park;
}

/* The task is about to exit: there is no way back to user mode any more */
static void abandon(struct ostler_park *park)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&ostler_park_lock, flags);
	if (ostler_park_is_live(park))
		ostler_table_end(park, OSTLER_END_EXIT);
	ostler_table_let_go(park, OSTLER_HELD_WORK);
	raw_spin_unlock_irqrestore(&ostler_park_lock, flags);
	atomic_dec(&works);
}

static enum ostler_outcome add_work(struct ostler_park *park, enum ostler_outcome outcome)
{
	init_task_work(&park->work, park_wait);
	if (!task_work_add(current, &park->work, TWA_RESUME))
		return outcome;
	abandon(park);
	return OSTLER_TRAP_NEW;
}

/* A trap of the current task in an instance; interrupts are off. Sets the event's number when there is a park. */
enum ostler_outcome ostler_park_trap(struct ostler_trap *trap, struct ostler_instance *instance,
				     struct pt_regs *regs)
{
	enum ostler_outcome outcome = OSTLER_TRAP_NEW;
	struct ostler_park *park;
	unsigned long flags;

	if (READ_ONCE(instance->mode) != OSTLER_MODE_PARK && !ostler_table_may_have(current))
		return OSTLER_TRAP_NEW;
	raw_spin_lock_irqsave(&ostler_park_lock, flags);
	park = ostler_table_find_task(current);
	if (park && !is_same_trap(park, trap, instance)) {
		ostler_table_end(park, OSTLER_END_EXIT);
		park = NULL;
	}
	if (park) {
		trap->event = park->event;
		outcome = trap_again(park, trap, regs);
	}
	if (outcome == OSTLER_TRAP_NEW) {
		trap->event = 0;
		park = trap_new(trap, instance, regs);
		outcome = park ? OSTLER_TRAP_PARKED : OSTLER_TRAP_NEW;
	}
	if (outcome == OSTLER_TRAP_PARKED || outcome == OSTLER_TRAP_AGAIN) {
		park->held |= OSTLER_HELD_WORK;
		atomic_inc(&works);
	}
	raw_spin_unlock_irqrestore(&ostler_park_lock, flags);
	if (outcome == OSTLER_TRAP_PARKED || outcome == OSTLER_TRAP_AGAIN)
		outcome = add_work(park, outcome);
	ostler_table_kick_tell();
	return outcome;
}

/* ---- leaving ---- */

static void leave(struct task_struct *task)
{
	struct ostler_park *park;
	unsigned long flags;

	if (!ostler_table_may_have(task))
		return;
	raw_spin_lock_irqsave(&ostler_park_lock, flags);
	park = ostler_table_find_task(task);
	if (park)
		ostler_table_end(park, OSTLER_END_EXIT);
	raw_spin_unlock_irqrestore(&ostler_park_lock, flags);
	ostler_table_kick_tell();
}

/* The current task has trapped where nothing is parked: what it was parked at is behind it */
void ostler_park_leave(void)
{
	leave(current);
}

static void probe_exit(void *data, struct task_struct *task)
{
	leave(task);
}

static void probe_exit_group_dead(void *data, struct task_struct *task, bool group_dead)
{
	leave(task);
}

/* ---- what others decide; they hold no lock of ours ---- */

/*
 * -ESRCH no such park, -ESTALE parked elsewhere, -EALREADY decided, -ERANGE @length is more than was read, -EDQUOT the
 * instance's skips are used up
 */
int ostler_park_decide(u64 event, u64 ip, u8 verdict, u8 length)
{
	static const u8 end[] = {
		[OSTLER_VERDICT_RETRY] = OSTLER_END_RETRY,
		[OSTLER_VERDICT_DELIVER] = OSTLER_END_DELIVER,
		[OSTLER_VERDICT_SKIP] = OSTLER_END_SKIP,
	};
	struct ostler_park *park;
	int ret = 0;

	raw_spin_lock_irq(&ostler_park_lock);
	park = ostler_table_find_event(event);
	if (!park)
		ret = -ESRCH;
	else if (park->ip != ip)
		ret = -ESTALE;
	else if (park->verdict)
		ret = -EALREADY;
	else if (verdict == OSTLER_VERDICT_SKIP && length > park->insn_len)
		ret = -ERANGE;
	else if (verdict == OSTLER_VERDICT_SKIP &&
		 park->instance->skipped >= park->instance->skip_max)
		ret = -EDQUOT;
	if (!ret) {
		park->instance->skipped += verdict == OSTLER_VERDICT_SKIP;
		park->length = length;
		park->verdict_end = end[verdict];
		WRITE_ONCE(park->verdict, verdict);
	}
	raw_spin_unlock_irq(&ostler_park_lock);
	/* should the record be another park's by now, its task only looks once more */
	if (!ret)
		wake_up(&park->wait);
	return ret;
}

/* A new bound counts from now on */
void ostler_park_skips(struct ostler_instance *instance, u32 skip_max)
{
	raw_spin_lock_irq(&ostler_park_lock);
	instance->skip_max = skip_max;
	instance->skipped = 0;
	raw_spin_unlock_irq(&ostler_park_lock);
}

/* End every live park that @instance (NULL: any) has; the instruction runs again, untracked */
void ostler_park_release(struct ostler_instance *instance)
{
	struct ostler_park *park;
	unsigned int slot;

	for (slot = 0; slot < ostler_park_max; slot++) {
		raw_spin_lock_irq(&ostler_park_lock);
		park = ostler_table_at(slot);
		if (park && instance && park->instance != instance)
			park = NULL;
		if (park)
			ostler_table_end(park, OSTLER_END_RELEASED);
		raw_spin_unlock_irq(&ostler_park_lock);
		if (park)
			wake_up(&park->wait);
	}
	ostler_table_kick_tell();
}

/* No manager came back: every undecided park gets its signal */
void ostler_park_orphan(void)
{
	struct ostler_park *park;
	unsigned int slot;

	for (slot = 0; slot < ostler_park_max; slot++) {
		raw_spin_lock_irq(&ostler_park_lock);
		park = ostler_table_at(slot);
		if (park && park->verdict)
			park = NULL;
		if (park) {
			park->verdict_end = OSTLER_END_ORPHAN;
			WRITE_ONCE(park->verdict, OSTLER_VERDICT_DELIVER);
		}
		raw_spin_unlock_irq(&ostler_park_lock);
		if (park)
			wake_up(&park->wait);
	}
}

/* End the parks of tasks that left the instruction and never trapped again */
void ostler_park_sweep(void)
{
	struct ostler_park *park;
	unsigned int slot;

	for (slot = 0; slot < ostler_park_max && READ_ONCE(ostler_parks); slot++) {
		raw_spin_lock_irq(&ostler_park_lock);
		park = ostler_table_at(slot);
		if (park && !(park->held & OSTLER_HELD_WORK) &&
		    time_after(jiffies, park->deadline + msecs_to_jiffies(LINGER_MS)))
			ostler_table_end(park, OSTLER_END_EXIT);
		raw_spin_unlock_irq(&ostler_park_lock);
	}
	ostler_table_kick_tell();
}

/* ---- begin and end ---- */

static void match_exit(struct tracepoint *tracepoint, void *data)
{
	if (!strcmp(tracepoint->name, "sched_process_exit"))
		exit_tracepoint = tracepoint;
}

static void *exit_probe(void)
{
	return OSTLER_EXIT_PROBE(probe_exit, probe_exit_group_dead);
}

int ostler_park_init(void)
{
	for_each_kernel_tracepoint(match_exit, NULL);
	if (!exit_tracepoint) {
		pr_err("this kernel has no tracepoint sched_process_exit, which tells of parked tasks that die\n");
		return -ENOENT;
	}
	return tracepoint_probe_register(exit_tracepoint, exit_probe(), NULL);
}

/* After the last trap, let everybody go and wait until no task is in our code any more */
void ostler_park_stop(void)
{
	ostler_park_release(NULL);
	wait_event(works_idle, !atomic_read(&works));
	/* the last callbacks have yet to return from their last lines, and may be preempted there */
	synchronize_rcu_tasks();
	flush_workqueue(ostler_queue);
}

void ostler_park_exit(void)
{
	tracepoint_probe_unregister(exit_tracepoint, exit_probe(), NULL);
	tracepoint_synchronize_unregister();
}
