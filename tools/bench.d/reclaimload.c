// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * reclaimload - a fixed amount of work that lives on reclaim, when run under a memory.high below its size.
 *
 *   reclaimload swap MB LAPS		write to each page of MB of its own memory, LAPS times
 *   reclaimload cache FILE LAPS	read FILE from its beginning to its end, LAPS times
 *
 * Prints `CPU_NS WALL_NS`, for a page. A lap before the first that counts fills the memory, so that
 * each page counted is paid for with one reclaimed. CPU time is the process's own: the pauses that memory.high adds
 * are no part of it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define PAGE 4096

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static double now(clockid_t clock)
{
	struct timespec at;

	clock_gettime(clock, &at);
	return at.tv_sec * 1e9 + at.tv_nsec;
}

static unsigned long lap_swap(volatile char *memory, unsigned long bytes)
{
	for (unsigned long at = 0; at < bytes; at += PAGE)
		memory[at]++;
	return bytes / PAGE;
}

static unsigned long lap_cache(int fd)
{
	static char buf[PAGE];
	unsigned long pages = 0;
	ssize_t n;

	if (lseek(fd, 0, SEEK_SET))
		die("lseek");
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		pages++;
	if (n < 0)
		die("read");
	return pages;
}

static unsigned long lap(volatile char *memory, unsigned long bytes, int fd)
{
	return memory ? lap_swap(memory, bytes) : lap_cache(fd);
}

int main(int argc, char **argv)
{
	unsigned long bytes = 0, laps, pages = 0;
	double cpu, wall;
	char *memory = NULL;
	int fd = -1;

	if (argc != 4 || (strcmp(argv[1], "swap") && strcmp(argv[1], "cache"))) {
		fprintf(stderr, "usage: reclaimload swap MB LAPS | cache FILE LAPS\n");
		return 2;
	}
	laps = strtoul(argv[3], NULL, 10);
	if (argv[1][0] == 's') {
		bytes = strtoul(argv[2], NULL, 10) << 20;
		memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		/* one page at a time, whatever the host's default is */
		if (memory == MAP_FAILED || madvise(memory, bytes, MADV_NOHUGEPAGE))
			die("memory");
	} else {
		fd = open(argv[2], O_RDONLY);
		if (fd < 0)
			die(argv[2]);
	}
	lap(memory, bytes, fd);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	wall = now(CLOCK_MONOTONIC);
	for (unsigned long i = 0; i < laps; i++)
		pages += lap(memory, bytes, fd);
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	wall = now(CLOCK_MONOTONIC) - wall;
	if (!pages) {
		fprintf(stderr, "reclaimload: no page was used: MB, LAPS and the file's size must be more than 0\n");
		return 1;
	}
	printf("%.2f %.2f\n", cpu / pages, wall / pages);
	return 0;
}
