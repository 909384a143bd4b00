// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel interface is a promise: what programs were built with must not move. Numbers are never given anew and structs grow
 * only at their end, so this file changes by new lines alone. It fails to compile rather than to run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/ostler.h>
#include <linux/ostler_event.h>

#define FIELD(type, field, offset, bytes)                                                    \
	_Static_assert(offsetof(struct type, field) == (offset) &&                           \
			       sizeof(((struct type *)0)->field) == (bytes),                 \
		       "struct " #type "." #field " has moved")
#define VALUE(name, value) _Static_assert((name) == (value), #name " has changed")

/* <linux/ostler.h> */
VALUE(OSTLER_CMD_UNSPEC, 0);
VALUE(OSTLER_CMD_INFO_GET, 1);
VALUE(OSTLER_CMD_INSTANCE_SET, 2);
VALUE(OSTLER_CMD_INSTANCE_DEL, 3);
VALUE(OSTLER_CMD_INSTANCE_GET, 4);
VALUE(OSTLER_CMD_PARK_GET, 5);
VALUE(OSTLER_CMD_VERDICT, 6);
VALUE(OSTLER_CMD_MANAGER_SET, 7);
VALUE(OSTLER_CMD_MANAGER_DEL, 8);
VALUE(OSTLER_CMD_PARK_NTF, 9);
VALUE(OSTLER_CMD_PARK_END_NTF, 10);
VALUE(OSTLER_A_UNSPEC, 0);
VALUE(OSTLER_A_PAD, 1);
VALUE(OSTLER_A_ABI, 2);
VALUE(OSTLER_A_MANAGER_PORT, 3);
VALUE(OSTLER_A_GRACE_MS, 4);
VALUE(OSTLER_A_GRACE_LEFT_MS, 5);
VALUE(OSTLER_A_PARK_MAX, 6);
VALUE(OSTLER_A_PARKED, 7);
VALUE(OSTLER_A_INSTANCES, 8);
VALUE(OSTLER_A_STATS, 9);
VALUE(OSTLER_A_INSTANCE_ID, 10);
VALUE(OSTLER_A_MODE, 11);
VALUE(OSTLER_A_PARK_MS, 12);
VALUE(OSTLER_A_SKIP_MAX, 13);
VALUE(OSTLER_A_EVENT, 14);
VALUE(OSTLER_A_PID, 15);
VALUE(OSTLER_A_TGID, 16);
VALUE(OSTLER_A_COMM, 17);
VALUE(OSTLER_A_IP, 18);
VALUE(OSTLER_A_INSN, 19);
VALUE(OSTLER_A_INSN_CLASS, 20);
VALUE(OSTLER_A_AGE_MS, 21);
VALUE(OSTLER_A_LEFT_MS, 22);
VALUE(OSTLER_A_RETRAPS, 23);
VALUE(OSTLER_A_STATE, 24);
VALUE(OSTLER_A_VERDICT, 25);
VALUE(OSTLER_A_LENGTH, 26);
VALUE(OSTLER_A_END, 27);
VALUE(OSTLER_STAT_UNSPEC, 0);
VALUE(OSTLER_STAT_PAD, 1);
VALUE(OSTLER_STAT_TRAPS, 2);
VALUE(OSTLER_STAT_ABORTS, 3);
VALUE(OSTLER_STAT_UNREADABLE, 4);
VALUE(OSTLER_STAT_PARKS, 5);
VALUE(OSTLER_STAT_RETRIES, 6);
VALUE(OSTLER_STAT_DELIVERED, 7);
VALUE(OSTLER_STAT_SKIPS, 8);
VALUE(OSTLER_STAT_TIMEOUTS, 9);
VALUE(OSTLER_STAT_ORPHANS, 10);
VALUE(OSTLER_STAT_EXITS, 11);
VALUE(OSTLER_STAT_FULL, 12);
VALUE(OSTLER_STAT_UNPARKABLE, 13);
VALUE(OSTLER_STAT_LOST, 14);
VALUE(OSTLER_STAT_RELEASED, 15);
VALUE(OSTLER_MODE_OFF, 0);
VALUE(OSTLER_MODE_OBSERVE, 1);
VALUE(OSTLER_MODE_PARK, 2);
VALUE(OSTLER_INSN_UNREADABLE, 0);
VALUE(OSTLER_INSN_LEGACY, 1);
VALUE(OSTLER_INSN_0F38, 2);
VALUE(OSTLER_INSN_0F3A, 3);
VALUE(OSTLER_INSN_VEX, 4);
VALUE(OSTLER_INSN_EVEX, 5);
VALUE(OSTLER_INSN_XOP, 6);
VALUE(OSTLER_INSN_REX2, 7);
VALUE(OSTLER_INSN_UD0, 8);
VALUE(OSTLER_INSN_UD1, 9);
VALUE(OSTLER_INSN_UD2, 10);
VALUE(OSTLER_PARK_WAITING, 0);
VALUE(OSTLER_PARK_DECIDED, 1);
VALUE(OSTLER_VERDICT_UNSPEC, 0);
VALUE(OSTLER_VERDICT_RETRY, 1);
VALUE(OSTLER_VERDICT_DELIVER, 2);
VALUE(OSTLER_VERDICT_SKIP, 3);
VALUE(OSTLER_END_UNSPEC, 0);
VALUE(OSTLER_END_RETRY, 1);
VALUE(OSTLER_END_DELIVER, 2);
VALUE(OSTLER_END_SKIP, 3);
VALUE(OSTLER_END_TIMEOUT, 4);
VALUE(OSTLER_END_ORPHAN, 5);
VALUE(OSTLER_END_EXIT, 6);
VALUE(OSTLER_END_RELEASED, 7);
VALUE(OSTLER_GENL_VERSION, 1);
VALUE(OSTLER_ABI_VERSION, 1);
VALUE(OSTLER_INSN_MAX, 15);
VALUE(OSTLER_COMM_LEN, 16);
VALUE(OSTLER_PARK_MS_MAX, 3600000);
VALUE(OSTLER_GRACE_MS_MAX, 600000);
_Static_assert(sizeof(OSTLER_GENL_NAME) == sizeof("ostler"), "the family's name has changed");

/* <linux/ostler_event.h>: what the module writes and the ring carries */
VALUE(OST_EVENT_TRAP, 1);
VALUE(OST_EVENT_STALL, 2);
VALUE(OST_EVENT_OOM, 3);
VALUE(OST_EVENT_RELEASE, 4);
VALUE(OST_TRAP_MODULE, 0);
VALUE(OST_TRAP_SIGNAL, 1);
VALUE(OST_TRAP_SIGNALLED, 0);
VALUE(OST_TRAP_PARKED, 1);
VALUE(OST_TRAP_RESUMED, 2);
FIELD(ost_event, type, 0, 4);
FIELD(ost_event, size, 4, 4);
FIELD(ost_event, time_ns, 8, 8);
FIELD(ost_event, instance_id, 16, 8);
FIELD(ost_event_trap, head, 0, 24);
FIELD(ost_event_trap, event, 24, 8);
FIELD(ost_event_trap, ip, 32, 8);
FIELD(ost_event_trap, pid, 40, 4);
FIELD(ost_event_trap, tgid, 44, 4);
FIELD(ost_event_trap, source, 48, 1);
FIELD(ost_event_trap, action, 49, 1);
FIELD(ost_event_trap, si_code, 50, 1);
FIELD(ost_event_trap, insn_class, 51, 1);
FIELD(ost_event_trap, insn_len, 52, 1);
FIELD(ost_event_trap, insn, 53, 15);
FIELD(ost_event_trap, pad, 68, 4);
FIELD(ost_event_trap, comm, 72, 16);
FIELD(ost_event_stall, head, 0, 24);
FIELD(ost_event_stall, stall_ns, 24, 8);
FIELD(ost_event_stall, pages, 32, 8);
FIELD(ost_event_stall, pid, 40, 4);
FIELD(ost_event_stall, pad, 44, 4);
FIELD(ost_event_oom, head, 0, 24);
FIELD(ost_event_oom, tgid, 24, 4);
FIELD(ost_event_oom, pad, 28, 4);
FIELD(ost_event_oom, comm, 32, 16);
FIELD(ost_event_release, head, 0, 24);
FIELD(ost_event_release, bytes, 24, 8);
FIELD(ost_event_release, advice, 32, 4);
FIELD(ost_event_release, tgid, 36, 4);
FIELD(ost_watch, flags, 0, 4);
FIELD(ost_watch, pad, 4, 4);
FIELD(ost_drops, ring_full, 0, 8);
FIELD(ost_drops, untimed, 8, 8);

static void compiles(void **state)
{
	/* no holes: what the module and the probes hand to user space is initialised to the last byte */
	assert_int_equal(sizeof(struct ost_event), 24);
	assert_int_equal(sizeof(struct ost_event_trap) % 8, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(compiles) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
