// SPDX-License-Identifier: GPL-2.0-or-later
/* The process that analyses. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "isa/need/record.h"
#include "isa/program/closure.h"
#include "lib/caps.h"
#include "lib/pack.h"
#include "ostlerd/source/analyser.h"
#include "ostlerd/source/analyser_answer.h"

/* "nobody": owns no file */
#define NOBODY 65534

/* Of ioprio_set(2), which has no header: this process, class idle. */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_IDLE (3 << 13)

/* Descriptors: each object of a closure is kept open. */
#define FILES_MAX (OST_PROGRAM_OBJECTS_MAX + 64)

/* What is left of CPU time beyond its limit, s: SIGXCPU ends it, SIGKILL whatever would not have it. */
#define CPU_GRACE_S 5

static void limit(int resource, rlim_t soft, rlim_t hard)
{
	struct rlimit now;

	if (getrlimit(resource, &now))
		return;
	if (now.rlim_max != RLIM_INFINITY && now.rlim_max < hard)
		hard = now.rlim_max;
	now.rlim_max = hard;
	now.rlim_cur = soft < hard ? soft : hard;
	setrlimit(resource, &now);
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	/* where it can't be said, the limits hold all the same */
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		errno = 0;
	if (fd >= 0)
		close(fd);
}

/* Only what nobody else wants, and first to go. */
static void step_back(uint64_t cpu_s, uint64_t memory)
{
	struct sched_param none = {0};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "ost-analyse");
	close_range(OST_ANALYSER_PROGRAM_FD + 1, UINT_MAX, 0);
	setpriority(PRIO_PROCESS, 0, 19);
	sched_setscheduler(0, SCHED_IDLE, &none);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
	write_text("/proc/self/oom_score_adj", "1000");
	limit(RLIMIT_CORE, 0, 0);
	limit(RLIMIT_FSIZE, 0, 0);
	limit(RLIMIT_CPU, cpu_s, cpu_s + CPU_GRACE_S);
	limit(RLIMIT_NOFILE, FILES_MAX, FILES_MAX);
	/* holds for nobody, who it is soon: whatever it becomes, it ends with this process */
	limit(RLIMIT_NPROC, 0, 0);
#ifndef __SANITIZE_ADDRESS__
	limit(RLIMIT_AS, memory, memory);
#endif
}

static int become(uid_t who, struct ost_error *err)
{
	if (setgroups(0, NULL) || setresgid(who, who, who) || setresuid(who, who, who))
		return ost_error_set(err, -errno, "can't become nobody: %s", strerror(errno));
	return 0;
}

/*
 * Nobody who may read: a tenant's files are mostly readable for itself only, or for the host's root.
 * From here on hostile bytes are read.
 */
static int keep_reading(struct ost_error *err)
{
	static const cap_value_t caps[] = {CAP_DAC_READ_SEARCH, CAP_SETUID, CAP_SETGID};
	int ret = ost_caps_keep(caps, geteuid() ? 1 : 3, err);

	/* else they end with being root */
	if (!ret && prctl(PR_SET_KEEPCAPS, 1))
		ret = ost_error_set(err, -errno, "can't keep capabilities: %s", strerror(errno));
	if (!ret && !geteuid())
		ret = become(NOBODY, err);
	if (!ret)
		ret = ost_caps_keep(caps, 1, err);
	prctl(PR_SET_DUMPABLE, 0);
	/* the parent's death is forgotten when credentials change */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return ret;
}

static int analyse(const struct ost_program *program, struct ost_needs *needs,
		   struct ost_error *err)
{
	int ret = ost_program_load((struct ost_program *)program, err);

	if (!ret)
		ret = ost_needs_find(needs, program, NULL, err);
	if (!ret && ost_needs_describe(needs, program))
		ret = ost_error_set(err, -ENOMEM, "no memory for the evidence");
	return ret;
}

/** struct answer - what is said */
struct answer {
	char digest[65];
	uint8_t *closure, *needs;
	long closure_size, needs_size;
};

static int pack(const struct ost_program *program, struct answer *answer, struct ost_error *err)
{
	struct ost_needs needs = {0};
	int ret = analyse(program, &needs, err);

	if (ret)
		return ret;
	answer->closure_size = ost_closure_write(program, &answer->closure);
	answer->needs_size = ost_record_write(&needs, program->count, &answer->needs);
	if (answer->closure_size < 0 || answer->needs_size < 0 ||
	    answer->closure_size + answer->needs_size > OST_ANALYSER_RECORDS_MAX)
		ret = ost_error_set(err, -E2BIG, "the result is too large to be kept");
	ost_needs_free(&needs);
	return ret;
}

/* The closure; nothing else is to be opened then. */
static int open_files(char **argv, struct ost_program **program, struct ost_error *err)
{
	const struct ost_program_options options = {
		.root = "/proc/self/fd/3",
		.follow_dlopen = true,
		.is_open = true,
		.descriptor = OST_ANALYSER_PROGRAM_FD,
	};
	int ret = keep_reading(err);

	if (!ret)
		ret = ost_program_open(program, argv[OST_ANALYSER_PATH], &options, err);
	close(OST_ANALYSER_ROOT_FD);
	close(OST_ANALYSER_PROGRAM_FD);
	if (ret)
		return ret;
	ret = ost_caps_keep(NULL, 0, err);
	if (!ret && strcmp((*program)->members[0].object->id, argv[OST_ANALYSER_ID]))
		ret = ost_error_set(err, -ESTALE, "it runs another program by now");
	if (ret)
		ost_program_close(*program);
	return ret;
}

static int find(char **argv, struct answer *answer, struct ost_error *err)
{
	struct ost_program *program;
	char key[sizeof(answer->digest)];
	int ret = open_files(argv, &program, err);

	if (ret)
		return ret;
	ret = ost_program_digest(program, answer->digest, sizeof(answer->digest), err);
	if (!ret) {
		ost_analyser_key(argv[OST_ANALYSER_USER], argv[OST_ANALYSER_ID], answer->digest, key);
		if (!strstr(argv[OST_ANALYSER_KNOWN], key))
			ret = pack(program, answer, err);
	}
	ost_program_close(program);
	return ret;
}

/* 0, or a negative errno when nobody listens any more. */
static int write_whole(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;

	while (size) {
		ssize_t n = write(STDOUT_FILENO, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -errno;
		at += n;
		size -= n;
	}
	return 0;
}

static int say(const struct answer *answer, int code, const struct ost_error *err)
{
	struct ost_packer to = {.most = OST_ANALYSER_ANSWER_MAX};
	uint8_t *bytes = NULL;
	uint32_t size;
	long packed;
	int ret;

	ost_pack_u32(&to, OST_ANALYSER_VERSION);
	ost_pack_u32(&to, -code);
	ost_pack_text(&to, code ? (*err->text ? err->text : strerror(-code)) : "");
	ost_pack_text(&to, answer->digest);
	ost_pack_u32(&to, code ? 0 : answer->closure_size);
	ost_pack(&to, answer->closure, code ? 0 : answer->closure_size);
	ost_pack_u32(&to, code ? 0 : answer->needs_size);
	ost_pack(&to, answer->needs, code ? 0 : answer->needs_size);
	packed = ost_pack_end(&to, &bytes);
	if (packed < 0)
		return EXIT_FAILURE;
	size = packed;
	ret = write_whole(&size, sizeof(size));
	if (!ret)
		ret = write_whole(bytes, size);
	free(bytes);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}

int ost_analyser_main(int argc, char **argv)
{
	struct answer answer = {.digest = ""};
	struct ost_error err = {0};
	int ret;

	if (argc != OST_ANALYSER_ARGUMENTS)
		return 2;
	step_back(strtoull(argv[OST_ANALYSER_CPU], NULL, 10),
		  strtoull(argv[OST_ANALYSER_MEMORY], NULL, 10));
	ret = find(argv, &answer, &err);
	ret = say(&answer, ret, &err);
	free(answer.closure);
	free(answer.needs);
	return ret;
}
