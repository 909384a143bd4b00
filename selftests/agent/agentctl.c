// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * agentctl: the manager's side of the agent protocol, for tests and measurements.
 *
 *	agentctl [-s SOCKET] [-t MS] [-n COUNT] [-d MS] [-T TID] [-f] [-w] PID OP
 *
 * Listens on SOCKET (default OST_AGENT_SOCKET), pokes PID until its agent dials, sends one request
 * and prints the reply as one line of key=value words.
 *
 *	OP	collect, trim, stat, bye; or bad input, to see it refused: short, long, magic,
 *		version, kind, size, reserved, op, timeout; die (hang up right after a collect
 *		request); silent (say nothing and wait for the agent to hang up)
 *	-t MS	the request's time-out (default 3000)
 *	-n N	do it N times, each with a poke of its own; only failures and the last reply are
 *		printed
 *	-d MS	how long the agent may take to dial (default 5000): a busy thread is seldom found
 *		blocked
 *	-T TID	poke this thread instead of the main one
 *	-f	poke in spite of a seccomp filter of the process's own
 *	-w	don't poke: something else makes the agent dial
 *
 * Exit status: 0 the reply's status is 0 (or the bad input was refused as documented); 1 another
 * status; 2 usage; 3 no agent to poke; 4 poking would be unsafe; 5 nobody dialled; 6 the agent
 * broke the protocol.
 */
#include "agent/protocol.h"
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* Time between two pokes that found the thread busy, in ms. */
#define POKE_INTERVAL_MS 2

/* How long the signal may be blocked before that is taken to be meant, in ms. */
#define BLOCKED_MS 3000

/* What an agent on a loaded machine may take beyond the times it is bound to, in ms. */
#define PATIENCE_MS 10000

enum { EXIT_STATUS = 1, EXIT_USAGE, EXIT_NO_AGENT, EXIT_UNSAFE, EXIT_NO_DIAL, EXIT_PROTOCOL };

struct options {
	const char *socket;
	const char *op;
	int pid, tid, timeout_ms, dial_ms, count;
	bool force, wait;
};

struct outcome {
	struct ost_agent_hello hello;
	struct ost_agent_reply reply;
	double dial_ms, op_ms;
	int pokes;
};

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1e3 + ts.tv_nsec / 1e6;
}

static bool status_field(int pid, const char *name, int base, unsigned long long *value)
{
	char path[64], line[256];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':') {
			*value = strtoull(line + strlen(name) + 1, NULL, base);
			found = true;
		}
	}
	if (file)
		fclose(file);
	return found;
}

static bool agent_mapped(int pid)
{
	char path[64], line[512];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = strstr(line, "libostler-agent.so");
	if (file)
		fclose(file);
	return found;
}

/* 0, or the exit status that says why this process must not be poked */
static int poke_check(const struct options *opt)
{
	const unsigned long long bit = 1ull << (OST_AGENT_SIGNAL - 1);
	unsigned long long caught, blocked = 0, seccomp = 0, filters = 0, own = 0;

	if (!status_field(opt->pid, "SigCgt", 16, &caught)) {
		fprintf(stderr, "agentctl: no process %d\n", opt->pid);
		return EXIT_NO_AGENT;
	}
	if (!(caught & bit) || !agent_mapped(opt->pid)) {
		fprintf(stderr, "agentctl: process %d %s\n", opt->pid,
			caught & bit
				? "catches signal 57 but has no libostler-agent.so mapped: the "
				  "handler is its own"
				: "doesn't catch signal 57: it has no agent");
		return EXIT_NO_AGENT;
	}
	/* programs that start others block all signals for a moment */
	for (double end = now_ms() + BLOCKED_MS; now_ms() < end; usleep(1000)) {
		status_field(opt->pid, "SigBlk", 16, &blocked);
		if (!(blocked & bit))
			break;
	}
	if (blocked & bit) {
		fprintf(stderr, "agentctl: process %d blocks signal 57\n", opt->pid);
		return EXIT_UNSAFE;
	}
	status_field(opt->pid, "Seccomp", 10, &seccomp);
	status_field(opt->pid, "Seccomp_filters", 10, &filters);
	status_field(getpid(), "Seccomp_filters", 10, &own);
	if (seccomp == 1 || (filters > own && !opt->force)) {
		fprintf(stderr,
			"agentctl: process %d has a seccomp filter of its own, which may forbid "
			"what the agent does (-f pokes all the same)\n",
			opt->pid);
		return EXIT_UNSAFE;
	}
	return 0;
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd;

	if (strlen(path) >= sizeof(addr.sun_path)) {
		fprintf(stderr, "agentctl: %s: longer than %zu bytes\n", path,
			sizeof(addr.sun_path) - 1);
		return -1;
	}
	strcpy(addr.sun_path, path);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 16) ||
	    chmod(path, 0666)) {
		fprintf(stderr, "agentctl: %s: %m\n", path);
		return -1;
	}
	return fd;
}

/* poke until the process dials; other processes' calls are hung up on */
static int wait_for_dial(const struct options *opt, int listener, struct outcome *out)
{
	double begin = now_ms();

	while (now_ms() - begin < opt->dial_ms) {
		struct pollfd pfd = {.fd = listener, .events = POLLIN};
		struct ucred peer;
		socklen_t len = sizeof(peer);
		int fd;

		if (!opt->wait && syscall(SYS_tgkill, opt->pid, opt->tid, OST_AGENT_SIGNAL)) {
			fprintf(stderr, "agentctl: poking %d: %m\n", opt->pid);
			return -1;
		}
		out->pokes++;
		if (poll(&pfd, 1, opt->wait ? 100 : POKE_INTERVAL_MS) <= 0)
			continue;
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd < 0)
			continue;
		if (!getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) && peer.pid == opt->pid) {
			out->dial_ms = now_ms() - begin;
			return fd;
		}
		close(fd);
	}
	return -1;
}

/* one packet of exactly @size bytes of that kind; -1 when it is another or none came in @ms */
static int receive(int fd, void *message, size_t size, int kind, int ms)
{
	const struct ost_agent_header *header = message;
	struct pollfd pfd = {.fd = fd, .events = POLLIN};

	if (poll(&pfd, 1, ms) <= 0)
		return -1;
	if (recv(fd, message, size, MSG_TRUNC) != (ssize_t)size)
		return -1;
	return header->magic == OST_AGENT_MAGIC && header->version == OST_AGENT_VERSION &&
			       header->kind == kind && header->size == size && !header->reserved
		       ? 0
		       : -1;
}

static const struct {
	const char *name;
	uint32_t op;
	int expect; /* status of the reply */
} ops[] = {
	{"collect", OST_AGENT_COLLECT, 0},
	{"trim", OST_AGENT_TRIM, 0},
	{"stat", OST_AGENT_STAT, 0},
	{"bye", OST_AGENT_BYE, 0},
	{"die", OST_AGENT_COLLECT, 0},
	{"silent", 0, 0},
	{"short", OST_AGENT_STAT, -EPROTO},
	{"long", OST_AGENT_STAT, -EPROTO},
	{"magic", OST_AGENT_STAT, -EPROTO},
	{"version", OST_AGENT_STAT, -EPROTO},
	{"kind", OST_AGENT_STAT, -EPROTO},
	{"size", OST_AGENT_STAT, -EPROTO},
	{"reserved", OST_AGENT_STAT, -EPROTO},
	{"op", 99, -EINVAL},
	{"timeout", OST_AGENT_STAT, -EINVAL},
};

static int op_index(const char *name)
{
	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
		if (!strcmp(ops[i].name, name))
			return i;
	return -1;
}

static bool send_request(int fd, const struct options *opt, uint64_t id)
{
	struct {
		struct ost_agent_request request;
		char excess[4096];
	} packet = {
		.request =
			{
				.header = {OST_AGENT_MAGIC, OST_AGENT_VERSION, OST_AGENT_REQUEST,
					   sizeof(struct ost_agent_request), 0},
				.id = id,
				.op = ops[op_index(opt->op)].op,
				.timeout_ms = opt->timeout_ms,
			},
	};
	struct ost_agent_header *header = &packet.request.header;
	size_t size = sizeof(packet.request);

	if (!strcmp(opt->op, "short"))
		size = 7;
	else if (!strcmp(opt->op, "long"))
		size = sizeof(packet);
	else if (!strcmp(opt->op, "magic"))
		header->magic ^= 1;
	else if (!strcmp(opt->op, "version"))
		header->version++;
	else if (!strcmp(opt->op, "kind"))
		header->kind = OST_AGENT_REPLY;
	else if (!strcmp(opt->op, "size"))
		header->size--;
	else if (!strcmp(opt->op, "reserved"))
		header->reserved = 1;
	else if (!strcmp(opt->op, "timeout"))
		packet.request.timeout_ms = OST_AGENT_TIMEOUT_MAX_MS + 1;
	return send(fd, &packet, size, MSG_NOSIGNAL) == (ssize_t)size;
}

/* true when the peer hangs up within @ms without saying anything more */
static bool hangs_up(int fd, int ms)
{
	struct pollfd pfd = {.fd = fd, .events = POLLIN};
	char byte;

	return poll(&pfd, 1, ms) == 1 && recv(fd, &byte, 1, 0) <= 0;
}

static int converse(int fd, const struct options *opt, uint64_t id, struct outcome *out)
{
	int index = op_index(opt->op), expect = ops[index].expect;
	double begin;

	if (receive(fd, &out->hello, sizeof(out->hello), OST_AGENT_HELLO, PATIENCE_MS))
		return EXIT_PROTOCOL;
	if (!strcmp(opt->op, "silent"))
		return hangs_up(fd, OST_AGENT_IDLE_S * 1000 + PATIENCE_MS) ? 0 : EXIT_PROTOCOL;
	begin = now_ms();
	if (!send_request(fd, opt, id))
		return EXIT_PROTOCOL;
	if (!strcmp(opt->op, "die"))
		return 0;
	if (!strcmp(opt->op, "bye"))
		return hangs_up(fd, PATIENCE_MS) ? 0 : EXIT_PROTOCOL;
	if (receive(fd, &out->reply, sizeof(out->reply), OST_AGENT_REPLY, opt->timeout_ms + PATIENCE_MS))
		return EXIT_PROTOCOL;
	out->op_ms = now_ms() - begin;
	if (expect == -EPROTO && !hangs_up(fd, PATIENCE_MS))
		return EXIT_PROTOCOL;
	if (expect != -EPROTO && out->reply.id != id)
		return EXIT_PROTOCOL;
	return out->reply.status == expect ? 0 : EXIT_STATUS;
}

static void print_bits(const char *label, uint32_t bits, const char *const *names, int count)
{
	const char *comma = "";

	printf(" %s=", label);
	for (int i = 0; i < count; i++) {
		if (bits & 1u << i) {
			printf("%s%s", comma, names[i]);
			comma = ",";
		}
	}
	if (!*comma)
		printf("-");
}

static void print_outcome(const struct options *opt, const struct outcome *out)
{
	static const char *const runtime[OST_RUNTIME_COUNT] = {
		"unknown", "native", "python", "node", "jvm", "ruby",
		"dotnet",  "php",    "mono",   "go",   "lua",
	};
	static const char *const allocator[OST_ALLOCATOR_COUNT] = {
		"unknown", "glibc", "musl", "jemalloc", "tcmalloc", "mimalloc", "static",
	};
	const struct ost_agent_reply *r = &out->reply;

	printf("pid=%d nspid=%d op=%s status=%d", opt->pid, out->hello.nspid, opt->op, r->status);
	print_bits("runtimes", out->hello.runtimes, runtime, OST_RUNTIME_COUNT);
	print_bits("allocators", out->hello.allocators, allocator, OST_ALLOCATOR_COUNT);
	printf(" attached=%u pokes=%d dial_ms=%.2f op_ms=%.2f",
	       out->hello.flags & OST_AGENT_ATTACHED, out->pokes, out->dial_ms, out->op_ms);
	printf(" wait_us=%llu collect_us=%llu trim_us=%llu", (unsigned long long)r->wait_us,
	       (unsigned long long)r->collect_us, (unsigned long long)r->trim_us);
	printf(" dropped=%llu collected=%llu heap=%llu free=%llu detail=\"%.*s\"\n",
	       (unsigned long long)r->dropped_bytes, (unsigned long long)r->collected,
	       (unsigned long long)r->heap_bytes, (unsigned long long)r->free_bytes,
	       (int)sizeof(r->detail), r->detail);
}

static int once(const struct options *opt, int listener, uint64_t id, bool quiet)
{
	struct outcome out = {0};
	int fd, ret;

	ret = opt->wait ? 0 : poke_check(opt);
	if (ret)
		return ret;
	fd = wait_for_dial(opt, listener, &out);
	if (fd < 0) {
		fprintf(stderr, "agentctl: process %d didn't dial within %d ms\n", opt->pid,
			opt->dial_ms);
		return EXIT_NO_DIAL;
	}
	ret = converse(fd, opt, id, &out);
	close(fd);
	if (ret == EXIT_PROTOCOL)
		fprintf(stderr, "agentctl: process %d: no valid answer to '%s'\n", opt->pid,
			opt->op);
	else if (ret || !quiet)
		print_outcome(opt, &out);
	return ret;
}

static int usage(void)
{
	fprintf(stderr, "usage: agentctl [-s SOCKET] [-t MS] [-n COUNT] [-d MS] [-T TID] [-f] [-w] "
			"PID OP\n");
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct options opt = {
		.socket = OST_AGENT_SOCKET, .timeout_ms = 3000, .dial_ms = 5000, .count = 1};
	int c, listener, ret = 0;

	while ((c = getopt(argc, argv, "s:t:n:d:T:fw")) != -1) {
		switch (c) {
		case 's':
			opt.socket = optarg;
			break;
		case 't':
			opt.timeout_ms = atoi(optarg);
			break;
		case 'n':
			opt.count = atoi(optarg);
			break;
		case 'd':
			opt.dial_ms = atoi(optarg);
			break;
		case 'T':
			opt.tid = atoi(optarg);
			break;
		case 'f':
			opt.force = true;
			break;
		case 'w':
			opt.wait = true;
			break;
		default:
			return usage();
		}
	}
	if (argc - optind != 2 || (opt.pid = atoi(argv[optind])) <= 0 ||
	    op_index(argv[optind + 1]) < 0)
		return usage();
	opt.op = argv[optind + 1];
	if (!opt.tid)
		opt.tid = opt.pid;
	listener = listen_at(opt.socket);
	if (listener < 0)
		return EXIT_PROTOCOL;
	for (int i = 0; i < opt.count && !ret; i++)
		ret = once(&opt, listener, i + 1, i + 1 < opt.count);
	unlink(opt.socket);
	return ret;
}
