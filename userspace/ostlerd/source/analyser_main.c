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

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	/* where it can't be said, the limits hold all the same */
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		errno = 0;
	if (fd >= 0)
		close(fd);
}

/* Last in everything, and first to go. */
static void step_back(uint64_t cpu_s, uint64_t memory)
{
	struct sched_param none = {0};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "ost-analyse");
	close_range(OST_ANALYSER_ROOT_FD + 1, UINT_MAX, 0);
	setpriority(PRIO_PROCESS, 0, 19);
	sched_setscheduler(0, SCHED_IDLE, &none);
	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_IDLE);
	write_text("/proc/self/oom_score_adj", "1000");
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_CPU, cpu_s);
	limit(RLIMIT_NOFILE, FILES_MAX);
#ifndef __SANITIZE_ADDRESS__
	limit(RLIMIT_AS, memory);
#endif
}

/* The files are open; what is in them can do no more than make this process say nonsense. */
static int give_up_rights(struct ost_error *err)
{
	if (!geteuid() && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
			   setresuid(NOBODY, NOBODY, NOBODY)))
		return ost_error_set(err, -errno, "can't become nobody: %s", strerror(errno));
	prctl(PR_SET_DUMPABLE, 0);
	/* the parent's death is forgotten when credentials change */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return ost_caps_keep(NULL, 0, err);
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
	if (answer->closure_size < 0 || answer->needs_size < 0)
		ret = ost_error_set(err, -E2BIG, "the result is too large to be kept");
	ost_needs_free(&needs);
	return ret;
}

static int find(char **argv, struct answer *answer, struct ost_error *err)
{
	const struct ost_program_options options = {
		.root = "/proc/self/fd/3",
		.follow_dlopen = true,
	};
	struct ost_program *program;
	int ret = ost_program_open(&program, argv[0], &options, err);

	if (ret)
		return ret;
	if (strcmp(program->members[0].object->id, argv[1]))
		ret = ost_error_set(err, -ESTALE, "another program is at %.200s by now", argv[0]);
	if (!ret)
		ret = give_up_rights(err);
	if (!ret)
		ret = ost_program_digest(program, answer->digest, sizeof(answer->digest), err);
	if (!ret && !strstr(argv[2], answer->digest))
		ret = pack(program, answer, err);
	ost_program_close(program);
	return ret;
}

static int say(const struct answer *answer, int code, const struct ost_error *err)
{
	struct ost_packer to = {.most = OST_ANALYSER_ANSWER_MAX};
	uint8_t *bytes = NULL, *at;
	long size;

	ost_pack_u32(&to, OST_ANALYSER_VERSION);
	ost_pack_u32(&to, -code);
	ost_pack_text(&to, code ? (*err->text ? err->text : strerror(-code)) : "");
	ost_pack_text(&to, answer->digest);
	ost_pack_u32(&to, code ? 0 : answer->closure_size);
	ost_pack(&to, answer->closure, code ? 0 : answer->closure_size);
	ost_pack_u32(&to, code ? 0 : answer->needs_size);
	ost_pack(&to, answer->needs, code ? 0 : answer->needs_size);
	size = ost_pack_end(&to, &bytes);
	for (at = bytes; size > 0;) {
		ssize_t n = write(STDOUT_FILENO, at, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		at += n;
		size -= n;
	}
	free(bytes);
	return size ? EXIT_FAILURE : EXIT_SUCCESS;
}

int ost_analyser_main(int argc, char **argv)
{
	struct answer answer = {.digest = ""};
	struct ost_error err = {0};
	int ret;

	if (argc != 5)
		return 2;
	step_back(strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
	ret = find(argv, &answer, &err);
	ret = say(&answer, ret, &err);
	free(answer.closure);
	free(answer.needs);
	return ret;
}
