/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_ARCHIVE_WALK_H
#define OST_ISA_ARCHIVE_WALK_H

#include "isa/program/archive.h"
#include "lib/error.h"

/* What the child process of ost_archive_unpack() does; by itself for fuzzers. */

#define OST_ARCHIVE_NAME_MAX 4096	/* bytes of an entry's name with those of the archives it is in */

/** struct ost_archive_walk - an archive that is being gone through */
struct ost_archive_walk {
	struct ost_archive_limits limits;	/* every one set */
	struct ost_archive_stats stats;
	struct ost_error err;
	int folder;			/* where to write; -1: nothing is kept */
	uint64_t size;			/* of the outermost archive, bytes */
	uint64_t deadline_ns;		/* by CLOCK_MONOTONIC */
	uint32_t depth;			/* archives around the one that is read */
	char prefix[OST_ARCHIVE_NAME_MAX];	/* what its entries' names begin with: "a/b.jar!/" */
	char **links;			/* names of symbolic links that were made */
	size_t link_count, link_room;
};

/** ost_archive_limits_fill() - copy, with defaults where @given has 0 or is NULL */
void ost_archive_limits_fill(struct ost_archive_limits *limits,
			     const struct ost_archive_limits *given);

/**
 * ost_archive_walk_all() - go through the whole archive
 * @walk: limits and folder set, all else 0
 * @fd: of a regular file; its offset is moved
 * @path: what to call it
 *
 * Return: as ost_archive_unpack(); the words are in @walk->err.
 */
int ost_archive_walk_all(struct ost_archive_walk *walk, int fd, const char *path);

/** ost_archive_walk_free() - free its lists */
void ost_archive_walk_free(struct ost_archive_walk *walk);

/** ost_archive_magic() - do these bytes begin an archive or a compressed file? */
bool ost_archive_magic(const uint8_t *head, size_t len);

#endif
