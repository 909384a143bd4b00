// SPDX-License-Identifier: GPL-2.0
/*
 * Who the manager is: the netlink socket that gets the notifications. When it goes away without a word, parks outlive
 * it by the grace time that it asked for, so that it can come back.
 */
#include <linux/jiffies.h>
#include <linux/mutex.h>
#include <linux/netlink.h>
#include <linux/notifier.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>

#include "ostler.h"

static DEFINE_MUTEX(manager_mutex);
static bool there;		/* a manager, or a grace time */
static u32 port;		/* 0: no manager */
static u32 grace_ms;
static unsigned long grace_end;	/* jiffies; only when there and no port */
static u32 seq;			/* notifications since this manager came */

static void end_grace(struct work_struct *work);
static DECLARE_DELAYED_WORK(grace_work, end_grace);

/* Whether a verdict may still come, so that parking makes sense */
bool ostler_manager_there(void)
{
	return READ_ONCE(there);
}

/* Traps first see that nobody is there, then the parks they made before are let go */
static void give_up(void)
{
	lockdep_assert_held(&manager_mutex);
	port = 0;
	WRITE_ONCE(there, false);
	ostler_park_orphan();
}

static void end_grace(struct work_struct *work)
{
	mutex_lock(&manager_mutex);
	if (there && !port && time_after_eq(jiffies, grace_end))
		give_up();
	mutex_unlock(&manager_mutex);
}

static int on_netlink(struct notifier_block *nb, unsigned long action, void *data)
{
	const struct netlink_notify *notify = data;

	if (action != NETLINK_URELEASE || notify->protocol != NETLINK_GENERIC ||
	    !net_eq(notify->net, &init_net))
		return NOTIFY_DONE;
	mutex_lock(&manager_mutex);
	if (port && port == notify->portid) {
		port = 0;
		grace_end = jiffies + msecs_to_jiffies(grace_ms);
		if (grace_ms)
			mod_delayed_work(ostler_queue, &grace_work, grace_end - jiffies);
		else
			give_up();
	}
	mutex_unlock(&manager_mutex);
	return NOTIFY_DONE;
}

static struct notifier_block netlink_notifier = {
	.notifier_call = on_netlink,
};

int ostler_manager_set(u32 new_port, u32 new_grace_ms)
{
	int ret = 0;

	mutex_lock(&manager_mutex);
	if (port && port != new_port) {
		ret = -EBUSY;
		goto out;
	}
	if (!port)
		seq = 0;
	port = new_port;
	grace_ms = new_grace_ms;
	WRITE_ONCE(there, true);
	cancel_delayed_work(&grace_work);
out:
	mutex_unlock(&manager_mutex);
	return ret;
}

int ostler_manager_del(u32 old_port)
{
	int ret = -EPERM;

	mutex_lock(&manager_mutex);
	if (port && port == old_port) {
		give_up();
		ret = 0;
	}
	mutex_unlock(&manager_mutex);
	return ret;
}

void ostler_manager_read(struct ostler_manager_info *info)
{
	unsigned long now = jiffies;

	mutex_lock(&manager_mutex);
	*info = (struct ostler_manager_info) {
		.port = port,
		.grace_ms = grace_ms,
		.in_grace = there && !port,
	};
	if (info->in_grace && time_before(now, grace_end))
		info->grace_left_ms = jiffies_to_msecs(grace_end - now);
	mutex_unlock(&manager_mutex);
}

/* Send a notification. 0 without a manager: it will dump when it comes. */
int ostler_manager_tell(const struct ostler_park_info *park)
{
	int ret = 0;

	mutex_lock(&manager_mutex);
	if (port)
		ret = ostler_netlink_notify(port, ++seq, park);
	mutex_unlock(&manager_mutex);
	return ret;
}

int ostler_manager_init(void)
{
	return netlink_register_notifier(&netlink_notifier);
}

void ostler_manager_exit(void)
{
	netlink_unregister_notifier(&netlink_notifier);
	cancel_delayed_work_sync(&grace_work);
}
