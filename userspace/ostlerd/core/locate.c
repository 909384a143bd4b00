// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/locate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/log.h"

/*
 * Look-ups of addresses: each holds up the loop for up to some milliseconds, while a hostile program
 * can trap at any number of addresses. In the long run this many a second, and this many at once
 * after a pause.
 */
#define LOOKUPS_PER_S 20
#define LOOKUPS_BURST 64

#define LOOKUP_NS (1000000000ull / LOOKUPS_PER_S)

/* Files that are read at a time, or wait for it. */
#define PENDING_MAX 16

struct locate {
	struct ost_job job;
	struct ost_state *state;
	struct ost_function *function;
	uint64_t instance_id, ip, now_ns;
	struct ost_code_file file;
	uint8_t feature;
	uint8_t insn_len;
	uint8_t insn[OST_INSN_BYTES_MAX];
	char id[OST_CODE_ID_LEN];
	int result;
	struct ost_error err;
};

static bool may_look(struct ost_codes *codes, uint64_t now)
{
	uint64_t from = now - LOOKUPS_BURST * LOOKUP_NS;

	if (codes->pending >= PENDING_MAX)
		return false;
	/* the moment at which all that was taken is earned, never further back than a burst */
	if ((int64_t)(codes->tokens_ns - from) < 0)
		codes->tokens_ns = from;
	if ((int64_t)(codes->tokens_ns + LOOKUP_NS - now) > 0)
		return false;
	codes->tokens_ns += LOOKUP_NS;
	return true;
}

/* Worker thread. */
static void run(struct ost_job *job)
{
	struct locate *locate = ost_container_of(job, struct locate, job);

	locate->result = ost_code_identify(&locate->file, locate->insn, locate->insn_len, locate->id,
					   &locate->err);
}

static void note(struct locate *locate)
{
	struct ost_state *state = locate->state;
	struct ost_code *code = ost_code_get(&state->codes, locate->function, locate->id,
					     locate->file.offset, locate->feature);
	struct ost_trap *trap;

	ost_site_set(&state->codes, locate->instance_id, locate->ip, code);
	if (!code)
		return;
	memcpy(code->object, locate->file.name, sizeof(code->object));
	trap = ost_trap_find(&state->traps, locate->function, locate->insn, locate->insn_len);
	if (trap && trap->instance_id == locate->instance_id && trap->ip == locate->ip) {
		trap->code = code;
		return;
	}
	/* the row has moved on; the trap that all this was for did happen */
	if (!code->count++)
		code->first_ns = locate->now_ns;
	code->last_ns = locate->now_ns;
	code->changed = true;
}

static void done(struct ost_job *job)
{
	struct locate *locate = ost_container_of(job, struct locate, job);

	locate->state->codes.pending--;
	ost_function_put(&locate->state->instances, locate->function);
	if (!locate->result) {
		note(locate);
	} else {
		ost_debug("a trap's place is not known: %s", locate->err.text);
		ost_site_set(&locate->state->codes, locate->instance_id, locate->ip, NULL);
	}
	close(locate->file.fd);
	free(locate);
}

static void look_up(struct ost_state *state, const struct ost_instance *instance,
		    const struct ost_trap *trap, uint32_t tgid)
{
	struct locate *locate = calloc(1, sizeof(*locate));
	int ret;

	if (!locate)
		return;
	ret = ost_code_find(tgid, trap->ip, &locate->file, &locate->err);
	if (ret) {
		ost_debug("a trap's place is not known: %s", locate->err.text);
		/* another process may trap there that lives longer */
		if (ret != -ESRCH)
			ost_site_set(&state->codes, instance->id, trap->ip, NULL);
		free(locate);
		return;
	}
	locate->job.run = run;
	locate->job.done = done;
	locate->state = state;
	locate->function = instance->function;
	ost_function_hold(&state->instances, locate->function);
	locate->instance_id = instance->id;
	locate->ip = trap->ip;
	locate->now_ns = trap->last_ns;
	locate->feature = trap->decode.missing_youngest;
	locate->insn_len = trap->insn_len;
	memcpy(locate->insn, trap->insn, sizeof(locate->insn));
	state->codes.pending++;
	ost_pool_submit(&state->doors, &locate->job);
}

static void touch(struct ost_function_run *run, const struct ost_trap *trap)
{
	if (!run || ost_feature_set_within(&trap->decode.missing, &run->touched))
		return;
	ost_feature_set_unite(&run->touched, &trap->decode.missing);
	run->changed = true;
}

void ost_locate_trap(struct ost_state *state, struct ost_instance *instance, struct ost_trap *trap,
		     uint32_t tgid)
{
	struct ost_code *code;

	/* where the place isn't known yet, again with the 2nd, 4th, 8th ... trap */
	if (!trap->moved && (trap->code || (trap->count & (trap->count - 1))))
		return;
	if (!instance || trap->decode.missing_youngest == OST_FEATURE_NONE)
		return;
	touch(instance->run, trap);
	/* a place of another function is from before the instance was labelled anew */
	if (ost_site_find(&state->codes, instance->id, trap->ip, &code) &&
	    (!code || code->function == trap->of))
		trap->code = code;
	else if (may_look(&state->codes, ost_now_ns()))
		look_up(state, instance, trap, tgid);
}

void ost_locate_lacking(const struct ost_state *state, struct ost_feature_set *lacking)
{
	memset(lacking, 0, sizeof(*lacking));
	for (unsigned int feature = OST_FEATURE_NONE + 1; feature < OST_FEATURE_END; feature++)
		ost_feature_set_add(lacking, feature);
	ost_feature_set_subtract(lacking, &state->features.usable);
}

void ost_locate_program(struct ost_state *state, struct ost_instance *instance, const char *id)
{
	struct ost_function_run *run = ost_function_run_get(instance->function, id);
	const struct ost_trap *trap;

	ost_instance_runs(instance, run);
	if (!run)
		return;
	run->last_ns = ost_now_ns();
	if (!run->first_ns) {
		run->first_ns = run->last_ns;
		ost_locate_lacking(state, &run->lacking);
	}
	run->changed = true;
	/* it may have trapped before it was looked at */
	for (trap = state->traps.first; trap; trap = trap->next)
		if (trap->instance_id == instance->id)
			touch(run, trap);
}
