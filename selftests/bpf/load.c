// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * load - does an exact number of the things that the probes count, to be run in an instance.
 *
 *   load ud2 N               N undefined instructions, each stepped over in its signal's handler
 *   load vex N               the same with VEX.128.0F A6, which no processor has
 *   load edge N              the same with the instruction at the end of readable memory
 *   load madvise N BYTES ADVICE   N calls, each for that many bytes of its own memory
 *   load cycle MB SECONDS    write to each page of MB, round after round;
 *                            prints `pages N seconds S cpu S`
 *   load spin MS             use that much CPU time
 *   load hold MB             touch MB, print `held`, wait for a signal
 *   load serve tcp|udp|tcp6 N BYTES    print `port P`, answer N messages of BYTES with 1 byte each
 *   load send tcp|udp|tcp6 PORT N BYTES    the other side: waits for each answer
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define UD2_LENGTH 2
#define VEX_LENGTH 4

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void *map(size_t bytes)
{
	void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		die("mmap");
	return memory;
}

/* ---- traps ---- */

static int length;

static void step_over(int sig, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += length;
}

static void catch_sigill(int instruction_length)
{
	struct sigaction action = { .sa_sigaction = step_over, .sa_flags = SA_SIGINFO };

	length = instruction_length;
	sigaction(SIGILL, &action, NULL);
}

static int do_ud2(char **argv)
{
	long n = atol(argv[0]);

	catch_sigill(UD2_LENGTH);
	for (long i = 0; i < n; i++)
		asm volatile("ud2");
	return 0;
}

static int do_vex(char **argv)
{
	long n = atol(argv[0]);

	catch_sigill(VEX_LENGTH);
	for (long i = 0; i < n; i++)
		asm volatile(".byte 0xc5, 0xf8, 0xa6, 0xc0");
	return 0;
}

static void leave(int sig, siginfo_t *info, void *context)
{
	greg_t *regs = ((ucontext_t *)context)->uc_mcontext.gregs;

	/* as if the call had returned */
	regs[REG_RIP] = *(greg_t *)regs[REG_RSP];
	regs[REG_RSP] += sizeof(greg_t);
}

static int do_edge(char **argv)
{
	struct sigaction action = { .sa_sigaction = leave, .sa_flags = SA_SIGINFO };
	long n = atol(argv[0]), page = sysconf(_SC_PAGESIZE);
	unsigned char *memory = map(2 * page);
	unsigned char *code = memory + page - UD2_LENGTH;

	sigaction(SIGILL, &action, NULL);
	code[0] = 0x0f;
	code[1] = 0x0b;
	if (mprotect(memory, page, PROT_READ | PROT_EXEC) || mprotect(memory + page, page, PROT_NONE))
		die("mprotect");
	for (long i = 0; i < n; i++)
		((void (*)(void))code)();
	return 0;
}

/* ---- memory ---- */

static int do_madvise(char **argv)
{
	long n = atol(argv[0]);
	size_t bytes = strtoul(argv[1], NULL, 10);
	char *memory = map(bytes);

	for (long i = 0; i < n; i++) {
		memset(memory, 1, bytes);
		if (madvise(memory, bytes, atoi(argv[2])))
			die("madvise");
	}
	return 0;
}

static double now(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return at.tv_sec + at.tv_nsec / 1e9;
}

static int do_cycle(char **argv)
{
	size_t bytes = strtoul(argv[0], NULL, 10) << 20, page = sysconf(_SC_PAGESIZE), at = 0;
	double from = now(CLOCK_MONOTONIC), took = 0, wanted = atof(argv[1]);
	volatile char *memory = map(bytes);
	unsigned long pages;

	for (pages = 0; took < wanted; pages++) {
		memory[at]++;
		at = (at + page) % bytes;
		if (pages % 64 == 0)
			took = now(CLOCK_MONOTONIC) - from;
	}
	printf("pages %lu seconds %.6f cpu %.6f\n", pages, took, now(CLOCK_PROCESS_CPUTIME_ID));
	return 0;
}

static int do_spin(char **argv)
{
	double seconds = atof(argv[0]) / 1000;

	while (now(CLOCK_PROCESS_CPUTIME_ID) < seconds)
		;
	return 0;
}

static int do_hold(char **argv)
{
	size_t bytes = strtoul(argv[0], NULL, 10) << 20;

	memset(map(bytes), 1, bytes);
	puts("held");
	fflush(stdout);
	pause();
	return 0;
}

/* ---- messages ---- */

static int open_socket(const char *kind, int port, struct sockaddr_storage *address,
		       socklen_t *size)
{
	struct sockaddr_in6 *a6 = (void *)address;
	struct sockaddr_in *a4 = (void *)address;
	int six = kind[strlen(kind) - 1] == '6', udp = !strncmp(kind, "udp", 3), one = 1, fd;

	memset(address, 0, sizeof(*address));
	if (six) {
		a6->sin6_family = AF_INET6;
		a6->sin6_addr = in6addr_loopback;
		a6->sin6_port = htons(port);
		*size = sizeof(*a6);
	} else {
		a4->sin_family = AF_INET;
		a4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a4->sin_port = htons(port);
		*size = sizeof(*a4);
	}
	fd = socket(address->ss_family, udp ? SOCK_DGRAM : SOCK_STREAM, 0);
	if (fd < 0)
		die("socket");
	if (!udp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return fd;
}

static void read_whole(int fd, char *buf, size_t bytes, struct sockaddr_storage *from,
		       socklen_t *size)
{
	size_t have = 0;

	while (have < bytes) {
		ssize_t n = recvfrom(fd, buf + have, bytes - have, 0, (void *)from, size);

		if (n <= 0)
			die("recv");
		have += n;
	}
}

static int do_serve(char **argv)
{
	int udp = !strncmp(argv[0], "udp", 3), fd, n = atoi(argv[1]), one = 1;
	size_t bytes = strtoul(argv[2], NULL, 10);
	struct sockaddr_storage address, peer;
	socklen_t size, peer_size;
	char *buf = map(bytes);

	fd = open_socket(argv[0], 0, &address, &size);
	if (bind(fd, (void *)&address, size) || (!udp && listen(fd, 1)) ||
	    getsockname(fd, (void *)&address, &size))
		die("bind");
	printf("port %d\n", ntohs(((struct sockaddr_in *)&address)->sin_port));
	fflush(stdout);
	if (!udp) {
		fd = accept(fd, NULL, NULL);
		if (fd < 0)
			die("accept");
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	}
	while (n--) {
		peer_size = sizeof(peer);
		read_whole(fd, buf, bytes, udp ? &peer : NULL, udp ? &peer_size : NULL);
		if (sendto(fd, "", 1, 0, udp ? (void *)&peer : NULL, udp ? peer_size : 0) != 1)
			die("send");
	}
	return 0;
}

static int do_send(char **argv)
{
	int fd, n = atoi(argv[2]);
	size_t bytes = strtoul(argv[3], NULL, 10);
	struct sockaddr_storage address;
	socklen_t size;
	char *buf = map(bytes), answer;

	fd = open_socket(argv[0], atoi(argv[1]), &address, &size);
	if (connect(fd, (void *)&address, size))
		die("connect");
	while (n--) {
		if (send(fd, buf, bytes, 0) != (ssize_t)bytes)
			die("send");
		read_whole(fd, &answer, 1, NULL, NULL);
	}
	return 0;
}

static const struct {
	const char *name;
	int arguments;
	int (*run)(char **argv);
} loads[] = {
	{ "ud2", 1, do_ud2 },
	{ "vex", 1, do_vex },
	{ "edge", 1, do_edge },
	{ "madvise", 3, do_madvise },
	{ "cycle", 2, do_cycle },
	{ "spin", 1, do_spin },
	{ "hold", 1, do_hold },
	{ "serve", 3, do_serve },
	{ "send", 4, do_send },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc > 1 && i < sizeof(loads) / sizeof(loads[0]); i++)
		if (!strcmp(loads[i].name, argv[1]) && loads[i].arguments == argc - 2)
			return loads[i].run(argv + 2);
	fprintf(stderr, "load: ud2 N | vex N | edge N | madvise N BYTES ADVICE | cycle MB SECONDS | "
			"spin MS | hold MB | serve KIND N BYTES | send KIND PORT N BYTES\n");
	return 2;
}
