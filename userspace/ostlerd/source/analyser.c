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
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/pack.h"
#include "lib/sha256.h"
#include "ostlerd/source/analyser_answer.h"

extern char **environ;

/* How long it may take altogether: a busy host leaves it little; ms. */
#define WAIT_MS 1800000

/* How often it is asked whether to go on waiting, ms. */
#define LOOK_MS 200

/* How long one that was killed is waited for: the kernel can't end one that waits for a disk; ms. */
#define END_MS 5000

/* One that had not ended by then. */
static _Atomic pid_t lingering;

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

void ost_analyser_key(const char *user, const char *program, const char *digest, char *key)
{
	char text[OST_SHA256_TEXT];
	struct ost_sha256 sha;

	ost_sha256_init(&sha);
	ost_sha256_add(&sha, user, strlen(user) + 1);
	ost_sha256_add(&sha, program, strlen(program) + 1);
	ost_sha256_add(&sha, digest, strlen(digest));
	ost_sha256_end_text(&sha, text);
	snprintf(key, sizeof(text), "%s", text);
}

/** struct files - what it is given */
struct files {
	int root, program, out;
};

static int spawn(char **argv, const struct files *files, pid_t *pid)
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
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
					      POSIX_SPAWN_SETPGROUP);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, files->out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, files->root, OST_ANALYSER_ROOT_FD);
	posix_spawn_file_actions_adddup2(&actions, files->program, OST_ANALYSER_PROGRAM_FD);
	ret = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -ret;
}

/** struct ear - what it is heard by */
struct ear {
	int fd;
	int64_t until_ms;	/* however little it says at a time */
	const _Atomic bool *stop;
};

/* Some of what it says: bytes, 0 at its end, -ETIMEDOUT, -ECANCELED, another negative errno. */
static ssize_t hear_some(const struct ear *ear, void *buf, size_t size)
{
	struct pollfd wait = {.fd = ear->fd, .events = POLLIN};

	for (;;) {
		int64_t left = ear->until_ms - now_ms();
		ssize_t n;

		if (*ear->stop)
			return -ECANCELED;
		if (left <= 0)
			return -ETIMEDOUT;
		n = poll(&wait, 1, left < LOOK_MS ? left : LOOK_MS);
		if (n > 0)
			n = read(ear->fd, buf, size);
		else if (!n)
			continue;
		if (n >= 0 || errno != EINTR)
			return n < 0 ? -errno : n;
	}
}

/* As many bytes as are wanted, fewer where it ended before. */
static ssize_t hear_whole(const struct ear *ear, void *buf, size_t size)
{
	size_t have = 0;

	while (have < size) {
		ssize_t n = hear_some(ear, (uint8_t *)buf + have, size - have);

		if (n < 0)
			return n;
		if (!n)
			break;
		have += n;
	}
	return have;
}

/* Its answer: bytes, 0 when it ended without one, -EMSGSIZE, what hear_some() fails with. */
static ssize_t hear(const struct ear *ear, uint8_t **answer)
{
	uint8_t *bytes;
	uint32_t size;
	ssize_t n = hear_whole(ear, &size, sizeof(size));

	if (n < (ssize_t)sizeof(size))
		return n < 0 ? n : 0;
	if (!size || size > OST_ANALYSER_ANSWER_MAX)
		return -EMSGSIZE;
	bytes = malloc(size);
	if (!bytes)
		return -ENOMEM;
	n = hear_whole(ear, bytes, size);
	if (n == size)
		*answer = bytes;
	else
		free(bytes);
	return n == size || n < 0 ? n : 0;
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
	char text[sizeof(err->text)], digest[sizeof(analyser->digest)];
	struct ost_unpacker from;
	uint32_t version, code;

	if (!ost_unpack_begin(&from, analyser->answer, size))
		return -EPROTO;
	version = ost_unpack_u32(&from);
	code = ost_unpack_u32(&from);
	ost_unpack_text(&from, text, sizeof(text));
	ost_unpack_text(&from, digest, sizeof(digest));
	analyser->closure_size = ost_unpack_u32(&from);
	analyser->closure = ost_unpack(&from, analyser->closure_size);
	analyser->needs_size = ost_unpack_u32(&from);
	analyser->needs = ost_unpack(&from, analyser->needs_size);
	if (from.failed || version != OST_ANALYSER_VERSION || code > 4095 || from.at != from.end)
		return -EPROTO;
	if (code)
		return ost_error_set(err, -(int)code, "%s", text);
	if (strlen(digest) != sizeof(digest) - 1)
		return -EPROTO;
	ost_analyser_key(analyser->user, analyser->program, digest, analyser->digest);
	if (!analyser->closure_size || !analyser->needs_size)
		analyser->closure = analyser->needs = NULL;
	return 0;
}

/*
 * It has said all that it has to say. One that is about to end ends with the status that it has; one
 * that isn't has no business any more, nor has what it started.
 */
static int end(pid_t pid, int *status)
{
	int64_t until_ms = now_ms() + END_MS;
	pid_t ended;

	kill(-pid, SIGKILL);
	while ((ended = waitpid(pid, status, WNOHANG)) != pid) {
		if (ended < 0 && errno != EINTR)
			return -errno;
		if (now_ms() >= until_ms)
			return -EBUSY;
		nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
	}
	return 0;
}

/* Until it has ended; its answer is heard before. */
static int attend(struct ost_analyser *analyser, pid_t pid, int fd, struct ost_error *err)
{
	const struct ear ear = {fd, now_ms() + WAIT_MS, analyser->stop};
	ssize_t size = hear(&ear, &analyser->answer);
	int status = 0, ret;

	if (end(pid, &status) == -EBUSY)
		lingering = pid;
	if (size < 0)
		return ost_error_set(err, size, "no answer: %s", strerror(-(int)size));
	ret = size ? take_answer(analyser, size, err) : -EPROTO;
	return ret == -EPROTO ? why_silent(status, analyser, err) : ret;
}

/* What it is called, as far as the host can see; what was replaced since has the name that it had. */
static int name_program(int procfd, int program, char *path, size_t size)
{
	static const char deleted[] = " (deleted)";
	ssize_t len = readlinkat(procfd, "exe", path, size - 1);
	struct stat st;

	if (len < 0)
		return -errno;
	path[len] = '\0';
	len -= sizeof(deleted) - 1;
	if (len > 0 && !strcmp(path + len, deleted) && !fstat(program, &st) && !st.st_nlink)
		path[len] = '\0';
	return 0;
}

/* Something of the process, above the numbers by which it is handed over. */
static int open_of(int procfd, const char *name, int flags)
{
	_ost_close_ int fd = openat(procfd, name, O_PATH | O_CLOEXEC | flags);
	int high = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, OST_ANALYSER_PROGRAM_FD + 1);

	return high < 0 ? -errno : high;
}

/* Its pid, or a negative errno. */
static pid_t start(const struct ost_analyser *analyser, int out, struct ost_error *err)
{
	char path[PATH_MAX], cpu[24], memory[24];
	char *argv[] = {
		"ostlerd", OST_ANALYSER_ARGUMENT,
		[2 + OST_ANALYSER_PATH] = path,
		[2 + OST_ANALYSER_ID] = (char *)analyser->program,
		[2 + OST_ANALYSER_USER] = (char *)analyser->user,
		[2 + OST_ANALYSER_KNOWN] = (char *)analyser->known,
		[2 + OST_ANALYSER_CPU] = cpu,
		[2 + OST_ANALYSER_MEMORY] = memory,
		[2 + OST_ANALYSER_ARGUMENTS] = NULL,
	};
	_ost_close_ int root = open_of(analyser->procfd, "root", O_DIRECTORY);
	_ost_close_ int program = root < 0 ? root : open_of(analyser->procfd, "exe", 0);
	struct files files = {root, program, out};
	pid_t pid;
	int ret = program < 0 ? program :
		  name_program(analyser->procfd, program, path, sizeof(path));

	if (ret)
		return ost_error_set(err, ret == -ENOENT ? -ESRCH : ret,
				     "the process can't be looked at: %s", strerror(-ret));
	snprintf(cpu, sizeof(cpu), "%" PRIu64, analyser->cpu_s);
	snprintf(memory, sizeof(memory), "%" PRIu64, analyser->memory);
	ret = spawn(argv, &files, &pid);
	return ret ? ost_error_set(err, ret, "no process for an analysis: %s", strerror(-ret)) : pid;
}

int ost_analyser_run(struct ost_analyser *analyser, struct ost_error *err)
{
	pid_t before = lingering, pid;
	_ost_close_ int in = -1;
	int ends[2];

	analyser->answer = NULL;
	analyser->closure = analyser->needs = NULL;
	if (before && !waitpid(before, NULL, WNOHANG))
		return ost_error_set(err, -EBUSY, "an earlier analysis still can't be ended");
	lingering = 0;
	if (pipe2(ends, O_CLOEXEC))
		return ost_error_set(err, -errno, "no pipe: %s", strerror(errno));
	in = ends[0];
	pid = start(analyser, ends[1], err);
	close(ends[1]);
	return pid < 0 ? pid : attend(analyser, pid, in, err);
}
