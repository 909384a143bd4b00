/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_AGENT_PROTOCOL_H
#define OST_AGENT_PROTOCOL_H

#include "lib/runtime.h"
#include <stdint.h>

/*
 * What the manager and libostler-agent.so say to each other. Both include this file.
 *
 * The manager listens on a unix SOCK_SEQPACKET socket. An agent sleeps as a mere signal handler
 * until the manager pokes its process:
 *
 *	manager				process with the agent
 *	  tgkill(tgid, tid, 57)  ----->	  handler; starts a helper thread if the signal
 *					  interrupted a blocked system call (else nothing: poke
 *					  again a little later)
 *	  accept		 <-----	  connect to the manager's socket
 *	  hello			 <-----	  its id in its own pid namespace, what it found inside
 *	  request		 ----->
 *	  reply			 <-----	  one per request, in order
 *	  bye, or close		 ----->	  the helper thread ends
 *
 * Before it pokes, the manager looks at /proc/PID/status: bit 56 of SigCgt must be set (signal 57
 * kills a process that doesn't catch it), bit 56 of SigBlk must not, and Seccomp must not be 1
 * (strict mode: the helper's first system call would kill the process) nor Seccomp_filters more
 * than the process was started with. libostler-agent.so must be among its mappings: else the
 * handler is the program's own. The poke goes to a thread that is blocked; the main thread mostly
 * is. A connection is matched with the poked process by SO_PEERCRED, whose pid is translated to
 * the manager's pid namespace by the kernel; what the hello says about itself is never used for
 * that.
 *
 * One packet is one message; every message begins with struct ost_agent_header, has the exact size
 * of its struct, zero in every reserved field, and is in the host's byte order. Whatever differs is
 * refused: the agent answers a bad header with -EPROTO and hangs up, an unknown value with -EINVAL
 * and goes on. The manager treats whatever it receives as hostile: a wrong size, kind, id or number
 * of messages ends the connection.
 */

/** the signal that wakes an agent: real-time, taken by no known runtime (the JDK has 62) */
#define OST_AGENT_SIGNAL 57

/** where an agent dials when neither OSTLER_AGENT_SOCKET nor the attach options name a path */
#define OST_AGENT_SOCKET "/run/ostler/agent.sock"

/** first bytes of every message: "OSTA" in memory on a little-endian machine */
#define OST_AGENT_MAGIC 0x4154534fu

/** raised with every change of a struct below; the two sides must agree exactly */
#define OST_AGENT_VERSION 1

/** seconds without a request after which the agent hangs up and its thread ends */
#define OST_AGENT_IDLE_S 10

/** longest time-out that a request may carry, in ms */
#define OST_AGENT_TIMEOUT_MAX_MS 60000

/** enum ost_agent_kind - what a message is */
enum ost_agent_kind {
	OST_AGENT_HELLO = 1,	/* agent to manager, once, first */
	OST_AGENT_REQUEST = 2,	/* manager to agent */
	OST_AGENT_REPLY = 3,	/* agent to manager */
};

/**
 * enum ost_agent_op - what a request asks for
 *
 * @OST_AGENT_COLLECT: collect every managed heap in the process, then what TRIM does
 * @OST_AGENT_TRIM: only have the allocator give its free pages back
 * @OST_AGENT_STAT: change nothing, report what the allocator holds
 * @OST_AGENT_BYE: the agent hangs up without a reply
 */
enum ost_agent_op {
	OST_AGENT_COLLECT = 1,
	OST_AGENT_TRIM = 2,
	OST_AGENT_STAT = 3,
	OST_AGENT_BYE = 4,
};

/**
 * struct ost_agent_header - begins every message
 * @magic: OST_AGENT_MAGIC
 * @version: OST_AGENT_VERSION
 * @kind: enum ost_agent_kind
 * @size: bytes of the whole message, header included
 * @reserved: 0
 */
struct ost_agent_header {
	uint32_t magic;
	uint16_t version;
	uint16_t kind;
	uint32_t size;
	uint32_t reserved;
};

/** how the agent came into the process (struct ost_agent_hello.flags) */
#define OST_AGENT_ATTACHED (1u << 0)	/* loaded into a running JVM; otherwise preloaded */

/**
 * struct ost_agent_hello - the agent's first message
 * @nspid: the process's id in its own pid namespace, for people to read
 * @flags: OST_AGENT_ATTACHED or 0
 * @runtimes: bit n set: enum ost_runtime n is alive in the process (NATIVE when no other is)
 * @allocators: bit n set: enum ost_allocator n answers in the process
 */
struct ost_agent_hello {
	struct ost_agent_header header;
	int32_t nspid;
	uint32_t flags;
	uint32_t runtimes;
	uint32_t allocators;
};

/**
 * struct ost_agent_request
 * @id: chosen by the manager, comes back in the reply
 * @op: enum ost_agent_op
 * @timeout_ms: how long a runtime may take to reach a point where it can collect,
 *	1 ... OST_AGENT_TIMEOUT_MAX_MS; the others don't wait, but their range is checked too
 *
 * CPython's lock can't be waited for with a time-out: there the reply may come much later. The
 * manager keeps a time-out of its own and may close at any time.
 */
struct ost_agent_request {
	struct ost_agent_header header;
	uint64_t id;
	uint32_t op;
	uint32_t timeout_ms;
};

/**
 * struct ost_agent_reply
 * @id: of the request; 0 when the request was too malformed to have one
 * @status: 0, or a negative errno:
 *	-EBUSY the runtime reached no point where it could collect within the time-out, and the
 *	request was withdrawn; -ESHUTDOWN it is finalising; -ECANCELED its program has switched
 *	collections off (gc.disable()); -ENOSYS it lacks a function that is needed; -EIO it refused;
 *	-EINVAL unknown op or time-out out of range; -EPROTO bad header (the agent hangs up)
 * @runtimes: bit n set: enum ost_runtime n was asked to collect
 * @allocators: bit n set: enum ost_allocator n was asked to trim
 * @wait_us: from the request until the runtimes began to collect
 * @collect_us: what the collection took
 * @trim_us: what the trim took
 * @dropped_bytes: free heap that the agent itself handed back to the kernel, whether its pages
 *	were in memory or not (JVM)
 * @collected: objects freed where the runtime tells (CPython: unreachable objects found), else 0
 * @heap_bytes: STAT: bytes the allocator took from the kernel, 0 when it doesn't tell
 * @free_bytes: STAT: of these, bytes not handed out to the program
 * @detail: one line for people, NUL-terminated and NUL-padded
 *
 * A failure to collect does not stop the trim: @status is the collection's.
 */
struct ost_agent_reply {
	struct ost_agent_header header;
	uint64_t id;
	int32_t status;
	uint32_t runtimes;
	uint32_t allocators;
	uint32_t reserved;
	uint64_t wait_us;
	uint64_t collect_us;
	uint64_t trim_us;
	uint64_t dropped_bytes;
	uint64_t collected;
	uint64_t heap_bytes;
	uint64_t free_bytes;
	char detail[64];
};

_Static_assert(sizeof(struct ost_agent_header) == 16, "part of the protocol");
_Static_assert(sizeof(struct ost_agent_hello) == 32, "part of the protocol");
_Static_assert(sizeof(struct ost_agent_request) == 32, "part of the protocol");
_Static_assert(sizeof(struct ost_agent_reply) == 160, "part of the protocol");

#endif
