/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_ARCHIVE_READ_H
#define OST_ISA_ARCHIVE_READ_H

#include <stdbool.h>
#include <stdint.h>

#include "isa/program/archive_library.h"
#include "isa/program/archive_walk.h"

/* Reading one archive's entries within the limits of the whole. */

#define OST_MIB ((uint64_t)1 << 20)

/* What is read of the archive at a time, bytes. */
#define OST_ARCHIVE_READ_SIZE (64 << 10)

/* What is looked at of an entry to tell what it is, bytes: tar's magic ends at 262. */
#define OST_ARCHIVE_HEAD_SIZE 512

/** struct ost_archive_reader - an archive that is open: the outermost, or one in it */
struct ost_archive_reader {
	struct ost_archive_walk *walk;
	struct archive *archive;
	int fd;
	bool compressed;	/* as a whole: skipping means decompressing */
	char buf[OST_ARCHIVE_READ_SIZE];
};

/** struct ost_archive_item - an entry of which the first bytes were read */
struct ost_archive_item {
	struct archive_entry *entry;
	char name[OST_ARCHIVE_NAME_MAX];	/* in the folder */
	uint8_t head[OST_ARCHIVE_HEAD_SIZE];
	size_t head_size;
	const uint8_t *rest;	/* what the block had behind @head */
	size_t rest_size;
	uint64_t offset;	/* of @rest in the file */
	bool at_end;
};

/** ost_archive_shown() - @name as one line may hold it */
const char *ost_archive_shown(const char *name, char *buf, size_t size);

/** ost_archive_remark() - the first one is kept */
void ost_archive_remark(struct ost_archive_walk *walk, const char *name, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/** ost_archive_now_ns() - CLOCK_MONOTONIC, nanoseconds */
uint64_t ost_archive_now_ns(void);

/** ost_archive_out_of_time() - 0, or -ETIME when the walk has lasted too long */
int ost_archive_out_of_time(struct ost_archive_walk *walk);

/** ost_archive_reader_open() - begin to read @reader->fd; 0 or negative errno */
int ost_archive_reader_open(struct ost_archive_reader *reader);

/**
 * ost_archive_reader_broken() - libarchive's failure as ours
 * @code: what it is when nothing better is known: no limit, no lack of memory
 */
int ost_archive_reader_broken(struct ost_archive_reader *reader, int code);

/** ost_archive_item_head() - read its first bytes, or all if it has less; 0 or libarchive's code */
int ost_archive_item_head(struct ost_archive_reader *reader, struct ost_archive_item *item);

/** ost_archive_item_write() - to its file, within the limit of its size; 0 or negative errno */
int ost_archive_item_write(struct ost_archive_walk *walk, const struct ost_archive_item *item, int fd,
			   const void *bytes, size_t size, uint64_t offset);

/** ost_archive_item_copy() - all of it to @fd; libarchive's code: any but ARCHIVE_EOF means: don't use it */
int ost_archive_item_copy(struct ost_archive_reader *reader, struct ost_archive_item *item, int fd);

/** ost_archive_item_unread() - it can't be read, libarchive said @r: 0 to go on, or negative errno */
int ost_archive_item_unread(struct ost_archive_reader *reader, const struct ost_archive_item *item, int r);

/** ost_archive_item_pass() - go on to the next entry without this one's data; 0 or negative errno */
int ost_archive_item_pass(struct ost_archive_reader *reader, struct ost_archive_item *item);

#endif
