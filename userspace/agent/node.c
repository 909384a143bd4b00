// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Node.js: V8 collects on the thread that owns the isolate, and only where no JavaScript is on the
 * stack. That is where libuv waits, so the two calls it waits by are wrapped. The isolate collected
 * is the main thread's; those of worker_threads are left alone.
 */
#include "agent/handover.h"
#include <signal.h>
#include <sys/epoll.h>

#define NEXT ((void *)-1) /* RTLD_NEXT of dlfcn.h, in every libc */

typedef int wait_fn(int, struct epoll_event *, int, int);
typedef int pwait_fn(int, struct epoll_event *, int, int, const sigset_t *);

/* v8::Isolate::TryGetCurrent() and v8::Isolate::LowMemoryNotification(), as compilers spell them */
extern OST_WEAK void *_ZN2v87Isolate13TryGetCurrentEv(void);
extern OST_WEAK void _ZN2v87Isolate21LowMemoryNotificationEv(void *isolate);
extern OST_WEAK void *dlsym(void *, const char *);
extern OST_WEAK int *__errno_location(void);

static struct {
	wait_fn *wait;
	pwait_fn *pwait;
	uintptr_t main_thread; /* 0: no V8 in this program, the wrappers only pass on */
	int main_tid;
	int waiting; /* the main thread is in a wrapped call */
	bool seen;   /* it was there with an isolate of its own: it runs the loop */
	struct ost_handover work;
} node;

void ost_node_ready(void)
{
	if (dlsym && !node.wait) {
		node.wait = (wait_fn *)dlsym(NEXT, "epoll_wait");
		node.pwait = (pwait_fn *)dlsym(NEXT, "epoll_pwait");
	}
	/* loaded late, the program is bound to libc's calls already, and this may be any thread */
	if (_ZN2v87Isolate13TryGetCurrentEv && _ZN2v87Isolate21LowMemoryNotificationEv &&
	    sys_gettid() == sys_getpid()) {
		node.main_tid = sys_gettid();
		node.main_thread = sys_thread();
	}
}

bool ost_node_wants_wakeup(void)
{
	return ost_handover_asked(&node.work);
}

static int failed(long err)
{
	if (err < 0 && __errno_location)
		*__errno_location() = -err;
	return err < 0 ? -1 : err;
}

static int real_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
	if (node.wait)
		return node.wait(epfd, events, max, timeout);
	return failed(sys_call4(SYS_epoll_wait, epfd, (long)events, max, timeout));
}

static int real_pwait(int epfd, struct epoll_event *events, int max, int timeout,
		      const sigset_t *mask)
{
	if (!mask)
		return real_wait(epfd, events, max, timeout);
	if (node.pwait)
		return node.pwait(epfd, events, max, timeout, mask);
	return failed(sys_call6(SYS_epoll_pwait, epfd, (long)events, max, timeout, (long)mask, 8));
}

/* on the main thread, with no JavaScript on its stack */
static void collect_if_asked(void)
{
	void *isolate = ost_handover_asked(&node.work) ? _ZN2v87Isolate13TryGetCurrentEv() : NULL;

	if (isolate && ost_handover_take(&node.work)) {
		_ZN2v87Isolate21LowMemoryNotificationEv(isolate);
		ost_handover_finish(&node.work);
	}
}

static int loop_wait(int epfd, struct epoll_event *events, int max, int timeout,
		     const sigset_t *mask)
{
	uint64_t end = timeout > 0 ? sys_now_us() + timeout * 1000ull : 0;
	bool woken;
	int n;

	if (!node.seen && _ZN2v87Isolate13TryGetCurrentEv())
		node.seen = true;
	do {
		collect_if_asked();
		__atomic_store_n(&node.waiting, 1, __ATOMIC_RELEASE);
		n = real_pwait(epfd, events, max, timeout, mask);
		__atomic_store_n(&node.waiting, 0, __ATOMIC_RELEASE);
		/* woken for a collection, not by a signal of the program's: wait on */
		woken = n < 0 && ost_handover_asked(&node.work) && __errno_location &&
			*__errno_location() == EINTR;
		if (woken && timeout > 0) {
			uint64_t now = sys_now_us();

			timeout = now < end ? (end - now + 999) / 1000 : 0;
		}
	} while (woken);
	return n;
}

OST_EXPORT int epoll_pwait(int epfd, struct epoll_event *events, int max, int timeout,
			   const sigset_t *mask)
{
	if (node.main_thread && sys_thread() == node.main_thread)
		return loop_wait(epfd, events, max, timeout, mask);
	return real_pwait(epfd, events, max, timeout, mask);
}

OST_EXPORT int epoll_wait(int epfd, struct epoll_event *events, int max, int timeout)
{
	return epoll_pwait(epfd, events, max, timeout, NULL);
}

static void wake(void)
{
	if (__atomic_load_n(&node.waiting, __ATOMIC_ACQUIRE))
		sys_tgkill(sys_getpid(), node.main_tid, OST_AGENT_SIGNAL);
}

static bool node_present(void)
{
	return node.seen;
}

static int node_collect(struct ost_round *round)
{
	int err = ost_handover_run(&node.work, wake, round);

	if (err)
		ost_round_note(round, "node: event loop busy, ms waited ", round->wait_us / 1000);
	return err;
}

static void node_forked(void)
{
	ost_handover_reset(&node.work);
	node.seen = false;
	node.waiting = 0;
	if (node.main_thread) {
		node.main_thread = sys_thread();
		node.main_tid = sys_gettid();
	}
}

const struct ost_runtime_ops ost_node_ops = {
	.runtime = OST_RUNTIME_NODE,
	.present = node_present,
	.collect = node_collect,
	.forked = node_forked,
};
