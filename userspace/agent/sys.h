/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_AGENT_SYS_H
#define OST_AGENT_SYS_H

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

/*
 * The kernel without a C library. The agent is loaded into programs of any libc, so it calls the
 * kernel by itself: no errno, no cancellation points, no version of anything. Every call returns
 * the kernel's value, a negative errno on failure.
 */

#if !defined(__x86_64__)
#error "the agent knows the system calls and signal frames of x86-64 only"
#endif

static inline long sys_call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long sys_call4(long nr, long a, long b, long c, long d)
{
	return sys_call6(nr, a, b, c, d, 0, 0);
}

static inline int sys_getpid(void)
{
	return sys_call4(SYS_getpid, 0, 0, 0, 0);
}

static inline int sys_gettid(void)
{
	return sys_call4(SYS_gettid, 0, 0, 0, 0);
}

static inline int sys_geteuid(void)
{
	return sys_call4(SYS_geteuid, 0, 0, 0, 0);
}

static inline int sys_tgkill(int tgid, int tid, int sig)
{
	return sys_call4(SYS_tgkill, tgid, tid, sig, 0);
}

static inline int sys_close(int fd)
{
	return sys_call4(SYS_close, fd, 0, 0, 0);
}

static inline int sys_madvise(uintptr_t addr, size_t len, int advice)
{
	return sys_call4(SYS_madvise, addr, len, advice, 0);
}

/** sys_now_us() - CLOCK_MONOTONIC in microseconds */
static inline uint64_t sys_now_us(void)
{
	struct timespec ts = {0};

	sys_call4(SYS_clock_gettime, CLOCK_MONOTONIC, (long)&ts, 0, 0);
	return (uint64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static inline void sys_sleep_us(long us)
{
	struct timespec ts = {us / 1000000, us % 1000000 * 1000};

	sys_call4(SYS_nanosleep, (long)&ts, 0, 0, 0);
}

/** sys_thread() - a value that differs between threads: x86-64 keeps the thread pointer at %fs:0 */
static inline uintptr_t sys_thread(void)
{
	uintptr_t self;

	__asm__("mov %%fs:0, %0" : "=r"(self));
	return self;
}

#endif
