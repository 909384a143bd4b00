// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/log.h"
#include "ostlerd/action/analyse.h"
#include "ostlerd/action/attach.h"
#include "ostlerd/action/collect.h"
#include "ostlerd/action/door_agent.h"
#include "ostlerd/action/park.h"
#include "ostlerd/action/recognise.h"
#include "ostlerd/control/control.h"
#include "ostlerd/core/event.h"
#include "ostlerd/core/sample.h"
#include "ostlerd/source/bpf.h"
#include "ostlerd/source/cgroup.h"
#include "ostlerd/source/kmod.h"
#include "ostlerd/source/psi.h"
#include "ostlerd/store/store.h"

/* Submission entries of the ring. */
#define RING_ENTRIES 256

/* Host memory pressure: some task waited this long, in microseconds, within the window. Whole 2 s windows are
 * those that later kernels give to the unprivileged as well. */
#define PRESSURE_STALL_US 300000
#define PRESSURE_WINDOW_US 2000000

/* How long after the last trigger the host still counts as under pressure, nanoseconds. */
#define PRESSURE_HOLD_NS 10000000000ull

/* How often the module is looked for and pressure is let go, nanoseconds. */
#define UPKEEP_NS 2000000000ull

#define DAEMON(op, member) ost_container_of(op, struct ost_daemon, member)

static void on_signal(struct ost_op *op, int res)
{
	struct ost_daemon *daemon = DAEMON(op, signals);
	struct signalfd_siginfo info;

	while (read(daemon->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		ost_info("%s: ending", strsignal(info.ssi_signo));
		/* who asks again doesn't want to wait for the runtimes */
		if (daemon->state.stopping)
			ost_loop_stop(&daemon->state.loop);
		else
			ost_collect_stop(&daemon->state);
	}
}

static void drain_ring(struct ost_daemon *daemon)
{
	if (ost_event_drain(&daemon->state))
		ost_op_at(&daemon->state.loop, &daemon->ring_again, ost_now_ns());
}

static void on_ring(struct ost_op *op, int res)
{
	drain_ring(DAEMON(op, ring));
}

static void on_ring_again(struct ost_op *op, int res)
{
	drain_ring(DAEMON(op, ring_again));
}

static void on_cgroups(struct ost_op *op, int res)
{
	struct ost_daemon *daemon = DAEMON(op, cgroups);

	ost_cgroups_drain(daemon->state.cgroups);
}

static void on_pressure(struct ost_op *op, int res)
{
	struct ost_daemon *daemon = DAEMON(op, pressure);
	struct ost_state *state = &daemon->state;
	struct ost_notice notice = { .change = OST_CHANGE_PRESSURE };
	bool begins = !state->host.pressure;

	if (res < 0)
		return;
	state->host.pressure = true;
	state->host.pressure_ns = ost_now_ns();
	if (!begins)
		return;
	ost_info("memory is short: idle instances are collected sooner");
	ost_state_notify(state, &notice);
	ost_collect_schedule(state);
}

static void on_agents(struct ost_op *op, int res)
{
	struct ost_daemon *daemon = DAEMON(op, agents);
	int fd;

	while ((fd = accept4(daemon->agent_fd, NULL, NULL, SOCK_CLOEXEC)) >= 0)
		ost_agent_broker_offer(daemon->state.broker, fd);
}

static void on_sample(struct ost_op *op, int res)
{
	struct ost_daemon *daemon = DAEMON(op, sample);
	struct ost_state *state = &daemon->state;

	if (res < 0)
		return;
	/* telemetry in the ring wakes nobody: it is fetched here */
	drain_ring(daemon);
	ost_sample_all(state);
	ost_functions_prune(&state->instances, &state->traps, &state->codes);
	ost_recognise_new(state);
	ost_analyse_next(state);
	ost_collect_schedule(state);
	ost_op_at(&state->loop, op, ost_now_ns() + state->config.sample_ms * 1000000);
}

static void lose_module(struct ost_daemon *daemon)
{
	struct ost_state *state = &daemon->state;

	ost_op_cancel(&daemon->module);
	ost_kmod_close(state->kmod);
	state->kmod = NULL;
	state->module_released = false;
	ost_park_forget_all(state);
}

static void on_module(struct ost_op *op, int res)
{
	struct ost_daemon *daemon = DAEMON(op, module);
	struct ost_state *state = &daemon->state;
	struct ost_error err = { 0 };
	int n = OST_KMOD_READ_MAX;

	if (!state->kmod)
		return;
	while (n == OST_KMOD_READ_MAX)
		n = ost_kmod_read(state->kmod, &ost_park_ops, state, &err);
	if (n < 0)
		ost_warn("%s", err.text);
}

/* Find the module, become its manager, tell it of all instances and hear of all parks. */
static void find_module(struct ost_daemon *daemon)
{
	struct ost_state *state = &daemon->state;
	struct ost_error err = { 0 };
	int ret = ost_kmod_open(&state->kmod, &err);

	if (!ret) {
		ret = ost_kmod_manager_set(state->kmod, state->config.grace_ms, &err);
		if (ret) {
			ost_kmod_close(state->kmod);
			state->kmod = NULL;
		}
	}
	if (ret) {
		ost_host_degrade(&state->host, "module", "%s", err.text);
		return;
	}
	ost_host_mend(&state->host, "module");
	daemon->module.done = on_module;
	ost_op_poll(&state->loop, &daemon->module, ost_kmod_fd(state->kmod), POLLIN);
	if (state->bpf)
		ost_bpf_module_changed(state->bpf);
	ost_attach_module(state);
	ost_park_resync(state);
}

static void on_upkeep(struct ost_op *op, int res)
{
	struct ost_daemon *daemon = DAEMON(op, upkeep);
	struct ost_state *state = &daemon->state;
	struct ost_kmod_info info;
	uint64_t now = ost_now_ns();

	if (res < 0)
		return;
	if (state->host.pressure && now - state->host.pressure_ns > PRESSURE_HOLD_NS) {
		state->host.pressure = false;
		ost_info("memory is no longer short");
	}
	if (state->kmod) {
		int ret = ost_kmod_info_get(state->kmod, &info, NULL);

		if (ret == -ENOENT)
			lose_module(daemon);
		/* nothing else shows that the last notification was lost */
		else if (!ret && info.parked != state->traps.parked_count)
			ost_park_resync(state);
	}
	if (!state->kmod && !ost_op_busy(&daemon->module))
		find_module(daemon);
	ost_op_at(&state->loop, op, now + UPKEEP_NS);
}

static int open_signals(struct ost_daemon *daemon, struct ost_error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	signal(SIGPIPE, SIG_IGN);
	/* before the workers are started, which inherit the mask */
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	daemon->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (daemon->signal_fd < 0)
		return ost_error_set(err, -errno, "can't receive signals: %s", strerror(errno));
	daemon->signals.done = on_signal;
	return ost_op_poll(&daemon->state.loop, &daemon->signals, daemon->signal_fd, POLLIN);
}

static int open_root(struct ost_daemon *daemon, struct ost_error *err)
{
	const char *root = daemon->state.config.cgroup_root;
	struct statfs fs;

	daemon->root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (daemon->root_fd < 0)
		return ost_error_set(err, -errno, "can't open [host] cgroup_root = %s: %s", root,
				     strerror(errno));
	if (fstatfs(daemon->root_fd, &fs) || fs.f_type != CGROUP2_SUPER_MAGIC)
		return ost_error_set(err, -EINVAL,
				     "[host] cgroup_root = %s is no cgroup v2 file system; on a hybrid host "
				     "it is /sys/fs/cgroup/unified",
				     root);
	if (faccessat(daemon->root_fd, "cgroup.subtree_control", R_OK, 0) == 0) {
		char text[256] = "";
		int fd = openat(daemon->root_fd, "cgroup.controllers", O_RDONLY | O_CLOEXEC);

		if (fd >= 0 && read(fd, text, sizeof(text) - 1) >= 0 && !strstr(text, "memory"))
			ost_host_degrade(&daemon->state.host, "memory",
					 "%s has no memory controller: anonymous memory is summed over the "
					 "processes, other kinds are not known; boot with "
					 "systemd.unified_cgroup_hierarchy=1",
					 root);
		if (fd >= 0)
			close(fd);
	}
	ost_instances_init(&daemon->state.instances, daemon->root_fd);
	return 0;
}

/* Those that every supported kernel has; the others are an extra, whose lack is only logged. */
static void tell_missing_probes(struct ost_state *state)
{
	for (int i = 0; i < OST_BPF_CAPABILITIES; i++) {
		const struct ost_bpf_status *status = ost_bpf_status(state->bpf, i);

		if (status->have || !status->mandatory)
			continue;
		/* not wanted */
		if (i == OST_BPF_PINS && !*state->config.pin)
			continue;
		ost_host_degrade(&state->host, status->name, "no %s: %s", status->gives,
				 status->reason);
	}
}

static void open_probes(struct ost_daemon *daemon)
{
	struct ost_state *state = &daemon->state;
	struct ost_bpf_config config;
	struct ost_error err = { 0 };

	if (!state->config.probes) {
		ost_host_degrade(&state->host, "probes", "switched off by [probes] enabled = no: no reclaim, "
				 "demand and trap counters; instances are sampled from their cgroup files");
		return;
	}
	ost_bpf_config_default(&config);
	config.pin_dir = state->config.pin;
	config.instances_max = state->config.instances_max;
	config.ring_bytes = state->config.ring_bytes;
	config.stall_ns = state->config.stall_ms * 1000000;
	if (ost_bpf_open(&state->bpf, &config, &err)) {
		ost_host_degrade(&state->host, "probes", "%s", err.text);
		return;
	}
	if (ost_bpf_attach_cgroup(state->bpf, daemon->root_fd, &err))
		ost_debug("%s", err.text);
	tell_missing_probes(state);
	daemon->ring.done = on_ring;
	daemon->ring_again.done = on_ring_again;
	if (ost_op_poll(&state->loop, &daemon->ring, ost_bpf_ring_fd(state->bpf), POLLIN))
		ost_host_degrade(&state->host, "ring", "can't be waited for; it is read every %llu ms",
				 (unsigned long long)state->config.sample_ms);
}

void ost_daemon_prepare(struct ost_daemon *daemon)
{
	struct ost_error err = { 0 };

	daemon->signal_fd = daemon->root_fd = daemon->agent_fd = -1;
	daemon->pressure_fd = ost_psi_open(PRESSURE_STALL_US, PRESSURE_WINDOW_US, &err);
	if (daemon->pressure_fd < 0)
		ost_host_degrade(&daemon->state.host, "pressure", "%s", err.text);
}

static void watch_pressure(struct ost_daemon *daemon)
{
	if (daemon->pressure_fd < 0)
		return;
	daemon->pressure.done = on_pressure;
	ost_op_poll(&daemon->state.loop, &daemon->pressure, daemon->pressure_fd, POLLPRI);
}

static void open_agents(struct ost_daemon *daemon)
{
	struct ost_state *state = &daemon->state;
	struct ost_error err = { 0 };

	if (ost_agent_broker_new(&state->broker, &err))
		goto fail;
	daemon->agent_fd = ost_agent_listen(state->config.agent_socket, &err);
	if (daemon->agent_fd < 0)
		goto fail;
	daemon->agents.done = on_agents;
	ost_op_poll(&state->loop, &daemon->agents, daemon->agent_fd, POLLIN);
	return;
fail:
	ost_host_degrade(&state->host, "agent", "%s; only runtimes with a door of their own are collected",
			 err.text);
	ost_agent_broker_free(state->broker);
	state->broker = NULL;
}

static int open_instances(struct ost_daemon *daemon, struct ost_error *err)
{
	struct ost_state *state = &daemon->state;
	const char *globs[OST_GLOBS_MAX];
	int ret;

	for (unsigned int i = 0; i < state->config.instance_globs; i++)
		globs[i] = state->config.instances[i];
	ret = ost_cgroups_open(&state->cgroups, daemon->root_fd, globs,
			       state->config.instance_globs, &ost_attach_ops, state, err);
	if (ret)
		return ret;
	daemon->cgroups.done = on_cgroups;
	return ost_op_poll(&state->loop, &daemon->cgroups, ost_cgroups_fd(state->cgroups), POLLIN);
}

static void drop_dead_counters(void *context, uint64_t id, const struct ost_counters *counters)
{
	struct ost_daemon *daemon = context;

	if (!ost_instance_find(&daemon->state.instances, id) && daemon->dead_count < OST_DEAD_MAX)
		daemon->dead[daemon->dead_count++] = id;
}

/* Counters of instances that ended while no daemon ran. */
static void forget_dead(struct ost_daemon *daemon)
{
	struct ost_bpf *bpf = daemon->state.bpf;

	if (!bpf)
		return;
	do {
		daemon->dead_count = 0;
		ost_bpf_counters_each(bpf, drop_dead_counters, daemon);
		for (unsigned int i = 0; i < daemon->dead_count; i++)
			ost_bpf_watch_del(bpf, daemon->dead[i]);
	} while (daemon->dead_count == OST_DEAD_MAX);
}

static void start_timers(struct ost_daemon *daemon)
{
	struct ost_loop *loop = &daemon->state.loop;

	daemon->sample.done = on_sample;
	daemon->upkeep.done = on_upkeep;
	ost_op_at(loop, &daemon->sample, ost_now_ns());
	ost_op_at(loop, &daemon->upkeep, ost_now_ns() + UPKEEP_NS);
}

int ost_daemon_open(struct ost_daemon *daemon, struct ost_error *err)
{
	struct ost_state *state = &daemon->state;
	int ret;

	ret = ost_loop_init(&state->loop, RING_ENTRIES, err);
	if (!ret)
		ret = open_signals(daemon, err);
	if (!ret)
		ret = open_root(daemon, err);
	if (!ret)
		ret = ost_pool_init(&state->doors, &state->loop, state->config.slots, "ost-door", err);
	if (!ret)
		ret = ost_pool_init(&state->disk, &state->loop, 1, "ost-disk", err);
	if (!ret)
		ret = ost_pool_init(&state->analyse, &state->loop, 1, "ost-analyse", err);
	if (ret)
		return ret;
	/* its socket is what keeps a second daemon from touching the instances of the first */
	ret = ost_control_open(state, err);
	if (ret)
		return ret;
	if (ost_store_open(state, err))
		ost_debug("without a store");
	open_probes(daemon);
	watch_pressure(daemon);
	open_agents(daemon);
	ret = open_instances(daemon, err);
	if (ret)
		return ret;
	forget_dead(daemon);
	find_module(daemon);
	start_timers(daemon);
	return 0;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void ost_daemon_close(struct ost_daemon *daemon)
{
	struct ost_state *state = &daemon->state;

	ost_analyse_stop(state);
	ost_pool_exit(&state->analyse);
	ost_pool_exit(&state->doors);
	ost_collect_close(state);
	ost_pool_exit(&state->disk);
	ost_control_close(state);
	ost_store_close(state);
	ost_cgroups_close(state->cgroups);
	ost_kmod_close(state->kmod);
	if (state->bpf)
		ost_bpf_close(state->bpf, true);
	close_fd(&daemon->agent_fd);
	ost_agent_broker_free(state->broker);
	ost_traps_exit(&state->traps);
	ost_codes_exit(&state->codes);
	ost_analyses_exit(&state->analyses);
	if (daemon->root_fd >= 0)
		ost_instances_exit(&state->instances);
	if (state->loop.ring.ring_fd)
		ost_loop_exit(&state->loop);
	close_fd(&daemon->pressure_fd);
	close_fd(&daemon->signal_fd);
	close_fd(&daemon->root_fd);
}
