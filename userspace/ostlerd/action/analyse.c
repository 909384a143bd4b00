// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/analyse.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"
#include "ostlerd/source/analyser.h"
#include "ostlerd/source/cgroup.h"
#include "ostlerd/source/code.h"
#include "ostlerd/source/process.h"

/* How long the libraries of a program are taken to be the same, nanoseconds. */
#define AGAIN_NS 600000000000ull

/* How long the next analysis waits for its turn at most. */
#define PAUSE_MAX_NS 10000000000ull

/* After a failure, doubled with each; nanoseconds. */
#define RETRY_NS 30000000000ull
#define RETRY_MAX_NS 3600000000000ull

/* Analyses of one program, with other libraries each, of which it is asked whether it is one of them. */
#define KNOWN_MAX 16

/* Most processes of an instance that are looked at for the one that runs the program. */
#define PROCESSES_MAX 16

struct analyse {
	struct ost_job job;
	struct ost_state *state;
	struct ost_instance *instance;
	struct ost_analyser analyser;
	int cgroup_fd;
	char program[OST_CODE_ID_LEN];
	char *user;
	char known[KNOWN_MAX * OST_DIGEST_LEN + 1];
	int result;
	struct ost_error err;
};

static bool runs_it(const struct analyse *analyse, const struct ost_process *process)
{
	char id[OST_CODE_ID_LEN];

	return !ost_code_program(process->procfd, id, NULL) && !strcmp(id, analyse->program);
}

/* Worker thread: the process that runs the program. -ESTALE when there is none. */
static int find_process(const struct analyse *analyse, struct ost_process *process)
{
	pid_t pids[PROCESSES_MAX];
	ssize_t count = ost_cgroup_processes(analyse->cgroup_fd, pids, PROCESSES_MAX);

	for (ssize_t i = 0; i < count && i < PROCESSES_MAX; i++) {
		if (ost_process_open(pids[i], process, NULL))
			continue;
		if (runs_it(analyse, process))
			return 0;
		ost_process_close(process);
	}
	return -ESTALE;
}

static void run(struct ost_job *job)
{
	struct analyse *analyse = ost_container_of(job, struct analyse, job);
	struct ost_process process = OST_PROCESS_NONE;

	analyse->result = find_process(analyse, &process);
	close(analyse->cgroup_fd);
	analyse->cgroup_fd = -1;
	if (analyse->result) {
		ost_error_set(&analyse->err, analyse->result, "no process runs it any more");
		return;
	}
	analyse->analyser.procfd = process.procfd;
	analyse->result = ost_analyser_run(&analyse->analyser, &analyse->err);
	/* a launcher becomes the function some day; what has ended meanwhile ran what it ran */
	if (!analyse->result && !runs_it(analyse, &process) && ost_process_alive(&process))
		analyse->result =
			ost_error_set(&analyse->err, -ESTALE, "it runs another program by now");
	ost_process_close(&process);
}

static void took_failure(struct ost_function_run *run, const struct ost_error *err, uint64_t now)
{
	uint64_t pause = RETRY_NS << (run->analyse_failures < 16 ? run->analyse_failures : 16);

	run->analyse_failures++;
	run->analyse_due_ns = now + (pause < RETRY_MAX_NS ? pause : RETRY_MAX_NS);
	snprintf(run->analyse_error, sizeof(run->analyse_error), "%.127s", err->text);
}

/* The analysis that it came to, new or known before; NULL with a reason. */
static struct ost_analysis *conclude(struct analyse *analyse)
{
	struct ost_analyses *analyses = &analyse->state->analyses;
	const struct ost_analyser *analyser = &analyse->analyser;
	struct ost_analysis *analysis;

	if (analyse->result)
		return NULL;
	if (analyser->closure) {
		analysis = ost_analysis_add(analyses, analyser->digest, analyse->program,
					    analyser->closure, analyser->closure_size,
					    analyser->needs, analyser->needs_size);
		if (!analysis)
			analyse->result = ost_error_set(&analyse->err, -EBADMSG,
							"its analysis makes no sense");
		return analysis;
	}
	if (!strstr(analyse->known, analyser->digest)) {
		analyse->result = ost_error_set(&analyse->err, -EBADMSG,
						"it is said to be known, and is not");
		return NULL;
	}
	analysis = ost_analysis_find(analyses, analyser->digest);
	if (!analysis)
		analyse->result = ost_error_set(&analyse->err, -EAGAIN,
						"what was known of it had to make room meanwhile");
	return analysis;
}

/* @run: NULL when its function is another one by now; then it will be known when that is looked at */
static void take(struct analyse *analyse, struct ost_function_run *run)
{
	struct ost_analysis *analysis = conclude(analyse);
	uint64_t now = ost_now_ns();

	if (analysis)
		ost_analysis_confirm(analysis, now);
	if (!run)
		return;
	if (!analysis) {
		took_failure(run, &analyse->err, now);
		ost_debug("%s: what %s needs is not known: %s", analyse->instance->function->name,
			  run->program, analyse->err.text);
		return;
	}
	run->analyse_failures = 0;
	run->analyse_error[0] = '\0';
	run->analysed_ns = now;
	run->analyse_due_ns = now + AGAIN_NS;
	if (strcmp(run->analysis, analysis->digest)) {
		memcpy(run->analysis, analysis->digest, sizeof(run->analysis));
		run->changed = true;
	}
}

/* Of the program that was looked at, whatever the instance runs by now. */
static struct ost_function_run *find_run(const struct analyse *analyse)
{
	struct ost_function_run *run = analyse->instance->function->runs;

	while (run && strcmp(run->program, analyse->program))
		run = run->next;
	return run;
}

static void free_analyse(struct analyse *analyse)
{
	free(analyse->analyser.answer);
	free(analyse->user);
	if (analyse->cgroup_fd >= 0)
		close(analyse->cgroup_fd);
	free(analyse);
}

/*
 * A host that has just got a thousand instances isn't to be busy with what they need: whatever an
 * analysis takes, nine times as long there is none.
 */
static uint64_t next_turn(uint64_t begun_ns, uint64_t now)
{
	uint64_t pause = 9 * (now - begun_ns);

	return now + (pause < PAUSE_MAX_NS ? pause : PAUSE_MAX_NS);
}

static void done(struct ost_job *job)
{
	struct analyse *analyse = ost_container_of(job, struct analyse, job);
	struct ost_instance *instance = analyse->instance;
	struct ost_function_run *run = find_run(analyse);
	struct ost_state *state = analyse->state;

	state->analysing = false;
	state->analyse_ns = next_turn(state->analyse_ns, ost_now_ns());
	/* what it runs is found out anew */
	if (instance->run == run && (analyse->result == -ESTALE || analyse->result == -ESRCH))
		instance->recognised = false;
	take(analyse, run);
	ost_instance_put(&state->instances, instance);
	free_analyse(analyse);
}

static void begin(struct ost_state *state, struct ost_instance *instance)
{
	struct ost_function_run *run_of = instance->run;
	struct analyse *analyse;
	int fd = ost_instance_open(&state->instances, instance);

	/* the next one's turn comes with the next sample */
	run_of->analyse_due_ns = ost_now_ns() + RETRY_NS;
	if (fd < 0)
		return;
	analyse = calloc(1, sizeof(*analyse));
	if (!analyse) {
		close(fd);
		return;
	}
	analyse->cgroup_fd = fd;
	/* the instance's own may be another one by then */
	analyse->user = strdup(instance->user);
	if (!analyse->user) {
		free_analyse(analyse);
		return;
	}
	analyse->job.run = run;
	analyse->job.done = done;
	analyse->state = state;
	analyse->instance = instance;
	memcpy(analyse->program, run_of->program, sizeof(analyse->program));
	ost_analysis_known(&state->analyses, run_of->program, run_of->analysis, analyse->known,
			   sizeof(analyse->known));
	analyse->analyser = (struct ost_analyser){
		.program = analyse->program,
		.user = analyse->user,
		.known = analyse->known,
		.cpu_s = state->config.analyse_cpu_s,
		.memory = state->config.analyse_memory,
		.stop = &state->analyse_stopped,
	};
	ost_instance_hold(instance);
	state->analysing = true;
	state->analyse_ns = ost_now_ns();
	ost_pool_submit(&state->analyse, &analyse->job);
}

/*
 * Seen since its program was looked at last, and that is a while ago; or what was found had to make
 * room.
 */
static bool is_due(const struct ost_state *state, const struct ost_instance *instance, uint64_t now)
{
	const struct ost_function_run *run = instance->run;

	if (!run || !instance->populated || instance->frozen)
		return false;
	if ((int64_t)(now - run->analyse_due_ns) < 0)
		return false;
	if (!run->analysed_ns || (int64_t)(instance->populated_ns - run->analysed_ns) > 0)
		return true;
	return *run->analysis && !ost_analysis_kept(&state->analyses, run->analysis);
}

void ost_analyse_next(struct ost_state *state)
{
	struct ost_instance *instance = NULL;
	uint64_t now = ost_now_ns();

	if (!state->config.analyse || state->analysing || state->analyse_stopped ||
	    (int64_t)(now - state->analyse_ns) < 0)
		return;
	while ((instance = ost_instance_next(&state->instances, instance)))
		if (is_due(state, instance, now)) {
			begin(state, instance);
			return;
		}
}

void ost_analyse_stop(struct ost_state *state)
{
	state->analyse_stopped = true;
}
