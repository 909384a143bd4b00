// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * doorctl: the daemon's doors and its recognition of processes, by hand.
 *
 *	doorctl show PID		what was recognised
 *	doorctl collect [OPTION]... PID	through the door that fits, or the one named
 *	doorctl memory CGROUP		memory by kind
 *	doorctl lift|restore|thaw|refreeze CGROUP
 *
 *	-d NAME		agent, jvm-attach, dotnet, pageout, kernel-reclaim: even if it doesn't fit
 *	-t MS		deadline (default 5000)
 *	-c CGROUP	the instance's directory
 *	-b BYTES	amount for the kernel's doors
 *	-s SOCKET	listen for collectors there
 *	-a LIBRARY	libostler-agent.so to load into JVMs
 *	-n ASSEMBLY	.NET startup hook
 *	-k		page cache and page-out are allowed
 *	-w		say "ready" once the process is held, collect after a line of input
 *
 * Prints lines of key=value. Exit status: 0 done; 1 an error, in words on standard error; 2 usage;
 * 3 no door fits; for collect 10 + enum ost_door_status otherwise (11 busy, 12 refused, 13 timed
 * out, 14 gone, 15 failed).
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ostlerd/action/cpu_quota.h"
#include "ostlerd/action/deadline.h"
#include "ostlerd/action/door.h"
#include "ostlerd/action/door_agent.h"
#include "ostlerd/action/freezer.h"
#include "ostlerd/source/memory.h"
#include "ostlerd/source/process.h"

enum { EXIT_ERROR = 1, EXIT_USAGE, EXIT_NO_DOOR, EXIT_DOOR = 10 };

struct options {
	struct ost_door_config config;
	struct ost_door_request request;
	const char *door;
	const char *socket;
	int timeout_ms;
	bool wait;
};

static int complain(const struct ost_error *err)
{
	fprintf(stderr, "doorctl: %s\n", err->text);
	return EXIT_ERROR;
}

static int show(pid_t pid)
{
	struct ost_process p = OST_PROCESS_NONE;
	struct ost_error err = { 0 };
	uint64_t begun = ost_deadline_now();

	if (ost_process_open(pid, &p, &err))
		return complain(&err);
	printf("took_us=%llu\n", (unsigned long long)(ost_deadline_now() - begun) / 1000);
	printf("pid=%d\nnspid=%d\ncomm=%s\neuid=%u\negid=%u\n", p.pid, p.nspid, p.comm, p.euid,
	       p.egid);
	printf("starttime=%llu\nsigcgt=%llx\nseccomp_filters=%u\n", (unsigned long long)p.starttime,
	       (unsigned long long)p.sigcgt, p.seccomp_filters);
	printf("runtime=%s\nallocator=%s\njvm_gc=%s\njvm_attach=%d\n", ost_runtime_name(p.runtime),
	       ost_allocator_name(p.allocator), ost_jvm_gc_name(p.jvm_gc), p.jvm_attach);
	printf("agent_loaded=%d\nstatic_exe=%d\ncontained=%d\nsandboxed=%d\n", p.agent_loaded,
	       p.static_exe, p.contained, p.sandboxed);
	ost_process_close(&p);
	return 0;
}

/* What the daemon's loop does: accept, and offer to who waits. */
struct acceptor {
	struct ost_agent_broker *broker;
	int fd;
};

static void *accept_all(void *arg)
{
	struct acceptor *a = arg;

	for (;;) {
		int fd;

		if (ost_deadline_wait(a->fd, POLLIN, -1, UINT64_MAX))
			return NULL;
		fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			ost_agent_broker_offer(a->broker, fd);
	}
}

static int start_broker(struct options *opt, struct ost_error *err)
{
	static struct acceptor acceptor;
	pthread_t thread;
	int r;

	if (!opt->socket)
		return 0;
	r = ost_agent_broker_new(&opt->config.broker, err);
	if (r)
		return r;
	acceptor.broker = opt->config.broker;
	acceptor.fd = ost_agent_listen(opt->socket, err);
	if (acceptor.fd < 0)
		return acceptor.fd;
	opt->config.agent_socket = opt->socket;
	r = pthread_create(&thread, NULL, accept_all, &acceptor);
	return r ? ost_error_set(err, -r, "no thread") : 0;
}

static void print_result(const struct ost_door_ops *door, const struct ost_door_result *res,
			 uint64_t before, uint64_t after)
{
	printf("door=%s\nstatus=%s\nruntime=%s\njvm_gc=%s\n", door->name,
	       ost_door_status_text(res->status), ost_runtime_name(res->runtime),
	       ost_jvm_gc_name(res->jvm_gc));
	printf("wait_us=%llu\ncollect_us=%llu\ntrim_us=%llu\ndropped_bytes=%llu\n",
	       (unsigned long long)res->wait_us, (unsigned long long)res->collect_us,
	       (unsigned long long)res->trim_us, (unsigned long long)res->dropped_bytes);
	printf("anon_before=%llu\nanon_after=%llu\n", (unsigned long long)before,
	       (unsigned long long)after);
	printf("detail=%s\n", res->detail);
}

static const struct ost_door_ops *choose(const struct options *opt, const struct ost_process *p)
{
	const struct ost_door_ops *door;
	char why_not[200] = "";

	if (opt->door) {
		door = ost_door_find(opt->door);
		if (!door)
			fprintf(stderr, "doorctl: no door is called %s\n", opt->door);
		return door;
	}
	door = ost_door_choose(p, &opt->config, why_not, sizeof(why_not));
	if (!door)
		fprintf(stderr, "doorctl: no door: %s\n", why_not);
	return door;
}

static int collect_one(struct options *opt, const struct ost_process *p)
{
	const struct ost_door_ops *door = choose(opt, p);
	uint64_t before = 0, after = 0, begun;
	struct ost_error err = { 0 };
	struct ost_door_result res;
	int r;

	if (!door)
		return EXIT_NO_DOOR;
	if (opt->wait) {
		puts("ready");
		fflush(stdout);
		if (getchar() == EOF)
			return EXIT_ERROR;
	}
	opt->request.config = &opt->config;
	begun = ost_deadline_now();
	opt->request.deadline_ns = begun + opt->timeout_ms * 1000000ull;
	ost_process_anon(p, &before);
	r = ost_door_run(door, p, &opt->request, &res, &err);
	printf("took_ms=%llu\n", (unsigned long long)(ost_deadline_now() - begun) / 1000000);
	ost_process_anon(p, &after);
	print_result(door, &res, before, after);
	if (!r)
		return 0;
	complain(&err);
	return EXIT_DOOR + res.status;
}

static int collect(struct options *opt, pid_t pid)
{
	struct ost_process p = OST_PROCESS_NONE;
	struct ost_error err = { 0 };
	int status;

	if (start_broker(opt, &err) || ost_process_open(pid, &p, &err))
		return complain(&err);
	status = collect_one(opt, &p);
	ost_process_close(&p);
	if (opt->socket)
		unlink(opt->socket);
	return status;
}

static int open_cgroup(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		fprintf(stderr, "doorctl: %s: %s\n", path, strerror(errno));
	return fd;
}

static void print_memory(const struct ost_memory *m)
{
	const struct {
		const char *name;
		uint64_t bytes;
	} kinds[] = {
		{ "current", m->current }, { "swap", m->swap }, { "anon", m->anon },
		{ "file", m->file }, { "shmem", m->shmem }, { "kernel", m->kernel },
		{ "slab", m->slab }, { "sock", m->sock },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		printf("%s=%llu\n", kinds[i].name, (unsigned long long)kinds[i].bytes);
}

static int memory(const char *path)
{
	struct ost_error err = { 0 };
	struct ost_memory m;
	int fd = open_cgroup(path);

	if (fd < 0)
		return EXIT_ERROR;
	if (ost_memory_read(fd, &m, &err))
		return complain(&err);
	print_memory(&m);
	return 0;
}

static int on_cgroup(const char *verb, const char *path)
{
	struct ost_error err = { 0 };
	int fd = open_cgroup(path), r;

	if (fd < 0)
		return EXIT_ERROR;
	if (!strcmp(verb, "lift"))
		r = ost_cpu_quota_lift(fd, &err);
	else if (!strcmp(verb, "restore"))
		r = ost_cpu_quota_restore(fd, &err);
	else if (!strcmp(verb, "thaw"))
		r = ost_freezer_thaw(fd, ost_deadline_now() + 2000000000ull, &err);
	else
		r = ost_freezer_restore(fd, &err);
	if (r < 0)
		return complain(&err);
	printf("%s=%d\n", verb, r);
	return 0;
}

static int usage(void)
{
	fputs("usage: doorctl show PID\n"
	      "       doorctl collect [-kw] [-d DOOR] [-t MS] [-c CGROUP] [-b BYTES] [-s SOCKET]\n"
	      "                       [-a LIBRARY] [-n ASSEMBLY] PID\n"
	      "       doorctl memory|lift|restore|thaw|refreeze CGROUP\n", stderr);
	return EXIT_USAGE;
}

static bool parse(struct options *opt, int argc, char **argv)
{
	for (int c; (c = getopt(argc, argv, "+kwd:t:c:b:s:a:n:")) != -1;) {
		switch (c) {
		case 'k': opt->config.page_cache = opt->config.page_out = true; break;
		case 'w': opt->wait = true; break;
		case 'd': opt->door = optarg; break;
		case 't': opt->timeout_ms = atoi(optarg); break;
		case 'c': opt->request.cgroup_fd = open_cgroup(optarg); break;
		case 'b': opt->request.reclaim_bytes = strtoull(optarg, NULL, 0); break;
		case 's': opt->socket = optarg; break;
		case 'a': opt->config.agent_library = optarg; break;
		case 'n': opt->config.dotnet_hook = optarg; break;
		default: return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	struct options opt = { .request.cgroup_fd = -1, .timeout_ms = 5000 };
	const char *verb = argc > 2 ? argv[1] : "";

	if (!strcmp(verb, "show") && argc == 3)
		return show(atoi(argv[2]));
	if (!strcmp(verb, "collect") && parse(&opt, --argc, ++argv) && optind == argc - 1)
		return collect(&opt, atoi(argv[optind]));
	if (argc == 3 && !strcmp(verb, "memory"))
		return memory(argv[2]);
	if (argc == 3 && (!strcmp(verb, "lift") || !strcmp(verb, "restore") ||
			  !strcmp(verb, "thaw") || !strcmp(verb, "refreeze")))
		return on_cgroup(verb, argv[2]);
	return usage();
}
