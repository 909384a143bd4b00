// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The signal: where was the thread, may a helper be started from here, and how to leave no trace.
 */
#include "agent/poke.h"
#include "agent/agent.h"
#include <cpuid.h>
#include <linux/futex.h>
#include <ucontext.h>

extern OST_WEAK int *__errno_location(void);

/*
 * How x86-64 shows an interrupted system call to a handler:
 *  - one that the kernel will restart (SA_RESTART): the instruction pointer is at the `syscall`
 *    instruction and rax holds the call's number again;
 *  - one that it will not: the pointer is behind the instruction and rax is -EINTR. Then the number
 *    is known only if the instruction before was `mov $number, %eax`, as it is in libc's wrappers.
 */
#define SYSCALL_LEN    2
#define MOV_EAX_LEN    5
#define NUMBER_UNKNOWN (-1)

struct interrupted {
	greg_t *regs;
	const unsigned char *ip;
	long number;
	bool blocked;
	bool failed; /* the program would see EINTR */
};

/*
 * Memory protection keys. A handler begins without the right to read pages of any key but 0, yet
 * V8 gives one to WebAssembly's code, and later versions to all that they compile: looking at what
 * was interrupted would be a fault. What is changed here ends with the look; the rights that the
 * program had come back with the handler's return.
 */
#define PKRU_NO_ACCESS 0x55555555u /* the access-disable bit of each of the 16 keys */

static bool keys; /* the processor has them and the kernel uses them */

static uint32_t keys_get(void)
{
	uint32_t rights, high;

	__asm__ volatile(".byte 0x0f, 0x01, 0xee" /* rdpkru */
			 : "=a"(rights), "=d"(high)
			 : "c"(0));
	return rights;
}

static void keys_set(uint32_t rights)
{
	__asm__ volatile(".byte 0x0f, 0x01, 0xef" /* wrpkru */
			 :
			 : "a"(rights), "c"(0), "d"(0)
			 : "memory");
}

void ost_poke_ready(void)
{
	unsigned int a, b, c, d;

	keys = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & bit_OSPKE);
}

static bool is_syscall(const unsigned char *p)
{
	return p[0] == 0x0f && p[1] == 0x05;
}

static long number_before(const unsigned char *ip)
{
	int32_t number;

	/* the bytes before may be another mapping, or none */
	if (((uintptr_t)ip & 4095) < MOV_EAX_LEN + SYSCALL_LEN ||
	    ip[-SYSCALL_LEN - MOV_EAX_LEN] != 0xb8)
		return NUMBER_UNKNOWN;
	memcpy(&number, ip - SYSCALL_LEN - MOV_EAX_LEN + 1, sizeof(number));
	return number;
}

/*
 * Calls that wait for somebody else. A plain FUTEX_WAIT is left out: mutexes wait by it, and who
 * waits for one mutex may hold another, an allocator's too. Condition variables, semaphores and
 * joins wait by FUTEX_WAIT_BITSET.
 */
static bool waits(long number, const greg_t *regs)
{
	static const short waiting[] = {
		SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_accept,
		SYS_accept4, SYS_wait4, SYS_waitid, SYS_poll, SYS_ppoll, SYS_select, SYS_pselect6,
		SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_nanosleep,
		SYS_clock_nanosleep, SYS_pause, SYS_rt_sigsuspend, SYS_rt_sigtimedwait,
		SYS_io_getevents, SYS_io_uring_enter, SYS_msgrcv, SYS_semop,
	};

	if (number == SYS_futex)
		return (regs[REG_RSI] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET;
	for (size_t i = 0; i < OST_ARRAY_SIZE(waiting); i++)
		if (waiting[i] == number)
			return true;
	return false;
}

static void look(struct interrupted *at, ucontext_t *context)
{
	at->regs = context->uc_mcontext.gregs;
	at->ip = (const unsigned char *)at->regs[REG_RIP];
	at->number = NUMBER_UNKNOWN;
	at->blocked = at->failed = false;

	if (is_syscall(at->ip)) {
		at->number = at->regs[REG_RAX];
		at->blocked = waits(at->number, at->regs);
	} else if (at->regs[REG_RAX] == -EINTR && ((uintptr_t)at->ip & 4095) >= SYSCALL_LEN &&
		   is_syscall(at->ip - SYSCALL_LEN)) {
		at->failed = true;
		at->number = number_before(at->ip);
		at->blocked = at->number == NUMBER_UNKNOWN || waits(at->number, at->regs);
	}
}

/*
 * Can the failed call be made once more with the same effect as if it had never been interrupted?
 * Yes where it waits without end, and where the kernel has written back the time that remained. A
 * socket's own time-out (SO_RCVTIMEO, the one reason why the kernel doesn't restart those calls)
 * begins anew. Others fail with EINTR, as after any signal.
 */
static bool can_repeat(greg_t *regs, long number)
{
	switch (number) {
	case SYS_read:
	case SYS_readv:
	case SYS_recvfrom:
	case SYS_recvmsg:
	case SYS_accept:
	case SYS_accept4:
	case SYS_msgrcv:
	case SYS_semop:
	case SYS_pause:
	case SYS_rt_sigsuspend:
	case SYS_select:
	case SYS_pselect6:
	case SYS_ppoll:
		return true;
	case SYS_rt_sigtimedwait:
		return !regs[REG_RDX];
	case SYS_poll:
		return (int)regs[REG_RDX] < 0;
	case SYS_epoll_wait:
	case SYS_epoll_pwait:
		return (int)regs[REG_R10] < 0;
	case SYS_epoll_pwait2:
		return !regs[REG_R10];
	case SYS_nanosleep:
		if (!regs[REG_RSI])
			return false;
		regs[REG_RDI] = regs[REG_RSI];
		return true;
	case SYS_clock_nanosleep:
		if (regs[REG_RSI]) /* TIMER_ABSTIME: the same moment is meant */
			return true;
		if (!regs[REG_R10])
			return false;
		regs[REG_RDX] = regs[REG_R10];
		return true;
	}
	return false;
}

void ost_poke_handler(int sig, siginfo_t *info, void *context)
{
	int saved = __errno_location ? *__errno_location() : 0;
	struct interrupted at;

	if (keys) {
		uint32_t rights = keys_get();

		keys_set(rights & ~PKRU_NO_ACCESS);
		look(&at, context);
		keys_set(rights);
	} else {
		look(&at, context);
	}
	if (at.blocked)
		ost_agent_start(0);
	/* V8's loop is to come out of epoll_wait: its wrapper goes back in by itself */
	if (at.failed && at.number != NUMBER_UNKNOWN && !ost_node_wants_wakeup() &&
	    can_repeat(at.regs, at.number))
		at.regs[REG_RIP] -= SYSCALL_LEN + MOV_EAX_LEN;
	if (__errno_location)
		*__errno_location() = saved;
}
