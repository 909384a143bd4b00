// SPDX-License-Identifier: GPL-2.0-or-later
/* The conversation with the manager: dial, say hello, answer requests, hang up. */
#include "agent/agent.h"
#include <linux/close_range.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* First descriptor number the connection may get: programs expect the low ones for themselves. */
#define LOWEST_FD 200

static const struct ost_runtime_ops *const runtimes[] = {
	&ost_python_ops,
	&ost_node_ops,
	&ost_ruby_ops,
#ifdef OST_WITH_JVM
	&ost_jvm_ops,
#endif
	&ost_mono_ops,
};

/*
 * The identity tells whether the number still is our socket: programs close what they don't
 * know.
 */
static struct {
	int fd;
	uint64_t identity;
	bool private_files; /* the helper thread has a descriptor table of its own */
} wire = {.fd = -1};

/* which file a number stands for: inode and device in one; 0 when it stands for none */
static uint64_t identity_of(int fd)
{
	struct stat st;

	if (sys_call4(SYS_fstat, fd, (long)&st, 0, 0))
		return 0;
	return st.st_ino ^ (uint64_t)st.st_dev << 40;
}

static bool wire_ours(void)
{
	return wire.fd >= 0 && identity_of(wire.fd) == wire.identity;
}

void ost_wire_close(void)
{
	if (wire_ours())
		sys_close(wire.fd);
	wire.fd = -1;
}

void ost_wire_forked(void)
{
	for (size_t i = 0; i < OST_ARRAY_SIZE(runtimes); i++)
		if (runtimes[i]->forked)
			runtimes[i]->forked();
}

/* serve nobody but root and the user that the process runs as */
static bool peer_allowed(int fd)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (sys_call6(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, (long)&peer, (long)&len, 0))
		return false;
	return peer.uid == 0 || peer.uid == (uid_t)sys_geteuid();
}

/*
 * Give the helper thread a descriptor table of its own, so that the connection never has a number
 * in the program's. Not where the program's code may run on the helper thread: a Python finalizer
 * must find its file. The standard streams stay. Needs Linux 5.9; without it the table is shared.
 */
static void files_unshare(void)
{
	wire.private_files = false;
	for (size_t i = 0; i < OST_ARRAY_SIZE(runtimes); i++)
		if (runtimes[i]->on_helper && runtimes[i]->present())
			return;
	wire.private_files = !sys_call4(SYS_close_range, 3, ~0u, CLOSE_RANGE_UNSHARE, 0);
}

/* in a shared table the number may be the program's by now */
static void socket_close(int fd, uint64_t identity)
{
	if (identity_of(fd) == identity)
		sys_close(fd);
}

static int dial(const char *path)
{
	struct sockaddr_un addr;
	uint64_t identity;
	int fd, high, err;

	memset(&addr, 0, sizeof(addr));
	addr.sun_family = AF_UNIX;
	memcpy(addr.sun_path, path, strlen(path));

	fd = sys_call4(SYS_socket, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0);
	if (fd < 0)
		return fd;
	identity = identity_of(fd);
	high = sys_call4(SYS_fcntl, fd, F_DUPFD_CLOEXEC, LOWEST_FD, 0);
	if (high >= 0) {
		socket_close(fd, identity);
		fd = high;
	}
	err = sys_call4(SYS_connect, fd, (long)&addr, sizeof(addr), 0);
	if (!err && !peer_allowed(fd))
		err = -EPERM;
	if (err) {
		socket_close(fd, identity);
		return err;
	}
	wire.identity = identity;
	wire.fd = fd;
	return 0;
}

static void header_set(struct ost_agent_header *header, enum ost_agent_kind kind, uint32_t size)
{
	header->magic = OST_AGENT_MAGIC;
	header->version = OST_AGENT_VERSION;
	header->kind = kind;
	header->size = size;
	header->reserved = 0;
}

static bool wire_send(const void *message, size_t size)
{
	return wire_ours() && sys_call6(SYS_sendto, wire.fd, (long)message, size,
					MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0) == (long)size;
}

static uint32_t runtimes_present(void)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < OST_ARRAY_SIZE(runtimes); i++)
		if (runtimes[i]->present())
			bits |= 1u << runtimes[i]->runtime;
	return bits ? bits : 1u << OST_RUNTIME_NATIVE;
}

static bool hello_send(void)
{
	const struct ost_allocator_ops *allocator = ost_native_find();
	struct ost_agent_hello hello;

	memset(&hello, 0, sizeof(hello));
	header_set(&hello.header, OST_AGENT_HELLO, sizeof(hello));
	hello.nspid = sys_getpid();
	hello.flags = ost_agent_flags();
	hello.runtimes = runtimes_present();
	hello.allocators = allocator ? 1u << allocator->allocator : 0;
	return wire_send(&hello, sizeof(hello));
}

/* one packet; its true size, even where that exceeds @size; 0 at the end or after silence */
static long wire_receive(void *message, size_t size)
{
	uint64_t end = sys_now_us() + OST_AGENT_IDLE_S * 1000000ull;

	for (;;) {
		struct pollfd pfd = {.fd = wire.fd, .events = POLLIN};
		int64_t left_ms = ((int64_t)(end - sys_now_us()) + 999) / 1000;
		long n;

		if (left_ms <= 0)
			return 0;
		n = sys_call4(SYS_poll, (long)&pfd, 1, left_ms, 0);
		if (n == -EINTR)
			continue;
		if (n <= 0 || !wire_ours())
			return 0;
		n = sys_call6(SYS_recvfrom, wire.fd, (long)message, size, MSG_DONTWAIT | MSG_TRUNC,
			      0, 0);
		if (n == -EINTR || n == -EAGAIN)
			continue;
		return n < 0 ? 0 : n;
	}
}

static void collect(struct ost_agent_reply *reply, uint32_t timeout_ms)
{
	struct ost_round round;

	memset(&round, 0, sizeof(round));
	round.timeout_ms = timeout_ms;
	for (size_t i = 0; i < OST_ARRAY_SIZE(runtimes); i++) {
		int err;

		if (!runtimes[i]->present())
			continue;
		reply->runtimes |= 1u << runtimes[i]->runtime;
		/* one that came to life since the table was unshared has to wait for the next visit */
		err = -EBUSY;
		if (!runtimes[i]->on_helper || !wire.private_files)
			err = runtimes[i]->collect(&round);
		if (err && !reply->status)
			reply->status = err;
	}
	if (!reply->runtimes)
		reply->runtimes = 1u << OST_RUNTIME_NATIVE;
	reply->wait_us = round.wait_us;
	reply->collect_us = round.collect_us;
	reply->dropped_bytes = round.dropped_bytes;
	reply->collected = round.collected;
	memcpy(reply->detail, round.detail, sizeof(reply->detail));
}

static void trim(struct ost_agent_reply *reply)
{
	const struct ost_allocator_ops *allocator = ost_native_find();
	uint64_t begin = sys_now_us();
	int err;

	if (!allocator)
		return;
	reply->allocators = 1u << allocator->allocator;
	if (!allocator->trim)
		return;
	err = allocator->trim();
	if (err && !reply->status)
		reply->status = err;
	reply->trim_us = sys_now_us() - begin;
}

static void stat_heap(struct ost_agent_reply *reply)
{
	const struct ost_allocator_ops *allocator = ost_native_find();

	reply->runtimes = runtimes_present();
	if (!allocator)
		return;
	reply->allocators = 1u << allocator->allocator;
	if (allocator->stat)
		allocator->stat(&reply->heap_bytes, &reply->free_bytes);
}

/* 0, or what is wrong with the header of a packet of @size bytes */
static int header_check(const struct ost_agent_request *request, long size)
{
	const struct ost_agent_header *header = &request->header;

	if (size != sizeof(*request) || header->size != sizeof(*request) || header->reserved ||
	    header->magic != OST_AGENT_MAGIC || header->version != OST_AGENT_VERSION ||
	    header->kind != OST_AGENT_REQUEST)
		return -EPROTO;
	return 0;
}

static void carry_out(const struct ost_agent_request *request, struct ost_agent_reply *reply)
{
	if (!request->timeout_ms || request->timeout_ms > OST_AGENT_TIMEOUT_MAX_MS) {
		reply->status = -EINVAL;
		return;
	}
	switch (request->op) {
	case OST_AGENT_COLLECT:
		collect(reply, request->timeout_ms);
		trim(reply);
		break;
	case OST_AGENT_TRIM:
		trim(reply);
		break;
	case OST_AGENT_STAT:
		stat_heap(reply);
		break;
	default:
		reply->status = -EINVAL;
	}
}

void ost_wire_serve(const char *path)
{
	struct ost_agent_request request;
	struct ost_agent_reply reply;
	long size;

	files_unshare();
	if (dial(path) || !hello_send())
		return;
	while ((size = wire_receive(&request, sizeof(request))) > 0) {
		memset(&reply, 0, sizeof(reply));
		header_set(&reply.header, OST_AGENT_REPLY, sizeof(reply));
		reply.status = header_check(&request, size);
		if (!reply.status) {
			if (request.op == OST_AGENT_BYE)
				return;
			reply.id = request.id;
			carry_out(&request, &reply);
		}
		if (!wire_send(&reply, sizeof(reply)) || reply.status == -EPROTO)
			return;
	}
}
