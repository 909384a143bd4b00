// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * target: programs that an agent may find itself in. Each mode exits 0 when nothing disturbed it,
 * else it says what did and exits 1. Most run until their standard input ends.
 *
 *	read recv poll ppoll select pselect epoll
 *			block in that call without a time-out; EINTR is a failure
 *	sleep		one clock_nanosleep() of 6 s; shorter or EINTR is a failure
 *	sigwait pause	until SIGUSR1; returning for another signal is a failure
 *	handler		has a handler of its own for signal 57, and counts
 *	fork		a forked child does what poll does too; prints the child's pid
 *	closer		keeps closing every descriptor it doesn't know, and guards its own
 *	spawner		forks, vforks and runs programs without pause
 *	join		the main thread joins one that works on malloc()
 *	mutex		the main thread waits for a mutex that another holds
 *	cancel		cancels a thread that is blocked in epoll_wait()
 *	noconnect	a seccomp filter fails socket() with EPERM
 *	nosocket	a seccomp filter kills the process at socket()
 *	keyed		a thread runs code that a memory protection key guards; prints its id, or
 *			that there are no keys
 *	garbage		frees 32 MiB of small blocks below one that lives
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t signals, stopping;

static int fail(const char *what)
{
	fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return 1;
}

static void on_signal(int sig)
{
	signals++;
}

static int wait_read(void)
{
	char byte;

	return read(0, &byte, 1) == 0 ? 0 : fail("read");
}

/* the one kind of read that the kernel doesn't restart: on a socket with a time-out */
static void *feed(void *fd)
{
	char byte;

	while (read(0, &byte, 1) > 0)
		;
	close(*(int *)fd);
	return NULL;
}

static int wait_recv(void)
{
	struct timeval patience = {.tv_sec = 60};
	pthread_t feeder;
	char byte;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) ||
	    setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    pthread_create(&feeder, NULL, feed, &ends[1]))
		return fail("socketpair");
	return recv(ends[0], &byte, 1, 0) == 0 ? 0 : fail("recv");
}

static int wait_signal(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return sigwaitinfo(&set, NULL) == SIGUSR1 ? 0 : fail("sigwaitinfo");
}

static int wait_poll(void)
{
	struct pollfd pfd = {.fd = 0, .events = POLLIN};

	return poll(&pfd, 1, -1) == 1 ? 0 : fail("poll");
}

static int wait_ppoll(void)
{
	struct pollfd pfd = {.fd = 0, .events = POLLIN};
	struct timespec limit = {.tv_sec = 3600};

	return ppoll(&pfd, 1, &limit, NULL) == 1 ? 0 : fail("ppoll");
}

static int wait_select(void)
{
	struct timeval limit = {.tv_sec = 3600};
	fd_set set;

	FD_ZERO(&set);
	FD_SET(0, &set);
	return select(1, &set, NULL, NULL, &limit) == 1 ? 0 : fail("select");
}

static int wait_pselect(void)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(0, &set);
	return pselect(1, &set, NULL, NULL, NULL, NULL) == 1 ? 0 : fail("pselect");
}

static int wait_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN};
	int fd = epoll_create1(0);

	epoll_ctl(fd, EPOLL_CTL_ADD, 0, &event);
	return epoll_wait(fd, &event, 1, -1) == 1 ? 0 : fail("epoll_wait");
}

static int wait_sleep(void)
{
	struct timespec length = {6, 0}, rest, begin, end;
	double took;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	errno = clock_nanosleep(CLOCK_MONOTONIC, 0, &length, &rest);
	if (errno)
		return fail("clock_nanosleep");
	clock_gettime(CLOCK_MONOTONIC, &end);
	took = end.tv_sec - begin.tv_sec + (end.tv_nsec - begin.tv_nsec) / 1e9;
	printf("%.3f\n", took);
	return took < 6;
}

static int wait_pause(void)
{
	signal(SIGUSR1, on_signal);
	pause();
	return signals == 1 ? 0 : fail("pause returned without SIGUSR1");
}

static int own_handler(void)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	char byte;

	if (sigaction(57, &action, NULL))
		return fail("sigaction");
	raise(57);
	if (signals != 1)
		return fail("the program's own handler didn't run");
	while (read(0, &byte, 1) > 0)
		;
	printf("%d\n", (int)signals);
	return 0;
}

static int forker(void)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return fail("fork");
	if (!child)
		return wait_poll();
	printf("%d\n", child);
	fflush(stdout);
	if (wait_poll())
		return 1;
	return waitpid(child, &status, 0) == child && !status ? 0 : fail("the child failed");
}

/* until the standard input ends; with a time-out, so EINTR is to be expected after any signal */
static int goes_on(int ms)
{
	struct pollfd pfd = {.fd = 0, .events = POLLIN};
	int n = poll(&pfd, 1, ms);

	return n == 0 || (n < 0 && errno == EINTR);
}

/* as daemons do at their start, but all the time, and its files are where an agent's was */
static int closer(void)
{
	struct stat null, st;

	if (stat("/dev/null", &null))
		return fail("/dev/null");
	while (goes_on(0)) {
		struct timespec nap = {0, 2000000};

		syscall(SYS_close_range, 3, ~0u, 0);
		for (int fd = 200; fd < 206; fd++)
			if (dup2(open("/dev/null", O_RDWR), fd) != fd)
				return fail("dup2");
		/* blocked in a call that a poke may start from */
		clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, &nap);
		for (int fd = 200; fd < 206; fd++)
			if (fstat(fd, &st) || st.st_rdev != null.st_rdev)
				return fail("a descriptor was taken away");
	}
	return 0;
}

static int spawner(void)
{
	static long rounds; /* static: vfork() may clobber a register */
	int status;
	pid_t child;

	for (; goes_on(1); rounds++) {
		child = fork();
		if (!child) {
			free(malloc(100000));
			_exit(7);
		}
		if (waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
		    WEXITSTATUS(status) != 7)
			return fail("a forked child failed");
		child = vfork();
		if (!child) {
			execl("/bin/true", "true", NULL);
			_exit(1);
		}
		if (waitpid(child, &status, 0) != child || status)
			return fail("a vforked program failed");
		if (system("exit 3") != 3 << 8)
			return fail("system");
	}
	printf("%ld\n", rounds);
	return 0;
}

static void *churn(void *unused)
{
	static void *blocks[4096];
	unsigned int state = 1;

	while (!stopping) {
		state = state * 1664525 + 1013904223;
		free(blocks[state >> 20]);
		blocks[state >> 20] = malloc(state % 4000 + 1);
	}
	return NULL;
}

static void *read_to_end(void *unused)
{
	char byte;

	while (read(0, &byte, 1) > 0)
		;
	stopping = 1;
	return NULL;
}

static int joiner(void)
{
	pthread_t worker, reader;

	if (pthread_create(&worker, NULL, churn, NULL) ||
	    pthread_create(&reader, NULL, read_to_end, NULL))
		return fail("pthread_create");
	return pthread_join(worker, NULL) || pthread_join(reader, NULL);
}

/* as runtimes guard what they compile: this thread may read it, a signal handler may not */
static void *run_keyed(void *code)
{
	printf("%ld\n", syscall(SYS_gettid));
	fflush(stdout);
	((void (*)(volatile sig_atomic_t *))code)(&stopping);
	return NULL;
}

static int keyed(void)
{
	/* 1: cmpb $0, (%rdi); je 1b; ret */
	static const unsigned char until_set[] = {0x80, 0x3f, 0x00, 0x74, 0xfb, 0xc3};
	long key = syscall(SYS_pkey_alloc, 0, 0);
	pthread_t runner;
	void *page;

	if (key < 0) {
		printf("no keys\n");
		fflush(stdout);
		return wait_read();
	}
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (page == MAP_FAILED)
		return fail("mmap");
	memcpy(page, until_set, sizeof(until_set));
	if (syscall(SYS_pkey_mprotect, page, 4096, PROT_READ | PROT_EXEC, key))
		return fail("pkey_mprotect");
	if (pthread_create(&runner, NULL, run_keyed, page))
		return fail("pthread_create");
	read_to_end(NULL);
	return pthread_join(runner, NULL);
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t held;

static void *hold(void *unused)
{
	pthread_mutex_lock(&mutex);
	pthread_barrier_wait(&held);
	read_to_end(NULL);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static int mutex_waiter(void)
{
	pthread_t holder;

	pthread_barrier_init(&held, NULL, 2);
	if (pthread_create(&holder, NULL, hold, NULL))
		return fail("pthread_create");
	pthread_barrier_wait(&held);
	pthread_mutex_lock(&mutex);
	return 0;
}

static void *block_in_epoll(void *unused)
{
	struct epoll_event event;

	epoll_wait(epoll_create1(0), &event, 1, -1);
	return NULL;
}

static int canceller(void)
{
	struct timespec nap = {0, 50000000};
	pthread_t thread;
	void *result;

	if (pthread_create(&thread, NULL, block_in_epoll, NULL))
		return fail("pthread_create");
	nanosleep(&nap, NULL);
	pthread_cancel(thread);
	pthread_join(thread, &result);
	return result == PTHREAD_CANCELED ? 0 : fail("the thread was not cancelled");
}

static int filtered(unsigned int action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof(code) / sizeof(code[0]), code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		return fail("seccomp");
	return wait_poll();
}

static int no_connect(void)
{
	return filtered(SECCOMP_RET_ERRNO | EPERM);
}

static int no_socket(void)
{
	return filtered(SECCOMP_RET_KILL_PROCESS);
}

static int garbage(void)
{
	enum { BLOCKS = 32 * 1024, SIZE = 1000 };
	char **blocks = calloc(BLOCKS, sizeof(*blocks)), *last;

	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = memset(malloc(SIZE), i, SIZE);
	last = malloc(SIZE);
	__asm__ volatile("" : : "r"(last) : "memory"); /* or the compiler does without it */
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	free(blocks);
	return wait_poll();
}

static const struct {
	const char *name;
	int (*run)(void);
} modes[] = {
	{"read", wait_read},
	{"recv", wait_recv},
	{"sigwait", wait_signal},
	{"poll", wait_poll},
	{"ppoll", wait_ppoll},
	{"select", wait_select},
	{"pselect", wait_pselect},
	{"epoll", wait_epoll},
	{"sleep", wait_sleep},
	{"pause", wait_pause},
	{"handler", own_handler},
	{"fork", forker},
	{"closer", closer},
	{"spawner", spawner},
	{"join", joiner},
	{"mutex", mutex_waiter},
	{"cancel", canceller},
	{"noconnect", no_connect},
	{"nosocket", no_socket},
	{"keyed", keyed},
	{"garbage", garbage},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof(modes) / sizeof(modes[0]); i++)
		if (!strcmp(modes[i].name, argv[1]))
			return modes[i].run();
	fprintf(stderr, "usage: target MODE; the modes are listed at the top of target.c\n");
	return 2;
}
