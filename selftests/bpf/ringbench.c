// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ringbench - how fast records get from the ring into the instance table, on one core.
 *
 *   ringbench [ROUNDS [INSTANCES]]    default 20 rounds, 1000 instances in the table
 *
 * Each round fills a ring of 16 MiB with traps of this very process, on the last CPU, and reads it on the first: once with the daemon's own path
 * (ost_event_drain(): drain, find the instance, note the trap), once with libbpf's reader and a callback that drops the
 * record, once with the daemon's reader and such a callback. Only the reading is timed, in CPU time of
 * the reading thread. The first round of each is not counted. Prints key=value lines:
 *
 *   events_per_s   the daemon's path         bare_per_s   libbpf, dropping      ratio        the first by the second
 *   reader_per_s   the daemon's reader, dropping          records  in one round, not all the same
 */
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <mntent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "ostlerd/core/event.h"
#include "ostlerd/source/bpf.h"

#define RING_BYTES (16 << 20)
#define RECORD_ROOM ((sizeof(struct ost_event_trap) + 8 + 7) & ~7UL)
#define UD2_LENGTH 2

static struct ost_state state;
static struct ost_bpf *bpf;
static struct ring_buffer *bare;
static uint64_t dropped;

static void die(const char *what)
{
	fprintf(stderr, "ringbench: %s\n", what);
	exit(1);
}

static void die_of(const char *way, uint64_t records)
{
	fprintf(stderr, "ringbench: %s: only %" PRIu64 " records in a round: do this process's traps arrive?\n",
		way, records);
	exit(1);
}

static char cgroup[4096];	/* made for this run: nobody else's traps come from there */

static void move_to(const char *dir)
{
	char path[4200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	file = fopen(path, "w");
	if (!file || fprintf(file, "%d", getpid()) < 0 || fclose(file))
		die("move to another cgroup");
}

static void leave_cgroup(void)
{
	char *name = strrchr(cgroup, '/');

	*name = '\0';
	move_to(cgroup);
	*name = '/';
	rmdir(cgroup);
}

/* a cgroup of its own for this process; its id */
static uint64_t enter_cgroup(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *mount;
	struct stat st;

	while (mounts && (mount = getmntent(mounts)))
		if (!strcmp(mount->mnt_type, "cgroup2"))
			snprintf(cgroup, sizeof(cgroup), "%s/ostler-ringbench", mount->mnt_dir);
	if (!*cgroup || (mkdir(cgroup, 0755) && errno != EEXIST) || stat(cgroup, &st))
		die("make a cgroup v2 directory");
	move_to(cgroup);
	atexit(leave_cgroup);
	return st.st_ino;
}

static void step_over(int sig, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += UD2_LENGTH;
}

static void run_on(int cpu)
{
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(cpu, &cpus);
	if (pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus))
		die("choose a CPU");
}

static void *trap(void *unused)
{
	run_on(sysconf(_SC_NPROCESSORS_ONLN) - 1);
	for (size_t i = 0; i < RING_BYTES / RECORD_ROOM - 1; i++)
		asm volatile("ud2");
	return NULL;
}

/* Records come from where instances run: another CPU, whose caches hold them. */
static void fill(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, trap, NULL))
		die("start a thread");
	pthread_join(thread, NULL);
}

static double cpu_seconds(void)
{
	struct timespec at;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
	return at.tv_sec + at.tv_nsec / 1e9;
}

static uint64_t read_into_table(void)
{
	uint64_t before = state.host.events;

	while (ost_event_drain(&state))
		;
	return state.host.events - before;
}

static int drop_bare(void *context, void *data, size_t size)
{
	dropped++;
	return 0;
}

static uint64_t read_bare(void)
{
	dropped = 0;
	ring_buffer__consume(bare);
	return dropped;
}

static void drop(void *context, const struct ost_event *event)
{
	dropped++;
}

static uint64_t read_dropping(void)
{
	dropped = 0;
	ost_bpf_drain(bpf, 0, drop, NULL);
	return dropped;
}

static struct way {
	const char *name;
	uint64_t (*read)(void);
	uint64_t records;
	double seconds;
} ways[] = {
	{ "events_per_s", read_into_table, 0, 0 },
	{ "bare_per_s", read_bare, 0, 0 },
	{ "reader_per_s", read_dropping, 0, 0 },
};

#define WAYS (sizeof(ways) / sizeof(ways[0]))

static void run(struct way *way, bool counts)
{
	double from, to;
	uint64_t records;

	fill();
	from = cpu_seconds();
	records = way->read();
	to = cpu_seconds();
	if (records < RING_BYTES / RECORD_ROOM / 2)
		die_of(way->name, records);
	if (!counts)
		return;
	way->records += records;
	way->seconds += to - from;
}

static void set_up(uint64_t id, unsigned int instances)
{
	struct sigaction action = { .sa_sigaction = step_over, .sa_flags = SA_SIGINFO };
	static struct ost_host_features features;
	struct ost_bpf_config config;
	struct ost_error err = { 0 };
	char path[32];

	ost_bpf_config_default(&config);
	config.pin_dir = NULL;
	config.ring_bytes = RING_BYTES;
	if (ost_bpf_open(&bpf, &config, &err))
		die(err.text);
	if (ost_bpf_watch_set(bpf, id, OST_WATCH_TRAPS))
		die("watch this process's cgroup");
	bare = ring_buffer__new(ost_bpf_ring_fd(bpf), drop_bare, NULL, NULL);
	if (!bare)
		die("libbpf's reader");
	state.bpf = bpf;
	ost_instances_init(&state.instances, -1);
	ost_traps_init(&state.traps, &features);
	for (unsigned int i = 0; i < instances; i++) {
		snprintf(path, sizeof(path), "bench/%u", i);
		if (!ost_instance_add(&state.instances, i ? id + i : id, path, "bench", "bench"))
			die("fill the table");
	}
	sigaction(SIGILL, &action, NULL);
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 20, instances = argc > 2 ? atoi(argv[2]) : 1000;
	double rate[WAYS];

	if (rounds < 1 || instances < 1)
		die("usage: ringbench [ROUNDS [INSTANCES]]");
	run_on(0);
	set_up(enter_cgroup(), instances);
	for (int round = 0; round <= rounds; round++)
		for (size_t i = 0; i < WAYS; i++)
			run(&ways[i], round > 0);
	for (size_t i = 0; i < WAYS; i++) {
		rate[i] = ways[i].records / ways[i].seconds;
		printf("%s=%.0f\n", ways[i].name, rate[i]);
	}
	printf("ratio=%.3f\nrecords=%" PRIu64 "\n", rate[0] / rate[1], ways[0].records / rounds);
	ost_bpf_close(bpf, false);
	return 0;
}
