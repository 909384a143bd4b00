/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only file that knows of kernel versions. A shim says which change made it necessary, and probes for the
 * thing itself where it can.
 */
#ifndef OSTLER_COMPAT_H
#define OSTLER_COMPAT_H

#include <linux/tracepoint.h>
#include <linux/version.h>
#include <trace/events/sched.h>

#ifndef CONFIG_X86_64
#error "Ostler needs an x86-64 kernel"
#endif
#if !IS_ENABLED(CONFIG_CGROUPS) || !IS_ENABLED(CONFIG_TRACEPOINTS) || !IS_ENABLED(CONFIG_NET)
#error "Ostler needs a kernel with CONFIG_CGROUPS, CONFIG_TRACEPOINTS and CONFIG_NET"
#endif

/* 6.1: cgroup_get_from_id() returns an error pointer, genl_family has resv_start_op */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "Ostler needs Linux 6.1 or later"
#endif

/*
 * sched:sched_process_exit has had a second argument, group_dead, since 6.16. A probe of the wrong type would be
 * called all the same, but not with CONFIG_CFI. The tracepoint is not exported to modules, its type is there.
 */
#define OSTLER_EXIT_PROBE(plain, with_group_dead)                                       \
	(__builtin_types_compatible_p(typeof(register_trace_sched_process_exit),         \
				      int(void (*)(void *, struct task_struct *), void *)) ? \
		 (void *)(plain) :                                                       \
		 (void *)(with_group_dead))

#endif
