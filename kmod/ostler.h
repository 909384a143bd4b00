/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the module's files share. Data flows trap -> instance -> park -> table -> manager -> netlink.
 *
 * Locks, outermost first: instances_mutex, manager_mutex (never both), then the park lock, a raw spinlock that the
 * trap takes with interrupts off.
 */
#ifndef OSTLER_H
#define OSTLER_H

#include <linux/hashtable.h>
#include <linux/list.h>
#include <linux/ostler.h>
#include <linux/percpu.h>
#include <linux/ptrace.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct workqueue_struct;

struct ostler_stats {
	u64 count[OSTLER_STAT_MAX + 1];
};

/* One trap, while it is handled */
struct ostler_trap {
	u64 event;
	u64 ip;
	u8 insn[OSTLER_INSN_MAX];
	u8 insn_len;
	u8 insn_class;
};

/*
 * An instance. Found by traps under RCU; held by parks and by whoever changes it through @refs. @mode and @dead are
 * read without a lock and again under the park lock before they count.
 */
struct ostler_instance {
	struct hlist_node by_id;
	struct list_head in_order;
	struct rcu_head rcu;
	refcount_t refs;
	bool dead;
	u8 mode;
	u32 park_ms;
	u32 skip_max;
	u32 skipped;		/* SKIP verdicts given since skip_max was set; park lock */
	u32 parked;		/* park lock */
	u64 id;
	u64 serial;		/* grows along the list */
	struct ostler_stats __percpu *stats;
};

/* A change to an instance; what has no bit in @fields stays as it is */
struct ostler_instance_change {
	bool has_mode, has_park_ms, has_skip_max;
	u8 mode;
	u32 park_ms, skip_max;
};

/* What others may know of an instance */
struct ostler_instance_info {
	u64 id, serial;
	u8 mode;
	u32 park_ms, skip_max, parked;
	struct ostler_stats stats;
};

/* What others may know of a park */
struct ostler_park_info {
	u64 event, instance_id, ip;
	u32 pid, tgid, age_ms, left_ms, retraps;
	u8 state, end;
	u8 insn_class, insn_len;
	u8 insn[OSTLER_INSN_MAX];
	char comm[OSTLER_COMM_LEN];
};

/* What became of a trap */
enum ostler_outcome {
	OSTLER_TRAP_NEW,	/* not parked: the signal */
	OSTLER_TRAP_PARKED,	/* parked */
	OSTLER_TRAP_AGAIN,	/* was parked here, and is again */
	OSTLER_TRAP_DELIVER,	/* was parked here; the signal now */
	OSTLER_TRAP_SKIP,	/* was parked here; the instruction was stepped over */
};

/* table.c */
extern unsigned int ostler_park_max;
int ostler_table_init(void);
void ostler_table_exit(void);
extern unsigned int ostler_parks;
int ostler_park_read(u64 event, struct ostler_park_info *info);
bool ostler_park_slot(unsigned int slot, struct ostler_park_info *info);

/* instance.c */
extern atomic_t ostler_instances;
extern struct ostler_stats __percpu *ostler_totals;
extern struct workqueue_struct *ostler_queue;
int ostler_instance_init(void);
void ostler_instance_exit(void);
struct ostler_instance *ostler_instance_of_current(void);
bool ostler_instance_get(struct ostler_instance *instance);
void ostler_instance_put(struct ostler_instance *instance);
void ostler_instance_totals(struct ostler_stats *stats);
int ostler_instance_set(u64 id, const struct ostler_instance_change *change);
int ostler_instance_del(u64 id);
int ostler_instance_read(u64 id, struct ostler_instance_info *info);
void ostler_instance_walk(u64 serial,
			  bool (*each)(void *context, const struct ostler_instance_info *info),
			  void *context);
void ostler_instance_sweep(void);

/* park.c */
int ostler_park_init(void);
void ostler_park_stop(void);
void ostler_park_exit(void);
u64 ostler_park_event(void);
enum ostler_outcome ostler_park_trap(struct ostler_trap *trap, struct ostler_instance *instance,
				     struct pt_regs *regs);
void ostler_park_leave(void);
int ostler_park_decide(u64 event, u64 ip, u8 verdict, u8 length);
void ostler_park_skips(struct ostler_instance *instance, u32 skip_max);
void ostler_park_release(struct ostler_instance *instance);
void ostler_park_orphan(void);
void ostler_park_sweep(void);

/* Inline: this and what surrounds it is all that most traps get to see of us */
static inline void ostler_instance_count(struct ostler_instance *instance, enum ostler_stat stat)
{
	this_cpu_inc(instance->stats->count[stat]);
	this_cpu_inc(ostler_totals->count[stat]);
}

/* manager.c */
struct ostler_manager_info {
	u32 port, grace_ms, grace_left_ms;
	bool in_grace;
};

int ostler_manager_init(void);
void ostler_manager_exit(void);
bool ostler_manager_there(void);
int ostler_manager_set(u32 port, u32 grace_ms);
int ostler_manager_del(u32 port);
void ostler_manager_read(struct ostler_manager_info *info);
int ostler_manager_tell(const struct ostler_park_info *park);

/* netlink.c */
int ostler_netlink_init(void);
void ostler_netlink_exit(void);
int ostler_netlink_notify(u32 port, u32 seq, const struct ostler_park_info *park);

/* trap.c */
int ostler_trap_init(void);
void ostler_trap_exit(void);

#endif
