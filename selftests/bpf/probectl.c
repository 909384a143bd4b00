// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * probectl - the probes by hand: loads them as ostlerd does, then obeys one command a line from
 * standard input. Each answer ends with a line that holds a dot alone. An error is a line that
 * begins with `error`.
 *
 *   attach DIR        count ingress in, and sample, all below this cgroup
 *   watch ID FLAGS    OST_WATCH_* as a number       unwatch ID
 *   counters ID       one row, key=value            each    all rows, `ID key=value...`
 *   sample            a line for each cgroup        walk N  N walks: ns of CPU time for a cgroup
 *   drain [MAX]       a line for each record        poll MS `ready` or `asleep`
 *   drops             what got lost                 status  a line for each capability
 *   module            look for the module again     release let go of it
 *   mode ID MODE      tell the module, as its manager   verdict V LENGTH  for all that is parked
 *   close [keep]      unload, and end; keep the pins
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/log.h"
#include "ostlerd/source/bpf.h"
#include "ostlerd/source/kmod.h"

struct command {
	const char *name;
	void (*run)(struct ost_bpf *bpf, const char *argument);
};

static void answer(int error)
{
	if (error < 0)
		printf("error %d %s\n", -error, strerror(-error));
}

static void print_counters(const struct ost_counters *c)
{
	printf("reclaim_passes=%llu reclaim_pages=%llu stall_ns=%llu target_passes=%llu "
	       "target_pages=%llu traps=%llu parks=%llu released_bytes=%llu released_calls=%llu "
	       "ingress_messages=%llu ingress_bytes=%llu oom_kills=%llu last_ingress_ns=%llu\n",
	       c->reclaim_passes, c->reclaim_pages, c->stall_ns, c->target_passes,
	       c->target_pages, c->traps, c->parks, c->released_bytes, c->released_calls,
	       c->ingress_messages, c->ingress_bytes, c->oom_kills, c->last_ingress_ns);
}

static void print_row(void *context, uint64_t id, const struct ost_counters *counters)
{
	printf("%" PRIu64 " ", id);
	print_counters(counters);
}

static void print_sample(void *context, const struct ost_sample *s)
{
	printf("instance=%llu memory=%llu swap=%llu cpu_ns=%llu parent=%llu high=%llu oom=%llu "
	       "tasks=%u\n",
	       s->instance_id, s->memory_bytes, s->swap_bytes, s->cpu_ns, s->parent_id,
	       s->high_events, s->oom_events, s->tasks);
}

static void print_trap(const struct ost_event_trap *trap)
{
	printf("trap instance=%llu event=%llu ip=%#llx pid=%u source=%u action=%u code=%u insn=",
	       trap->head.instance_id, trap->event, trap->ip, trap->pid, trap->source,
	       trap->action, trap->si_code);
	for (unsigned int i = 0; i < trap->insn_len; i++)
		printf("%02x", trap->insn[i]);
	printf(" comm=%.16s\n", trap->comm);
}

static void print_event(void *context, const struct ost_event *event)
{
	const struct ost_event_release *release = (const void *)event;
	const struct ost_event_stall *stall = (const void *)event;
	const struct ost_event_oom *oom = (const void *)event;

	switch (event->type) {
	case OST_EVENT_TRAP:
		print_trap((const void *)event);
		break;
	case OST_EVENT_STALL:
		printf("stall instance=%llu ns=%llu pages=%llu pid=%u\n", event->instance_id,
		       stall->stall_ns, stall->pages, stall->pid);
		break;
	case OST_EVENT_OOM:
		printf("oom instance=%llu tgid=%u comm=%.16s\n", event->instance_id, oom->tgid,
		       oom->comm);
		break;
	case OST_EVENT_RELEASE:
		printf("release instance=%llu bytes=%llu advice=%u tgid=%u\n", event->instance_id,
		       release->bytes, release->advice, release->tgid);
		break;
	}
}

static void run_attach(struct ost_bpf *bpf, const char *argument)
{
	int fd = open(argument, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct ost_error err = { 0 };

	if (fd < 0) {
		answer(-errno);
		return;
	}
	if (ost_bpf_attach_cgroup(bpf, fd, &err))
		printf("error %d %s\n", -err.code, err.text);
	close(fd);
}

static void run_watch(struct ost_bpf *bpf, const char *argument)
{
	uint64_t id = 0;
	uint32_t flags = 0;

	if (sscanf(argument, "%" SCNu64 " %" SCNu32, &id, &flags) != 2)
		answer(-EINVAL);
	else
		answer(ost_bpf_watch_set(bpf, id, flags));
}

static void run_unwatch(struct ost_bpf *bpf, const char *argument)
{
	answer(ost_bpf_watch_del(bpf, strtoull(argument, NULL, 10)));
}

static void run_counters(struct ost_bpf *bpf, const char *argument)
{
	struct ost_counters counters;
	int error = ost_bpf_counters_get(bpf, strtoull(argument, NULL, 10), &counters);

	answer(error);
	if (!error)
		print_counters(&counters);
}

static void run_each(struct ost_bpf *bpf, const char *argument)
{
	answer(ost_bpf_counters_each(bpf, print_row, NULL));
}

static void run_sample(struct ost_bpf *bpf, const char *argument)
{
	answer(ost_bpf_sample(bpf, print_sample, NULL));
}

static void no_sample(void *context, const struct ost_sample *sample)
{
}

static void run_walk(struct ost_bpf *bpf, const char *argument)
{
	long walks = atol(argument), cgroups = 0;
	struct timespec from, to;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &from);
	for (long i = 0; i < walks; i++)
		cgroups += ost_bpf_sample(bpf, no_sample, NULL);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &to);
	if (cgroups <= 0) {
		answer(-ENOENT);
		return;
	}
	printf("cgroups=%ld ns=%.0f\n", cgroups / walks,
	       ((to.tv_sec - from.tv_sec) * 1e9 + (to.tv_nsec - from.tv_nsec)) / cgroups);
}

static void run_drain(struct ost_bpf *bpf, const char *argument)
{
	printf("drained %zu\n",
	       ost_bpf_drain(bpf, strtoul(argument, NULL, 10), print_event, NULL));
}

static void run_poll(struct ost_bpf *bpf, const char *argument)
{
	struct pollfd fd = { .fd = ost_bpf_ring_fd(bpf), .events = POLLIN };

	puts(poll(&fd, 1, atoi(argument)) > 0 ? "ready" : "asleep");
}

static void run_drops(struct ost_bpf *bpf, const char *argument)
{
	struct ost_bpf_losses losses;
	int error = ost_bpf_drops_get(bpf, &losses);

	answer(error);
	if (!error)
		printf("ring_full=%llu untimed=%llu missed=%" PRIu64 " skipped=%" PRIu64 "\n",
		       losses.drops.ring_full, losses.drops.untimed, losses.missed,
		       losses.skipped);
}

static void run_status(struct ost_bpf *bpf, const char *argument)
{
	for (int i = 0; i < OST_BPF_CAPABILITIES; i++) {
		const struct ost_bpf_status *status = ost_bpf_status(bpf, i);

		printf("%s %s %s\n", status->name, status->have ? "have" : "missing",
		       status->reason);
	}
}

static void run_module(struct ost_bpf *bpf, const char *argument)
{
	puts(ost_bpf_module_changed(bpf) ? "have" : "missing");
}

static void run_release(struct ost_bpf *bpf, const char *argument)
{
	ost_bpf_module_release(bpf);
}

/* ---- the module, whose traps the probes pass on ---- */

static struct ost_kmod *kmod;

static void complain(const struct ost_error *err)
{
	if (err->code)
		printf("error %d %s\n", -err->code, err->text);
}

static void run_mode(struct ost_bpf *bpf, const char *argument)
{
	struct ost_kmod_instance_set set = { .fields = OST_KMOD_SET_MODE | OST_KMOD_SET_SKIP_MAX,
					     .skip_max = 100 };
	struct ost_error err = { 0 };
	unsigned int mode = 0;

	if (sscanf(argument, "%" SCNu64 " %u", &set.id, &mode) != 2) {
		answer(-EINVAL);
		return;
	}
	set.mode = mode;
	if (!kmod && !ost_kmod_open(&kmod, &err))
		ost_kmod_manager_set(kmod, 0, &err);
	if (kmod && !err.code)
		ost_kmod_instance_set(kmod, &set, &err);
	complain(&err);
}

static struct ost_park parked[64];
static unsigned int parks;

static void note_park(void *context, const struct ost_park *park)
{
	if (parks < sizeof(parked) / sizeof(parked[0]))
		parked[parks++] = *park;
}

static void run_verdict(struct ost_bpf *bpf, const char *argument)
{
	unsigned int verdict = 0, length = 0;
	struct ost_error err = { 0 };

	parks = 0;
	if (!kmod || sscanf(argument, "%u %u", &verdict, &length) != 2)
		answer(-EINVAL);
	else if (!ost_kmod_park_dump(kmod, 0, note_park, NULL, &err))
		for (unsigned int i = 0; i < parks; i++)
			ost_kmod_verdict(kmod, parked[i].event, parked[i].ip, verdict, length, &err);
	complain(&err);
}

static const struct command commands[] = {
	{ "attach", run_attach },     { "watch", run_watch },   { "unwatch", run_unwatch },
	{ "counters", run_counters }, { "each", run_each },	{ "sample", run_sample },
	{ "walk", run_walk },	      { "drain", run_drain },	{ "poll", run_poll },
	{ "drops", run_drops },	      { "status", run_status }, { "module", run_module },
	{ "release", run_release },   { "mode", run_mode },	{ "verdict", run_verdict },
};

static void obey(struct ost_bpf *bpf, const char *name, const char *argument)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name))
			continue;
		commands[i].run(bpf, argument);
		return;
	}
	printf("error %d no command %s\n", EINVAL, name);
}

static void parse(int argc, char **argv, struct ost_bpf_config *config)
{
	static const struct option options[] = {
		{ "pin", required_argument, NULL, 'p' },
		{ "btf", required_argument, NULL, 'b' },
		{ "instances", required_argument, NULL, 'i' },
		{ "ring", required_argument, NULL, 'r' },
		{ "stall-ns", required_argument, NULL, 's' },
		{ "debug", no_argument, NULL, 'd' },
		{ 0 },
	};
	int option;

	ost_bpf_config_default(config);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'p':
			config->pin_dir = optarg;
			break;
		case 'b':
			config->btf_path = optarg;
			break;
		case 'i':
			config->instances_max = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			config->ring_bytes = strtoul(optarg, NULL, 10);
			break;
		case 's':
			config->stall_ns = strtoull(optarg, NULL, 10);
			break;
		case 'd':
			ost_log_open("probectl", LOG_DEBUG);
			break;
		default:
			exit(2);
		}
	}
}

int main(int argc, char **argv)
{
	struct ost_bpf_config config;
	struct ost_error err = { 0 };
	struct ost_bpf *bpf;
	char line[4096];

	parse(argc, argv, &config);
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (ost_bpf_open(&bpf, &config, &err)) {
		printf("error %d %s\n.\n", -err.code, err.text);
		return 1;
	}
	puts("loaded\n.");
	while (fgets(line, sizeof(line), stdin)) {
		char *name = strtok(line, " \n"), *argument = name ? strtok(NULL, "\n") : NULL;

		if (!name)
			continue;
		if (!strcmp(name, "close")) {
			ost_bpf_close(bpf, argument && !strcmp(argument, "keep"));
			puts(".");
			return 0;
		}
		obey(bpf, name, argument ? argument : "");
		puts(".");
	}
	ost_bpf_close(bpf, true);
	return 0;
}
