// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The agent's life in a process: it arms itself as the program starts, and lends a thread when
 * poked.
 */
#include "agent/agent.h"
#include "agent/poke.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/un.h>

/*
 * Address space of the helper thread's stack, bytes; only what is touched becomes memory. CPython
 * runs finalizers on it, the JVM keeps some 100 KiB of guard zones in it.
 */
#define STACK_SIZE (1024 * 1024)

/* Longest time a fork() is held up by a symbol look-up of the helper thread, in µs. */
#define FORK_WAIT_US 100000

extern OST_WEAK void *dlsym(void *, const char *);
extern OST_WEAK char *getenv(const char *);
extern OST_WEAK int sigaction(int, const struct sigaction *, struct sigaction *);
extern OST_WEAK int pthread_create(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
extern OST_WEAK int pthread_attr_init(pthread_attr_t *);
extern OST_WEAK int pthread_attr_destroy(pthread_attr_t *);
extern OST_WEAK int pthread_attr_setstacksize(pthread_attr_t *, size_t);
extern OST_WEAK int pthread_attr_setdetachstate(pthread_attr_t *, int);
extern OST_WEAK int pthread_key_create(pthread_key_t *, void (*)(void *));
extern OST_WEAK int pthread_setspecific(pthread_key_t, const void *);
extern OST_WEAK int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *);
extern OST_WEAK int pthread_atfork(void (*)(void), void (*)(void), void (*)(void));

static struct {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	int pid;     /* of the process that armed it: a child of a raw clone() or vfork() differs */
	int running; /* the helper thread lives */
	int forking; /* fork() calls under way: their threads may hold any lock of libc */
	int resolving; /* the helper thread is in dlsym(), which holds the loader's lock */
	uint32_t flags;
	bool key_made;
	pthread_key_t key;
} agent;

void *ost_symbol(const char *name)
{
	void *found;

	if (!dlsym)
		return NULL;
	/* a fork() in the middle of a look-up would leave the loader's lock taken in the child */
	while (__atomic_exchange_n(&agent.resolving, 1, __ATOMIC_ACQUIRE))
		sys_sleep_us(50);
	found = dlsym(NULL, name);
	__atomic_store_n(&agent.resolving, 0, __ATOMIC_RELEASE);
	return found;
}

uint32_t ost_agent_flags(void)
{
	return agent.flags;
}

/*
 * Runs as the destructor of a thread key, so that it runs too when a runtime ends the helper thread
 * from within: CPython does so to threads that wait for its lock while it finalises.
 */
static void thread_ended(void *unused)
{
	ost_wire_close();
	__atomic_store_n(&agent.running, 0, __ATOMIC_RELEASE);
}

static void *thread_main(void *unused)
{
	bool keyed = agent.key_made && !pthread_setspecific(agent.key, &agent);

	sys_call4(SYS_prctl, 15 /* PR_SET_NAME */, (long)"ostler-agent", 0, 0);
	ost_wire_serve(agent.path);
	if (!keyed)
		thread_ended(NULL);
	return NULL;
}

/*
 * The program's own signals must not be handled on the helper thread: the classic asynchronous ones
 * are blocked there. What a fault raises stays open, and what runtimes stop threads with: XCPU and
 * PWR (Mono, Boehm's collector) and the real-time signals (libc, the JDK).
 */
static uint64_t helper_signals(void)
{
	static const uint8_t open[] = {SIGILL,	SIGTRAP, SIGBUS, SIGFPE,
				       SIGSEGV, SIGXCPU, SIGPWR, SIGSYS};
	uint64_t mask = 0x7fffffff;

	for (size_t i = 0; i < sizeof(open); i++)
		mask &= ~(1ull << (open[i] - 1));
	return mask;
}

int ost_agent_thread(void *(*run)(void *))
{
	uint64_t mask = helper_signals(), old;
	pthread_attr_t attr;
	pthread_t thread;
	int err;

	if (!pthread_create || !pthread_attr_init || !pthread_attr_setdetachstate)
		return -ENOSYS;
	err = pthread_attr_init(&attr);
	if (err)
		return -err;
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	if (pthread_attr_setstacksize)
		pthread_attr_setstacksize(&attr, STACK_SIZE);
	sys_call4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&mask, (long)&old, sizeof(mask));
	err = pthread_create(&thread, &attr, run, NULL);
	sys_call4(SYS_rt_sigprocmask, SIG_SETMASK, (long)&old, 0, sizeof(mask));
	if (pthread_attr_destroy)
		pthread_attr_destroy(&attr);
	return -err;
}

int ost_agent_path(const char *path)
{
	size_t len = path ? strlen(path) : 0;

	if (len >= sizeof(agent.path))
		return -ENAMETOOLONG;
	if (len)
		memcpy(agent.path, path, len + 1);
	return 0;
}

int ost_agent_start(uint32_t flags)
{
	int err;

	if (__atomic_load_n(&agent.forking, __ATOMIC_ACQUIRE) || agent.pid != sys_getpid())
		return -EAGAIN;
	if (__atomic_exchange_n(&agent.running, 1, __ATOMIC_ACQ_REL))
		return -EALREADY;
	agent.flags |= flags;
	if (!agent.key_made && pthread_key_create && pthread_setspecific)
		agent.key_made = !pthread_key_create(&agent.key, thread_ended);
	err = ost_agent_thread(thread_main);
	if (err)
		__atomic_store_n(&agent.running, 0, __ATOMIC_RELEASE);
	return err;
}

static void fork_prepare(void)
{
	uint64_t end = sys_now_us() + FORK_WAIT_US;

	__atomic_fetch_add(&agent.forking, 1, __ATOMIC_ACQ_REL);
	while (__atomic_load_n(&agent.resolving, __ATOMIC_ACQUIRE) && sys_now_us() < end)
		sys_sleep_us(20);
}

static void fork_parent(void)
{
	__atomic_fetch_sub(&agent.forking, 1, __ATOMIC_ACQ_REL);
}

/* only the thread that forked lives on: no helper thread, no connection, no look-up under way */
static void fork_child(void)
{
	agent.pid = sys_getpid();
	agent.forking = 0;
	agent.resolving = 0;
	ost_wire_close();
	ost_wire_forked();
	__atomic_store_n(&agent.running, 0, __ATOMIC_RELEASE);
}

static bool switched_off(void)
{
	const char *value = getenv ? getenv("OSTLER_AGENT") : NULL;

	return value && value[0] == 'o' && value[1] == 'f' && value[2] == 'f' && !value[3];
}

/* Take the signal only where nobody else has: at its default, not ignored by whoever ran us. */
static void take_signal(void)
{
	struct sigaction action, old;

	memset(&action, 0, sizeof(action));
	memset(&old, 0, sizeof(old));
	if (!sigaction || sigaction(OST_AGENT_SIGNAL, NULL, &old) || old.sa_handler != SIG_DFL)
		return;
	ost_poke_ready();
	action.sa_sigaction = ost_poke_handler;
	/* on the alternate stack where there is one: the thread's own may be a coroutine's */
	action.sa_flags = SA_RESTART | SA_SIGINFO | SA_ONSTACK;
	memset(&action.sa_mask, 0xff, sizeof(action.sa_mask));
	sigaction(OST_AGENT_SIGNAL, &action, NULL);
}

__attribute__((constructor)) static void agent_arm(void)
{
	ost_node_ready();
	if (agent.pid || switched_off())
		return;
	/* without the signal nobody can poke, but a JVM can still be told to load and dial */
	take_signal();
	ost_agent_path(OST_AGENT_SOCKET);
	ost_agent_path(getenv ? getenv("OSTLER_AGENT_SOCKET") : NULL);
	agent.pid = sys_getpid();
	if (__register_atfork)
		__register_atfork(fork_prepare, fork_parent, fork_child, NULL);
	else if (pthread_atfork)
		pthread_atfork(fork_prepare, fork_parent, fork_child);
}
