/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CTL_SCAN_H
#define OST_CTL_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "isa/host.h"
#include "isa/need/report.h"
#include "isa/need/run_record.h"

/* The parts of `ostlerctl scan`, which asks no daemon. */

/** enum ost_scan_exit - exit codes; ostlerctl(1) documents them for pipelines */
enum ost_scan_exit {
	OST_SCAN_DONE,
	OST_SCAN_LACKS,		/* the host of --host lacks something */
	OST_SCAN_USAGE,
	OST_SCAN_UNREADABLE,	/* a path that can't be analysed */
	OST_SCAN_INCOMPLETE,	/* analysed, but not all of it */
};

/** struct ost_scan - what was asked, and what has become of it so far */
struct ost_scan {
	bool json, level, verbose;
	bool several;			/* answers need the path beside them */
	bool no_dlopen, no_cache;
	unsigned int why;		/* enum ost_feature, 0 = not asked */
	const char *root;		/* real path, NULL = this host's "/" */
	const char **dlopened;		/* NULL-ended */
	const struct ost_report_host *host;	/* NULL = not asked */
	const struct ost_run *run;	/* what happened when it ran; NULL = not told */
	const char *cache_path;		/* NULL = where a person's cache is */
	struct ost_need_cache *cache;	/* NULL = not open */
	bool cache_tried;
	size_t answers;
	bool lacks, unreadable, incomplete;
};

/** struct ost_scan_job - one program to be analysed */
struct ost_scan_job {
	const char *path;	/* below @root */
	const char *root;	/* NULL = this host's "/" */
	const char *name;	/* what to call it */
	const char *folder;	/* paths below this folder ... */
	const char *shown_as;	/* ... are shown with this instead; NULL: as they are */
	const char *script;	/* the script that it would run; NULL: none */
	const char *library_path, *preload; /* LD_LIBRARY_PATH and LD_PRELOAD of its loader; NULL: none */
};

/** ost_scan_complain() - a line on standard error and, with --json, on standard output */
void ost_scan_complain(struct ost_scan *scan, const char *path, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * ost_scan_program() - analyse one program and print the answer
 * @each: called with each object of its closure before it is closed; may be NULL
 */
void ost_scan_program(struct ost_scan *scan, const struct ost_scan_job *job,
		      void (*each)(void *context, const struct ost_object *object), void *context);

/** struct ost_scan_answer - what a program needs */
struct ost_scan_answer {
	struct ost_program *program;	/* an outline when all of it is from the cache */
	struct ost_needs needs;
	bool cached;
};

/**
 * ost_scan_answer() - what a program needs, from the cache if it is known there
 * @answer: for ost_scan_answer_free(), whatever is returned
 *
 * Return: 0, or what ost_program_open() or ost_needs_find() fails with.
 */
int ost_scan_answer(struct ost_scan *scan, const struct ost_scan_job *job,
		    struct ost_scan_answer *answer, struct ost_error *err);
void ost_scan_answer_free(struct ost_scan_answer *answer);

/** ost_scan_forget() - after a fork: the cache is the parent's and not to be touched */
void ost_scan_forget(struct ost_scan *scan);

/** ost_scan_path() - whatever a path is: file, folder, bundle or archive */
void ost_scan_path(struct ost_scan *scan, const char *path);

/**
 * ost_scan_folder() - every program in a folder, and every library that none of them loads
 * @folder: where it is on this host
 * @root: folder that stands for "/", NULL = this host's; @folder is it, or below it
 * @shown_as: what to call the folder
 */
void ost_scan_folder(struct ost_scan *scan, const char *folder, const char *root,
		     const char *shown_as);

/** ost_scan_is_root() - has a folder a loader where the root file system of a host has it? */
bool ost_scan_is_root(const char *folder);

/** ost_scan_bundle() - what an OCI bundle runs */
void ost_scan_bundle(struct ost_scan *scan, const char *folder, const char *shown_as);

/** ost_scan_archive() - what is in a zip or tar file */
void ost_scan_archive(struct ost_scan *scan, const char *file, const char *shown_as);

/**
 * ost_scan_host_read() - the host that --host names: a level, a file of snapshots or a copy of
 * /proc/cpuinfo
 * @features: memory for what @host points to
 *
 * Return: 0 or negative errno.
 */
int ost_scan_host_read(const char *name, struct ost_report_host *host,
		       struct ost_host_features *features, struct ost_error *err);

#endif
