/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_ANALYSER_H
#define OST_SOURCE_ANALYSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

/*
 * What a running process's program needs, found by a process of its own: the files are hostile, and
 * an analysis takes seconds and hundreds of megabytes. That process runs when nothing else in the
 * daemon's cgroup wants to (other cgroups share the host with that one as they always do), is
 * the first to be killed when memory is short, and can start no other. Before it reads a byte of a
 * tenant's it is nobody; all that it keeps until the files are open is that it may read them whoever
 * they belong to. Then it gives up that, too.
 */

/* Most bytes of both records together (few have a tenth), and of its answer: these, and some words. */
#define OST_ANALYSER_RECORDS_MAX (1u << 20)
#define OST_ANALYSER_ANSWER_MAX (OST_ANALYSER_RECORDS_MAX + 65536)

/** First argument with which the daemon's program is this process. */
#define OST_ANALYSER_ARGUMENT "--analyse"

/** struct ost_analyser - an analysis that is wanted, then what came out of it */
struct ost_analyser {
	int procfd;		/* the process's /proc directory */
	const char *program;	/* id that its program must have */
	const char *user;	/* whose it is */
	const char *known;	/* digests of analyses that are there already, blanks between */
	uint64_t cpu_s;		/* CPU time that it may take */
	uint64_t memory;	/* address space that it may have, bytes */
	const _Atomic bool *stop;	/* set by whoever can't wait for its end */

	char digest[65];	/* of all bytes of all its files, and @user; see ost_analyser_run() */
	uint8_t *answer;	/* to be freed; the records are in it */
	const uint8_t *closure, *needs;	/* NULL: @digest is a @known one */
	size_t closure_size, needs_size;
};

/**
 * ost_analyser_run() - have it done, and wait
 *
 * Blocks for as long as it takes, half an hour at most; for a worker.
 *
 * The files may be changed while they are read, so that the digest is of other bytes than the
 * analysis, and whoever breaks into the process that analyses may say anything. Therefore the digest
 * has @user in it: what comes of a user's files can't be taken for what comes of another's.
 *
 * Return: 0; -ESRCH when the process has ended; -ESTALE when it runs another program by now; -ETIME
 * when the CPU time was spent; -ETIMEDOUT; -ECANCELED when @stop was set; -EINTR when it was killed;
 * -EBUSY when an earlier one still can't be ended; what the analysis failed with.
 */
int ost_analyser_run(struct ost_analyser *analyser, struct ost_error *err);

/** ost_analyser_main() - that process; its arguments behind OST_ANALYSER_ARGUMENT; an exit status */
int ost_analyser_main(int argc, char **argv);

#endif
