// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ringbench - how fast do records get from the probes' ring into the daemon's tables, beside libbpf's own reader
 * with a callback that drops them?
 *
 *   ringbench [-a] [-r ROUNDS] [-i INSTANCES] [-f FUNCTIONS] [-k KINDS] [-b RING_BYTES] [-n RECORDS] [-g GAP]
 *             [-s SEED]
 *
 * A program in the kernel writes trap records as fast as it can, on one CPU, and wakes the reader as the probes do;
 * on another CPU the reader waits in poll, is woken, and empties the ring: bare, daemon, bare, daemon, ... With -a
 * the writer fills the ring first and stands still while it is emptied.
 *
 * Prints one line a pair: `BARE_NS DAEMON_NS BARE_DROPPED DAEMON_DROPPED`: nanoseconds of the reader's CPU time
 * (system calls included) for a record, and the share of records that found the ring full. The daemon's side is
 * ost_event_drain() itself: instance and trap tables, decoder, and all.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "flood.skel.h"
#include "lib/log.h"
#include "ostlerd/core/event.h"
#include "ostlerd/core/state.h"
#include "ostlerd/source/bpf_internal.h"

/* As bpf/ring.bpf.c has it. */
#define WAKE_BYTES (16 << 10)

struct options {
	unsigned int rounds, instances, functions, kinds, ring_bytes, records, gap;
	uint64_t seed;
	bool alone;	/* the writer stands still meanwhile */
};

struct bench {
	struct options opt;
	struct flood_bpf *flood;
	struct ring_buffer *reader;
	struct ost_state *state;
	uint64_t seen;			/* by the bare reader */
	pthread_t writer;
	atomic_bool written;
};

/* What one turn of one side came to. */
struct turn {
	double ns;			/* for a record */
	double dropped;			/* share */
};

static _Noreturn void die(const char *what, int error)
{
	fprintf(stderr, "ringbench: %s: %s\n", what, strerror(error));
	exit(1);
}

static double cpu_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &at);
	return at.tv_sec * 1e9 + at.tv_nsec;
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		die("pin a thread to its CPU", errno);
}

static void *write_records(void *context)
{
	struct bench *bench = context;
	LIBBPF_OPTS(bpf_test_run_opts, run);

	if (!bench->opt.alone)
		pin(0);
	if (bpf_prog_test_run_opts(bpf_program__fd(bench->flood->progs.fill), &run))
		die("write to the ring", errno);
	atomic_store(&bench->written, true);
	return NULL;
}

static void start_writer(struct bench *bench)
{
	bench->flood->bss->written = 0;
	bench->flood->bss->dropped = 0;
	atomic_store(&bench->written, false);
	if (bench->opt.alone)
		write_records(bench);
	else if (pthread_create(&bench->writer, NULL, write_records, bench))
		die("start the writer", EAGAIN);
}

static int drop(void *context, void *data, size_t size)
{
	++*(uint64_t *)context;
	return 0;
}

static void drain_bare(struct bench *bench)
{
	int seen = bench->opt.alone ? ring_buffer__consume(bench->reader) : ring_buffer__poll(bench->reader, 10);

	/* the last records wake nobody: like the daemon's timer, fetch them when none came in time */
	if (!seen)
		seen = ring_buffer__consume(bench->reader);
	if (seen < 0)
		die("read the ring", EIO);
}

static void drain_daemon(struct bench *bench)
{
	struct pollfd ready = { .fd = ost_bpf_ring_fd(bench->state->bpf), .events = POLLIN };

	if (!bench->opt.alone && poll(&ready, 1, 10) < 0)
		die("wait for the ring", errno);
	while (ost_event_drain(bench->state))
		;
}

static struct turn take_turn(struct bench *bench, void (*drain)(struct bench *bench), uint64_t *seen)
{
	uint64_t before = *seen, count;
	struct turn turn;
	bool last;
	double began;

	start_writer(bench);
	began = cpu_ns();
	do {
		last = atomic_load(&bench->written);
		drain(bench);
	} while (!last || *seen - before < bench->flood->bss->written);
	count = *seen - before;
	turn.ns = (cpu_ns() - began) / count;
	if (!bench->opt.alone)
		pthread_join(bench->writer, NULL);
	turn.dropped = bench->opt.alone ? 0 : bench->flood->bss->dropped / (double)bench->opt.records;
	return turn;
}

static void make_instances(struct ost_state *state, const struct options *opt)
{
	char path[64], function[32];

	ost_instances_init(&state->instances, -1);
	for (unsigned int id = 1; id <= opt->instances; id++) {
		snprintf(path, sizeof(path), "bench/%u", id);
		snprintf(function, sizeof(function), "function-%u", id % opt->functions);
		if (!ost_instance_add(&state->instances, id, path, function, "bench"))
			die("instances", ENOMEM);
	}
}

static struct flood_bpf *load_flood(const struct ost_bpf *bpf, const struct options *opt)
{
	struct flood_bpf *flood = flood_bpf__open();

	if (!flood)
		die("open the flood", errno);
	flood->rodata->instances = opt->instances;
	flood->rodata->kinds = opt->kinds;
	flood->data->seed = opt->seed;
	flood->bss->gap = opt->gap;
	flood->bss->attempts = opt->alone ? 1 << 23 : opt->records;
	flood->bss->wake_bytes = opt->alone ? 0 : WAKE_BYTES;
	if (bpf_map__reuse_fd(flood->maps.ring, bpf->ring.fd) || flood_bpf__load(flood))
		die("load the flood", errno);
	return flood;
}

static unsigned int number(const char *text)
{
	long value = strtol(text, NULL, 0);

	if (value <= 0 || value > 1 << 30)
		die(text, ERANGE);
	return value;
}

static struct options parse(int argc, char **argv)
{
	struct options opt = { 20, 1000, 50, 16, 1 << 20, 1 << 20, 0, 1, false };
	int c;

	while ((c = getopt(argc, argv, "ar:i:f:k:b:n:g:s:")) != -1) {
		switch (c) {
		case 'a': opt.alone = true; break;
		case 'r': opt.rounds = number(optarg); break;
		case 'i': opt.instances = number(optarg); break;
		case 'f': opt.functions = number(optarg); break;
		case 'k': opt.kinds = number(optarg); break;
		case 'b': opt.ring_bytes = number(optarg); break;
		case 'n': opt.records = number(optarg); break;
		case 'g': opt.gap = number(optarg); break;
		case 's': opt.seed = number(optarg); break;
		default: exit(2);
		}
	}
	return opt;
}

static void open_state(struct ost_state *state, const struct options *opt)
{
	struct ost_bpf_config config;
	struct ost_error err = { 0 };

	ost_bpf_config_default(&config);
	config.pin_dir = NULL;
	config.ring_bytes = opt->ring_bytes;
	if (ost_bpf_open(&state->bpf, &config, &err)) {
		fprintf(stderr, "ringbench: %s\n", err.text);
		exit(1);
	}
	if (ost_host_features_read(&state->features))
		die("read the host's features", EIO);
	ost_traps_init(&state->traps, &state->features);
	make_instances(state, opt);
}

int main(int argc, char **argv)
{
	static struct ost_state state;
	struct bench bench = { .opt = parse(argc, argv), .state = &state };
	struct turn bare, daemon;

	ost_log_open("ringbench", LOG_ERR);
	open_state(&state, &bench.opt);
	bench.flood = load_flood(state.bpf, &bench.opt);
	bench.reader = ring_buffer__new(state.bpf->ring.fd, drop, &bench.seen, NULL);
	if (!bench.reader)
		die("libbpf's reader", errno);
	if (!bench.opt.alone)
		pin(1);
	/* the first turn of each fills caches and tables, and decodes every kind once */
	take_turn(&bench, drain_bare, &bench.seen);
	take_turn(&bench, drain_daemon, &state.host.events);
	for (unsigned int i = 0; i < bench.opt.rounds; i++) {
		bare = take_turn(&bench, drain_bare, &bench.seen);
		daemon = take_turn(&bench, drain_daemon, &state.host.events);
		printf("%.2f %.2f %.4f %.4f\n", bare.ns, daemon.ns, bare.dropped, daemon.dropped);
	}
	ring_buffer__free(bench.reader);
	flood_bpf__destroy(bench.flood);
	ost_traps_exit(&state.traps);
	ost_instances_exit(&state.instances);
	ost_bpf_close(state.bpf, false);
	return 0;
}
