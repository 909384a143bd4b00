/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_AGENT_AGENT_H
#define OST_AGENT_AGENT_H

#include "agent/protocol.h"
#include "agent/sys.h"
#include <stdbool.h>

/*
 * Rules for everything in this folder, because it runs inside other people's programs:
 *  - no dependency on any library: what libc offers is declared weak and asked for before use,
 *    everything else is looked up by name (ost_symbol()) when a request comes;
 *  - nothing is written to the program's output, no file is left behind, no environment changed;
 *  - nothing is done before the manager asks, apart from one signal handler.
 */

/* ask libc only for what may be missing: a weak reference is NULL there instead of a failed load */
#define OST_WEAK __attribute__((weak))
#define OST_EXPORT __attribute__((visibility("default")))
#define OST_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/**
 * struct ost_round - one collection of one process, filled in by whoever takes part
 * @timeout_ms: how long a runtime may take to begin
 * @wait_us, @collect_us, @dropped_bytes, @collected, @detail: as in struct ost_agent_reply
 */
struct ost_round {
	uint32_t timeout_ms;
	uint64_t wait_us;
	uint64_t collect_us;
	uint64_t dropped_bytes;
	uint64_t collected;
	char detail[sizeof(((struct ost_agent_reply *)0)->detail)];
};

/**
 * struct ost_runtime_ops - how one runtime is collected from the helper thread
 * @runtime: which it is
 * @present: is it alive in this process? Cheap, changes nothing
 * @on_helper: @collect runs the runtime's or the program's own code on the helper thread
 * @collect: collect its whole heap; 0 or negative errno as in struct ost_agent_reply.status
 * @forked: in the child after fork(): forget what belonged to the parent's threads; NULL if nothing
 */
struct ost_runtime_ops {
	enum ost_runtime runtime;
	bool on_helper;
	bool (*present)(void);
	int (*collect)(struct ost_round *round);
	void (*forked)(void);
};

extern const struct ost_runtime_ops ost_python_ops, ost_node_ops, ost_ruby_ops, ost_jvm_ops;
extern const struct ost_runtime_ops ost_mono_ops;

/**
 * struct ost_allocator_ops - how one malloc() gives memory back
 * @allocator: which it is
 * @present: does it serve this process?
 * @trim: give free pages back to the kernel; 0 or negative errno
 * @stat: bytes taken from the kernel, and how many of them are free; NULL when it doesn't tell
 */
struct ost_allocator_ops {
	enum ost_allocator allocator;
	bool (*present)(void);
	int (*trim)(void);
	void (*stat)(uint64_t *heap_bytes, uint64_t *free_bytes);
};

/**
 * ost_native_find() - the allocator that serves this process, NULL when it is one without a door
 */
const struct ost_allocator_ops *ost_native_find(void);

/**
 * ost_symbol() - address of a global symbol of the program or its libraries, NULL when none has it
 */
void *ost_symbol(const char *name);

/** ost_round_note() - append to the round's detail line; cut when it is full */
void ost_round_note(struct ost_round *round, const char *text, uint64_t value);

/** ost_round_text() - the same without a number */
void ost_round_text(struct ost_round *round, const char *text);

/**
 * ost_agent_path() - dial @path from now on; NULL or "" keeps what is known
 *
 * Return: 0, or -ENAMETOOLONG when it doesn't fit a socket address.
 */
int ost_agent_path(const char *path);

/**
 * ost_agent_start() - start the helper thread, which dials the manager
 * @flags: OST_AGENT_ATTACHED or 0, added to those of the hello
 *
 * Must not be called by a thread that may hold a lock of the allocator. Return: 0, -EALREADY when
 * it runs already, -EAGAIN in the middle of a fork() or where the agent is switched off, or another
 * negative errno.
 */
int ost_agent_start(uint32_t flags);

/**
 * ost_agent_thread() - run a detached thread that handles none of the program's signals
 *
 * The same condition as for ost_agent_start(). Return: 0 or negative errno.
 */
int ost_agent_thread(void *(*run)(void *));

/** ost_agent_flags() - for the hello */
uint32_t ost_agent_flags(void);

/** ost_wire_serve() - dial @path, serve the manager until it hangs up or falls silent */
void ost_wire_serve(const char *path);

/** ost_wire_close() - hang up; nothing happens when there is no connection */
void ost_wire_close(void);

/** ost_wire_forked() - in the child after fork(): let every runtime forget its parent's threads */
void ost_wire_forked(void);

/** ost_node_ready() - in the constructor: find the event loop's symbols if this program has them */
void ost_node_ready(void);

/** ost_node_wants_wakeup() - a request waits for the loop: an interrupted epoll_wait must return */
bool ost_node_wants_wakeup(void);

#endif
