/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_RUN_H
#define OST_ISA_RUN_H

#include <stddef.h>
#include <stdint.h>

#include "isa/need/need.h"

/*
 * What happened when a program ran corrects what was found in its code:
 *
 *	a trap for want of a feature	dispatched, weak guard, probable and unreached become required
 *	many requests without one, on	probable becomes dispatched
 *	hosts that lack the feature
 *
 * What is required, self-checked or a hazard stays that: there is a path to it, which just was not
 * taken yet; and a hazard makes no trap that could be missed. A feature of which a trap is known is
 * never lowered, nor is one that doesn't trap. Traps and runs of an object that has changed since
 * don't count: it has another build-id and the same name. A trap in any other file, which the program
 * loaded by a name that could not be seen, makes its feature required as well.
 */

/** Requests without a trap that are a long run: one that is met in 1 of 3,000 is seen in 95 of 100. */
#define OST_RUN_REQUESTS_MIN 10000

/** struct ost_run_trap - a place in a file where a feature was missing */
struct ost_run_trap {
	const char *object;	/* ost_object.id */
	const char *name;	/* of the file; NULL: not known */
	uint64_t offset;	/* in the file, bytes */
	uint8_t feature;	/* enum ost_feature */
	uint64_t count;
};

/** struct ost_run_clean - requests that a program served on hosts of one kind */
struct ost_run_clean {
	const char *object;		/* ost_object.id of the program itself */
	uint64_t requests;
	struct ost_feature_set lacking;	/* what those hosts don't have */
	struct ost_feature_set touched;	/* of these, what it trapped for nevertheless */
};

/** struct ost_run - all that is known of its runs */
struct ost_run {
	const struct ost_run_trap *traps;
	size_t trap_count;
	const struct ost_run_clean *clean;
	size_t clean_count;
};

/**
 * ost_needs_correct() - apply what happened to what was found
 * @program: the one that @needs is of
 *
 * A verdict that is changed or borne out by a trap gets @run. A changed one's evidence is the place
 * of the trap, without a path.
 *
 * Return: how many verdicts were changed, or -ENOMEM; @needs is whole in any case.
 */
int ost_needs_correct(struct ost_needs *needs, const struct ost_program *program,
		      const struct ost_run *run);

#endif
