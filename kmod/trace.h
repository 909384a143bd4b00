/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tracepoints, the way out for everything frequent. perf and bpftrace read the formatted fields; a raw
 * tracepoint program gets the arguments of TP_PROTO in this order, which is as fixed as the ABI.
 *
 * ostler_trap      in the task that trapped, interrupts off. @record is complete but for its head's type and
 *                  size. A trap is told once, as signalled or parked; when a parked task consumes its verdict, it is
 *                  told as resumed, with the same event number; what parks again is not told.
 * ostler_park      in the task that is parked, before it waits for the first time
 * ostler_park_end  in a worker thread; @pid is the task's, @end is enum ostler_park_end
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ostler

#if !defined(OSTLER_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define OSTLER_TRACE_H

#include <linux/ostler.h>
#include <linux/ostler_event.h>
#include <linux/tracepoint.h>

#define ostler_show_action(action)                    \
	__print_symbolic(action,                      \
		{ OST_TRAP_SIGNALLED, "signalled" },  \
		{ OST_TRAP_PARKED, "parked" },        \
		{ OST_TRAP_RESUMED, "resumed" })

#define ostler_show_end(end)                         \
	__print_symbolic(end,                        \
		{ OSTLER_END_RETRY, "retry" },       \
		{ OSTLER_END_DELIVER, "deliver" },   \
		{ OSTLER_END_SKIP, "skip" },         \
		{ OSTLER_END_TIMEOUT, "timeout" },   \
		{ OSTLER_END_ORPHAN, "orphan" },     \
		{ OSTLER_END_EXIT, "exit" },         \
		{ OSTLER_END_RELEASED, "released" })

TRACE_EVENT(ostler_trap,
	TP_PROTO(const struct ost_event_trap *record),
	TP_ARGS(record),
	TP_STRUCT__entry(
		__field(u64, event)
		__field(u64, instance_id)
		__field(u64, ip)
		__array(u8, insn, OST_EVENT_INSN_MAX)
		__field(u8, insn_len)
		__field(u8, insn_class)
		__field(u8, action)
	),
	TP_fast_assign(
		__entry->event = record->event;
		__entry->instance_id = record->head.instance_id;
		__entry->ip = record->ip;
		memcpy(__entry->insn, record->insn, OST_EVENT_INSN_MAX);
		__entry->insn_len = record->insn_len;
		__entry->insn_class = record->insn_class;
		__entry->action = record->action;
	),
	TP_printk("event=%llu instance=%llu ip=0x%llx insn=%s class=%u action=%s",
		  __entry->event, __entry->instance_id, __entry->ip,
		  __print_hex_str(__entry->insn, __entry->insn_len), __entry->insn_class,
		  ostler_show_action(__entry->action))
);

TRACE_EVENT(ostler_park,
	TP_PROTO(u64 event, u64 instance_id, u64 ip, u32 pid),
	TP_ARGS(event, instance_id, ip, pid),
	TP_STRUCT__entry(
		__field(u64, event)
		__field(u64, instance_id)
		__field(u64, ip)
		__field(u32, pid)
	),
	TP_fast_assign(
		__entry->event = event;
		__entry->instance_id = instance_id;
		__entry->ip = ip;
		__entry->pid = pid;
	),
	TP_printk("event=%llu instance=%llu ip=0x%llx pid=%u", __entry->event,
		  __entry->instance_id, __entry->ip, __entry->pid)
);

TRACE_EVENT(ostler_park_end,
	TP_PROTO(u64 event, u64 instance_id, u32 pid, u8 end, u32 age_ms),
	TP_ARGS(event, instance_id, pid, end, age_ms),
	TP_STRUCT__entry(
		__field(u64, event)
		__field(u64, instance_id)
		__field(u32, pid)
		__field(u32, age_ms)
		__field(u8, end)
	),
	TP_fast_assign(
		__entry->event = event;
		__entry->instance_id = instance_id;
		__entry->pid = pid;
		__entry->age_ms = age_ms;
		__entry->end = end;
	),
	TP_printk("event=%llu instance=%llu pid=%u end=%s after=%ums", __entry->event,
		  __entry->instance_id, __entry->pid, ostler_show_end(__entry->end),
		  __entry->age_ms)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
