// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/door.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ostlerd/action/agent_meet.h"
#include "ostlerd/action/agent_talk.h"
#include "ostlerd/action/deadline.h"
#include "ostlerd/action/jvm_client.h"

/*
 * Serial and Parallel collect on GC.run but keep their free pages, G1 keeps its initial size: so
 * libostler-agent.so is loaded into those to give free pages back. The others need no help.
 *
 * JDK 21 and later write a warning into the function's output when a library is loaded the first
 * time, unless they were started with -XX:+EnableDynamicAgentLoading.
 */
static bool wants_agent(const struct ost_process *process, const struct ost_door_config *config)
{
	if (process->jvm_gc != OST_JVM_GC_SERIAL && process->jvm_gc != OST_JVM_GC_PARALLEL &&
	    process->jvm_gc != OST_JVM_GC_G1)
		return false;
	if (!config->agent_library || !*config->agent_library)
		return false;
	return true;
}

/* Must it be met in its own /tmp, because it can't reach our library or our socket? */
static bool needs_guest_dir(const struct ost_process *process, const struct ost_door_config *config)
{
	return !config->broker || !config->agent_socket ||
	       !ost_process_sees(process, config->agent_socket) ||
	       !ost_process_sees(process, config->agent_library);
}

static bool fits(const struct ost_process *process, const struct ost_door_config *config,
		 char *why_not, size_t size)
{
	if (process->runtime != OST_RUNTIME_JVM) {
		snprintf(why_not, size, "pid %d: %s, not a JVM", process->pid,
			 ost_runtime_name(process->runtime));
		return false;
	}
	if (process->sandboxed) {
		snprintf(why_not, size, "pid %d: the JVM has a seccomp filter of its own, which "
			 "might kill it for the attach socket", process->pid);
		return false;
	}
	if (ost_jvm_is_listening(process))
		return true;
	if (!process->jvm_attach)
		snprintf(why_not, size, "pid %d: the JVM can't be attached to "
			 "(-XX:+DisableAttachMechanism), or does not tell (-XX:-UsePerfData)",
			 process->pid);
	else if (!(process->sigcgt >> (SIGQUIT - 1) & 1))
		snprintf(why_not, size, "pid %d: the JVM does not catch SIGQUIT (-Xrs)",
			 process->pid);
	else
		return true;
	return false;
}

/* Where the JVM finds library and socket, as it sees files itself. */
static int prepare(const struct ost_agent_meeting *meeting, const struct ost_door_config *config,
		   char *library, char *socket, size_t size, struct ost_error *err)
{
	int r;

	if (!meeting->guest) {
		snprintf(library, size, "%s", config->agent_library);
		snprintf(socket, size, "%s", config->agent_socket);
		return 0;
	}
	r = ost_guest_dir_copy(&meeting->place, config->agent_library, OST_AGENT_OBJECT, err);
	if (!r)
		r = ost_guest_dir_path(&meeting->place, OST_AGENT_OBJECT, library, size);
	if (!r)
		r = ost_guest_dir_path(&meeting->place, OST_GUEST_SOCKET, socket, size);
	return r;
}

static int load(struct ost_jvm_client *jvm, const char *library, const char *socket,
		uint64_t deadline_ns, struct ost_error *err)
{
	const char *const args[] = { library, "true", socket };	/* "true": an absolute path */
	struct ost_jvm_attach_reply reply;
	int code, r;

	r = ost_jvm_command(jvm, "load", args, deadline_ns, &reply, err);
	if (r)
		return r;
	if (reply.code || ost_jvm_attach_load_code(&reply, &code))
		return ost_error_set(err, -ENOEXEC, "the JVM can't load %s: %.*s", library,
				     (int)strcspn(reply.len ? reply.text : "", "\n"), reply.text);
	if (code)
		return ost_error_set(err, -EIO, "%s was loaded but can't start: %d", library, code);
	return 0;
}

/* Collect by the library. @asked says whether it got as far as asking. */
static int by_agent(struct ost_jvm_client *jvm, const struct ost_door_request *req, bool *asked,
		    struct ost_door_result *res, struct ost_error *err)
{
	const struct ost_door_config *config = req->config;
	const struct ost_process *process = jvm->process;
	uint64_t begun = ost_deadline_now();
	struct ost_agent_meeting meeting;
	char library[256], socket[256];
	int fd = -1, r;

	r = ost_agent_meeting_open(&meeting, config->broker, process,
				   needs_guest_dir(process, config), err);
	if (!r)
		r = prepare(&meeting, config, library, socket, sizeof(library), err);
	if (!r)
		r = load(jvm, library, socket, req->deadline_ns, err);
	if (!r) {
		fd = ost_agent_meeting_wait(&meeting, req->deadline_ns);
		if (fd < 0)
			r = ost_error_set(err, fd, "pid %d: the library was loaded but did not "
					  "dial in at %s: %s", process->pid, socket, strerror(-fd));
	}
	*asked = !r;
	if (!r) {
		res->wait_us += (ost_deadline_now() - begun) / 1000;
		r = ost_agent_talk(fd, process, req->deadline_ns, res, err);
		close(fd);
	}
	ost_agent_meeting_close(&meeting);
	return r;
}

/* Carry out a diagnostic command, as jcmd does. */
static int diagnose(struct ost_jvm_client *jvm, const char *command, uint64_t deadline_ns,
		    uint64_t *took_us, struct ost_error *err)
{
	const char *const args[OST_JVM_ATTACH_ARGS] = { command };
	uint64_t begun = ost_deadline_now();
	struct ost_jvm_attach_reply reply;
	int r = ost_jvm_command(jvm, "jcmd", args, deadline_ns, &reply, err);

	*took_us = (ost_deadline_now() - begun) / 1000;
	if (!r && reply.code)
		r = ost_error_set(err, -EOPNOTSUPP, "pid %d: the JVM refused %s with code %d",
				  jvm->process->pid, command, reply.code);
	return r;
}

static int by_command(struct ost_jvm_client *jvm, const struct ost_door_request *req,
		      struct ost_door_result *res, struct ost_error *err)
{
	int r = diagnose(jvm, "GC.run", req->deadline_ns, &res->collect_us, err);

	/* JDK 17 and later know this one; without it the C heap is left as it is */
	if (!r && diagnose(jvm, "System.trim_native_heap", req->deadline_ns, &res->trim_us, NULL))
		res->trim_us = 0;
	return r;
}

static int collect(const struct ost_process *process, const struct ost_door_request *req,
		   struct ost_door_result *res, struct ost_error *err)
{
	uint64_t begun = ost_deadline_now();
	struct ost_error why = { 0 };
	struct ost_jvm_client *jvm;
	bool asked = false;
	int r;

	res->runtime = OST_RUNTIME_JVM;
	res->jvm_gc = process->jvm_gc;
	r = ost_jvm_client_new(&jvm, process, req->deadline_ns, err);
	if (r)
		goto out;
	res->wait_us = (ost_deadline_now() - begun) / 1000;
	if (wants_agent(process, req->config)) {
		r = by_agent(jvm, req, &asked, res, &why);
		if (!r || asked || r == -ESRCH || !ost_deadline_left_ms(req->deadline_ns)) {
			if (r)
				ost_error_set(err, r, "%s", why.text);
			goto out;
		}
		/* memory stays with the JVM's heap, but it is free there for the next request */
		snprintf(res->detail, sizeof(res->detail), "GC.run only: %.140s", why.text);
	}
	r = by_command(jvm, req, res, err);
out:
	ost_jvm_client_free(jvm);
	return r;
}

const struct ost_door_ops ost_door_jvm = {
	.name = "jvm-attach",
	.fits = fits,
	.collect = collect,
};
