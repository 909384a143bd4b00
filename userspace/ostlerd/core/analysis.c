// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/analysis.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa/need/record.h"
#include "isa/need/report.h"
#include "isa/need/run.h"
#include "isa/program/closure.h"
#include "lib/cleanup.h"
#include "ostlerd/core/state.h"
#include "ostlerd/source/analyser.h"

/* How long what one comes to is taken to be the same, nanoseconds. */
#define SUMMARY_NS 5000000000ull

/* How old what the store has of one may become while it is right still, nanoseconds. */
#define STORED_NS 3600000000000ull

static void free_analysis(struct ost_analyses *analyses, struct ost_analysis *analysis)
{
	analyses->count--;
	analyses->bytes -= sizeof(*analysis) + analysis->closure_size + analysis->needs_size;
	ost_hash_remove(&analyses->by_digest, &analysis->node);
	free(analysis->closure);
	free(analysis->needs);
	free(analysis);
}

void ost_analyses_exit(struct ost_analyses *analyses)
{
	while (analyses->first) {
		struct ost_analysis *analysis = analyses->first;

		analyses->first = analysis->next;
		free_analysis(analyses, analysis);
	}
	ost_hash_free(&analyses->by_digest);
}

static struct ost_analysis *look_up(const struct ost_analyses *analyses, const char *digest)
{
	struct ost_hash_node *node = ost_hash_find(&analyses->by_digest, ost_hash_text(digest));

	for (; node; node = ost_hash_again(node)) {
		struct ost_analysis *found = ost_container_of(node, struct ost_analysis, node);

		if (!strcmp(found->digest, digest))
			return found;
	}
	return NULL;
}

bool ost_analysis_kept(const struct ost_analyses *analyses, const char *digest)
{
	return look_up(analyses, digest);
}

struct ost_analysis *ost_analysis_find(struct ost_analyses *analyses, const char *digest)
{
	struct ost_analysis *found = look_up(analyses, digest), **at = &analyses->first;

	if (!found || found == analyses->first)
		return found;
	while (*at != found)
		at = &(*at)->next;
	*at = found->next;
	found->next = analyses->first;
	analyses->first = found;
	return found;
}

void ost_analysis_confirm(struct ost_analysis *analysis, uint64_t now_ns)
{
	/* moments of an earlier boot are negative as signed numbers */
	if (analysis->made_ns && (int64_t)(now_ns - analysis->made_ns) < (int64_t)STORED_NS)
		return;
	analysis->made_ns = now_ns;
	analysis->changed = true;
}

void ost_analysis_known(const struct ost_analyses *analyses, const char *program, const char *first,
			char *buf, size_t size)
{
	size_t at = 0;

	buf[0] = '\0';
	if (*first && ost_analysis_kept(analyses, first) && OST_DIGEST_LEN < size)
		at = snprintf(buf, size, "%s", first);
	for (const struct ost_analysis *one = analyses->first; one; one = one->next)
		if (!strcmp(one->program, program) && strcmp(one->digest, first) &&
		    at + OST_DIGEST_LEN < size)
			at += snprintf(buf + at, size - at, "%s%s", at ? " " : "", one->digest);
}

/* Never the first one, which is being used. */
static void make_room(struct ost_analyses *analyses)
{
	while (analyses->count > OST_ANALYSES_MAX || analyses->bytes > OST_ANALYSES_BYTES) {
		struct ost_analysis **last = &analyses->first, *analysis;

		while (*last && (*last)->next)
			last = &(*last)->next;
		if (last == &analyses->first)
			return;
		analysis = *last;
		*last = NULL;
		free_analysis(analyses, analysis);
	}
}

static int unpack(const uint8_t *closure, size_t closure_size, const uint8_t *needs,
		  size_t needs_size, struct ost_analysed *analysed)
{
	int ret = ost_closure_outline(&analysed->program, closure, closure_size);

	if (!ret)
		ret = ost_record_read(&analysed->found, analysed->program->count, needs, needs_size);
	return ret;
}

void ost_analysed_free(struct ost_analysed *analysed)
{
	ost_needs_free(&analysed->found);
	ost_needs_free(&analysed->needs);
	ost_program_close(analysed->program);
	analysed->program = NULL;
}

/* All that makes sense of what is given. NULL: nothing does, or memory is short. */
static struct ost_analysis *new_analysis(const char *digest, const char *program,
					 const uint8_t *closure, size_t closure_size,
					 const uint8_t *needs, size_t needs_size)
{
	struct ost_analysis *analysis = calloc(1, sizeof(*analysis));
	struct ost_analysed analysed = {0};

	if (!analysis || unpack(closure, closure_size, needs, needs_size, &analysed) ||
	    (program && strcmp(analysed.program->members[0].object->id, program)))
		goto out;
	snprintf(analysis->digest, sizeof(analysis->digest), "%s", digest);
	snprintf(analysis->program, sizeof(analysis->program), "%s",
		 analysed.program->members[0].object->id);
	analysis->closure = malloc(closure_size);
	analysis->needs = malloc(needs_size);
	if (!analysis->closure || !analysis->needs)
		goto out;
	memcpy(analysis->closure, closure, closure_size);
	memcpy(analysis->needs, needs, needs_size);
	analysis->closure_size = closure_size;
	analysis->needs_size = needs_size;
	ost_analysed_free(&analysed);
	return analysis;
out:
	ost_analysed_free(&analysed);
	if (analysis) {
		free(analysis->closure);
		free(analysis->needs);
	}
	free(analysis);
	return NULL;
}

struct ost_analysis *ost_analysis_add(struct ost_analyses *analyses, const char *digest,
				      const char *program, const uint8_t *closure,
				      size_t closure_size, const uint8_t *needs, size_t needs_size)
{
	struct ost_analysis *analysis = ost_analysis_find(analyses, digest);
	size_t size = sizeof(*analysis) + closure_size + needs_size;

	if (analysis)
		return program && strcmp(analysis->program, program) ? NULL : analysis;
	if (strlen(digest) != OST_DIGEST_LEN - 1 || closure_size > OST_ANALYSER_RECORDS_MAX ||
	    needs_size > OST_ANALYSER_RECORDS_MAX - closure_size)
		return NULL;
	analysis = new_analysis(digest, program, closure, closure_size, needs, needs_size);
	if (!analysis)
		return NULL;
	analysis->next = analyses->first;
	analyses->first = analysis;
	analyses->count++;
	analyses->bytes += size;
	if (ost_hash_insert(&analyses->by_digest, &analysis->node, ost_hash_text(digest))) {
		analyses->first = analysis->next;
		free_analysis(analyses, analysis);
		return NULL;
	}
	make_room(analyses);
	return analysis;
}

/* The function's traps and runs, as ost_needs_correct() takes them; to be freed by the caller. */
static int gather(struct ost_state *state, const struct ost_function *function, struct ost_run *run,
		  struct ost_run_trap **traps, struct ost_run_clean **clean)
{
	const struct ost_code *code = NULL;

	*traps = calloc(function->codes + 1, sizeof(**traps));
	*clean = calloc(OST_FUNCTION_RUNS_MAX, sizeof(**clean));
	if (!*traps || !*clean)
		return -ENOMEM;
	for (struct ost_trap *trap = state->traps.first; trap; trap = trap->next)
		if (trap->of == function)
			ost_trap_settle(trap);
	while (function->codes && (code = ost_code_next(&state->codes, code)))
		if (code->function == function && run->trap_count < function->codes)
			(*traps)[run->trap_count++] = (struct ost_run_trap){
				.object = code->id,
				.name = code->object,
				.offset = code->offset,
				.feature = code->feature,
				.count = code->count,
			};
	for (const struct ost_function_run *at = function->runs;
	     at && run->clean_count < OST_FUNCTION_RUNS_MAX; at = at->next)
		(*clean)[run->clean_count++] = (struct ost_run_clean){
			at->program, at->requests, at->lacking, at->touched};
	run->traps = *traps;
	run->clean = *clean;
	return 0;
}

int ost_analysis_read(struct ost_state *state, const struct ost_function *function,
		      const struct ost_function_run *run, struct ost_analysed *analysed)
{
	struct ost_analysis *analysis =
		*run->analysis ? ost_analysis_find(&state->analyses, run->analysis) : NULL;
	struct ost_run_trap *traps = NULL;
	struct ost_run_clean *clean = NULL;
	struct ost_run happened = {0};
	int ret;

	memset(analysed, 0, sizeof(*analysed));
	if (!analysis)
		return -ENOENT;
	ret = unpack(analysis->closure, analysis->closure_size, analysis->needs,
		     analysis->needs_size, analysed);
	if (!ret)
		ret = ost_record_read(&analysed->needs, analysed->program->count, analysis->needs,
				      analysis->needs_size);
	if (!ret)
		ret = gather(state, function, &happened, &traps, &clean);
	if (!ret)
		ret = ost_needs_correct(&analysed->needs, analysed->program, &happened);
	free(traps);
	free(clean);
	if (ret < 0)
		ost_analysed_free(analysed);
	return ret < 0 ? ret : 0;
}

const struct ost_analysis_short *ost_analysis_summary(struct ost_state *state,
						      const struct ost_function *function,
						      const struct ost_function_run *run)
{
	struct ost_analysis *analysis =
		*run->analysis ? ost_analysis_find(&state->analyses, run->analysis) : NULL;
	uint64_t now = ost_now_ns();
	struct ost_analysis_short *to;
	struct ost_analysed analysed;

	if (!analysis)
		return NULL;
	to = &analysis->summary;
	if (to->of == run && now - to->read_ns < SUMMARY_NS)
		return to;
	to->of = NULL;
	if (ost_analysis_read(state, function, run, &analysed))
		return NULL;
	to->of = run;
	to->read_ns = now;
	to->level = ost_needs_level(&analysed.needs) ? ost_report_level(&analysed.needs) : NULL;
	to->complete = analysed.needs.complete;
	to->runs = ost_needs_unmet(&analysed.needs, &state->features.usable, &to->unmet);
	ost_needs_hard(&analysed.needs, &to->hard, &to->soft);
	ost_analysed_free(&analysed);
	return to;
}
