// SPDX-License-Identifier: GPL-2.0
/*
 * Ostler's kernel module: catches a #UD before it becomes a signal, and holds the task there.
 */
#include <linux/module.h>
#include <net/genetlink.h>

#include "compat.h"
#include "ostler.h"

static int __init ostler_init(void)
{
	int ret;

	ret = ostler_table_init();
	if (ret)
		return ret;
	ret = ostler_instance_init();
	if (ret)
		goto err_table;
	ret = ostler_park_init();
	if (ret)
		goto err_instance;
	ret = ostler_manager_init();
	if (ret)
		goto err_park;
	ret = ostler_netlink_init();
	if (ret)
		goto err_manager;
	ret = ostler_trap_init();
	if (ret)
		goto err_netlink;
	return 0;

err_netlink:
	ostler_netlink_exit();
err_manager:
	ostler_manager_exit();
err_park:
	ostler_park_exit();
err_instance:
	ostler_instance_exit();
err_table:
	ostler_table_exit();
	return ret;
}

static void __exit ostler_exit(void)
{
	ostler_trap_exit();
	/* while the manager can still be told */
	ostler_park_stop();
	ostler_netlink_exit();
	ostler_manager_exit();
	ostler_park_exit();
	ostler_instance_exit();
	ostler_table_exit();
}

module_init(ostler_init);
module_exit(ostler_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The Ostler authors");
MODULE_DESCRIPTION("Holds tasks at instructions that this host lacks");
MODULE_VERSION("1.0.0");
MODULE_ALIAS_GENL_FAMILY(OSTLER_GENL_NAME);
