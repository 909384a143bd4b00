/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_REPORT_H
#define OST_ISA_REPORT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "isa/host.h"
#include "isa/need/need.h"
#include "isa/program/program.h"

/*
 * What an analysis found, for people and for programs. Names of symbols and files are the analysed
 * file's own: for people they are made fit for a terminal, and in JSON they are valid UTF-8.
 */

/** struct ost_report - an analysis, and how to show it; nothing in it is owned */
struct ost_report {
	const struct ost_program *program;
	const struct ost_needs *needs;
	const char *path;	/* what the program is called; NULL: its member's path */
	const char *folder;	/* paths that begin with this folder ... */
	const char *shown_as;	/* ... are shown with this in its place; NULL: as they are */
	unsigned int width;	/* columns of a line of a table; kept within 80 .. 160, 0 = 120 */
	bool cached;		/* the analysis was made earlier */
	bool verbose;		/* a row for every feature, and the objects */
};

/** struct ost_report_host - another host, or a level, that a program is held against */
struct ost_report_host {
	const char *name;
	struct ost_feature_set have;	/* what it gives to a process */
	/* why it withholds something; NULL: not known */
	const struct ost_host_features *features;
	bool names_only;	/* @have is from /proc/cpuinfo, which has no name for some features */
};

#define OST_REPORT_PATH_MAX 4400

/** ost_report_path() - a path as it is shown; returns @buf */
const char *ost_report_path(const struct ost_report *report, const char *path, char *buf,
			    size_t size);

/** struct ost_site - an instruction in a program, in words fit for a terminal */
struct ost_site {
	char object[256];	/* the object's name */
	char place[600];	/* symbol+0x12, or the address */
	char text[96];		/* the instruction, "" when it can't be read */
};

/** ost_report_site() - describe the instruction at an address */
void ost_report_site(const struct ost_report *report, uint32_t member, uint64_t address,
		     struct ost_site *site);

/**
 * ost_report_object() - of a verdict that no instruction decided: which file did, fit for a terminal
 *
 * Return: false when none did; @buf is "" then.
 */
bool ost_report_object(const struct ost_report *report, const struct ost_need *need, char *buf,
		       size_t size);

/**
 * ost_report_place() - the same as it is in the file, unclean
 * @own: for ost_need_place_free(), whatever is returned
 */
const struct ost_need_place *ost_report_place(const struct ost_report *report, uint32_t member,
					      uint64_t address, struct ost_need_place *own);

/** ost_report_level() - "x86-64-v1" .. "x86-64-v4", or "none" */
const char *ost_report_level(const struct ost_needs *needs);

/** ost_report_text() - the whole for people */
void ost_report_text(const struct ost_report *report, FILE *out);

/** ost_report_why() - the path from an entry point to the instruction, one step a line */
void ost_report_why(const struct ost_report *report, unsigned int feature, FILE *out);

/**
 * ost_report_host() - would it run on a host? If not, which bit is missing, and where it is needed
 *
 * Return: true when it would.
 */
bool ost_report_host(const struct ost_report *report, const struct ost_report_host *host,
		     FILE *out);

/**
 * ost_report_json() - the whole for programs; Documentation/scan.rst names the fields
 * @host: adds "host": what ost_report_host() says; may be NULL
 *
 * Return: an object that is the caller's, or NULL without memory.
 */
json_t *ost_report_json(const struct ost_report *report, const struct ost_report_host *host);

#endif
