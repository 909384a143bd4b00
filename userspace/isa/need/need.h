/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_NEED_H
#define OST_ISA_NEED_H

#include "isa/feature.h"
#include "isa/program/program.h"

struct ost_error;

/* What a program needs of its host's processor: one verdict per feature, each with its evidence. */

/** enum ost_need_verdict - what a feature is to a program; of several the highest number counts */
enum ost_need_verdict {
	OST_NEED_UNREACHED,    /* instructions are there, nothing leads to them */
	OST_NEED_DISPATCHED,   /* only behind a test for it */
	OST_NEED_WEAK_GUARD,   /* behind a test, but for something else: fails on some hosts */
	OST_NEED_PROBABLE,     /* reached only through tables of data */
	OST_NEED_HAZARD,       /* needed, and a host without it computes something else, silently */
	OST_NEED_SELF_CHECKED, /* the program looks for it and refuses to run without */
	OST_NEED_REQUIRED,     /* some path leads to it unguarded */

	OST_NEED_END
};

/** struct ost_need_step - one step of a path from an entry point to an instruction */
struct ost_need_step {
	uint32_t member;
	uint64_t function; /* its start */
	uint64_t site;	   /* the instruction in it that leads on; in the last step: that needs the
			      feature */
	char how; /* 'r' root, 'c' call, 'j' jump, 'a' address taken, 'd' data table, 'v' virtual
		   * table, 'i' resolver */
};

#define OST_NEED_STEPS_MAX 24

#define OST_NEED_NAME_MAX 64 /* a file's name, cut, with NUL */

/** struct ost_need_outside - code in a file that is not in the closure; not kept in records */
struct ost_need_outside {
	char id[OST_OBJECT_ID_MAX];   /* as ost_object.id; "": there is none */
	char name[OST_NEED_NAME_MAX]; /* of the file; "": not known */
	uint64_t offset;	      /* in the file */
};

/** struct ost_need - the verdict for one feature */
struct ost_need {
	uint8_t feature;   /* enum ost_feature */
	uint8_t verdict;   /* enum ost_need_verdict */
	bool known;	   /* the verdict, or the guard, is from the knowledge base */
	bool run;	   /* the verdict was corrected by what happened at run time */
	bool unsure;	   /* on the way to it is a function that was given up */
	uint32_t member;   /* where: object ... */
	uint64_t function; /* ... start of the function ... */
	uint64_t site;	   /* ... and instruction: the one that decided the verdict; 0: the loader
			      refuses for the sake of @member, or it is @outside */
	uint64_t count;	   /* reachable instructions that need it */
	struct ost_feature_set
		guard;	       /* what is known to be present where it is run; empty = no guard */
	uint32_t guard_member; /* where a test for it is, in the same function or object where there
				* is one; guard_site 0 = not known */
	uint64_t guard_site;
	struct ost_need_outside outside; /* where it was at run time, when not in a member */
	uint32_t steps;			 /* of @path */
	struct ost_need_step
		path[OST_NEED_STEPS_MAX]; /* from a root; cut in the middle when longer */
};

/** struct ost_need_place - an instruction that a verdict names, in words */
struct ost_need_place {
	uint32_t member;
	uint64_t address;
	uint64_t into; /* bytes from the start of @symbol */
	char *symbol;  /* that it belongs to, as in the file; NULL: none */
	char *text;    /* the instruction; NULL: can't be read */
};

/** struct ost_needs - all that an analysis found */
struct ost_needs {
	struct ost_need *list; /* by feature, those with an instruction in reach or a verdict */
	size_t count;
	struct ost_need_place *places; /* by member and address, from ost_needs_describe() */
	size_t place_count;
	bool complete;	      /* no library is missing and no budget was spent */
	char incomplete[240]; /* why not; "" when complete */
	uint64_t code_bytes, functions, analysed; /* decoded, reached, looked at closely */
	uint64_t duration_ns;
};

/** struct ost_need_budget - 0 = the default */
struct ost_need_budget {
	uint64_t code_bytes; /* decoded per object; default 512 MiB */
	uint64_t steps;	     /* instructions interpreted in the close look; default 40 million */
};

/**
 * ost_needs_find() - analyse a program
 *
 * Return: 0, with what could not be known said in @needs->incomplete; -ENOMEM.
 */
int ost_needs_find(struct ost_needs *needs, const struct ost_program *program,
		   const struct ost_need_budget *budget, struct ost_error *err);

void ost_needs_free(struct ost_needs *needs);

/**
 * ost_needs_describe() - put what the verdicts name into words, so that the files are not read again
 *
 * Does nothing the second time.
 *
 * Return: 0, or -ENOMEM, which leaves @needs without @places: as good, only slower to report.
 */
int ost_needs_describe(struct ost_needs *needs, const struct ost_program *program);

void ost_needs_drop_places(struct ost_needs *needs);

/** ost_needs_place() - an instruction in words, or NULL: not among @places */
const struct ost_need_place *ost_needs_place(const struct ost_needs *needs, uint32_t member,
					     uint64_t address);

/**
 * ost_need_place_read() - one instruction in words, read from its file
 *
 * Return: 0, with @place for ost_need_place_free(); -ENOMEM.
 */
int ost_need_place_read(struct ost_need_place *place, const struct ost_program *program,
			uint32_t member, uint64_t address);

void ost_need_place_free(struct ost_need_place *place);

/** ost_needs_get() - the verdict for a feature, or NULL: no instruction of it was found */
const struct ost_need *ost_needs_get(const struct ost_needs *needs, unsigned int feature);

/** ost_need_verdict_name() - "required", "self-checked", "hazard", "probable", "weak guard", ... */
const char *ost_need_verdict_name(unsigned int verdict);

/**
 * ost_needs_hard() - what a host must have: required, self-checked and hazards
 * @soft: gets probable ones; may be NULL
 */
void ost_needs_hard(const struct ost_needs *needs, struct ost_feature_set *hard,
		    struct ost_feature_set *soft);

/** ost_needs_level() - the lowest x86-64 level (1 .. 4) that has all that is hard; 0 = none has */
unsigned int ost_needs_level(const struct ost_needs *needs);

/**
 * ost_needs_unmet() - what keeps the program from a host
 * @have: what that host gives to a process
 * @unmet: gets hard features that it lacks, and features behind weak guards that it would pass
 *	without having them
 *
 * Return: true when it would run there.
 */
bool ost_needs_unmet(const struct ost_needs *needs, const struct ost_feature_set *have,
		     struct ost_feature_set *unmet);

/**
 * ost_needs_unsure() - is all of this unmet only as far as is known?
 * @unmet: from ost_needs_unmet()
 *
 * True when there is some, and for each a function was given up that may well test for it.
 */
bool ost_needs_unsure(const struct ost_needs *needs, const struct ost_feature_set *unmet);

#endif
