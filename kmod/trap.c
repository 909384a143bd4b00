// SPDX-License-Identifier: GPL-2.0
/*
 * The die notifier: sees every #UD before it becomes a signal. It runs in the task that trapped, with interrupts off and
 * under RCU: it must not sleep, nor fault.
 */
#include <linux/kdebug.h>
#include <linux/ktime.h>
#include <linux/notifier.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <asm/trapnr.h>

#include "compat.h"
#include "insn.h"
#include "ostler.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

/* ILL_ILLOPN, what a #UD becomes; <linux/signal.h> has it under a name that some architectures change */
#define SI_CODE_UD 2

/* Read up to the end of the page when the bytes behind it aren't there */
static u8 read_insn_to_page_end(u8 *insn, unsigned long ip)
{
	unsigned long left = PAGE_SIZE - offset_in_page(ip);

	if (left >= OSTLER_INSN_MAX ||
	    copy_from_user_nofault(insn, (const void __user *)ip, left)) {
		memset(insn, 0, OSTLER_INSN_MAX);
		return 0;
	}
	return left;
}

/* How many bytes could be read at @ip. Two overlapping words: a third of what a copy of 15 bytes costs. */
static u8 read_insn(u8 *insn, unsigned long ip)
{
	const u8 __user *from = (const u8 __user *)ip;
	u64 head, tail;

	pagefault_disable();
	if (!user_access_begin(from, OSTLER_INSN_MAX))
		goto unreadable;
	unsafe_get_user(head, (const u64 __user *)from, fault);
	unsafe_get_user(tail, (const u64 __user *)(from + OSTLER_INSN_MAX - sizeof(u64)), fault);
	user_access_end();
	pagefault_enable();
	memcpy(insn, &head, sizeof(head));
	memcpy(insn + OSTLER_INSN_MAX - sizeof(tail), &tail, sizeof(tail));
	return OSTLER_INSN_MAX;

fault:
	user_access_end();
unreadable:
	pagefault_enable();
	return read_insn_to_page_end(insn, ip);
}

static void count_trap(struct ostler_instance *instance, const struct ostler_trap *trap)
{
	ostler_instance_count(instance, OSTLER_STAT_TRAPS);
	if (ostler_insn_is_abort(trap->insn_class))
		ostler_instance_count(instance, OSTLER_STAT_ABORTS);
	else if (!trap->insn_len)
		ostler_instance_count(instance, OSTLER_STAT_UNREADABLE);
}

static noinline void trace_trap(const struct ostler_instance *instance,
				const struct ostler_trap *trap, enum ostler_outcome outcome)
{
	struct ost_event_trap record = {
		.head.type = OST_EVENT_TRAP,
		.head.size = sizeof(record),
		.head.time_ns = ktime_get_mono_fast_ns(),
		.head.instance_id = instance->id,
		.event = trap->event ?: ostler_park_event(),
		.ip = trap->ip,
		.pid = task_pid_nr(current),
		.tgid = task_tgid_nr(current),
		.source = OST_TRAP_MODULE,
		.insn_class = trap->insn_class,
		.insn_len = trap->insn_len,
	};

	switch (outcome) {
	case OSTLER_TRAP_PARKED:
		record.action = OST_TRAP_PARKED;
		break;
	case OSTLER_TRAP_DELIVER:
	case OSTLER_TRAP_SKIP:
		record.action = OST_TRAP_RESUMED;
		break;
	default:
		record.action = OST_TRAP_SIGNALLED;
	}
	if (outcome == OSTLER_TRAP_NEW || outcome == OSTLER_TRAP_DELIVER)
		record.si_code = SI_CODE_UD;
	memcpy(record.insn, trap->insn, sizeof(record.insn));
	memcpy(record.comm, current->comm, sizeof(record.comm));
	trace_ostler_trap(&record);
}

static int handle_trap(struct ostler_instance *instance, struct pt_regs *regs)
{
	struct ostler_trap trap = { .ip = regs->ip };
	enum ostler_outcome outcome = OSTLER_TRAP_NEW;

	trap.insn_len = read_insn(trap.insn, trap.ip);
	trap.insn_class = ostler_insn_classify(trap.insn, trap.insn_len);
	/* a task that is parked may have been moved to an instance that only observes */
	if (READ_ONCE(instance->mode) == OSTLER_MODE_PARK || unlikely(READ_ONCE(ostler_parks)))
		outcome = ostler_park_trap(&trap, instance, regs);
	if (outcome == OSTLER_TRAP_NEW || outcome == OSTLER_TRAP_PARKED)
		count_trap(instance, &trap);
	if (trace_ostler_trap_enabled() && outcome != OSTLER_TRAP_AGAIN)
		trace_trap(instance, &trap, outcome);
	return outcome == OSTLER_TRAP_NEW || outcome == OSTLER_TRAP_DELIVER ? NOTIFY_DONE :
									     NOTIFY_STOP;
}

static int on_die(struct notifier_block *nb, unsigned long val, void *data)
{
	const struct die_args *args = data;
	struct ostler_instance *instance;

	if (val != DIE_TRAP || args->trapnr != X86_TRAP_UD || !user_mode(args->regs))
		return NOTIFY_DONE;
	if (!atomic_read(&ostler_instances))
		return NOTIFY_DONE;
	instance = ostler_instance_of_current();
	if (!instance || READ_ONCE(instance->mode) == OSTLER_MODE_OFF) {
		ostler_park_leave();
		return NOTIFY_DONE;
	}
	return handle_trap(instance, args->regs);
}

static struct notifier_block die_notifier = {
	.notifier_call = on_die,
};

int ostler_trap_init(void)
{
	return register_die_notifier(&die_notifier);
}

/* Waits for RCU: no trap is in here afterwards */
void ostler_trap_exit(void)
{
	unregister_die_notifier(&die_notifier);
}
