/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_PROCESS_H
#define OST_SOURCE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"
#include "lib/runtime.h"

/*
 * One process of an instance, and what was recognised in it. It is held by a pidfd and by a
 * descriptor of its /proc directory: once it has ended, reads through that directory fail with
 * -ESRCH even if the pid number was given to another process, so the one is never mistaken for
 * the other.
 */

/** File name by which the in-process collector is recognised among the mapped objects. */
#define OST_AGENT_OBJECT "libostler-agent.so"

/**
 * struct ost_process - a process that is held open
 * @pid: in the daemon's pid namespace
 * @nspid: in the process's own pid namespace; what the process itself calls its pid
 * @pidfd: readable once it has ended
 * @procfd: its /proc directory
 * @euid: effective user id, in the daemon's user namespace
 * @egid: effective group id, likewise
 * @starttime: clock ticks since boot at which it started
 * @sigcgt: bit n - 1 is set when signal n has a handler; as of the last ost_process_refresh()
 * @sigblk: likewise, is blocked in the main thread
 * @seccomp_filters: how many seccomp filters it has; UINT32_MAX: strict mode
 * @runtime: what owns the heap
 * @allocator: what serves malloc()
 * @jvm_gc: a JVM's collector, as its performance data tell
 * @jvm_attach: a JVM says that it can be attached to; false also when it says nothing
 * @agent_loaded: libostler-agent.so is mapped
 * @static_exe: has no dynamic linker, so nothing can be preloaded
 * @contained: has other mounts or another root than the host's init; in a container, most likely
 * @sandboxed: has seccomp filters that it seems to have installed itself: a collector's thread or
 *	socket in it might get it killed, so it is not to be entered
 * @comm: name of its main thread
 */
struct ost_process {
	pid_t pid;
	pid_t nspid;
	int pidfd;
	int procfd;
	uid_t euid;
	gid_t egid;
	uint64_t starttime;
	uint64_t sigcgt;
	uint64_t sigblk;
	unsigned int seccomp_filters;
	enum ost_runtime runtime;
	enum ost_allocator allocator;
	enum ost_jvm_gc jvm_gc;
	bool jvm_attach;
	bool agent_loaded;
	bool static_exe;
	bool contained;
	bool sandboxed;
	char comm[16];
};

/** An ost_process that holds nothing; ost_process_close() may be called on it. */
#define OST_PROCESS_NONE ((struct ost_process){ .pidfd = -1, .procfd = -1 })

/**
 * ost_process_open() - hold a process and recognise what runs in it
 * @pid: of the thread group leader, in the daemon's pid namespace
 * @process: filled in; on failure it holds nothing
 *
 * Reads /proc/PID/{stat,status,maps}, the ELF headers of its program (cached by device, inode and
 * time of change) and, for a JVM, its performance data. Costs about as much as reading maps.
 * Thread-safe.
 *
 * Return: 0; -ESRCH when there is no such process or it is a zombie; -EACCES when it may not be
 * looked at; another negative errno.
 */
int ost_process_open(pid_t pid, struct ost_process *process, struct ost_error *err);

/** ost_process_close() - let go of it; safe to call twice */
void ost_process_close(struct ost_process *process);

/**
 * ost_process_refresh() - read again what changes in its life: signal handlers, ids, mapped objects
 *
 * Return: 0, -ESRCH when it has ended.
 */
int ost_process_refresh(struct ost_process *process, struct ost_error *err);

/** ost_process_alive() - it has not ended: neither gone nor a zombie */
bool ost_process_alive(const struct ost_process *process);

/** ost_process_state() - state of its main thread: R, S, D, T, ... (proc_pid_stat(5)); 0: ended */
char ost_process_state(const struct ost_process *process);

/**
 * ost_process_catches() - does it have a handler for @signal?
 *
 * Reads /proc/PID/status anew: a signal that is not caught kills, so this is asked right before
 * one is sent.
 */
bool ost_process_catches(const struct ost_process *process, int signal);

/** ost_process_signal() - send @signal to the process by its pidfd; 0 or negative errno */
int ost_process_signal(const struct ost_process *process, int signal);

/**
 * ost_process_signal_leader() - send @signal to its main thread and to no other
 *
 * By pidfd where the kernel has PIDFD_SIGNAL_THREAD (6.9), else by tgkill(2) after having made
 * sure that the pid still is this process.
 *
 * Return: 0, -ESRCH when it has ended, another negative errno.
 */
int ost_process_signal_leader(const struct ost_process *process, int signal);

/**
 * ost_process_cgroup() - path of its cgroup below the cgroup v2 mount, such as "/instances/a"
 * @path: gets the path, NUL-terminated
 *
 * Return: 0, -ENOENT on a host without cgroup v2, -ENAMETOOLONG, another negative errno.
 */
int ost_process_cgroup(const struct ost_process *process, char *path, size_t size);

/**
 * ost_process_anon() - bytes of its resident anonymous memory (RssAnon of /proc/PID/status)
 *
 * Return: 0 or negative errno.
 */
int ost_process_anon(const struct ost_process *process, uint64_t *bytes);

/**
 * ost_process_opendir() - open a directory as the process sees it
 * @path: absolute, in its mount namespace and under its root ("/tmp")
 *
 * Resolved inside its root, so that no symbolic link of the process leads out of it, and through no
 * magic links.
 *
 * Return: an O_PATH descriptor to be closed by the caller, or negative errno.
 */
int ost_process_opendir(const struct ost_process *process, const char *path);

/**
 * ost_process_sees() - is @path the same file to the process as it is to the daemon?
 *
 * Under other mounts it mostly names another file, or none, unless it was bound there.
 */
bool ost_process_sees(const struct ost_process *process, const char *path);

#endif
