/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_KMOD_H
#define OST_SOURCE_KMOD_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/ostler.h>

#include "lib/error.h"

/*
 * The kernel module's netlink family, as functions. What each request means and the errors that the module
 * answers with are documented in <linux/ostler.h>; the words of its extended acknowledgement, and the
 * attribute they are about, end up in struct ost_error.
 *
 * Requests are synchronous and bounded: a module that has not answered within OST_KMOD_WAIT_MS gives
 * -ETIMEDOUT. Not thread-safe: one struct ost_kmod belongs to one thread.
 *
 * Notifications arrive on a socket of their own, the manager's: its descriptor is to be polled for POLLIN, and
 * ost_kmod_read() called when it is ready. They are hints and may be lost; ost_kmod_park_dump() tells
 * the truth.
 */

/* How long a request waits for the module's answer, in milliseconds */
#define OST_KMOD_WAIT_MS 2000

/* Most notifications that one ost_kmod_read() handles */
#define OST_KMOD_READ_MAX 256

struct ost_kmod;

/** struct ost_kmod_stats - counters by enum ostler_stat; those this module doesn't know are 0 */
struct ost_kmod_stats {
	uint64_t count[OSTLER_STAT_MAX + 1];
};

/** struct ost_kmod_info - the module itself */
struct ost_kmod_info {
	uint32_t abi;
	uint32_t manager_port;	/* 0: no manager */
	uint32_t grace_ms;
	uint32_t grace_left_ms;	/* only when @in_grace */
	bool in_grace;		/* the manager is gone, and may come back */
	uint32_t park_max;
	uint32_t parked;
	uint32_t instances;
	struct ost_kmod_stats stats;
};

/** struct ost_kmod_instance - one instance as the module knows it */
struct ost_kmod_instance {
	uint64_t id;
	uint8_t mode;		/* enum ostler_mode */
	uint32_t park_ms;
	uint32_t skip_max;
	uint32_t parked;
	struct ost_kmod_stats stats;
};

/* struct ost_kmod_instance_set.fields */
#define OST_KMOD_SET_MODE	(1u << 0)
#define OST_KMOD_SET_PARK_MS	(1u << 1)
#define OST_KMOD_SET_SKIP_MAX	(1u << 2)

/**
 * struct ost_kmod_instance_set - make an instance known, or change it
 * @id: cgroup id
 * @fields: which of the members below are meant; the others stay as they are, or at their default
 */
struct ost_kmod_instance_set {
	uint64_t id;
	unsigned int fields;
	uint8_t mode;		/* enum ostler_mode */
	uint32_t park_ms;
	uint32_t skip_max;
};

/** struct ost_park - a task that the module holds at an instruction */
struct ost_park {
	uint64_t event;		/* the trap's number, unique while the module is loaded */
	uint64_t instance_id;
	uint64_t ip;
	uint32_t pid;		/* thread and process, initial pid namespace */
	uint32_t tgid;
	uint32_t age_ms;
	uint32_t left_ms;	/* until its deadline */
	uint32_t retraps;
	uint8_t state;		/* enum ostler_park_state */
	uint8_t insn_class;	/* enum ostler_insn_class */
	uint8_t insn_len;	/* how many bytes of @insn are valid */
	uint8_t insn[OSTLER_INSN_MAX];
	char comm[OSTLER_COMM_LEN];
};

/** struct ost_park_end - a park is over */
struct ost_park_end {
	uint64_t event;
	uint64_t instance_id;
	uint32_t pid;
	uint8_t end;		/* enum ostler_park_end */
};

/**
 * struct ost_kmod_ops - what ost_kmod_read() calls; what they point to is valid only during the call
 * @park: a task was parked
 * @park_end: a park is over
 * @lost: notifications were missed: dump
 */
struct ost_kmod_ops {
	void (*park)(void *context, const struct ost_park *park);
	void (*park_end)(void *context, const struct ost_park_end *end);
	void (*lost)(void *context);
};

/**
 * ost_kmod_open() - find the module
 * @kmod: gets the client; ost_kmod_close() it
 *
 * Return: 0; -ENOENT when the module is not loaded (@err says what works without it); -EPROTO when
 * the module speaks another version; or negative errno.
 */
int ost_kmod_open(struct ost_kmod **kmod, struct ost_error *err);

/** ost_kmod_close() - NULL is allowed. Gives up the manager's role, with its grace time. */
void ost_kmod_close(struct ost_kmod *kmod);

/** ost_kmod_info_get() - 0 or negative errno */
int ost_kmod_info_get(struct ost_kmod *kmod, struct ost_kmod_info *info, struct ost_error *err);

/** ost_kmod_instance_set() - 0; -ENOENT when no such cgroup lives; or negative errno */
int ost_kmod_instance_set(struct ost_kmod *kmod, const struct ost_kmod_instance_set *set,
			  struct ost_error *err);

/** ost_kmod_instance_del() - 0; -ENOENT when it is not known; or negative errno */
int ost_kmod_instance_del(struct ost_kmod *kmod, uint64_t id, struct ost_error *err);

/** ost_kmod_instance_get() - 0; -ENOENT when it is not known; or negative errno */
int ost_kmod_instance_get(struct ost_kmod *kmod, uint64_t id, struct ost_kmod_instance *instance,
			  struct ost_error *err);

/** ost_kmod_instance_dump() - call @each, which makes no request, for every instance; 0 or negative errno */
int ost_kmod_instance_dump(struct ost_kmod *kmod,
			   void (*each)(void *context, const struct ost_kmod_instance *instance),
			   void *context, struct ost_error *err);

/** ost_kmod_park_get() - 0; -ESRCH when no such task is parked; or negative errno */
int ost_kmod_park_get(struct ost_kmod *kmod, uint64_t event, struct ost_park *park,
		      struct ost_error *err);

/**
 * ost_kmod_park_dump() - call @each for every parked task
 * @instance_id: only those of this instance; 0 for all
 * @each: makes no request itself
 *
 * A task that is parked from the dump's begin to its end is in it exactly once.
 *
 * Return: 0 or negative errno.
 */
int ost_kmod_park_dump(struct ost_kmod *kmod, uint64_t instance_id,
		       void (*each)(void *context, const struct ost_park *park), void *context,
		       struct ost_error *err);

/**
 * ost_kmod_verdict() - say what becomes of a parked task
 * @event: the trap's number
 * @ip: where it is parked
 * @verdict: enum ostler_verdict
 * @length: of the instruction in bytes, for OSTLER_VERDICT_SKIP; 0 otherwise
 *
 * Return: 0; -ESRCH, -ESTALE, -EALREADY, -EDQUOT as the header says; or negative errno.
 */
int ost_kmod_verdict(struct ost_kmod *kmod, uint64_t event, uint64_t ip, uint8_t verdict,
		     uint8_t length, struct ost_error *err);

/**
 * ost_kmod_manager_set() - become the manager: notifications come to ost_kmod_fd()
 * @grace_ms: how long parks outlive this socket
 *
 * Return: 0; -EBUSY while there is another manager; or negative errno.
 */
int ost_kmod_manager_set(struct ost_kmod *kmod, uint32_t grace_ms, struct ost_error *err);

/** ost_kmod_manager_del() - give the role up, parked tasks get their SIGILL; -EPERM when it isn't ours */
int ost_kmod_manager_del(struct ost_kmod *kmod, struct ost_error *err);

/** ost_kmod_fd() - non-blocking descriptor of the notifications; it stays the same until the close */
int ost_kmod_fd(const struct ost_kmod *kmod);

/**
 * ost_kmod_read() - handle what has arrived
 *
 * Stops after OST_KMOD_READ_MAX notifications so that a flood can't hold the caller's loop; the descriptor
 * is still ready then.
 *
 * Return: how many notifications were handled, 0 when there was none, or negative errno.
 */
int ost_kmod_read(struct ost_kmod *kmod, const struct ost_kmod_ops *ops, void *context,
		  struct ost_error *err);

/** ost_kmod_end_name() - "retry", "deliver", ... of enum ostler_park_end; "?" for one not known */
const char *ost_kmod_end_name(uint8_t end);

/** ost_kmod_class_name() - "vex", "evex", ... of enum ostler_insn_class; "?" for one not known */
const char *ost_kmod_class_name(uint8_t insn_class);

#endif
