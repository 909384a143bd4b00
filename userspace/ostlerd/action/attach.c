// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/attach.h"

#include <errno.h>
#include <linux/ostler.h>
#include <linux/ostler_event.h>
#include <stdlib.h>
#include <string.h>

#include "lib/cleanup.h"
#include "lib/log.h"
#include "ostlerd/action/cpu_quota.h"
#include "ostlerd/action/freezer.h"
#include "ostlerd/source/bpf.h"
#include "ostlerd/source/kmod.h"

/* What the ring tells of each instance. Stalls and releases are counted without being told. */
#define WATCH_FLAGS OST_WATCH_TRAPS

static uint8_t parse_mode(const char *label, uint8_t fallback)
{
	static const char *const names[] = {
		[OSTLER_MODE_OFF] = "off",
		[OSTLER_MODE_OBSERVE] = "observe",
		[OSTLER_MODE_PARK] = "park",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(label, names[i]))
			return i;
	return fallback;
}

int ost_attach_mode(struct ost_state *state, struct ost_instance *instance, uint8_t mode,
		    struct ost_error *err)
{
	const struct ost_kmod_instance_set set = {
		.id = instance->id,
		.fields = OST_KMOD_SET_MODE | OST_KMOD_SET_PARK_MS | OST_KMOD_SET_SKIP_MAX,
		.mode = mode,
		.park_ms = state->config.park_ms,
		.skip_max = state->config.skip_max,
	};
	int ret;

	if (!state->kmod)
		return ost_error_set(err, -ENOTCONN,
				     "the module is not loaded, so no trap can be caught: "
				     "`modprobe ostler`");
	ret = ost_kmod_instance_set(state->kmod, &set, err);
	if (ret)
		return ret;
	instance->mode = mode;
	instance->mode_set = true;
	return 0;
}

static void tell_module(struct ost_state *state, struct ost_instance *instance)
{
	struct ost_error err = { 0 };

	if (!state->kmod)
		return;
	/* -ENOENT: the instance has vanished meanwhile, which will be told in a moment */
	if (ost_attach_mode(state, instance, instance->mode, &err) && err.code != -ENOENT)
		ost_warn("%s: its traps are not watched: %s", instance->path, err.text);
}

void ost_attach_module(struct ost_state *state)
{
	struct ost_instance *instance = NULL;

	while ((instance = ost_instance_next(&state->instances, instance)))
		tell_module(state, instance);
}

/* What a daemon that died in the middle of a collection has left lifted. */
static void put_back(struct ost_state *state, const struct ost_instance *instance)
{
	_ost_close_ int fd = ost_instance_open(&state->instances, instance);
	struct ost_error err = { 0 };

	if (fd < 0)
		return;
	if (ost_cpu_quota_restore(fd, &err) > 0)
		ost_info("%s: its CPU quota is put back", instance->path);
	else if (err.code)
		ost_err("%s", err.text);
	err.code = 0;
	if (ost_freezer_restore(fd, &err) > 0)
		ost_info("%s: frozen again", instance->path);
	else if (err.code)
		ost_err("%s", err.text);
}

static void watch(struct ost_state *state, struct ost_instance *instance)
{
	int ret = state->bpf ? ost_bpf_watch_set(state->bpf, instance->id, WATCH_FLAGS) : 0;

	if (ret == -E2BIG)
		ost_host_degrade(&state->host, "instances",
				 "more than %llu instances; the others are not counted by the probes, "
				 "raise [host] instances_max",
				 (unsigned long long)state->config.instances_max);
	else if (ret)
		ost_warn("%s: not counted by the probes: %s", instance->path, strerror(-ret));
}

static void relabel(struct ost_state *state, struct ost_instance *instance,
		    const struct ost_cgroup_labels *labels)
{
	uint8_t mode = parse_mode(labels->mode, instance->mode);

	ost_instance_relabel(&state->instances, instance, labels->function, labels->user);
	instance->labelled_runtime = ost_runtime_parse(labels->runtime) != OST_RUNTIME_UNKNOWN;
	if (instance->labelled_runtime)
		instance->runtime = ost_runtime_parse(labels->runtime);
	if (mode != instance->mode) {
		instance->mode = mode;
		tell_module(state, instance);
	}
}

static void found(void *context, uint64_t id, const char *path,
		  const struct ost_cgroup_labels *labels)
{
	struct ost_state *state = context;
	struct ost_instance *instance = ost_instance_find(&state->instances, id);
	struct ost_notice notice = { .change = OST_CHANGE_ATTACHED };

	if (instance) {
		relabel(state, instance, labels);
		/* labels that are set one after the other name functions that never were */
		ost_functions_prune(&state->instances, &state->traps, &state->codes);
		return;
	}
	instance = ost_instance_add(&state->instances, id, path, labels->function, labels->user);
	if (!instance) {
		ost_err("%s: no memory to attach it", path);
		return;
	}
	instance->since_ns = ost_now_ns();
	/* what has just appeared is about to be used */
	instance->demand.active_ns = instance->since_ns;
	instance->mode = parse_mode(labels->mode, state->config.mode);
	instance->runtime = ost_runtime_parse(labels->runtime);
	instance->labelled_runtime = instance->runtime != OST_RUNTIME_UNKNOWN;
	if (!instance->runtime)
		instance->runtime = instance->function->runtime;
	put_back(state, instance);
	watch(state, instance);
	tell_module(state, instance);
	ost_debug("%s: attached, function %s", path, labels->function);
	notice.instance = instance;
	ost_state_notify(state, &notice);
}

static void gone(void *context, uint64_t id)
{
	struct ost_state *state = context;
	struct ost_instance *instance = ost_instance_find(&state->instances, id);
	struct ost_notice notice = { .change = OST_CHANGE_GONE, .instance = instance };

	if (!instance)
		return;
	ost_debug("%s: gone", instance->path);
	ost_state_notify(state, &notice);
	if (state->bpf)
		ost_bpf_watch_del(state->bpf, id);
	/* the module drops it by itself; telling it is quicker */
	if (state->kmod)
		ost_kmod_instance_del(state->kmod, id, NULL);
	ost_instance_remove(&state->instances, instance);
}

static void events(void *context, uint64_t id, bool populated, bool frozen)
{
	struct ost_state *state = context;
	struct ost_instance *instance = ost_instance_find(&state->instances, id);

	if (!instance)
		return;
	/* a new process begins anew: what another one kept says nothing of it */
	if (populated && !instance->populated) {
		instance->kept_bytes = 0;
		instance->memory_ns = 0;
		instance->no_door = false;
		instance->recognised = false;
		instance->populated_ns = ost_now_ns();
	}
	instance->populated = populated;
	instance->frozen = frozen;
}

const struct ost_cgroup_ops ost_attach_ops = {
	.found = found,
	.gone = gone,
	.events = events,
};
