// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/program/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "isa/program/archive_folder.h"
#include "isa/program/archive_library.h"
#include "isa/program/archive_walk.h"
#include "lib/cleanup.h"

/* Memory that unpacking may use besides what the process had before, bytes: the largest window of xz's
 * and zstd's presets is 128 MiB. */
#define MEMORY_MAX (1ull << 30)

/* What the child has to tell on its own that its time is over before it is ended, milliseconds. */
#define GRACE_MS 2000

#define FOLDER_PREFIX "ostler-scan."

#define CHILD_FILES_MAX 64	/* descriptors of the child */

/* What the child says at its end. */
struct report {
	int ret;
	struct ost_archive_stats stats;
	struct ost_error err;
};

int ost_archive_is(const char *path)
{
	_ost_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	uint8_t head[512];
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	n = pread(fd, head, sizeof(head), 0);
	return n < 0 ? -errno : ost_archive_magic(head, n);
}

static void limit(int resource, rlim_t most)
{
	struct rlimit now;

	if (getrlimit(resource, &now))
		return;
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < most)
		most = now.rlim_max;
	now.rlim_cur = now.rlim_max = most;
	setrlimit(resource, &now);
}

#ifndef __SANITIZE_ADDRESS__
/* Address space in use, bytes; 0 when that can't be read. */
static uint64_t memory_now(void)
{
	FILE *file = fopen("/proc/self/statm", "re");
	unsigned long long pages = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%llu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages * sysconf(_SC_PAGESIZE);
}
#endif

/* @keep: descriptors in rising order, besides the standard ones */
static void close_others(const int *keep, size_t count)
{
	unsigned int from = 3;

	for (size_t i = 0; i < count; i++) {
		if ((unsigned int)keep[i] > from)
			close_range(from, keep[i] - 1, 0);
		from = keep[i] + 1;
	}
	close_range(from, UINT_MAX, 0);
}

/* Leave the child nothing that it doesn't need. */
static void confine(const int *keep, size_t count, uint32_t seconds)
{
	locale_t locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	prctl(PR_SET_DUMPABLE, 0);
	close_others(keep, count);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, seconds + 1);
	limit(RLIMIT_NOFILE, (rlim_t)keep[count - 1] + CHILD_FILES_MAX);
#ifndef __SANITIZE_ADDRESS__
	if (memory_now())
		limit(RLIMIT_AS, memory_now() + MEMORY_MAX);
#endif
	/* names of zip entries are UTF-8, whatever the locale that the caller has */
	if (locale)
		uselocale(locale);
}

static void write_whole(int fd, const void *bytes, size_t size)
{
	const char *from = bytes;

	while (size) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(1);
		from += n;
		size -= n;
	}
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

__attribute__((noreturn))
static void be_child(int archive, const char *path, int folder, const struct ost_archive_limits *limits,
		     int out)
{
	struct ost_archive_walk *walk = calloc(1, sizeof(*walk));
	struct report report = { .ret = -ENOMEM };
	int keep[] = { archive, folder, out };

	qsort(keep, 3, sizeof(keep[0]), by_number);
	confine(keep, 3, limits->seconds);
	if (walk) {
		walk->limits = *limits;
		walk->folder = folder;
		report.ret = ost_archive_walk_all(walk, archive, path);
		report.stats = walk->stats;
		report.err = walk->err;
	}
	write_whole(out, &report, sizeof(report));
	_exit(0);
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000ll + now.tv_nsec / 1000000;
}

/* Read the child's report; false when it ended without one or its time is over. */
static bool hear(int fd, struct report *report, int64_t until_ms)
{
	size_t have = 0;

	while (have < sizeof(*report)) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		int64_t left = until_ms - now_ms();
		ssize_t n;
		int r = poll(&wait, 1, left > 0 ? (left < INT_MAX ? left : INT_MAX) : 0);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		n = read(fd, (char *)report + have, sizeof(*report) - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		have += n;
	}
	/* what comes from a process that reads hostile input is hostile itself */
	report->stats.remark[sizeof(report->stats.remark) - 1] = '\0';
	report->err.text[sizeof(report->err.text) - 1] = '\0';
	if (report->ret > 0)
		report->ret = -EBADMSG;
	return true;
}

static int why_silent(int status, bool late, const char *path, uint32_t seconds, struct ost_error *err)
{
	if (late || (WIFSIGNALED(status) && (WTERMSIG(status) == SIGXCPU)))
		return ost_error_set(err, -ETIME,
				     "%.200s: unpacking took more than the %u seconds that it may take",
				     path, seconds);
	if (WIFSIGNALED(status))
		return ost_error_set(err, -EBADMSG, "%.200s: it made its reader fail (%s)", path,
				     strsignal(WTERMSIG(status)));
	return ost_error_set(err, -EBADMSG, "%.200s: its reader ended without a word (status %d)", path,
			     WEXITSTATUS(status));
}

/* Have a child do it and wait for its report. */
static int delegate(int archive, const char *path, int folder, const struct ost_archive_limits *limits,
		    struct report *report, struct ost_error *err)
{
	int64_t until = now_ms() + limits->seconds * 1000ll + GRACE_MS;
	int pipe_fd[2], status = 0;
	bool heard;
	pid_t pid;

	if (pipe2(pipe_fd, O_CLOEXEC))
		return ost_error_set(err, -errno, "no pipe: %s", strerror(errno));
	pid = fork();
	if (!pid)
		be_child(archive, path, folder, limits, pipe_fd[1]);
	close(pipe_fd[1]);
	if (pid < 0) {
		int ret = ost_error_set(err, -errno, "no process to unpack %.200s: %s", path,
					strerror(errno));

		close(pipe_fd[0]);
		return ret;
	}
	heard = hear(pipe_fd[0], report, until);
	close(pipe_fd[0]);
	if (!heard && now_ms() >= until)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!heard)
		return why_silent(status, now_ms() >= until, path, limits->seconds, err);
	if (err)
		*err = report->err;
	return report->ret;
}

static int make_folder(char *folder, struct ost_error *err)
{
	const char *above = secure_getenv("TMPDIR");
	int len;

	if (!above || above[0] != '/')
		above = "/tmp";
	len = snprintf(folder, OST_ARCHIVE_FOLDER_LEN, "%s/" FOLDER_PREFIX "XXXXXX", above);
	if (len >= OST_ARCHIVE_FOLDER_LEN)
		return ost_error_set(err, -ENAMETOOLONG,
				     "TMPDIR is longer than the %d bytes that it may have",
				     OST_ARCHIVE_FOLDER_LEN - 32);
	if (!mkdtemp(folder))
		return ost_error_set(err, -errno, "can't make a folder in %s: %s; set TMPDIR to another",
				     above, strerror(errno));
	return 0;
}

int ost_archive_unpack(const char *path, const struct ost_archive_limits *limits, char *folder,
		       struct ost_archive_stats *stats, struct ost_error *err)
{
	struct ost_archive_limits all;
	_ost_close_ int archive = -1, into = -1;
	struct report report = { 0 };
	int ret;

	folder[0] = '\0';
	/* before the child, whose memory is limited by what there is at its start */
	ret = ost_archive_library_load(err);
	if (ret)
		return ret;
	ost_archive_limits_fill(&all, limits);
	archive = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (archive < 0)
		return ost_error_set(err, -errno, "can't open %.200s: %s", path, strerror(errno));
	ret = make_folder(folder, err);
	if (ret) {
		folder[0] = '\0';
		return ret;
	}
	into = open(folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (into < 0)
		ret = ost_error_set(err, -errno, "can't open %s: %s", folder, strerror(errno));
	else
		ret = delegate(archive, path, into, &all, &report, err);
	if (stats)
		*stats = report.stats;
	if (!ret)
		return 0;
	ost_archive_remove(folder);
	folder[0] = '\0';
	return ret;
}

int ost_archive_remove(const char *folder)
{
	const char *last = strrchr(folder, '/');

	/* whatever a caller's mistake, no other folder is ever removed */
	if (!last || strncmp(last + 1, FOLDER_PREFIX, strlen(FOLDER_PREFIX)))
		return -EINVAL;
	return ost_folder_remove(AT_FDCWD, folder);
}
