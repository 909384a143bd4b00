// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/door_agent.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/protocol.h"
#include "ostlerd/action/agent_meet.h"
#include "ostlerd/action/agent_talk.h"
#include "ostlerd/action/deadline.h"

/*
 * Between two pokes, microseconds: a poke that finds the thread running has no effect, so another
 * follows. The first comes soon, later ones disturb less.
 */
#define POKE_FIRST_US 2000
#define POKE_LAST_US 50000

static bool fits(const struct ost_process *process, const struct ost_door_config *config,
		 char *why_not, size_t size)
{
	const uint64_t bit = 1ull << (OST_AGENT_SIGNAL - 1);
	const char *why = NULL;

	if (!process->agent_loaded)
		why = process->static_exe ?
			"a static program: " OST_AGENT_OBJECT " can't be preloaded into it" :
			OST_AGENT_OBJECT " is not loaded: start it with LD_PRELOAD";
	else if (!config->broker)
		why = "the daemon has no socket for collectors";
	else if (!(process->sigcgt & bit))
		why = OST_AGENT_OBJECT " is loaded, but its signal is not caught";
	else if (process->sigblk & bit)
		why = "its main thread blocks the collector's signal";
	else if (process->sandboxed)
		why = "it has a seccomp filter of its own, which might kill it for our thread";
	if (why)
		snprintf(why_not, size, "pid %d: %s", process->pid, why);
	return !why;
}

/* Why nobody dialled in, from what the main thread was found doing at each poke. */
static int explain(const struct ost_process *process, unsigned int pokes, unsigned int running,
		   unsigned int stopped, struct ost_error *err)
{
	if (stopped == pokes)
		return ost_error_set(err, -EBUSY, "pid %d: it is stopped, by a signal or a "
				     "debugger", process->pid);
	if (running == pokes)
		return ost_error_set(err, -EBUSY, "pid %d: its main thread was running at each of "
				     "%u pokes", process->pid, pokes);
	return ost_error_set(err, -ETIMEDOUT, "pid %d: its collector did not dial in after %u "
			     "pokes: its main thread waits for a lock, or it can't reach the "
			     "daemon's socket (see OSTLER_AGENT_SOCKET)", process->pid, pokes);
}

/* Poke until it has dialled in. The connection, or negative errno. */
static int poke(struct ost_agent_meeting *meeting, uint64_t deadline_ns, struct ost_error *err)
{
	const struct ost_process *process = meeting->process;
	unsigned int pokes = 0, running = 0, stopped = 0;
	uint64_t pause_us = POKE_FIRST_US;
	int r;

	for (;;) {
		char state = ost_process_state(process);

		if (!state)
			return ost_error_set(err, -ESRCH, "pid %d: it has ended", process->pid);
		if (!ost_process_catches(process, OST_AGENT_SIGNAL))
			return ost_error_set(err, -EPERM, "pid %d: its collector's signal is no "
					     "longer caught", process->pid);
		r = ost_process_signal_leader(process, OST_AGENT_SIGNAL);
		if (r)
			return ost_error_set(err, r, "pid %d can't be poked: %s", process->pid,
					     strerror(-r));
		pokes++;
		running += state == 'R';
		stopped += state == 'T' || state == 't';
		r = ost_agent_meeting_wait(meeting, ost_deadline_sooner(deadline_ns, pause_us));
		if (r >= 0)
			return r;
		if (r != -ETIMEDOUT)
			return ost_error_set(err, r, "pid %d: %s", process->pid,
					     r == -ESRCH ? "it has ended" : strerror(-r));
		if (!ost_deadline_left_ms(deadline_ns))
			return explain(process, pokes, running, stopped, err);
		pause_us = pause_us * 2 < POKE_LAST_US ? pause_us * 2 : POKE_LAST_US;
	}
}

static int collect(const struct ost_process *process, const struct ost_door_request *req,
		   struct ost_door_result *res, struct ost_error *err)
{
	/* one that was loaded into a running JVM there knows no other place */
	bool guest = process->runtime == OST_RUNTIME_JVM &&
		     (!req->config->agent_socket ||
		      !ost_process_sees(process, req->config->agent_socket));
	uint64_t begun = ost_deadline_now();
	struct ost_agent_meeting meeting;
	int fd, r;

	res->jvm_gc = process->jvm_gc;
	r = ost_agent_meeting_open(&meeting, req->config->broker, process, guest, err);
	if (!r) {
		fd = poke(&meeting, req->deadline_ns, err);
		r = fd < 0 ? fd : 0;
	}
	if (!r) {
		res->wait_us = (ost_deadline_now() - begun) / 1000;
		r = ost_agent_talk(fd, process, req->deadline_ns, res, err);
		close(fd);
	}
	ost_agent_meeting_close(&meeting);
	return r;
}

const struct ost_door_ops ost_door_agent = {
	.name = "agent",
	.fits = fits,
	.collect = collect,
};
