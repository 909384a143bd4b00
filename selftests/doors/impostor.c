// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * impostor: a process that looks like a runtime and misbehaves.
 *
 *	impostor FOLDER jvm MODE	endless garbage silent hangup vanish deaf fifo link ok
 *	impostor FOLDER dotnet MODE	ok error endless garbage silent vanish
 *	impostor FOLDER agent MODE SOCKET
 *				endless short version id silent hangup lies busy deaf vanish
 *
 * FOLDER gets a file with the name of the runtime's shared object, which is mapped; that is how a
 * runtime is recognised. Prints "ready" when it may be asked, and what it was asked. Ends with
 * its standard input.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/protocol.h"

static const char *mode;
static char made[4][128];	/* files to remove */
static volatile sig_atomic_t signalled;

static bool is(const char *name)
{
	return !strcmp(mode, name);
}

static void clean(void)
{
	for (int i = 3; i >= 0; i--)
		if (made[i][0] && remove(made[i]))
			fprintf(stderr, "impostor: %s: %m\n", made[i]);
}

static void die(const char *what)
{
	fprintf(stderr, "impostor: %s: %m\n", what);
	clean();
	exit(1);
}

static void map_object(const char *folder, const char *name)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, 4096) ||
	    mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		die(path);
	close(fd);
}

static void on_signal(int signal)
{
	signalled = signal;
}

static void catch_signal(int signal)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	sigaction(signal, &action, NULL);
}

static int listen_at(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof(addr.sun_path))
		die(path);
	strcpy(addr.sun_path, path);
	unlink(path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 4))
		die(path);
	return fd;
}

/* Performance data with one entry, which says that the JVM can be attached to. */
static void write_hsperf(void)
{
	static const char name[] = "sun.rt.jvmCapabilities", value[] = "1100";
	struct {
		uint8_t magic[4], order, major, minor, accessible;
		int32_t used, overflow;
		int64_t stamp;
		int32_t first, count, len, name_off, vector;
		uint8_t type, flags, units, variability;
		int32_t data_off;
		char name[24], value[8];
	} __attribute__((packed)) file = {
		.magic = { 0xca, 0xfe, 0xc0, 0xc0 }, .order = 1, .major = 2, .accessible = 1,
		.first = 32, .count = 1, .len = 52, .name_off = 20, .vector = 8, .type = 'B',
		.data_off = 44,
	};
	int fd;

	memcpy(file.name, name, sizeof(name));
	memcpy(file.value, value, sizeof(value));
	snprintf(made[0], sizeof(made[0]), "/tmp/hsperfdata_impostor%d", getpid());
	mkdir(made[0], 0755);
	snprintf(made[1], sizeof(made[1]), "/tmp/hsperfdata_impostor%d/%d", getpid(),
		 getpid());
	fd = open(made[1], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, &file, sizeof(file)) != sizeof(file))
		die(made[1]);
	close(fd);
}

static void send_endlessly(int fd)
{
	char block[4096];

	memset(block, '0', sizeof(block));
	while (send(fd, block, sizeof(block), MSG_NOSIGNAL) > 0)
		;
}

static void say(const char *text)
{
	puts(text);
	fflush(stdout);
}

/* Wait for the end of input, or for a connection; -1 at the end of input. */
static int next_connection(int listener)
{
	for (;;) {
		struct pollfd fds[] = {
			{ .fd = 0, .events = POLLIN },
			{ .fd = listener, .events = POLLIN },
		};
		char ignored[16];

		if (poll(fds, 2, -1) < 0)
			continue;
		if (fds[0].revents && read(0, ignored, sizeof(ignored)) <= 0)
			return -1;
		if (fds[1].revents)
			return accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	}
}

static int run_jvm(void)
{
	char command[5000];
	int listener = -1, fd;

	write_hsperf();
	catch_signal(SIGQUIT);
	snprintf(made[2], sizeof(made[2]), "/tmp/.java_pid%d", getpid());
	if (is("fifo")) {
		mkfifo(made[2], 0600);
	} else if (is("link")) {
		snprintf(made[3], sizeof(made[3]), "/tmp/impostor-%d.sock", getpid());
		listener = listen_at(made[3]);
		if (symlink(made[3], made[2]))
			die(made[2]);
	} else if (is("deaf")) {
		made[2][0] = '\0';
	} else {
		listener = listen_at(made[2]);
	}
	say("ready");
	while ((fd = next_connection(listener)) >= 0) {
		ssize_t n = read(fd, command, sizeof(command));

		if (n > 2)
			say(command + 2);
		if (is("vanish")) {
			clean();
			_exit(0);
		}
		if (is("endless"))
			send_endlessly(fd);
		if (is("garbage") && send(fd, "no code\n", 8, MSG_NOSIGNAL) != 8)
			die("send");
		if ((is("ok") || is("link")) && send(fd, "0\nfine\n", 7, MSG_NOSIGNAL) != 7)
			die("send");
		if (!is("silent"))
			close(fd);
	}
	return 0;
}

static unsigned long long start_time(void)
{
	char text[1024] = "";
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	char *p;

	if (read(fd, text, sizeof(text) - 1) <= 0)
		die("/proc/self/stat");
	close(fd);
	p = strrchr(text, ')') + 1;
	for (int field = 3; field <= 22; field++)
		p = strchr(p, ' ') + 1;
	return strtoull(p, NULL, 10);
}

/* Print the assembly that is to be loaded. */
static void tell_hook(const uint8_t *request, ssize_t n)
{
	char path[300];
	size_t len = 0;

	if (n < 24 || memcmp(request, "DOTNET_IPC_V1", 14) || request[16] != 4 ||
	    request[17] != 7 || (request[14] | request[15] << 8) != n) {
		say("not a request");
		return;
	}
	for (ssize_t at = 24; at + 1 < n && len < sizeof(path) - 1; at += 2)
		path[len++] = request[at];
	path[len] = '\0';
	say(path);
}

static int run_dotnet(void)
{
	uint8_t reply[24] = "DOTNET_IPC_V1", request[2048];
	size_t len = is("error") ? 24 : 20;
	int listener, fd;

	reply[14] = len;
	reply[16] = 0xff;
	reply[17] = is("error") ? 0xff : 0;
	memcpy(reply + 20, "\x84\x13\x13\x80", 4);
	/* another start time than ours, or the runtime's own way to name it */
	snprintf(made[0], sizeof(made[0]), "/tmp/dotnet-diagnostic-%d-%llu-socket", getpid(),
		 start_time() + (is("error") ? 1 : 0));
	listener = listen_at(made[0]);
	say("ready");
	while ((fd = next_connection(listener)) >= 0) {
		tell_hook(request, read(fd, request, sizeof(request)));
		if (is("vanish")) {
			clean();
			_exit(0);
		}
		if (is("endless"))
			send_endlessly(fd);
		if (is("garbage"))
			reply[0] = 'X';
		if (!is("silent") && send(fd, reply, len, MSG_NOSIGNAL) != (ssize_t)len)
			perror("impostor: send");
		if (!is("silent"))
			close(fd);
	}
	return 0;
}

static struct ost_agent_header header_of(enum ost_agent_kind kind, uint32_t size)
{
	return (struct ost_agent_header){ OST_AGENT_MAGIC, OST_AGENT_VERSION, kind, size, 0 };
}

static void answer(int fd)
{
	struct ost_agent_reply reply = { .header = header_of(OST_AGENT_REPLY, sizeof(reply)) };
	struct ost_agent_request request;

	if (recv(fd, &request, sizeof(request), 0) != sizeof(request))
		return;
	if (is("vanish"))
		_exit(0);
	reply.id = request.id + is("id");
	if (is("lies")) {
		reply.runtimes = UINT32_MAX;
		reply.wait_us = reply.collect_us = reply.trim_us = reply.dropped_bytes = UINT64_MAX;
		memset(reply.detail, '\033', sizeof(reply.detail));
	}
	if (!is("silent"))
		send(fd, &reply, sizeof(reply), MSG_NOSIGNAL);
}

static void serve_agent(const char *path)
{
	struct ost_agent_hello hello = { .header = header_of(OST_AGENT_HELLO, sizeof(hello)) };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char ignored[256];

	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	if (fd < 0)
		die("socket");
	if (connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		say("nobody listens");
		close(fd);
		return;
	}
	say("dialled");
	hello.header.version += is("version");
	while (is("endless") && send(fd, ignored, sizeof(ignored), MSG_NOSIGNAL) > 0)
		;
	if (!is("hangup"))
		send(fd, &hello, sizeof(hello) - is("short"), MSG_NOSIGNAL);
	if (!is("hangup"))
		answer(fd);
	if (is("silent"))
		while (recv(fd, ignored, sizeof(ignored), 0) > 0)
			;
	close(fd);
}

static int run_agent(const char *path)
{
	catch_signal(OST_AGENT_SIGNAL);
	say("ready");
	for (;;) {
		struct pollfd input = { .fd = 0, .events = POLLIN };

		if (poll(&input, 1, is("busy") ? 0 : -1) > 0)
			return 0;
		if (signalled && !is("busy") && !is("deaf")) {
			signalled = 0;
			serve_agent(path);
		}
	}
}

int main(int argc, char **argv)
{
	int status;

	if (argc < 4) {
		fprintf(stderr, "usage: impostor FOLDER jvm|dotnet|agent MODE [SOCKET]\n");
		return 2;
	}
	mode = argv[3];
	signal(SIGPIPE, SIG_IGN);
	map_object(argv[1], !strcmp(argv[2], "jvm") ? "libjvm.so" :
		   !strcmp(argv[2], "dotnet") ? "libcoreclr.so" : "libostler-agent.so");
	if (!strcmp(argv[2], "jvm"))
		status = run_jvm();
	else if (!strcmp(argv[2], "dotnet"))
		status = run_dotnet();
	else
		status = run_agent(argc > 4 ? argv[4] : "");
	clean();
	return status;
}
