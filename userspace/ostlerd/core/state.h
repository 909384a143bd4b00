/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CORE_STATE_H
#define OST_CORE_STATE_H

#include "isa/host.h"
#include "ostlerd/core/analysis.h"
#include "ostlerd/core/config.h"
#include "ostlerd/core/host.h"
#include "ostlerd/core/instance.h"
#include "ostlerd/core/loop.h"
#include "ostlerd/core/pool.h"
#include "ostlerd/core/trap.h"

struct ost_agent_broker;
struct ost_bpf;
struct ost_cgroups;
struct ost_collect;
struct ost_control;
struct ost_kmod;
struct ost_listener;
struct ost_store;

/** enum ost_change - what happened to core state, for whoever watches */
enum ost_change {
	OST_CHANGE_ATTACHED,	/* instance */
	OST_CHANGE_GONE,	/* instance */
	OST_CHANGE_COLLECTED,	/* instance; its @last tells how */
	OST_CHANGE_TRAP,	/* trap */
	OST_CHANGE_PARKED,	/* parked */
	OST_CHANGE_PARK_END,	/* parked; @end tells why */
	OST_CHANGE_PRESSURE,	/* host */
	OST_CHANGE_OOM,		/* instance */
	OST_CHANGES
};

/** struct ost_notice - one change; valid only during the call */
struct ost_notice {
	enum ost_change change;
	const struct ost_instance *instance;
	const struct ost_trap *trap;
	const struct ost_parked *parked;
	uint8_t end;		/* enum ostler_park_end */
};

/** struct ost_state - everything the daemon knows; touched by the loop's thread alone */
struct ost_state {
	struct ost_config config;
	struct ost_loop loop;
	struct ost_pool doors;		/* workers for collections */
	struct ost_pool disk;		/* one worker: the store */
	struct ost_pool analyse;	/* one worker: what programs need */
	struct ost_analyses analyses;
	bool analysing;			/* its worker has a job */
	uint64_t analyse_ns;		/* when it got that, or may have the next */
	_Atomic bool analyse_stopped;	/* which is to end */
	struct ost_instances instances;
	struct ost_traps traps;
	struct ost_codes codes;		/* where they were */
	struct ost_host host;
	struct ost_host_features features;	/* what this host has */
	struct ost_bpf *bpf;		/* NULL: without probes */
	struct ost_kmod *kmod;		/* NULL: without the module */
	bool module_released;		/* it may be unloaded; until it is loaded anew */
	struct ost_store *store;	/* NULL: nothing outlives a restart */
	struct ost_cgroups *cgroups;
	struct ost_agent_broker *broker;
	struct ost_control *control;	/* NULL: before it is open, and in tests */
	struct ost_collect *collects;	/* that run */
	bool stopping;			/* none is begun any more */
	struct ost_listener *listeners;	/* told of each change, in no promised order */
};

/** struct ost_listener - somebody who is told of changes; embed it */
struct ost_listener {
	struct ost_listener *next;
	void (*notice)(struct ost_listener *listener, const struct ost_notice *notice);
};

/** ost_state_listen() - be told from now on; @listener must live until ost_state_unlisten() */
static inline void ost_state_listen(struct ost_state *state, struct ost_listener *listener)
{
	listener->next = state->listeners;
	state->listeners = listener;
}

/** ost_state_unlisten() - be told no more; nothing happens to one that isn't listening */
static inline void ost_state_unlisten(struct ost_state *state, struct ost_listener *listener)
{
	struct ost_listener **at = &state->listeners;

	while (*at && *at != listener)
		at = &(*at)->next;
	if (*at)
		*at = listener->next;
}

/** ost_state_notify() - tell whoever listens */
static inline void ost_state_notify(struct ost_state *state, const struct ost_notice *notice)
{
	struct ost_listener *listener;

	for (listener = state->listeners; listener; listener = listener->next)
		listener->notice(listener, notice);
}

#endif
