// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long a command takes as a whole: from its start to its end, its output thrown away.
 *
 *	scanwarm ROUNDS COMMAND [ARGUMENT...]	prints, a line a round: microseconds
 *
 * The first run is not counted. A run that fails ends the measurement.
 */
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

extern char **environ;

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static int run(char **command, const posix_spawn_file_actions_t *quiet, int counts)
{
	double begun = now_us();
	int status = -1;
	pid_t pid;
	int ret = posix_spawn(&pid, command[0], quiet, NULL, command, environ);

	if (ret || waitpid(pid, &status, 0) != pid || status) {
		fprintf(stderr, "scanwarm: %s failed: %s, wait status %#x\n", command[0],
			ret ? strerror(ret) : "it ran", status);
		return -1;
	}
	if (counts)
		printf("%.0f\n", now_us() - begun);
	return 0;
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[1]) : 0;
	posix_spawn_file_actions_t quiet;

	if (rounds < 1) {
		fprintf(stderr, "usage: scanwarm ROUNDS COMMAND [ARGUMENT...]\n");
		return 2;
	}
	posix_spawn_file_actions_init(&quiet);
	posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
	/* a round more: the first one fetches files from the disk */
	for (int i = 0; i <= rounds; i++)
		if (run(argv + 2, &quiet, i))
			return 1;
	return 0;
}
