// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/event.h"

#include <linux/ostler_event.h>
#include <string.h>

#include "lib/log.h"
#include "ostlerd/source/bpf.h"

/* Most records handled before other work has its turn. */
#define RECORDS_MAX 4096

static void take_trap(struct ost_state *state, const struct ost_event_trap *event)
{
	struct ost_instance *instance = ost_instance_find(&state->instances, event->head.instance_id);
	struct ost_notice notice = { .change = OST_CHANGE_TRAP, .instance = instance };
	struct ost_trap *trap;

	/* a verdict at work is told by the park's end */
	if (event->action == OST_TRAP_RESUMED)
		return;
	trap = ost_trap_note(&state->traps, instance ? instance->function : NULL,
			     event->head.instance_id, event->ip, event->pid, event->comm,
			     event->insn, event->insn_len, event->source, event->si_code,
			     event->head.time_ns);
	if (!trap)
		return;
	if (instance) {
		instance->traps++;
		instance->function->traps++;
		instance->function->changed = true;
	}
	if (trap->count == 1)
		ost_info("%s: trap at %#llx: %s", instance ? instance->path : "(unknown instance)",
			 (unsigned long long)event->ip, trap->decode.why);
	notice.trap = trap;
	ost_state_notify(state, &notice);
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
	struct ost_state *state = context;

	state->host.events++;
	switch (event->type) {
	case OST_EVENT_TRAP:
		take_trap(state, (const struct ost_event_trap *)event);
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
	return state->bpf &&
	       ost_bpf_drain(state->bpf, RECORDS_MAX, take, state) == RECORDS_MAX;
}
