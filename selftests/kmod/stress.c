// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Everything at once: tasks of several threads trap without end in one instance, while verdicts, signals, kills, freezes,
 * ptrace, mode changes and a manager that comes and goes hit them at random.
 *
 *	stress CGROUP OPERATIONS [SEED [leave]]
 *
 * CGROUP is the directory of an instance that the module doesn't know yet. Prints the seed and what was done. Ends with a
 * balance: once all tasks are dead nothing is parked, and every park has ended in one way. With `leave` the tasks live
 * on, parked, and no balance is drawn. Exit status 0 when it balances.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "ostlerd/source/kmod.h"

#define PROCESSES 6
#define THREADS 3		/* beside the first */
#define KNOWN 512		/* parks remembered from notifications */

enum operation { RETRY, SKIP, DELIVER, STALE, USR1, KILL, FREEZE, PTRACE, MODE, MANAGER, OPERATIONS };

static const struct {
	const char *name;
	unsigned int weight;
} operations[OPERATIONS] = {
	[RETRY] = { "retry", 20 },  [SKIP] = { "skip", 25 },	 [DELIVER] = { "deliver", 15 },
	[STALE] = { "stale", 3 },   [USR1] = { "usr1", 15 },	 [KILL] = { "kill", 5 },
	[FREEZE] = { "freeze", 6 }, [PTRACE] = { "ptrace", 8 }, [MODE] = { "mode", 2 },
	[MANAGER] = { "manager", 1 },
};

static struct {
	pid_t pid;
	volatile pid_t *tids;
} tasks[PROCESSES];

static struct {
	uint64_t event, ip;
} known[KNOWN];
static unsigned int known_count;

static const char *cgroup;
static uint64_t id;
static struct ost_kmod *kmod;
static unsigned long done[OPERATIONS], refused;
static int frozen;

static void die(const char *what, const struct ost_error *err)
{
	printf("stress: %s: %s\n", what, err ? err->text : strerror(errno));
	exit(1);
}

/* ---- the tasks ---- */

static volatile pid_t *shared_tids(void)
{
	void *tids = mmap(NULL, THREADS * sizeof(pid_t), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (tids == MAP_FAILED)
		die("mmap", NULL);
	return tids;
}

static void step_over(int sig, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 4;
}

static void ignore(int sig)
{
}

static void *trap_on(void *tid)
{
	*(volatile pid_t *)tid = syscall(SYS_gettid);
	for (;;)
		__asm__ volatile(".byte 0xc5, 0xf8, 0xa6, 0xc0");
	return NULL;
}

static void be_task(volatile pid_t *tids)
{
	struct sigaction ill = { .sa_sigaction = step_over, .sa_flags = SA_SIGINFO };
	pthread_t thread;
	int i;

	sigaction(SIGILL, &ill, NULL);
	signal(SIGUSR1, ignore);
	for (i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, trap_on, (void *)&tids[i]);
	for (;;)
		pause();
}

static void write_file(const char *name, const char *text)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", cgroup, name);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path, NULL);
	close(fd);
}

static void start_task(int i)
{
	pid_t pid;
	int j;

	for (j = 0; j < THREADS; j++)
		tasks[i].tids[j] = 0;
	pid = fork();
	if (pid < 0)
		die("fork", NULL);
	if (!pid) {
		/* the manager's socket lives as long as anybody has it, and in the cgroup we may freeze */
		close_range(3, ~0U, 0);
		write_file("cgroup.procs", "0");
		be_task(tasks[i].tids);
	}
	tasks[i].pid = pid;
}

static void reap(void)
{
	int status, i;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (i = 0; i < PROCESSES; i++) {
			if (tasks[i].pid == pid)
				tasks[i].pid = 0;
		}
	}
}

/* ---- the manager ---- */

static void on_park(void *context, const struct ost_park *park)
{
	unsigned int slot = known_count < KNOWN ? known_count++ : (unsigned int)rand() % KNOWN;

	known[slot].event = park->event;
	known[slot].ip = park->ip;
}

static void on_lost(void *context)
{
	struct ost_error err;

	if (ost_kmod_park_dump(kmod, id, on_park, NULL, &err))
		die("dump", &err);
}

static const struct ost_kmod_ops ops = { .park = on_park, .lost = on_lost };

static void become_manager(void)
{
	struct ost_error err = { 0 };
	int ret, tries = 0;

	if (ost_kmod_open(&kmod, &err))
		die("open", &err);
	/* a task that was forked just now may not have closed its copy of our last socket yet */
	while ((ret = ost_kmod_manager_set(kmod, 2000, &err)) == -EBUSY && tries++ < 1000)
		usleep(10000);
	if (ret)
		die("manager", &err);
	on_lost(NULL);
}

static void set_mode(uint8_t mode)
{
	struct ost_kmod_instance_set set = { .id = id,
					     .fields = OST_KMOD_SET_MODE | OST_KMOD_SET_PARK_MS |
						       OST_KMOD_SET_SKIP_MAX,
					     .mode = mode,
					     .park_ms = 1 + rand() % 1000,
					     .skip_max = 1000000 };
	struct ost_error err = { 0 };

	if (ost_kmod_instance_set(kmod, &set, &err))
		die("mode", &err);
}

/* ---- the operations ---- */

static void give_verdict(uint8_t verdict, uint64_t shift)
{
	unsigned int slot;
	int ret;

	if (!known_count)
		return;
	slot = rand() % known_count;
	ret = ost_kmod_verdict(kmod, known[slot].event, known[slot].ip + shift, verdict,
			       verdict == OSTLER_VERDICT_SKIP ? 4 : 0, NULL);
	if (ret && ret != -ESRCH && ret != -EALREADY && ret != -ESTALE) {
		printf("stress: verdict: %s\n", strerror(-ret));
		exit(1);
	}
	refused += ret != 0;
	known[slot] = known[--known_count];
}

static void trace(pid_t tid)
{
	int status;

	/* a frozen task would not answer */
	if (frozen || ptrace(PTRACE_SEIZE, tid, NULL, NULL))
		return;
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	if (waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status))
		return;
	if (rand() % 2) {
		ptrace(PTRACE_CONT, tid, NULL, NULL);
		usleep(1000);
		ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
		if (waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status))
			return;
	}
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
}

static void operate(enum operation operation)
{
	int i = rand() % PROCESSES;
	pid_t pid = tasks[i].pid, tid = tasks[i].tids[rand() % THREADS];

	done[operation]++;
	switch (operation) {
	case RETRY:
		give_verdict(OSTLER_VERDICT_RETRY, 0);
		break;
	case SKIP:
		give_verdict(OSTLER_VERDICT_SKIP, 0);
		break;
	case DELIVER:
		give_verdict(OSTLER_VERDICT_DELIVER, 0);
		break;
	case STALE:
		give_verdict(OSTLER_VERDICT_SKIP, 1);
		break;
	case USR1:
		if (pid && tid)
			syscall(SYS_tgkill, pid, tid, SIGUSR1);
		break;
	case KILL:
		if (pid)
			kill(pid, rand() % 2 ? SIGKILL : SIGQUIT);
		break;
	case FREEZE:
		frozen = !frozen;
		write_file("cgroup.freeze", frozen ? "1" : "0");
		break;
	case PTRACE:
		if (pid && tid)
			trace(tid);
		break;
	case MODE:
		set_mode(OSTLER_MODE_OBSERVE);
		set_mode(OSTLER_MODE_PARK);
		break;
	case MANAGER:
		ost_kmod_close(kmod);
		become_manager();
		break;
	case OPERATIONS:
		break;
	}
}

static enum operation choose(void)
{
	unsigned int sum = 0, i;
	int at;

	for (i = 0; i < OPERATIONS; i++)
		sum += operations[i].weight;
	at = rand() % sum;
	for (i = 0; at >= (int)operations[i].weight; i++)
		at -= operations[i].weight;
	return i;
}

static void run(unsigned long count)
{
	unsigned long n;
	int i;

	for (n = 0; n < count; n++) {
		reap();
		for (i = 0; i < PROCESSES; i++) {
			if (!tasks[i].pid)
				start_task(i);
		}
		ost_kmod_read(kmod, &ops, NULL, NULL);
		operate(choose());
		if (n % 8 == 0)
			usleep(1000);
	}
}

/* ---- the balance ---- */

static void kill_all(void)
{
	int i;

	write_file("cgroup.freeze", "0");
	for (i = 0; i < PROCESSES; i++) {
		if (tasks[i].pid) {
			kill(tasks[i].pid, SIGKILL);
			waitpid(tasks[i].pid, NULL, 0);
		}
	}
}

static int balance(void)
{
	static const uint8_t ends[] = { OSTLER_STAT_RETRIES,  OSTLER_STAT_DELIVERED, OSTLER_STAT_SKIPS,
					OSTLER_STAT_TIMEOUTS, OSTLER_STAT_ORPHANS,   OSTLER_STAT_EXITS,
					OSTLER_STAT_RELEASED };
	struct ost_kmod_instance instance;
	struct ost_error err = { 0 };
	uint64_t ended = 0;
	unsigned int i;

	if (ost_kmod_instance_get(kmod, id, &instance, &err))
		die("instance", &err);
	for (i = 0; i < sizeof(ends); i++)
		ended += instance.stats.count[ends[i]];
	printf("traps %" PRIu64 ", parks %" PRIu64 ", ended %" PRIu64 ", still parked %u, lost %" PRIu64
	       "\n", instance.stats.count[OSTLER_STAT_TRAPS],
	       instance.stats.count[OSTLER_STAT_PARKS], ended, instance.parked,
	       instance.stats.count[OSTLER_STAT_LOST]);
	return instance.parked || ended != instance.stats.count[OSTLER_STAT_PARKS] || !ended;
}

int main(int argc, char **argv)
{
	unsigned int seed = argc > 3 ? strtoul(argv[3], NULL, 0) : (unsigned int)time(NULL);
	struct stat stat_;
	int i, leave;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 3 || stat(argv[1], &stat_)) {
		fprintf(stderr, "usage: stress CGROUP OPERATIONS [SEED [leave]]\n");
		return 2;
	}
	cgroup = argv[1];
	id = stat_.st_ino;
	leave = argc > 4 && !strcmp(argv[4], "leave");
	printf("seed %u\n", seed);
	srand(seed);
	become_manager();
	set_mode(OSTLER_MODE_PARK);
	for (i = 0; i < PROCESSES; i++) {
		tasks[i].tids = shared_tids();
		start_task(i);
	}
	run(strtoul(argv[2], NULL, 0));
	for (i = 0; i < OPERATIONS; i++)
		printf("%s %lu, ", operations[i].name, done[i]);
	printf("refused %lu\n", refused);
	if (leave) {
		write_file("cgroup.freeze", "0");
		return 0;
	}
	kill_all();
	return balance();
}
