/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_PROCSTAT_H
#define OST_LIB_PROCSTAT_H

#include <stdint.h>
#include <sys/types.h>

/*
 * The texts /proc/PID/stat and /proc/PID/status, see proc_pid_stat(5) and proc_pid_status(5). The
 * process chooses its own name, so nothing is looked for inside it.
 */

/**
 * struct ost_procstat - what is taken from the two
 * @state: one letter: R, S, D, T, Z, ...
 * @starttime: clock ticks since boot
 * @nspid: pid in the innermost pid namespace; the pid itself where the kernel has none
 * @euid, @egid: effective ids
 * @sigcgt, @sigblk: bit n - 1 stands for signal n: caught; blocked in the main thread
 * @seccomp: 0 none, 1 strict, 2 filter
 * @seccomp_filters: how many there are, inherited ones too
 * @rss_anon: resident anonymous memory, bytes
 */
struct ost_procstat {
	char state;
	uint64_t starttime;
	pid_t nspid;
	uid_t euid;
	gid_t egid;
	uint64_t sigcgt;
	uint64_t sigblk;
	unsigned int seccomp;
	unsigned int seccomp_filters;
	uint64_t rss_anon;
};

/** ost_procstat_parse() - take @state and @starttime from a stat text; 0 or -EINVAL */
int ost_procstat_parse(const char *stat, struct ost_procstat *out);

/**
 * ost_procstat_parse_status() - take the rest from a status text
 *
 * Return: 0, -EINVAL when ids, NSpid or SigCgt are missing. What else is missing is 0; more filters
 * than any process has where the kernel does not count them (before 5.10).
 */
int ost_procstat_parse_status(const char *status, struct ost_procstat *out);

#endif
