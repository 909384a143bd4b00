// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel module's netlink family by hand, through the daemon's own client.
 *
 *	info | set ID [mode=N] [park_ms=N] [skip_max=N] | del ID | get ID | list | parks [ID] | park EVENT
 *	set-many MODE			each ID that standard input has, a line each
 *	verdict EVENT IP retry|deliver|skip [LENGTH]
 *	manager GRACE_MS [VERDICT]	be the manager until a signal: print each notification, and give VERDICT to each park.
 *					SIGTERM closes the socket, SIGUSR1 gives up the role first
 *	raw COMMAND FLAGS [TYPE:BYTES:VALUE...]	send anything; prints what the module says
 *
 * One line each, key=value. Exit status 0, or 1 after printing the error as `error=ERRNO TEXT`.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ostlerd/source/kmod.h"
#include "ostlerd/source/kmod_attr.h"
#include "ostlerd/source/kmod_request.h"

static const char *const stat_names[OSTLER_STAT_MAX + 1] = {
	[OSTLER_STAT_TRAPS] = "traps",		 [OSTLER_STAT_ABORTS] = "aborts",
	[OSTLER_STAT_UNREADABLE] = "unreadable", [OSTLER_STAT_PARKS] = "parks",
	[OSTLER_STAT_RETRIES] = "retries",	 [OSTLER_STAT_DELIVERED] = "delivered",
	[OSTLER_STAT_SKIPS] = "skips",		 [OSTLER_STAT_TIMEOUTS] = "timeouts",
	[OSTLER_STAT_ORPHANS] = "orphans",	 [OSTLER_STAT_EXITS] = "exits",
	[OSTLER_STAT_FULL] = "full",		 [OSTLER_STAT_UNPARKABLE] = "unparkable",
	[OSTLER_STAT_LOST] = "lost",		 [OSTLER_STAT_RELEASED] = "released",
};

static const char *const verdict_names[OSTLER_VERDICT_MAX + 1] = {
	[OSTLER_VERDICT_RETRY] = "retry",
	[OSTLER_VERDICT_DELIVER] = "deliver",
	[OSTLER_VERDICT_SKIP] = "skip",
};

static struct ost_kmod *kmod;
static struct ost_error err;

static int fail(int ret)
{
	printf("error=%d %s\n", -ret, err.text);
	return 1;
}

static uint64_t number(const char *text)
{
	char *end;
	uint64_t value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || *end || end == text) {
		fprintf(stderr, "parkctl: '%s' is no number\n", text);
		exit(2);
	}
	return value;
}

static uint8_t verdict_of(const char *name)
{
	uint8_t verdict;

	for (verdict = 1; verdict <= OSTLER_VERDICT_MAX; verdict++) {
		if (!strcmp(name, verdict_names[verdict]))
			return verdict;
	}
	return number(name);
}

static void print_stats(const struct ost_kmod_stats *stats)
{
	int stat;

	for (stat = OSTLER_STAT_PAD + 1; stat <= OSTLER_STAT_MAX; stat++)
		printf(" %s=%" PRIu64, stat_names[stat], stats->count[stat]);
	printf("\n");
}

static void print_instance(void *context, const struct ost_kmod_instance *instance)
{
	printf("instance=%" PRIu64 " mode=%u park_ms=%u skip_max=%u parked=%u", instance->id,
	       instance->mode, instance->park_ms, instance->skip_max, instance->parked);
	print_stats(&instance->stats);
}

static void print_park(void *context, const struct ost_park *park)
{
	int i;

	printf("%sevent=%" PRIu64 " instance=%" PRIu64 " pid=%u tgid=%u ip=0x%" PRIx64
	       " state=%s class=%s age_ms=%u left_ms=%u retraps=%u comm=%s insn=",
	       context ? "park " : "", park->event, park->instance_id, park->pid, park->tgid,
	       park->ip, park->state == OSTLER_PARK_DECIDED ? "decided" : "waiting",
	       ost_kmod_class_name(park->insn_class), park->age_ms, park->left_ms, park->retraps,
	       park->comm);
	for (i = 0; i < park->insn_len; i++)
		printf("%02x", park->insn[i]);
	printf("\n");
}

/* ---- the manager ---- */

static volatile sig_atomic_t give_up, leave;
static uint8_t always;

static void on_signal(int sig)
{
	give_up = sig == SIGUSR1;
	leave = 1;
}

static void on_park(void *context, const struct ost_park *park)
{
	print_park("", park);
	if (always && ost_kmod_verdict(kmod, park->event, park->ip, always,
				       always == OSTLER_VERDICT_SKIP ? 4 : 0, &err))
		printf("refused event=%" PRIu64 " error=%d %s\n", park->event, -err.code, err.text);
}

static void on_end(void *context, const struct ost_park_end *end)
{
	printf("end event=%" PRIu64 " instance=%" PRIu64 " pid=%u end=%s\n", end->event,
	       end->instance_id, end->pid, ost_kmod_end_name(end->end));
}

static void on_lost(void *context)
{
	printf("lost\n");
}

static int manage(uint32_t grace_ms)
{
	static const struct ost_kmod_ops ops = { on_park, on_end, on_lost };
	struct sigaction action = { .sa_handler = on_signal };
	struct pollfd ready = { .fd = ost_kmod_fd(kmod), .events = POLLIN };
	int ret = ost_kmod_manager_set(kmod, grace_ms, &err);

	if (ret)
		return fail(ret);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGUSR1, &action, NULL);
	printf("manager\n");
	while (!leave) {
		if (poll(&ready, 1, -1) < 0)
			continue;
		ret = ost_kmod_read(kmod, &ops, NULL, &err);
		if (ret < 0)
			return fail(ret);
	}
	if (give_up) {
		ret = ost_kmod_manager_del(kmod, &err);
		if (ret)
			return fail(ret);
	}
	return 0;
}

/* ---- anything ---- */

static int put_raw(struct nl_msg *msg, const char *spec)
{
	unsigned int type, bytes;
	uint64_t value;

	if (sscanf(spec, "%u:%u:%" SCNi64, &type, &bytes, (int64_t *)&value) != 3 ||
	    bytes > sizeof(value)) {
		fprintf(stderr, "parkctl: '%s' is not TYPE:BYTES:VALUE\n", spec);
		exit(2);
	}
	return nla_put(msg, type, bytes, &value);
}

static int raw(int argc, char **argv)
{
	struct ost_kmod_request request = { .what = "raw" };
	struct nl_msg *msg = ost_kmod_message(kmod, number(argv[0]), number(argv[1]));
	int i, put = 0, ret;

	for (i = 2; i < argc; i++)
		put |= put_raw(msg, argv[i]);
	ret = ost_kmod_send(kmod, kmod->requests, msg, put, &request, &err);
	return ret ? fail(ret) : 0;
}

/* ---- verbs ---- */

static int set(int argc, char **argv)
{
	struct ost_kmod_instance_set change = { .id = number(argv[0]) };
	int i, ret;

	for (i = 1; i < argc; i++) {
		if (!strncmp(argv[i], "mode=", 5)) {
			change.fields |= OST_KMOD_SET_MODE;
			change.mode = number(argv[i] + 5);
		} else if (!strncmp(argv[i], "park_ms=", 8)) {
			change.fields |= OST_KMOD_SET_PARK_MS;
			change.park_ms = number(argv[i] + 8);
		} else if (!strncmp(argv[i], "skip_max=", 9)) {
			change.fields |= OST_KMOD_SET_SKIP_MAX;
			change.skip_max = number(argv[i] + 9);
		} else {
			fprintf(stderr, "parkctl: '%s' can't be set\n", argv[i]);
			exit(2);
		}
	}
	ret = ost_kmod_instance_set(kmod, &change, &err);
	return ret ? fail(ret) : 0;
}

static int set_many(uint8_t mode)
{
	struct ost_kmod_instance_set change = { .fields = OST_KMOD_SET_MODE, .mode = mode };
	int ret;

	while (scanf("%" SCNu64, &change.id) == 1) {
		ret = ost_kmod_instance_set(kmod, &change, &err);
		if (ret)
			return fail(ret);
	}
	return 0;
}

static int info(void)
{
	struct ost_kmod_info about;
	int ret = ost_kmod_info_get(kmod, &about, &err);

	if (ret)
		return fail(ret);
	printf("abi=%u manager_port=%u grace_ms=%u in_grace=%d grace_left_ms=%u park_max=%u parked=%u "
	       "instances=%u",
	       about.abi, about.manager_port, about.grace_ms, about.in_grace, about.grace_left_ms,
	       about.park_max, about.parked, about.instances);
	print_stats(&about.stats);
	return 0;
}

static int get(uint64_t id)
{
	struct ost_kmod_instance instance;
	int ret = ost_kmod_instance_get(kmod, id, &instance, &err);

	if (ret)
		return fail(ret);
	print_instance(NULL, &instance);
	return 0;
}

static int park(uint64_t event)
{
	struct ost_park one;
	int ret = ost_kmod_park_get(kmod, event, &one, &err);

	if (ret)
		return fail(ret);
	print_park(NULL, &one);
	return 0;
}

static int run(const char *verb, int argc, char **argv)
{
	int ret = -EINVAL;

	if (!strcmp(verb, "info") && argc == 0)
		return info();
	if (!strcmp(verb, "set") && argc >= 1)
		return set(argc, argv);
	if (!strcmp(verb, "set-many") && argc == 1)
		return set_many(number(argv[0]));
	if (!strcmp(verb, "get") && argc == 1)
		return get(number(argv[0]));
	if (!strcmp(verb, "park") && argc == 1)
		return park(number(argv[0]));
	if (!strcmp(verb, "raw") && argc >= 2)
		return raw(argc, argv);
	if (!strcmp(verb, "manager") && (argc == 1 || argc == 2)) {
		always = argc == 2 ? verdict_of(argv[1]) : 0;
		return manage(number(argv[0]));
	}
	if (!strcmp(verb, "del") && argc == 1)
		ret = ost_kmod_instance_del(kmod, number(argv[0]), &err);
	else if (!strcmp(verb, "list") && argc == 0)
		ret = ost_kmod_instance_dump(kmod, print_instance, NULL, &err);
	else if (!strcmp(verb, "parks") && argc <= 1)
		ret = ost_kmod_park_dump(kmod, argc ? number(argv[0]) : 0, print_park, NULL, &err);
	else if (!strcmp(verb, "verdict") && (argc == 3 || argc == 4))
		ret = ost_kmod_verdict(kmod, number(argv[0]), number(argv[1]), verdict_of(argv[2]),
				       argc == 4 ? number(argv[3]) : 0, &err);
	else
		fprintf(stderr, "parkctl: no such verb, or not its arguments: %s\n", verb), exit(2);
	return ret ? fail(ret) : 0;
}

int main(int argc, char **argv)
{
	int ret;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2) {
		fprintf(stderr, "usage: parkctl VERB [ARGUMENT...]\n");
		return 2;
	}
	ret = ost_kmod_open(&kmod, &err);
	if (ret)
		return fail(ret);
	ret = run(argv[1], argc - 2, argv + 2);
	ost_kmod_close(kmod);
	return ret;
}
