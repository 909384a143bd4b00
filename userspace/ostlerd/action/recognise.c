// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/recognise.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ostlerd/core/locate.h"
#include "ostlerd/source/cgroup.h"
#include "ostlerd/source/process.h"

/* How long an instance runs before it is looked at: a launcher has become the function by then. */
#define AGE_NS 2000000000ull

/* Most instances looked at in one turn; a turn comes with each sample. */
#define TURN_MAX 16

/* Most processes of one instance that are looked at. */
#define PROCESSES_MAX 16

struct recognise {
	struct ost_job job;
	struct ost_state *state;
	struct ost_instance *instance;
	int cgroup_fd;
	enum ost_runtime runtime;
	char program[OST_CODE_ID_LEN];	/* "" = not known */
};

/* The program is that of the process which the runtime was recognised by, else of the first one. */
static void take(struct recognise *recognise, const struct ost_process *process)
{
	char id[OST_CODE_ID_LEN];

	if (process->runtime && (!recognise->runtime || ost_runtime_outranks(process->runtime,
									    recognise->runtime)))
		recognise->runtime = process->runtime;
	else if (recognise->program[0])
		return;
	if (!ost_code_program(process->procfd, id, NULL))
		memcpy(recognise->program, id, sizeof(id));
}

static void run(struct ost_job *job)
{
	struct recognise *recognise = ost_container_of(job, struct recognise, job);
	pid_t pids[PROCESSES_MAX];
	ssize_t count = ost_cgroup_processes(recognise->cgroup_fd, pids, PROCESSES_MAX);

	for (ssize_t i = 0; i < count && i < PROCESSES_MAX; i++) {
		struct ost_process process = OST_PROCESS_NONE;

		if (ost_process_open(pids[i], &process, NULL))
			continue;
		take(recognise, &process);
		ost_process_close(&process);
	}
}

void ost_recognise_note(struct ost_instance *instance, enum ost_runtime runtime)
{
	if (!runtime || instance->labelled_runtime)
		return;
	instance->runtime = runtime;
	if (instance->function->runtime != runtime)
		instance->function->changed = true;
	instance->function->runtime = runtime;
}

static void done(struct ost_job *job)
{
	struct recognise *recognise = ost_container_of(job, struct recognise, job);

	ost_recognise_note(recognise->instance, recognise->runtime);
	if (recognise->program[0] && !recognise->instance->gone)
		ost_locate_program(recognise->state, recognise->instance, recognise->program);
	ost_instance_put(&recognise->state->instances, recognise->instance);
	close(recognise->cgroup_fd);
	free(recognise);
}

static void begin(struct ost_state *state, struct ost_instance *instance)
{
	struct recognise *recognise;
	int fd = ost_instance_open(&state->instances, instance);

	if (fd < 0)
		return;
	recognise = calloc(1, sizeof(*recognise));
	if (!recognise) {
		close(fd);
		return;
	}
	recognise->job.run = run;
	recognise->job.done = done;
	recognise->state = state;
	recognise->instance = instance;
	recognise->cgroup_fd = fd;
	ost_instance_hold(instance);
	ost_pool_submit(&state->doors, &recognise->job);
}

void ost_recognise_new(struct ost_state *state)
{
	struct ost_instance *instance = NULL;
	uint64_t now = ost_now_ns();
	unsigned int turn = 0;

	while (turn < TURN_MAX && (instance = ost_instance_next(&state->instances, instance))) {
		if (instance->recognised || instance->collecting || !instance->populated ||
		    now - instance->populated_ns < AGE_NS)
			continue;
		instance->recognised = true;
		turn++;
		begin(state, instance);
	}
}
