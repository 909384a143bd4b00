/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CTL_H
#define OST_CTL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ostlerctl/client.h"

/* What the verbs share. Each verb is one file with one function that ends in an exit code. */

/** enum ost_ctl_exit - exit codes; ostlerctl(1) documents them */
enum ost_ctl_exit {
	OST_CTL_OK,
	OST_CTL_FAILED, /* the request was refused or failed, or a collection did */
	OST_CTL_USAGE,
	OST_CTL_UNREACHABLE, /* no daemon answers */
	OST_CTL_NOTHING,     /* nothing, or more than one thing, matched */
};

/** struct ost_ctl - what was given before the verb */
struct ost_ctl {
	struct ost_client client;
	bool json; /* print the API's JSON as it is */
};

/** As the most arguments of a verb: asks no daemon, and reads what stands behind it by itself. */
#define OST_CTL_ALONE (-1)

/** struct ost_ctl_verb - a row of the command table */
struct ost_ctl_verb {
	const char *name;
	const char *args; /* for the usage text */
	const char *what; /* one line for people */
	int min, max;	  /* how many arguments, or OST_CTL_ALONE */
	int (*run)(struct ost_ctl *ctl, int argc, char **argv);
};

/** ost_ctl_fail() - a line on standard error; returns @code */
int ost_ctl_fail(int code, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/**
 * ost_ctl_get() - GET a path
 * @out: gets the answer, to be freed with json_decref(); with --json it is printed instead, and
 *@out is NULL
 *
 * Return: an exit code; a failure has been reported.
 */
int ost_ctl_get(struct ost_ctl *ctl, const char *path, json_t **out);

/** ost_ctl_send() - the same with a method and a body, which is taken over */
int ost_ctl_send(struct ost_ctl *ctl, const char *method, const char *path, json_t *body,
		 json_t **out);

/**
 * ost_ctl_pick() - find the one instance that a person means
 * @name: its id; its path; its function, when no other instance serves it; or the beginning of a
 *path, of the last part of one, or of a function's name, when there is only one such
 * @id: gets its id, for a path of the API
 *
 * Return: an exit code; a failure has been reported.
 */
int ost_ctl_pick(struct ost_ctl *ctl, const char *name, char *id, size_t size);

/** ost_ctl_collection() - print what is known of an instance's last collection, a line a figure */
void ost_ctl_collection(const json_t *instance);

/** ost_ctl_needs() - print what an instance's program needs of the processor, a line a figure */
void ost_ctl_needs(const json_t *needs);

/** ost_ctl_snapshot() - print what the CPUs of this host say of themselves; returns an exit code */
int ost_ctl_snapshot(void);

int ost_verb_status(struct ost_ctl *ctl, int argc, char **argv);
int ost_verb_list(struct ost_ctl *ctl, int argc, char **argv);
int ost_verb_show(struct ost_ctl *ctl, int argc, char **argv);
int ost_verb_functions(struct ost_ctl *ctl, int argc, char **argv);
int ost_verb_collect(struct ost_ctl *ctl, int argc, char **argv);
int ost_verb_traps(struct ost_ctl *ctl, int argc, char **argv);
int ost_verb_parks(struct ost_ctl *ctl, int argc, char **argv);
int ost_verb_verdict(struct ost_ctl *ctl, int argc, char **argv);
int ost_verb_mode(struct ost_ctl *ctl, int argc, char **argv);
int ost_verb_watch(struct ost_ctl *ctl, int argc, char **argv);
int ost_verb_module(struct ost_ctl *ctl, int argc, char **argv);
int ost_verb_needs(struct ost_ctl *ctl, int argc, char **argv);
int ost_verb_features(struct ost_ctl *ctl, int argc, char **argv);
int ost_verb_scan(struct ost_ctl *ctl, int argc, char **argv);
int ost_verb_config(struct ost_ctl *ctl, int argc, char **argv);

#endif
