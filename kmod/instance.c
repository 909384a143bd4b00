// SPDX-License-Identifier: GPL-2.0
/*
 * Instances by cgroup id. No reference to the cgroup is held: a cgroup id is never given twice, so an entry whose
 * cgroup is gone can't be taken for another, and a forgotten entry pins nothing. A worker drops such
 * entries from time to time, and before every dump.
 */
#include <linux/cgroup.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "ostler.h"

/* How often entries are looked at whose cgroup or park may be gone, in milliseconds */
#define SWEEP_MS 10000

/* Deadline of a park unless the instance says otherwise, in milliseconds */
#define PARK_MS_DEFAULT 30000

/* Buckets of the table, as a power of two: chains stay short up to some thousands of instances */
#define TABLE_BITS 10

atomic_t ostler_instances = ATOMIC_INIT(0);
struct ostler_stats __percpu *ostler_totals;

/* The module's one worker: what it does is rare, and notifications want their order */
struct workqueue_struct *ostler_queue;

static DEFINE_HASHTABLE(table, TABLE_BITS);
static LIST_HEAD(in_order);
static DEFINE_MUTEX(instances_mutex);
static u64 last_serial;

static void sweep(struct work_struct *work);
static DECLARE_DELAYED_WORK(sweep_work, sweep);

static struct ostler_instance *find(u64 id)
{
	struct ostler_instance *instance;

	hash_for_each_possible_rcu(table, instance, by_id, id, lockdep_is_held(&instances_mutex)) {
		if (instance->id == id)
			return instance;
	}
	return NULL;
}

/* The innermost instance that the current task is in, or NULL; RCU is held by the caller */
struct ostler_instance *ostler_instance_of_current(void)
{
	struct ostler_instance *instance;
	struct cgroup *cgroup;

	for (cgroup = task_dfl_cgroup(current); cgroup; cgroup = cgroup_parent(cgroup)) {
		instance = find(cgroup_id(cgroup));
		if (instance)
			return instance;
	}
	return NULL;
}

bool ostler_instance_get(struct ostler_instance *instance)
{
	return refcount_inc_not_zero(&instance->refs);
}

static void free_instance(struct rcu_head *rcu)
{
	struct ostler_instance *instance = container_of(rcu, struct ostler_instance, rcu);

	free_percpu(instance->stats);
	kfree(instance);
}

void ostler_instance_put(struct ostler_instance *instance)
{
	if (refcount_dec_and_test(&instance->refs))
		call_rcu(&instance->rcu, free_instance);
}

static void sum_stats(const struct ostler_stats __percpu *from, struct ostler_stats *to)
{
	unsigned int stat;
	int cpu;

	memset(to, 0, sizeof(*to));
	for_each_possible_cpu(cpu) {
		for (stat = 0; stat <= OSTLER_STAT_MAX; stat++)
			to->count[stat] += READ_ONCE(per_cpu_ptr(from, cpu)->count[stat]);
	}
}

void ostler_instance_totals(struct ostler_stats *stats)
{
	sum_stats(ostler_totals, stats);
}

/* -ENOENT unless the cgroup lives and is to be seen from the caller's cgroup namespace */
static int check_cgroup(u64 id)
{
	struct cgroup *cgroup = cgroup_get_from_id(id);

	if (IS_ERR(cgroup))
		return -ENOENT;
	cgroup_put(cgroup);
	return 0;
}

static struct ostler_instance *add(u64 id)
{
	struct ostler_instance *instance;

	instance = kzalloc(sizeof(*instance), GFP_KERNEL_ACCOUNT);
	if (!instance)
		return NULL;
	instance->stats = alloc_percpu_gfp(struct ostler_stats, GFP_KERNEL_ACCOUNT);
	if (!instance->stats) {
		kfree(instance);
		return NULL;
	}
	refcount_set(&instance->refs, 1);
	instance->id = id;
	instance->serial = ++last_serial;
	instance->mode = OSTLER_MODE_OBSERVE;
	instance->park_ms = PARK_MS_DEFAULT;
	return instance;
}

static void publish(struct ostler_instance *instance)
{
	list_add_tail(&instance->in_order, &in_order);
	hash_add_rcu(table, &instance->by_id, instance->id);
	if (atomic_inc_return(&ostler_instances) == 1)
		queue_delayed_work(ostler_queue, &sweep_work, msecs_to_jiffies(SWEEP_MS));
}

/*
 * First phase: no trap finds it any more, and its parks end. Second: whoever still holds it (a trap under RCU, a
 * park until it is told) lets go, and the last frees it.
 */
static void forget(struct ostler_instance *instance)
{
	hash_del_rcu(&instance->by_id);
	list_del(&instance->in_order);
	atomic_dec(&ostler_instances);
	WRITE_ONCE(instance->dead, true);
	ostler_park_release(instance);
	ostler_instance_put(instance);
}

static void apply(struct ostler_instance *instance, const struct ostler_instance_change *to)
{
	if (to->has_park_ms)
		WRITE_ONCE(instance->park_ms, to->park_ms);
	if (to->has_skip_max)
		ostler_park_skips(instance, to->skip_max);
	if (!to->has_mode)
		return;
	WRITE_ONCE(instance->mode, to->mode);
	if (to->mode != OSTLER_MODE_PARK)
		ostler_park_release(instance);
}

/* Make the instance known, or change it. -ENOENT when no such cgroup lives. */
int ostler_instance_set(u64 id, const struct ostler_instance_change *to)
{
	struct ostler_instance *instance;
	int ret;

	mutex_lock(&instances_mutex);
	ret = check_cgroup(id);
	if (ret)
		goto out;
	instance = find(id);
	if (instance) {
		apply(instance, to);
		goto out;
	}
	instance = add(id);
	if (!instance) {
		ret = -ENOMEM;
		goto out;
	}
	apply(instance, to);
	publish(instance);
out:
	mutex_unlock(&instances_mutex);
	return ret;
}

int ostler_instance_del(u64 id)
{
	struct ostler_instance *instance;

	mutex_lock(&instances_mutex);
	instance = find(id);
	if (instance)
		forget(instance);
	mutex_unlock(&instances_mutex);
	return instance ? 0 : -ENOENT;
}

static void read_info(const struct ostler_instance *instance, struct ostler_instance_info *info)
{
	info->id = instance->id;
	info->serial = instance->serial;
	info->mode = instance->mode;
	info->park_ms = instance->park_ms;
	info->skip_max = instance->skip_max;
	info->parked = READ_ONCE(instance->parked);
	sum_stats(instance->stats, &info->stats);
}

int ostler_instance_read(u64 id, struct ostler_instance_info *info)
{
	struct ostler_instance *instance;

	mutex_lock(&instances_mutex);
	instance = find(id);
	if (instance)
		read_info(instance, info);
	mutex_unlock(&instances_mutex);
	return instance ? 0 : -ENOENT;
}

/*
 * Call @each for the instances after @serial, oldest first, until it returns false. A walk that goes on with the serial
 * it had last meets every instance that lives throughout exactly once. @each must not sleep for long.
 */
void ostler_instance_walk(u64 serial,
			  bool (*each)(void *context, const struct ostler_instance_info *info),
			  void *context)
{
	struct ostler_instance_info info;
	struct ostler_instance *instance;

	mutex_lock(&instances_mutex);
	list_for_each_entry(instance, &in_order, in_order) {
		if (instance->serial <= serial)
			continue;
		read_info(instance, &info);
		if (!each(context, &info))
			break;
	}
	mutex_unlock(&instances_mutex);
}

static void sweep(struct work_struct *work)
{
	struct ostler_instance *instance, *next;

	mutex_lock(&instances_mutex);
	list_for_each_entry_safe(instance, next, &in_order, in_order) {
		if (check_cgroup(instance->id))
			forget(instance);
		cond_resched();
	}
	if (!list_empty(&in_order))
		mod_delayed_work(ostler_queue, &sweep_work, msecs_to_jiffies(SWEEP_MS));
	mutex_unlock(&instances_mutex);
	ostler_park_sweep();
}

/* Drop the dead now. In the worker, because it sees every cgroup, whatever namespace the caller lives in. */
void ostler_instance_sweep(void)
{
	mod_delayed_work(ostler_queue, &sweep_work, 0);
	flush_delayed_work(&sweep_work);
}

int ostler_instance_init(void)
{
	ostler_queue = alloc_ordered_workqueue("ostler", 0);
	if (!ostler_queue)
		return -ENOMEM;
	ostler_totals = alloc_percpu(struct ostler_stats);
	if (!ostler_totals) {
		destroy_workqueue(ostler_queue);
		return -ENOMEM;
	}
	return 0;
}

void ostler_instance_exit(void)
{
	struct ostler_instance *instance, *next;

	cancel_delayed_work_sync(&sweep_work);
	list_for_each_entry_safe(instance, next, &in_order, in_order)
		forget(instance);
	destroy_workqueue(ostler_queue);
	/* free_instance() must have run before the module's code goes */
	rcu_barrier();
	free_percpu(ostler_totals);
}
