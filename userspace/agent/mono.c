// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mono: its collector keeps looking at the stack of every thread that it has met. So a thread of
 * its own is made for each collection, which ends after it.
 */
#include "agent/handover.h"

static struct {
	void *(*domain)(void);
	void *(*attach)(void *);
	void (*detach)(void *);
	void (*collect)(int);
	int (*max_generation)(void);
	int (*shutting_down)(void);
	struct ost_handover work;
} mono;

static bool mono_present(void)
{
	mono.domain = (void *(*)(void))ost_symbol("mono_get_root_domain");
	return mono.domain && mono.domain();
}

static void *collector_thread(void *unused)
{
	void *self;

	if (!ost_handover_take(&mono.work))
		return NULL;
	self = mono.attach(mono.domain());
	mono.collect(mono.max_generation());
	mono.detach(self);
	ost_handover_finish(&mono.work);
	return NULL;
}

static void begin(void)
{
	/* what fails here is tried again at the next wake-up, until the time is over */
	ost_agent_thread(collector_thread);
}

static int mono_collect(struct ost_round *round)
{
	int err;

	mono.attach = (void *(*)(void *))ost_symbol("mono_thread_attach");
	mono.detach = (void (*)(void *))ost_symbol("mono_thread_detach");
	mono.collect = (void (*)(int))ost_symbol("mono_gc_collect");
	mono.max_generation = (int (*)(void))ost_symbol("mono_gc_max_generation");
	mono.shutting_down = (int (*)(void))ost_symbol("mono_runtime_is_shutting_down");
	if (!mono.attach || !mono.detach || !mono.collect || !mono.max_generation)
		return -ENOSYS;
	if (mono.shutting_down && mono.shutting_down())
		return -ESHUTDOWN;
	err = ost_handover_run(&mono.work, begin, round);
	if (err)
		ost_round_note(round, "mono: no thread for it, ms waited ", round->wait_us / 1000);
	return err;
}

static void mono_forked(void)
{
	ost_handover_reset(&mono.work);
}

const struct ost_runtime_ops ost_mono_ops = {
	.runtime = OST_RUNTIME_MONO,
	.on_helper = true,
	.present = mono_present,
	.collect = mono_collect,
	.forked = mono_forked,
};
