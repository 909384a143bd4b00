// SPDX-License-Identifier: GPL-2.0
/*
 * Traps: instructions that this host lacks.
 *
 * The module sees a #UD before it becomes a signal and hands over a finished record. Without the
 * module, and for AMX (whose fault never passes the module), the signal tells. A trap that both
 * see counts once: the module's probe notes where the task trapped, and the signal from there is
 * passed over.
 */
#include "ostler.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define SIGILL 4
#define ILL_ILLOPC 1	/* AMX without permission */
#define ILL_ILLOPN 2	/* #UD */

#define PAGE_BYTES 4096

/* @ip 0: no signal will come of it, or not yet */
static __always_inline void expect_signal(__u64 ip)
{
	struct task_state *task;

	task = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL,
				    BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (task)
		task->trap_ip = ip;
}

static __always_inline bool is_expected(__u64 ip)
{
	struct task_state *task;

	task = bpf_task_storage_get(&tasks, bpf_get_current_task_btf(), NULL, 0);
	if (!task || !task->trap_ip || task->trap_ip != ip)
		return false;
	task->trap_ip = 0;
	return true;
}

/* ---- told by the module ---- */

static __always_inline void tell_module_trap(const struct ost_event_trap *record, __u64 id)
{
	struct ost_event_trap *event;

	event = event_begin(OST_EVENT_TRAP, sizeof(*event), id);
	if (!event)
		return;
	*event = *record;
	event->head.type = OST_EVENT_TRAP;
	event->head.size = sizeof(*event);
	event->head.instance_id = id;
	event_end(event, sizeof(*event), record->action == OST_TRAP_PARKED);
}

/*
 * TP_PROTO(const struct ost_event_trap *record). What was parked is told again as resumed when
 * its verdict is consumed; the signal, if that was the verdict, comes from the same place.
 */
SEC("raw_tp/ostler_trap")
int trap_module(struct bpf_raw_tracepoint_args *ctx)
{
	struct ost_counters *instance;
	struct ost_event_trap record;
	__u64 id;

	if (bpf_probe_read_kernel(&record, sizeof(record), (void *)ctx->args[0]))
		return 0;
	expect_signal(record.si_code ? record.ip : 0);
	instance = counters_of_current(&id);
	if (!instance)
		return 0;
	if (record.action != OST_TRAP_RESUMED)
		count(&instance->traps, 1);
	if (record.action == OST_TRAP_PARKED)
		count(&instance->parks, 1);
	if (watches(id, OST_WATCH_TRAPS))
		tell_module_trap(&record, id);
	return 0;
}

/* ---- told by the signal ---- */

/* The page with the instruction is there; the next one may not be. */
static __always_inline __u8 read_insn(__u8 *insn, __u64 ip)
{
	__u32 left = PAGE_BYTES - (ip & (PAGE_BYTES - 1));

	if (!bpf_probe_read_user(insn, OST_EVENT_INSN_MAX, (void *)ip))
		return OST_EVENT_INSN_MAX;
	if (left >= OST_EVENT_INSN_MAX || bpf_probe_read_user(insn, left, (void *)ip))
		return 0;
	return left;
}

static __always_inline void tell_signal_trap(__u64 id, __u64 ip, int code)
{
	__u64 pid_tgid = bpf_get_current_pid_tgid();
	struct ost_event_trap *event;

	event = event_begin(OST_EVENT_TRAP, sizeof(*event), id);
	if (!event)
		return;
	event->ip = ip;
	event->pid = (__u32)pid_tgid;
	event->tgid = pid_tgid >> 32;
	event->source = OST_TRAP_SIGNAL;
	event->action = OST_TRAP_SIGNALLED;
	event->si_code = code;
	event->insn_len = read_insn(event->insn, ip);
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	event_end(event, sizeof(*event), false);
}

/* @info may be one of the kernel's small numbers that stand for a kind of signal without data */
SEC("tp_btf/signal_generate")
int BPF_PROG(trap_signal, int sig, struct kernel_siginfo *info, struct task_struct *task)
{
	struct ost_counters *instance;
	__u64 id, ip;
	int code;

	if (sig != SIGILL || (unsigned long)info <= 2)
		return 0;
	code = BPF_CORE_READ(info, si_code);
	if (code != ILL_ILLOPN && code != ILL_ILLOPC)
		return 0;
	if (BPF_CORE_READ(task, pid) != (int)bpf_get_current_pid_tgid())
		return 0;
	ip = (__u64)BPF_CORE_READ(info, _sifields._sigfault._addr);
	instance = counters_of_current(&id);
	if (!instance || (code == ILL_ILLOPN && is_expected(ip)))
		return 0;
	count(&instance->traps, 1);
	if (watches(id, OST_WATCH_TRAPS))
		tell_signal_trap(id, ip, code);
	return 0;
}
