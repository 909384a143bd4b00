// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crowd - many idle instances: makes the cgroups DIR/0 to DIR/COUNT-1, each with one sleeping process, prints
 * `ready`, and removes them all when its standard input ends.
 *
 *   crowd DIR COUNT
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "crowd: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void join(const char *dir)
{
	int at = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd = openat(at, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "0", 1) != 1)
		die(dir);
	close(fd);
	close(at);
}

static pid_t start(const char *dir)
{
	pid_t pid;

	if (mkdir(dir, 0755) && errno != EEXIST)
		die(dir);
	pid = fork();
	if (pid < 0)
		die("fork");
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		join(dir);
		for (;;)
			pause();
	}
	return pid;
}

int main(int argc, char **argv)
{
	int count = argc == 3 ? atoi(argv[2]) : 0;
	pid_t *pids = calloc(count + 1, sizeof(*pids));
	char dir[1024], byte;

	if (count <= 0 || !pids) {
		fprintf(stderr, "usage: crowd DIR COUNT\n");
		return 2;
	}
	for (int i = 0; i < count; i++) {
		snprintf(dir, sizeof(dir), "%s/%d", argv[1], i);
		pids[i] = start(dir);
	}
	puts("ready");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	for (int i = 0; i < count; i++)
		kill(pids[i], SIGKILL);
	for (int i = 0; i < count; i++) {
		waitpid(pids[i], NULL, 0);
		snprintf(dir, sizeof(dir), "%s/%d", argv[1], i);
		while (rmdir(dir) && errno == EBUSY)
			usleep(1000);
	}
	free(pids);
	return 0;
}
