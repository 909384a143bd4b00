/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CORE_ANALYSIS_H
#define OST_CORE_ANALYSIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "isa/need/need.h"
#include "lib/hash.h"

struct ost_function;
struct ost_function_run;
struct ost_state;

/*
 * What programs need of a host's processor: analyses, kept by a digest of the user and of all bytes of
 * all files of a program, since build-ids can be forged, files can be changed while they are read, and
 * one user's program is not to speak for another's. They are kept packed: unpacked, one is of a hundred
 * kilobytes and more.
 */

#define OST_ANALYSES_MAX 1024		/* the least recently used makes room */
#define OST_ANALYSES_BYTES (16u << 20)	/* of all of them */

#define OST_DIGEST_LEN 65		/* text of a digest, with NUL */

/** struct ost_analysis_short - what it comes to for one function, remembered for some seconds */
struct ost_analysis_short {
	const struct ost_function_run *of;	/* NULL: nothing is remembered */
	uint64_t read_ns;
	const char *level;	/* "x86-64-v1" ...; NULL: none has all that is hard */
	bool complete, runs;	/* @runs: on this host */
	struct ost_feature_set hard, soft, unmet;
};

/** struct ost_analysis - of one program with all its libraries */
struct ost_analysis {
	struct ost_analysis *next;	/* most recently used first */
	struct ost_hash_node node;	/* key: ost_hash_text(digest) */
	char digest[OST_DIGEST_LEN];	/* see source/analyser.h */
	char program[OST_OBJECT_ID_MAX];	/* id of its file */
	uint8_t *closure;		/* see isa/program/closure.h */
	uint8_t *needs;			/* see isa/need/record.h */
	uint32_t closure_size, needs_size;
	uint64_t made_ns;		/* when it was made, or found to be right still */
	bool changed;			/* since it was last stored */
	struct ost_analysis_short summary;
};

/** struct ost_analyses - all that are kept in memory */
struct ost_analyses {
	struct ost_analysis *first;
	struct ost_hash by_digest;
	unsigned int count;
	size_t bytes;
};

void ost_analyses_exit(struct ost_analyses *analyses);

/** ost_analysis_find() - by digest, to be used now; NULL when there is none */
struct ost_analysis *ost_analysis_find(struct ost_analyses *analyses, const char *digest);

/** ost_analysis_kept() - is it there? That it is asked for is no use of it. */
bool ost_analysis_kept(const struct ost_analyses *analyses, const char *digest);

/**
 * ost_analysis_confirm() - it was made now, or found to be right still
 *
 * So that it outlives in the store what nothing runs any more, it is stored again, now and then.
 */
void ost_analysis_confirm(struct ost_analysis *analysis, uint64_t now_ns);

/**
 * ost_analysis_known() - digests of the analyses of a program, blanks between, the latest first
 * @program: id of its file; with other libraries, and of another user, it is another analysis
 * @first: comes first of all, where it is kept; may be ""
 * @buf: as many as fit into it
 */
void ost_analysis_known(const struct ost_analyses *analyses, const char *program, const char *first,
			char *buf, size_t size);

/**
 * ost_analysis_add() - keep one; its records are checked and copied
 * @program: id of the file that they must be of; NULL: whatever it is
 *
 * Return: it, or what was there before; NULL when a record is broken or memory is short.
 */
struct ost_analysis *ost_analysis_add(struct ost_analyses *analyses, const char *digest,
				      const char *program, const uint8_t *closure,
				      size_t closure_size, const uint8_t *needs, size_t needs_size);

/** struct ost_analysed - an analysis that is unpacked, and what happened at run time */
struct ost_analysed {
	struct ost_program *program;	/* an outline */
	struct ost_needs found;		/* what the code alone says */
	struct ost_needs needs;		/* corrected */
};

/**
 * ost_analysis_read() - what a program needs that serves as a function
 * @run: of @function
 *
 * This is what placement is to ask. The verdicts are corrected by the function's traps, by what its
 * programs did without, and by nobody else's. Takes about a millisecond.
 *
 * Return: 0, with @analysed for ost_analysed_free(); -ENOENT when it wasn't analysed; -ENOMEM, -EBADMSG.
 */
int ost_analysis_read(struct ost_state *state, const struct ost_function *function,
		      const struct ost_function_run *run, struct ost_analysed *analysed);

/**
 * ost_analysis_summary() - the same in short
 *
 * How large an analysis is is up to whose program it is; who asks often is told what was found a few
 * seconds ago.
 *
 * Return: NULL where ost_analysis_read() fails; else it stays until the loop goes on.
 */
const struct ost_analysis_short *ost_analysis_summary(struct ost_state *state,
						      const struct ost_function *function,
						      const struct ost_function_run *run);

void ost_analysed_free(struct ost_analysed *analysed);

#endif
