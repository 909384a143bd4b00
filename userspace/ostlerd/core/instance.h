/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CORE_INSTANCE_H
#define OST_CORE_INSTANCE_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>

#include "isa/feature_set.h"
#include "lib/hash.h"
#include "lib/runtime.h"
#include "ostlerd/core/analysis.h"
#include "ostlerd/source/code.h"
#include "ostlerd/source/memory.h"
#include "plan/schedule.h"

struct ost_codes;
struct ost_traps;

#define OST_NAME_LEN 64	/* bytes with NUL: names of functions and users */

/** enum ost_collect_status - how the last collection of an instance ended */
enum ost_collect_status {
	OST_COLLECT_NEVER,
	OST_COLLECT_DONE,
	OST_COLLECT_BUSY,	/* the runtime was working and did not get to it */
	OST_COLLECT_REFUSED,	/* the runtime said no */
	OST_COLLECT_TIMEOUT,	/* no answer by the deadline */
	OST_COLLECT_GONE,	/* the instance or its process vanished meanwhile */
	OST_COLLECT_NO_DOOR,	/* no way into the runtime */
	OST_COLLECT_FAILED,
	OST_COLLECT_STATUSES
};

const char *ost_collect_status_text(enum ost_collect_status status);

/** struct ost_function_run - what one program did as a function; kept in the store */
struct ost_function_run {
	struct ost_function_run *next;	/* of the function, the latest first */
	char program[OST_CODE_ID_LEN];	/* id of its file: another build is another run */
	uint64_t requests;		/* ingress packets of its instances */
	struct ost_feature_set lacking;	/* features that its hosts lacked all the time */
	struct ost_feature_set touched;	/* features that it trapped for want of */
	uint64_t first_ns, last_ns;	/* of what was noted here */
	char analysis[OST_DIGEST_LEN];	/* what it needs: see core/analysis.h; "" = not known */
	uint64_t analysed_ns;		/* when that was found, or found to be right still; 0: not since
					 * the daemon started */
	uint64_t analyse_due_ns;	/* not to be looked at before */
	uint32_t analyse_failures;	/* since the last success */
	char analyse_error[128];	/* of the last one; "" = none */
	uint32_t users;			/* instances that run it */
	bool changed;			/* since it was last stored */
};

/** Runs kept of a function; the oldest that no instance uses makes room. */
#define OST_FUNCTION_RUNS_MAX 8

/**
 * struct ost_function - what is known of a function across its instances; kept in the store
 *
 * A label is what an instance says of itself: two users' functions of one name are two, and neither
 * learns from the other or is told of it.
 */
struct ost_function {
	struct ost_hash_node node;	/* key: of user and name */
	char user[OST_NAME_LEN];	/* "" = of instances without a user label */
	char name[OST_NAME_LEN];
	enum ost_runtime runtime;
	struct ost_garbage_model model;
	uint64_t traps;
	bool changed;			/* since it was last stored */
	uint16_t codes;			/* its rows of struct ost_codes */
	uint32_t users;			/* instances that serve it, and actions that hold it */
	struct ost_function *prev, *next;	/* of the idle ones, while it has no users */
	struct ost_function_run *runs;
};

/** Functions kept without an instance; those that have been so for longest make room. */
#define OST_FUNCTIONS_IDLE_MAX 16384

/** struct ost_collection - the last collection of an instance */
struct ost_collection {
	enum ost_collect_status status;
	uint64_t ended_ns;
	uint64_t failed_ns;
	uint64_t estimate_bytes;
	uint64_t before_bytes;
	uint64_t after_bytes;
	uint64_t yield_bytes;
	uint64_t cost_us;
	uint64_t pause_us;
	uint32_t count;
	uint32_t failures;
	const char *door;		/* its constant name */
	char *detail;			/* why it failed; NULL when it did not */
};

/** struct ost_demand - what an instance is asked to do */
struct ost_demand {
	uint64_t messages;		/* ingress packets since it was watched */
	uint64_t bytes;
	uint64_t cpu_ns;		/* nested cgroups included */
	double messages_per_s;		/* exponentially weighted over about a minute */
	double cpu_share;		/* of one CPU, likewise */
	uint64_t active_ns;		/* last message or notable CPU use */
};

/**
 * struct ost_instance - one instance; a row of the table
 *
 * Small on purpose: a host may hold thousands. Descriptors are opened when needed, see
 * ost_instance_open().
 */
struct ost_instance {
	struct ost_hash_node node;	/* key: id */
	struct ost_function *function;	/* shared, never NULL */
	struct ost_function_run *run;	/* of the program that it runs; NULL: not known yet */
	uint64_t traps;
	bool gone;			/* its cgroup was removed; freed once nobody uses it */
	uint64_t id;
	char *path;			/* below the cgroup root, no leading slash */
	char *user;			/* never NULL, "" when unlabelled */
	enum ost_runtime runtime;
	bool labelled_runtime;		/* by xattr, not recognised */
	bool populated;
	bool frozen;
	bool collecting;
	bool no_door;
	bool recognised;		/* its processes have been looked at since it was populated */
	bool mode_set;			/* the module has been told */
	uint8_t mode;			/* enum ostler_mode wanted */
	uint8_t schedule_reason;	/* enum ost_schedule_reason at the last look */
	uint8_t users;			/* actions that hold it */
	uint32_t parked;		/* tasks parked now */
	uint64_t since_ns;		/* when it was attached */
	uint64_t populated_ns;		/* when it was last seen to get its first process */
	uint64_t memory_ns;		/* when @memory was read in full */
	uint64_t high_events;
	uint64_t oom_events;
	uint64_t messages_at_collect;
	struct ost_memory memory;
	uint64_t memory_seen_bytes;	/* memory.current when @memory was read in full */
	uint64_t cpu_walk_ns;		/* of the sample being taken */
	uint64_t messages_walk;
	uint64_t garbage_bytes;		/* estimate */
	uint64_t kept_bytes;		/* anonymous memory after the last collection */
	uint64_t reclaim_passes;
	uint64_t reclaim_pages;
	uint64_t stall_ns;
	uint64_t released_bytes;
	struct ost_demand demand;
	struct ost_collection last;
};

/** struct ost_instances - the instance table, by id, and the functions they serve, by user and name */
struct ost_instances {
	struct ost_hash rows;
	struct ost_hash functions;
	struct ost_function *idle_first, *idle_last;	/* functions without users, the oldest first */
	size_t idle_count;
	size_t count;			/* rows that are not gone */
	int root_fd;			/* O_PATH of the cgroup v2 root */
};

void ost_instances_init(struct ost_instances *table, int root_fd);
void ost_instances_exit(struct ost_instances *table);

/** ost_instance_find() - by id; NULL when there is none or it is gone */
struct ost_instance *ost_instance_find(const struct ost_instances *table, uint64_t id);

/** ost_instance_find_path() - by path below the cgroup root; a scan, for people's requests only */
struct ost_instance *ost_instance_find_path(const struct ost_instances *table, const char *path);

/** ost_instance_add() - a new row; NULL when memory is short. Strings are copied. */
struct ost_instance *ost_instance_add(struct ost_instances *table, uint64_t id, const char *path,
				      const char *function, const char *user);

/** ost_instance_remove() - mark as gone; the row is freed when the last action lets it go */
void ost_instance_remove(struct ost_instances *table, struct ost_instance *instance);

/** ost_instance_hold(), ost_instance_put() - keep a row alive across an asynchronous action */
void ost_instance_hold(struct ost_instance *instance);
void ost_instance_put(struct ost_instances *table, struct ost_instance *instance);

/**
 * ost_instance_open() - descriptor of the instance's cgroup directory
 *
 * Return: a descriptor to close, or -ESTALE when another directory stands at its path now, or
 * another negative errno.
 */
int ost_instance_open(const struct ost_instances *table, const struct ost_instance *instance);

/** ost_instance_next() - iterate: start with NULL; gone rows are passed over. Don't add meanwhile. */
struct ost_instance *ost_instance_next(const struct ost_instances *table,
				       const struct ost_instance *instance);

/**
 * ost_instance_relabel() - it is of this user and serves this function from now on
 *
 * What it runs is to be found out anew then, as the function's. Nothing changes when memory is short.
 */
void ost_instance_relabel(struct ost_instances *table, struct ost_instance *instance,
			  const char *function, const char *user);

/** ost_function_find() - by user and name; NULL when there is none */
struct ost_function *ost_function_find(const struct ost_instances *table, const char *user,
				       const char *name);

/** ost_function_get() - by user and name, made when new; NULL when memory is short */
struct ost_function *ost_function_get(struct ost_instances *table, const char *user,
				      const char *name);

/** ost_function_hold(), ost_function_put() - keep a function from being pruned */
void ost_function_hold(struct ost_instances *table, struct ost_function *function);
void ost_function_put(struct ost_instances *table, struct ost_function *function);

/** ost_function_learned() - is there anything that would have to be learned again? */
bool ost_function_learned(const struct ost_function *function);

/**
 * ost_functions_prune() - forget functions without users that have learned nothing, and the oldest of too many
 *
 * Their traps and places go with them. A few hundred at a time: call it now and then, and from nowhere
 * that holds a pointer to a function, a trap or a place.
 */
void ost_functions_prune(struct ost_instances *table, struct ost_traps *traps,
			 struct ost_codes *codes);

/** ost_functions_exit() - free them all; the last thing that ost_instances_exit() does */
void ost_functions_exit(struct ost_instances *table);

/** ost_function_run_get() - the run of a program, made when new; NULL when memory or room is short */
struct ost_function_run *ost_function_run_get(struct ost_function *function, const char *program);

/** ost_instance_runs() - this is what it runs; NULL: not known any more */
void ost_instance_runs(struct ost_instance *instance, struct ost_function_run *run);

/** ost_function_next() - iterate over functions: start with NULL */
struct ost_function *ost_function_next(const struct ost_instances *table,
				       const struct ost_function *function);

#endif
