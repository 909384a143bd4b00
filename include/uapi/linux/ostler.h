/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * Generic netlink family "ostler", version 1: control of traps and parks.
 *
 * An instance is a cgroup v2 directory; its id is the cgroup id (the inode number of the directory, as
 * name_to_handle_at(2) and stat(2) give it). Every task below that directory belongs to the instance, so
 * cgroups that a task makes for itself change nothing; of nested instances the innermost counts.
 *
 * Conventions. Commands marked A need CAP_NET_ADMIN in the initial user namespace. Attributes marked *
 * must be there. Attributes that a command doesn't list are refused with -EINVAL, values out of range with -ERANGE,
 * each with an extended acknowledgement (NLMSGERR_ATTR_MSG and, but for dumps, NLMSGERR_ATTR_OFFS) that says what was
 * wrong. All times are in milliseconds. pids are those of the initial pid namespace. The family lives in
 * the initial network namespace.
 *
 * OSTLER_CMD_INFO_GET (do)
 *   request:  -
 *   reply:    OSTLER_A_ABI u32                 OSTLER_ABI_VERSION of the module
 *             OSTLER_A_MANAGER_PORT u32        netlink port of the manager, 0 when there is none
 *             OSTLER_A_GRACE_MS u32            how long parks outlive their manager
 *             OSTLER_A_GRACE_LEFT_MS u32       only in a grace time: what is left of it
 *             OSTLER_A_PARK_MAX u32            most tasks parked at once
 *             OSTLER_A_PARKED u32              tasks parked now
 *             OSTLER_A_INSTANCES u32           instances known
 *             OSTLER_A_STATS nested OSTLER_STAT_*   totals since the module was loaded
 *
 * OSTLER_CMD_INSTANCE_SET (do, A)              make an instance known, or change it
 *   request:  OSTLER_A_INSTANCE_ID u64 *       cgroup id; -ENOENT when no such cgroup lives
 *             OSTLER_A_MODE u8                 enum ostler_mode; a new instance starts with OBSERVE
 *             OSTLER_A_PARK_MS u32             deadline of a park, 1 .. OSTLER_PARK_MS_MAX; default 30000
 *             OSTLER_A_SKIP_MAX u32            most instructions that SKIP verdicts may step over in this
 *                                              instance from now on, 0 .. 1000000; default 0: skipping is refused
 *   reply:    -
 *   A mode other than PARK releases the instance's parked tasks: their instruction runs again. A new deadline
 *   is that of the next parks. The cgroup must be within the caller's cgroup namespace.
 *
 * OSTLER_CMD_INSTANCE_DEL (do, A)              forget an instance; its parked tasks run again, untracked
 *   request:  OSTLER_A_INSTANCE_ID u64 *       -ENOENT when it is not known
 *
 * OSTLER_CMD_INSTANCE_GET (do and dump)
 *   request:  OSTLER_A_INSTANCE_ID u64         * for do; refused in a dump
 *   reply:    OSTLER_A_INSTANCE_ID, OSTLER_A_MODE, OSTLER_A_PARK_MS, OSTLER_A_SKIP_MAX,
 *             OSTLER_A_PARKED u32, OSTLER_A_STATS nested OSTLER_STAT_*
 *   Instances whose cgroup is gone are dropped by the module itself; a dump shows only living ones.
 *
 * OSTLER_CMD_PARK_GET (do and dump, A)         the tasks that are parked now
 *   request:  OSTLER_A_EVENT u64               * for do; in a dump OSTLER_A_INSTANCE_ID may select
 *   reply:    OSTLER_A_EVENT u64               the trap's number, unique while the module is loaded
 *             OSTLER_A_INSTANCE_ID u64
 *             OSTLER_A_PID u32, OSTLER_A_TGID u32, OSTLER_A_COMM string
 *             OSTLER_A_IP u64                  address of the instruction
 *             OSTLER_A_INSN binary             0 .. OSTLER_INSN_MAX bytes that could be read there
 *             OSTLER_A_INSN_CLASS u8           enum ostler_insn_class
 *             OSTLER_A_AGE_MS u32              since when it has been parked
 *             OSTLER_A_LEFT_MS u32             until its deadline
 *             OSTLER_A_RETRAPS u32             how often it has trapped here since it was parked
 *             OSTLER_A_STATE u8                enum ostler_park_state
 *   A task that is parked all the while a dump runs is in it exactly once. A task that is stopped, frozen or in a
 *   signal handler keeps its park; unless it comes back, that ends (EXIT) some seconds after its deadline.
 *
 * OSTLER_CMD_VERDICT (do, A)                   what becomes of a parked task
 *   request:  OSTLER_A_EVENT u64 *             -ESRCH when no such task is parked
 *             OSTLER_A_IP u64 *                address it must be parked at; -ESTALE when it has moved
 *             OSTLER_A_VERDICT u8 *            enum ostler_verdict
 *             OSTLER_A_LENGTH u8               * for SKIP, refused otherwise: length of the instruction, 1 .. 15 and
 *                                              no more than OSTLER_A_INSN has
 *   -EALREADY when an earlier verdict has not been consumed yet; -EDQUOT when SKIP would pass SKIP_MAX.
 *   DELIVER and SKIP are consumed by the task itself when the instruction traps again; one whose task goes elsewhere
 *   instead has no effect. RETRY is consumed when the task goes back to its instruction.
 *
 * OSTLER_CMD_MANAGER_SET (do, A)               become the manager: notifications go to this socket
 *   request:  OSTLER_A_GRACE_MS u32            0 .. OSTLER_GRACE_MS_MAX; default 10000
 *   -EBUSY while another socket is the manager. Closing the socket gives the role up and begins the grace
 *   time, at whose end every parked task gets the SIGILL it would have had. Without a manager (and out of
 *   a grace time) nothing is parked: PARK behaves as OBSERVE. In a grace time tasks are still parked, and the
 *   next socket that asks takes all parks over; it is told of none of them, so it dumps. Asking again changes the
 *   grace time.
 *
 * OSTLER_CMD_MANAGER_DEL (do, A)               give the role up at once, no grace time
 *   -EPERM when this socket is not the manager.
 *
 * OSTLER_CMD_PARK_NTF (notification, unicast to the manager)
 *   as the reply to PARK_GET. May be lost when the socket's buffer is full: PARK_GET dumps the truth. nlmsg_seq
 *   counts a manager's notifications from 1, the lost ones too, so a gap tells of a loss.
 *
 * OSTLER_CMD_PARK_END_NTF (notification, unicast to the manager)
 *             OSTLER_A_EVENT u64, OSTLER_A_INSTANCE_ID u64, OSTLER_A_PID u32,
 *             OSTLER_A_END u8                  enum ostler_park_end
 */
#ifndef _UAPI_LINUX_OSTLER_H
#define _UAPI_LINUX_OSTLER_H

#define OSTLER_GENL_NAME	"ostler"
#define OSTLER_GENL_VERSION	1
#define OSTLER_ABI_VERSION	1

#define OSTLER_INSN_MAX		15	/* bytes; the longest x86 instruction */
#define OSTLER_COMM_LEN		16	/* bytes with the terminating NUL, as in /proc/PID/comm */
#define OSTLER_PARK_MS_MAX	3600000
#define OSTLER_GRACE_MS_MAX	600000

enum ostler_cmd {
	OSTLER_CMD_UNSPEC,
	OSTLER_CMD_INFO_GET,
	OSTLER_CMD_INSTANCE_SET,
	OSTLER_CMD_INSTANCE_DEL,
	OSTLER_CMD_INSTANCE_GET,
	OSTLER_CMD_PARK_GET,
	OSTLER_CMD_VERDICT,
	OSTLER_CMD_MANAGER_SET,
	OSTLER_CMD_MANAGER_DEL,
	OSTLER_CMD_PARK_NTF,
	OSTLER_CMD_PARK_END_NTF,

	__OSTLER_CMD_MAX,
	OSTLER_CMD_MAX = __OSTLER_CMD_MAX - 1
};

enum ostler_attr {
	OSTLER_A_UNSPEC,
	OSTLER_A_PAD,
	OSTLER_A_ABI,		/* u32 */
	OSTLER_A_MANAGER_PORT,	/* u32 */
	OSTLER_A_GRACE_MS,	/* u32 */
	OSTLER_A_GRACE_LEFT_MS,	/* u32 */
	OSTLER_A_PARK_MAX,	/* u32 */
	OSTLER_A_PARKED,	/* u32 */
	OSTLER_A_INSTANCES,	/* u32 */
	OSTLER_A_STATS,		/* nested, OSTLER_STAT_* */
	OSTLER_A_INSTANCE_ID,	/* u64 */
	OSTLER_A_MODE,		/* u8, enum ostler_mode */
	OSTLER_A_PARK_MS,	/* u32 */
	OSTLER_A_SKIP_MAX,	/* u32 */
	OSTLER_A_EVENT,		/* u64 */
	OSTLER_A_PID,		/* u32 */
	OSTLER_A_TGID,		/* u32 */
	OSTLER_A_COMM,		/* string */
	OSTLER_A_IP,		/* u64 */
	OSTLER_A_INSN,		/* binary, at most OSTLER_INSN_MAX */
	OSTLER_A_INSN_CLASS,	/* u8, enum ostler_insn_class */
	OSTLER_A_AGE_MS,	/* u32 */
	OSTLER_A_LEFT_MS,	/* u32 */
	OSTLER_A_RETRAPS,	/* u32 */
	OSTLER_A_STATE,		/* u8, enum ostler_park_state */
	OSTLER_A_VERDICT,	/* u8, enum ostler_verdict */
	OSTLER_A_LENGTH,	/* u8 */
	OSTLER_A_END,		/* u8, enum ostler_park_end */

	__OSTLER_A_MAX,
	OSTLER_A_MAX = __OSTLER_A_MAX - 1
};

/* Counters, each a u64; of the module (INFO_GET) or of one instance (INSTANCE_GET). */
enum ostler_stat {
	OSTLER_STAT_UNSPEC,
	OSTLER_STAT_PAD,
	OSTLER_STAT_TRAPS,	/* user-mode #UD seen; a parked task's trapping again is none of its own */
	OSTLER_STAT_ABORTS,	/* of them ud0, ud1, ud2: the program's own */
	OSTLER_STAT_UNREADABLE,	/* of them with no opcode byte readable */
	OSTLER_STAT_PARKS,	/* tasks parked */
	OSTLER_STAT_RETRIES,	/* parks that ended with RETRY */
	OSTLER_STAT_DELIVERED,	/* parks that ended with SIGILL by verdict */
	OSTLER_STAT_SKIPS,	/* parks that ended with SKIP */
	OSTLER_STAT_TIMEOUTS,	/* parks that ended with SIGILL at their deadline */
	OSTLER_STAT_ORPHANS,	/* parks that ended with SIGILL because no manager came back */
	OSTLER_STAT_EXITS,	/* parks whose task died or left the instruction */
	OSTLER_STAT_FULL,	/* traps not parked because the table, or the instance's share of it, was full */
	OSTLER_STAT_UNPARKABLE,	/* traps not parked: ptraced, not 64-bit code, an active uprobe, SYSCALL, SYSENTER */
	OSTLER_STAT_LOST,	/* notifications that did not reach the manager */
	OSTLER_STAT_RELEASED,	/* parks whose instance left PARK mode or was forgotten */

	__OSTLER_STAT_MAX,
	OSTLER_STAT_MAX = __OSTLER_STAT_MAX - 1
};

/* What the module does with a trap in an instance. */
enum ostler_mode {
	OSTLER_MODE_OFF,	/* nothing */
	OSTLER_MODE_OBSERVE,	/* count it and let it be traced; the signal is delivered as ever */
	OSTLER_MODE_PARK,	/* hold the task at the instruction until a verdict */

	__OSTLER_MODE_MAX,
	OSTLER_MODE_MAX = __OSTLER_MODE_MAX - 1
};

/* How the instruction begins; told apart without decoding it. */
enum ostler_insn_class {
	OSTLER_INSN_UNREADABLE,	/* no byte could be read */
	OSTLER_INSN_LEGACY,	/* one-byte and 0F maps */
	OSTLER_INSN_0F38,
	OSTLER_INSN_0F3A,
	OSTLER_INSN_VEX,	/* C4, C5 */
	OSTLER_INSN_EVEX,	/* 62 */
	OSTLER_INSN_XOP,	/* 8F with a map above 7 */
	OSTLER_INSN_REX2,	/* D5 */
	OSTLER_INSN_UD0,	/* 0F FF */
	OSTLER_INSN_UD1,	/* 0F B9 */
	OSTLER_INSN_UD2,	/* 0F 0B */

	__OSTLER_INSN_MAX,
	OSTLER_INSN_CLASS_MAX = __OSTLER_INSN_MAX - 1
};

enum ostler_park_state {
	OSTLER_PARK_WAITING,	/* parked, no verdict yet */
	OSTLER_PARK_DECIDED,	/* a verdict waits for the instruction to trap again */

	__OSTLER_PARK_STATE_MAX,
	OSTLER_PARK_STATE_MAX = __OSTLER_PARK_STATE_MAX - 1
};

enum ostler_verdict {
	OSTLER_VERDICT_UNSPEC,
	OSTLER_VERDICT_RETRY,	/* ends the park and runs the instruction again; should it trap, that is a new trap */
	OSTLER_VERDICT_DELIVER,	/* the task gets the SIGILL it would have had */
	OSTLER_VERDICT_SKIP,	/* go on after the instruction, without its effect */

	__OSTLER_VERDICT_MAX,
	OSTLER_VERDICT_MAX = __OSTLER_VERDICT_MAX - 1
};

/* Why a park ended. */
enum ostler_park_end {
	OSTLER_END_UNSPEC,
	OSTLER_END_RETRY,	/* verdict */
	OSTLER_END_DELIVER,	/* verdict */
	OSTLER_END_SKIP,	/* verdict */
	OSTLER_END_TIMEOUT,	/* deadline: SIGILL */
	OSTLER_END_ORPHAN,	/* no manager came back: SIGILL */
	OSTLER_END_EXIT,	/* the task died, or went elsewhere (a signal handler that jumped away) */
	OSTLER_END_RELEASED,	/* the instance left PARK mode or was forgotten */

	__OSTLER_END_MAX,
	OSTLER_END_MAX = __OSTLER_END_MAX - 1
};

#endif /* _UAPI_LINUX_OSTLER_H */
