// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/park.h"

#include <errno.h>
#include <linux/ostler_event.h>
#include <stdlib.h>
#include <string.h>

#include "lib/log.h"
#include "ostlerd/core/locate.h"
#include "ostlerd/source/bpf.h"

/* What the operator has decided beforehand for this kind of trap; UNSPEC: wait for somebody to decide. */
static uint8_t standing_verdict(const struct ost_config *config,
				const struct ost_trap_decode *decode)
{
	switch (decode->trap_class) {
	case OST_TRAP_MISSING:
	case OST_TRAP_DISABLED:
		return config->verdict;
	case OST_TRAP_ABORT:
	case OST_TRAP_GARBAGE:
	case OST_TRAP_PRIVILEGED:
		return config->verdict_other;
	default:
		return OSTLER_VERDICT_UNSPEC;
	}
}

static void count_parked(struct ost_state *state, uint64_t instance_id)
{
	struct ost_instance *instance = ost_instance_find(&state->instances, instance_id);
	const struct ost_parked *parked;

	if (!instance)
		return;
	instance->parked = 0;
	for (parked = state->traps.parked; parked; parked = parked->next)
		instance->parked += parked->instance_id == instance_id;
}

static void fill(struct ost_parked *parked, const struct ost_park *park)
{
	uint64_t now = ost_now_ns();

	parked->instance_id = park->instance_id;
	parked->ip = park->ip;
	parked->since_ns = now - park->age_ms * 1000000ull;
	parked->deadline_ns = now + park->left_ms * 1000000ull;
	parked->pid = park->pid;
	parked->tgid = park->tgid;
	parked->retraps = park->retraps;
	parked->state = park->state;
	parked->insn_len = park->insn_len;
	memcpy(parked->insn, park->insn, sizeof(parked->insn));
	memcpy(parked->comm, park->comm, sizeof(parked->comm));
	parked->comm[sizeof(parked->comm) - 1] = '\0';
}

static void decide(struct ost_state *state, struct ost_parked *parked)
{
	uint8_t verdict = standing_verdict(&state->config, &parked->decode);
	struct ost_error err = { 0 };

	if (verdict == OSTLER_VERDICT_UNSPEC)
		return;
	if (ost_park_verdict(state, parked->event, verdict, &err))
		ost_warn("%s", err.text);
}

/* Without the probes the park itself is all that tells of the trap. */
static void note_trap(struct ost_state *state, struct ost_instance *instance,
		      const struct ost_parked *parked)
{
	struct ost_trap *trap;

	if (ost_bpf_have(state->bpf, OST_BPF_MODULE))
		return;
	trap = ost_trap_note(&state->traps, instance ? instance->function : NULL, parked->instance_id,
			     parked->ip, parked->pid, parked->comm, parked->insn, parked->insn_len,
			     OST_TRAP_MODULE, 0, ost_now_ns());
	if (trap)
		ost_locate_trap(state, instance, trap, parked->tgid);
	if (instance && !state->bpf)
		instance->traps++;
}

static void on_park(void *context, const struct ost_park *park)
{
	struct ost_state *state = context;
	bool known = ost_parked_find(&state->traps, park->event);
	struct ost_parked *parked = ost_parked_get(&state->traps, park->event);
	struct ost_notice notice = { .change = OST_CHANGE_PARKED, .parked = parked };

	if (!parked)
		return;
	fill(parked, park);
	parked->seen = true;
	if (known)
		return;
	ost_isa_decode_on(parked->insn, parked->insn_len, state->traps.host, &parked->decode);
	count_parked(state, parked->instance_id);
	notice.instance = ost_instance_find(&state->instances, parked->instance_id);
	note_trap(state, (struct ost_instance *)notice.instance, parked);
	ost_info("%s: %s[%u] is parked at %#llx (event %llu): %s",
		 notice.instance ? notice.instance->path : "(unknown instance)", parked->comm,
		 parked->pid, (unsigned long long)parked->ip, (unsigned long long)parked->event,
		 parked->decode.why);
	ost_state_notify(state, &notice);
	decide(state, parked);
}

static void end_park(struct ost_state *state, uint64_t event, uint8_t end)
{
	struct ost_parked *parked = ost_parked_find(&state->traps, event);
	struct ost_notice notice = { .change = OST_CHANGE_PARK_END, .parked = parked, .end = end };
	uint64_t instance_id;

	if (!parked)
		return;
	instance_id = parked->instance_id;
	notice.instance = ost_instance_find(&state->instances, instance_id);
	ost_info("%s: %s[%u] is no longer parked (event %llu): %s",
		 notice.instance ? notice.instance->path : "(unknown instance)", parked->comm,
		 parked->pid, (unsigned long long)event, ost_kmod_end_name(end));
	ost_state_notify(state, &notice);
	ost_parked_drop(&state->traps, event);
	count_parked(state, instance_id);
}

static void on_park_end(void *context, const struct ost_park_end *end)
{
	end_park(context, end->event, end->end);
}

static void on_lost(void *context)
{
	ost_park_resync(context);
}

const struct ost_kmod_ops ost_park_ops = {
	.park = on_park,
	.park_end = on_park_end,
	.lost = on_lost,
};

/* End the parks that the dump just taken has not shown. */
static void drop_unseen(struct ost_state *state)
{
	struct ost_parked *parked = state->traps.parked;

	while (parked) {
		struct ost_parked *next = parked->next;

		if (!parked->seen)
			end_park(state, parked->event, OSTLER_END_UNSPEC);
		parked = next;
	}
}

static void unsee(struct ost_state *state)
{
	for (struct ost_parked *parked = state->traps.parked; parked; parked = parked->next)
		parked->seen = false;
}

void ost_park_resync(struct ost_state *state)
{
	struct ost_error err = { 0 };

	if (!state->kmod)
		return;
	unsee(state);
	if (ost_kmod_park_dump(state->kmod, 0, on_park, state, &err))
		ost_warn("%s", err.text);
	else
		drop_unseen(state);
}

void ost_park_forget_all(struct ost_state *state)
{
	unsee(state);
	drop_unseen(state);
}

int ost_park_verdict(struct ost_state *state, uint64_t event, uint8_t verdict,
		     struct ost_error *err)
{
	struct ost_parked *parked = ost_parked_find(&state->traps, event);
	uint8_t length = 0;
	int ret;

	if (!state->kmod)
		return ost_error_set(err, -ENOTCONN, "the module is not loaded: no task is parked");
	if (!parked)
		return ost_error_set(err, -ESRCH,
				     "no task is parked with event %llu; `ostlerctl parks` lists them",
				     (unsigned long long)event);
	if (verdict == OSTLER_VERDICT_SKIP) {
		length = parked->decode.length;
		if (!length)
			return ost_error_set(err, -EINVAL,
					     "event %llu: the instruction's length is not known, so it "
					     "can't be skipped; deliver or retry it",
					     (unsigned long long)event);
	}
	ret = ost_kmod_verdict(state->kmod, event, parked->ip, verdict, length, err);
	if (!ret)
		parked->state = OSTLER_PARK_DECIDED;
	return ret;
}
