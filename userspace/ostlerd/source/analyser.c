// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's side: start it, hear it, end it. */
#include "ostlerd/source/analyser.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/pack.h"
#include "ostlerd/source/analyser_answer.h"

extern char **environ;

/* How long it may take altogether: at the lowest priority a busy host leaves it little; ms. */
#define WAIT_MS 1800000

/* How often it is asked whether to go on waiting, ms. */
#define LOOK_MS 200

static int spawn(char **argv, int root, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none, usual;
	int ret;

	sigemptyset(&none);
	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	/* the worker's mask blocks all */
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &usual);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, root, OST_ANALYSER_ROOT_FD);
	ret = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -ret;
}

/* Wait for more: 1, -ETIMEDOUT, -ECANCELED, -EINTR. */
static int wait_for_more(int fd, const struct ost_analyser *analyser, unsigned int *waited_ms)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};

	for (; *waited_ms < WAIT_MS; *waited_ms += LOOK_MS) {
		int n = poll(&wait, 1, LOOK_MS);

		if (n)
			return n < 0 ? -errno : 1;
		if (*analyser->stop)
			return -ECANCELED;
	}
	return -ETIMEDOUT;
}

/* All that it says until it ends: bytes, -EMSGSIZE, -ETIMEDOUT, -ECANCELED, another negative errno. */
static ssize_t hear(int fd, const struct ost_analyser *analyser, uint8_t **answer)
{
	size_t have = 0, room = 0;
	unsigned int waited_ms = 0;
	uint8_t *bytes = NULL;
	ssize_t n = -ENOMEM;

	for (;;) {
		if (have == room) {
			uint8_t *grown;

			room = room ? 2 * room : 65536;
			grown = room <= 2 * OST_ANALYSER_ANSWER_MAX ? realloc(bytes, room) : NULL;
			n = grown ? 0 : -EMSGSIZE;
			if (!grown)
				break;
			bytes = grown;
		}
		n = wait_for_more(fd, analyser, &waited_ms);
		if (n > 0) {
			n = read(fd, bytes + have, room - have);
			n = n < 0 ? -errno : n;
			if (!n)
				break;
		}
		if (n == -EINTR)
			continue;
		if (n < 0)
			break;
		have += n;
	}
	if (!n) {
		*answer = bytes;
		return have;
	}
	free(bytes);
	return n;
}

static int why_silent(int status, const struct ost_analyser *analyser, struct ost_error *err)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		return ost_error_set(err, -ETIME,
				     "took more than the %" PRIu64 " s of CPU time that it may take: "
				     "[analyse] cpu_s", analyser->cpu_s);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return ost_error_set(err, -EINTR, "was killed, perhaps for want of memory");
	if (WIFSIGNALED(status))
		return ost_error_set(err, -EBADMSG, "the program made its reader fail: %s",
				     strsignal(WTERMSIG(status)));
	return ost_error_set(err, -EBADMSG, "ended without an answer, exit status %d",
			     WEXITSTATUS(status));
}

static int take_answer(struct ost_analyser *analyser, size_t size, struct ost_error *err)
{
	struct ost_unpacker from;
	char text[sizeof(err->text)];
	uint32_t version, code;

	if (!ost_unpack_begin(&from, analyser->answer, size))
		return -EPROTO;
	version = ost_unpack_u32(&from);
	code = ost_unpack_u32(&from);
	ost_unpack_text(&from, text, sizeof(text));
	ost_unpack_text(&from, analyser->digest, sizeof(analyser->digest));
	analyser->closure_size = ost_unpack_u32(&from);
	analyser->closure = ost_unpack(&from, analyser->closure_size);
	analyser->needs_size = ost_unpack_u32(&from);
	analyser->needs = ost_unpack(&from, analyser->needs_size);
	if (from.failed || version != OST_ANALYSER_VERSION || code > 4095 || from.at != from.end)
		return -EPROTO;
	if (code)
		return ost_error_set(err, -(int)code, "%s", text);
	if (strlen(analyser->digest) != sizeof(analyser->digest) - 1)
		return -EPROTO;
	if (!analyser->closure_size || !analyser->needs_size)
		analyser->closure = analyser->needs = NULL;
	return 0;
}

/* Until it has ended; its answer is heard before. */
static int attend(struct ost_analyser *analyser, pid_t pid, int fd, struct ost_error *err)
{
	ssize_t size = hear(fd, analyser, &analyser->answer);
	int status = 0, ret;

	/* one that is too slow or says too much */
	if (size < 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (size < 0)
		return ost_error_set(err, size, "no answer: %s", strerror(-(int)size));
	ret = take_answer(analyser, size, err);
	return ret == -EPROTO ? why_silent(status, analyser, err) : ret;
}

int ost_analyser_run(struct ost_analyser *analyser, struct ost_error *err)
{
	char path[PATH_MAX], cpu[24], memory[24];
	char *argv[] = {"ostlerd", OST_ANALYSER_ARGUMENT, path, (char *)analyser->program,
			(char *)analyser->known, cpu, memory, NULL};
	_ost_close_ int root = openat(analyser->procfd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	_ost_close_ int in = -1, out = -1;
	ssize_t len = root < 0 ? -1 : readlinkat(analyser->procfd, "exe", path, sizeof(path) - 1);
	pid_t pid;
	int ends[2], ret;

	analyser->answer = NULL;
	analyser->closure = analyser->needs = NULL;
	if (len < 0)
		return ost_error_set(err, errno == ENOENT ? -ESRCH : -errno,
				     "the process can't be looked at: %s", strerror(errno));
	path[len] = '\0';
	snprintf(cpu, sizeof(cpu), "%" PRIu64, analyser->cpu_s);
	snprintf(memory, sizeof(memory), "%" PRIu64, analyser->memory);
	if (pipe2(ends, O_CLOEXEC))
		return ost_error_set(err, -errno, "no pipe: %s", strerror(errno));
	in = ends[0];
	out = ends[1];
	ret = spawn(argv, root, out, &pid);
	if (ret)
		return ost_error_set(err, ret, "no process for an analysis: %s", strerror(-ret));
	close(out);
	out = -1;
	return attend(analyser, pid, in, err);
}
