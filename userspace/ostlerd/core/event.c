// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/event.h"

#include <linux/ostler_event.h>
#include <string.h>

#include "lib/log.h"
#include "ostlerd/core/locate.h"
#include "ostlerd/source/bpf.h"

/* Most records handled before other work has its turn. */
#define RECORDS_MAX 4096

/* New kinds of traps logged one by one within a minute; a hostile program can make up any number. */
#define KINDS_LOGGED_MAX 20
#define KINDS_LOGGED_NS 60000000000ull

/*
 * Traps are taken by the batch: rows are all over the memory, and a batch waits for those of all its records at once
 * instead of one after the other.
 */
#define BATCH 16

struct batch {
	struct ost_state *state;
	unsigned int count;
	struct ost_event_trap traps[BATCH];
};

static void log_kind(const struct ost_instance *instance, const struct ost_trap *trap)
{
	static uint64_t since_ns;
	static unsigned int logged;

	if (!since_ns || trap->last_ns - since_ns > KINDS_LOGGED_NS) {
		since_ns = trap->last_ns;
		logged = 0;
	}
	if (++logged > KINDS_LOGGED_MAX) {
		if (logged == KINDS_LOGGED_MAX + 1)
			ost_info("more new kinds of traps are not logged for a minute; "
				 "`ostlerctl traps` lists them");
		return;
	}
	ost_info("%s: trap at %#llx: %s", instance ? instance->path : "(unknown instance)",
		 (unsigned long long)trap->ip, trap->decode.why);
}

static void note_trap(struct ost_state *state, struct ost_instance *instance,
		      const struct ost_event_trap *event)
{
	struct ost_notice notice = { .change = OST_CHANGE_TRAP, .instance = instance };
	struct ost_trap *trap;

	trap = ost_trap_note(&state->traps, instance ? instance->function : NULL,
			     event->head.instance_id, event->ip, event->pid, event->comm,
			     event->insn, event->insn_len, event->source, event->si_code,
			     event->head.time_ns);
	if (!trap)
		return;
	if (instance) {
		/* the instance's own count comes from the counters, which the ring can't fall short of */
		instance->function->traps++;
		instance->function->changed = true;
	}
	ost_locate_trap(state, instance, trap, event->tgid);
	if (trap->count == 1)
		log_kind(instance, trap);
	notice.trap = trap;
	ost_state_notify(state, &notice);
}

static void flush(struct batch *batch)
{
	const struct ost_instances *table = &batch->state->instances;
	struct ost_instance *instances[BATCH];

	for (unsigned int i = 0; i < batch->count; i++)
		ost_hash_expect(&table->rows, batch->traps[i].head.instance_id);
	for (unsigned int i = 0; i < batch->count; i++) {
		const struct ost_event_trap *event = &batch->traps[i];

		instances[i] = ost_instance_find(table, event->head.instance_id);
		ost_trap_expect(&batch->state->traps,
				instances[i] ? instances[i]->function : NULL, event->insn,
				event->insn_len);
	}
	for (unsigned int i = 0; i < batch->count; i++)
		note_trap(batch->state, instances[i], &batch->traps[i]);
	batch->count = 0;
}

static void take_trap(struct batch *batch, const struct ost_event_trap *event)
{
	/* a verdict at work is told by the park's end */
	if (event->action == OST_TRAP_RESUMED)
		return;
	batch->traps[batch->count++] = *event;
	if (batch->count == BATCH)
		flush(batch);
}

static void take_oom(struct ost_state *state, const struct ost_event_oom *event)
{
	struct ost_instance *instance = ost_instance_find(&state->instances, event->head.instance_id);
	struct ost_notice notice = { .change = OST_CHANGE_OOM, .instance = instance };

	if (!instance)
		return;
	ost_warn("%s: the kernel killed %.16s[%u] for want of memory", instance->path, event->comm,
		 event->tgid);
	instance->oom_events++;
	ost_state_notify(state, &notice);
}

static void take_stall(struct ost_state *state, const struct ost_event_stall *event)
{
	struct ost_instance *instance = ost_instance_find(&state->instances, event->head.instance_id);

	if (instance)
		ost_debug("%s: waited %.1f ms for memory", instance->path, event->stall_ns / 1e6);
}

static void take(void *context, const struct ost_event *event)
{
	struct batch *batch = context;
	struct ost_state *state = batch->state;

	state->host.events++;
	switch (event->type) {
	case OST_EVENT_TRAP:
		take_trap(batch, (const struct ost_event_trap *)event);
		break;
	case OST_EVENT_OOM:
		take_oom(state, (const struct ost_event_oom *)event);
		break;
	case OST_EVENT_STALL:
		take_stall(state, (const struct ost_event_stall *)event);
		break;
	}
}

bool ost_event_drain(struct ost_state *state)
{
	struct batch batch;
	size_t taken;

	if (!state->bpf)
		return false;
	batch.state = state;
	batch.count = 0;
	taken = ost_bpf_drain(state->bpf, RECORDS_MAX, take, &batch);
	flush(&batch);
	return taken == RECORDS_MAX;
}
