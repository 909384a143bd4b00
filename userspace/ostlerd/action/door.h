/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ACTION_DOOR_H
#define OST_ACTION_DOOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"
#include "lib/runtime.h"
#include "ostlerd/source/process.h"

/*
 * Doors: the ways in which a process is asked, from outside, to collect its garbage. All of them
 * block and run on a worker thread; each ends by the deadline of its request, whatever the
 * process does.
 *
 *	ost_process_open() -> ost_door_choose() -> ost_door_run() -> ost_process_close()
 */

struct ost_agent_broker;

/**
 * struct ost_door_config - which doors may be used, and with what; strings must outlive every
 * request
 * @broker: of the in-process collectors; NULL: none is asked
 * @agent_library: path of libostler-agent.so on this host, to be loaded into JVMs; NULL or "":
 * never
 * @agent_socket: path on which @broker's listener is bound, told to a JVM that loads the library;
 *	a JVM that can't see it, or the library, is met in its own /tmp
 * @dotnet_hook: path, as the process sees it, of the startup hook assembly; NULL or "": .NET is
 * not asked
 * @page_cache: the instance's page cache may be reclaimed where no runtime can be asked
 * @page_out: anonymous memory may be paged out where no runtime can be asked
 */
struct ost_door_config {
	struct ost_agent_broker *broker;
	const char *agent_library;
	const char *agent_socket;
	const char *dotnet_hook;
	bool page_cache;
	bool page_out;
};

/** enum ost_door_status - how a request ended */
enum ost_door_status {
	OST_DOOR_DONE,
	OST_DOOR_BUSY,		/* the runtime was working and did not get to it */
	OST_DOOR_REFUSED,	/* the runtime said no, or asking would have harmed it */
	OST_DOOR_TIMEOUT,	/* no answer by the deadline */
	OST_DOOR_GONE,		/* the process or its cgroup ended meanwhile */
	OST_DOOR_FAILED,
	OST_DOOR_STATUSES
};

/** ost_door_status_text() - "done", "timed out", ...; "unknown" for values out of range */
const char *ost_door_status_text(enum ost_door_status status);

/**
 * struct ost_door_request - what is wanted
 * @config: never NULL
 * @deadline_ns: CLOCK_MONOTONIC nanoseconds; never passed, but for one system call that can't be
 * cut short
 * @cgroup_fd: the instance's cgroup v2 directory, readable (not O_PATH); -1 where there is none
 * @reclaim_bytes: for the kernel's doors: at most this much; 0 = all page cache, all anonymous
 * memory
 */
struct ost_door_request {
	const struct ost_door_config *config;
	uint64_t deadline_ns;
	int cgroup_fd;
	uint64_t reclaim_bytes;
};

/**
 * struct ost_door_result - how it went
 * @status: how the request ended
 * @runtime: that collected, as the one who was asked says
 * @jvm_gc: a JVM's collector
 * @wait_us: until the runtime began: getting in, waiting for its lock or its idle point
 * @collect_us: the collection itself; the function could not run meanwhile
 * @trim_us: giving memory back to the kernel
 * @dropped_bytes: what the process's resident anonymous memory shrank by meanwhile, as the kernel
 *	says; for the page cache, what the whole instance's memory did
 * @detail: one line for people, "" when there is nothing to add
 */
struct ost_door_result {
	enum ost_door_status status;
	enum ost_runtime runtime;
	enum ost_jvm_gc jvm_gc;
	uint64_t wait_us;
	uint64_t collect_us;
	uint64_t trim_us;
	uint64_t dropped_bytes;
	char detail[160];
};

/**
 * struct ost_door_ops - one door
 * @name: stored and shown
 * @fits: may it be used on this process? when not, @why_not says so in one line
 * @collect: blocks; fills in everything of @res but the status, which ost_door_run() makes of what
 *	it returns: 0 or negative errno with @err in words
 */
struct ost_door_ops {
	const char *name;
	bool (*fits)(const struct ost_process *process, const struct ost_door_config *config,
		     char *why_not, size_t size);
	int (*collect)(const struct ost_process *process, const struct ost_door_request *req,
		       struct ost_door_result *res, struct ost_error *err);
};

extern const struct ost_door_ops ost_door_agent;	/* "agent": libostler-agent.so */
extern const struct ost_door_ops ost_door_jvm;		/* "jvm-attach" */
extern const struct ost_door_ops ost_door_dotnet;	/* "dotnet": diagnostics IPC */
extern const struct ost_door_ops ost_door_pageout;	/* "pageout": process_madvise */
extern const struct ost_door_ops ost_door_reclaim;	/* "kernel-reclaim": memory.reclaim */

/**
 * ost_door_choose() - the best door that fits a process
 * @why_not: when none fits, why the best one for its runtime does not
 *
 * The order is that of the list above. The last two collect no garbage: they come into play only
 * where the configuration allows them.
 *
 * Return: the door, NULL when none fits.
 */
const struct ost_door_ops *ost_door_choose(const struct ost_process *process,
					   const struct ost_door_config *config,
					   char *why_not, size_t size);

/** ost_door_find() - by name, NULL when there is none */
const struct ost_door_ops *ost_door_find(const char *name);

/**
 * ost_door_run() - collect through a door
 *
 * Sets @res to nothing, calls the door, and sees to it that status and return value agree: a
 * process that ended meanwhile is OST_DOOR_GONE whatever the door made of it.
 *
 * Return: 0 or negative errno.
 */
int ost_door_run(const struct ost_door_ops *door, const struct ost_process *process,
		 const struct ost_door_request *req, struct ost_door_result *res,
		 struct ost_error *err);

#endif
