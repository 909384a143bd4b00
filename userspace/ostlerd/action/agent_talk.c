// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/agent_talk.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/protocol.h"
#include "lib/cleanup.h"
#include "ostlerd/action/deadline.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/*
 * The runtime may take this share of the time that is left to begin; the rest is for its
 * collection.
 */
#define BEGIN_SHARE(ms) ((ms) * 3 / 4)

int ost_agent_verify(int fd, const struct ost_process *process)
{
	_ost_close_ int peer = -1;
	struct ucred cred;
	socklen_t len = sizeof(cred);
	struct pollfd ended = { .events = POLLIN };

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len))
		return -errno;
	if (cred.pid != process->pid || !ost_process_alive(process))
		return -EPERM;
	len = sizeof(peer);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &peer, &len))
		return 0;
	/* the peer still lives under the pid that our process has, so it is our process */
	ended.fd = peer;
	return poll(&ended, 1, 0) > 0 ? -EPERM : 0;
}

static bool header_is(const struct ost_agent_header *header, enum ost_agent_kind kind, size_t size)
{
	return header->magic == OST_AGENT_MAGIC && header->version == OST_AGENT_VERSION &&
	       header->kind == kind && header->size == size && !header->reserved;
}

/* One message of exactly @size bytes and of this kind. */
static int receive(int fd, const struct ost_process *process, uint64_t deadline_ns,
		   enum ost_agent_kind kind, void *message, size_t size)
{
	/* one byte more than any message has: what is longer than it should be shows */
	char packet[sizeof(struct ost_agent_reply) + 1];
	ssize_t n = ost_deadline_recv(fd, packet, sizeof(packet), process->pidfd, deadline_ns);

	if (n < 0)
		return n;
	if (!n)
		return ost_process_alive(process) ? -ECONNRESET : -ESRCH;
	if ((size_t)n != size)
		return -EPROTO;
	memcpy(message, packet, size);
	return header_is(message, kind, size) ? 0 : -EPROTO;
}

static int request(int fd, const struct ost_process *process, uint64_t deadline_ns,
		   enum ost_agent_op op, uint32_t timeout_ms, uint64_t id)
{
	const struct ost_agent_request message = {
		.header = {
			.magic = OST_AGENT_MAGIC,
			.version = OST_AGENT_VERSION,
			.kind = OST_AGENT_REQUEST,
			.size = sizeof(message),
		},
		.id = id,
		.op = op,
		.timeout_ms = timeout_ms,
	};

	return ost_deadline_send(fd, &message, sizeof(message), process->pidfd, deadline_ns);
}

static enum ost_runtime runtime_of(uint32_t bits)
{
	enum ost_runtime best = OST_RUNTIME_UNKNOWN;

	for (unsigned int i = 0; i < OST_RUNTIME_COUNT; i++)
		if (bits >> i & 1 && ost_runtime_outranks(i, best))
			best = i;
	return best;
}

static uint64_t at_most(uint64_t value, uint64_t most)
{
	return value < most ? value : most;
}

static void take_reply(const struct ost_agent_reply *reply, uint64_t passed_us,
		       struct ost_door_result *res)
{
	res->runtime = runtime_of(reply->runtimes);
	res->wait_us += at_most(reply->wait_us, passed_us);
	res->collect_us = at_most(reply->collect_us, passed_us);
	res->trim_us = at_most(reply->trim_us, passed_us);
	snprintf(res->detail, sizeof(res->detail), "%.*s", (int)sizeof(reply->detail),
		 reply->detail);
	/* it goes into logs, replies and terminals */
	for (char *c = res->detail; *c; c++)
		if (*c < 0x20 || *c > 0x7e)
			*c = '?';
}

static const char *meaning(int code)
{
	switch (code) {
	case -EBUSY:
		return "the runtime came to no point where it could collect";
	case -ESHUTDOWN:
		return "the runtime is shutting down";
	case -ECANCELED:
		return "the program has switched collections off";
	case -ENOSYS:
		return "the runtime lacks a function that is needed to collect";
	case -EIO:
		return "the runtime refused to collect";
	case -ETIMEDOUT:
		return "no answer by the deadline";
	case -ESRCH:
		return "it ended";
	case -ECONNRESET:
	case -EPIPE:
		return "it hung up without an answer";
	case -EPROTO:
		return "it breaks the protocol; is its libostler-agent.so of this version?";
	}
	return strerror(-code);
}

int ost_agent_talk(int fd, const struct ost_process *process, uint64_t deadline_ns,
		   struct ost_door_result *res, struct ost_error *err)
{
	static atomic_uint_fast64_t last_id;
	const uint64_t id = ++last_id;
	struct ost_agent_hello hello;
	struct ost_agent_reply reply;
	uint64_t begun;
	int timeout_ms, r;

	r = receive(fd, process, deadline_ns, OST_AGENT_HELLO, &hello, sizeof(hello));
	timeout_ms = BEGIN_SHARE(ost_deadline_left_ms(deadline_ns));
	timeout_ms = at_most(timeout_ms > 0 ? timeout_ms : 1, OST_AGENT_TIMEOUT_MAX_MS);
	begun = ost_deadline_now();
	if (!r)
		r = request(fd, process, deadline_ns, OST_AGENT_COLLECT, timeout_ms, id);
	if (!r)
		r = receive(fd, process, deadline_ns, OST_AGENT_REPLY, &reply, sizeof(reply));
	if (!r && (reply.id != id || reply.reserved || reply.status > 0))
		r = -EPROTO;
	if (!r) {
		take_reply(&reply, (ost_deadline_now() - begun) / 1000, res);
		r = reply.status;
		request(fd, process, deadline_ns, OST_AGENT_BYE, 1, id);
	}
	if (r)
		return ost_error_set(err, r, "pid %d: its collector: %s%s%s", process->pid,
				     meaning(r), *res->detail ? ": " : "", res->detail);
	return 0;
}
