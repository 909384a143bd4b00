/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_ARCHIVE_H
#define OST_ISA_ARCHIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ost_error;

/*
 * Programs inside archives: zip (jar, wheel, apk) and tar, also compressed with gzip, bzip2, xz or
 * zstd, and archives inside these. What an analysis can use is unpacked into a private folder: files
 * that begin with ELF's magic, the loader's own files (ld.so.cache, musl's search path), an OCI
 * bundle's config.json, folders and symbolic links. Everything else is passed over without being written.
 *
 * The archive is hostile. It is read by a child process that has limits of its own on time and
 * memory, so that not even a fault of the decompressor reaches the caller.
 */

/** struct ost_archive_limits - what an archive may cost; 0 stands for the default */
struct ost_archive_limits {
	uint64_t bytes;		/* decompressed, in all, whether kept or not; default 8 GiB */
	uint64_t file_bytes;	/* of one file that is kept; default 1 GiB */
	uint64_t entries;	/* in all, those of nested archives too; default 1,000,000 */
	uint32_t nesting;	/* archives inside archives; default 3; UINT32_MAX: none is opened */
	uint32_t ratio;		/* bytes that may come out of one that was read, looked at when more
				 * than 64 MiB came out; default 1500: deflate's own limit is 1032 */
	uint32_t seconds;	/* by the clock; default 120 */
};

/** struct ost_archive_stats - what was met */
struct ost_archive_stats {
	uint64_t entries;	/* in all */
	uint64_t programs;	/* ELF files that were kept */
	uint64_t links;		/* symbolic and hard links that were kept */
	uint64_t passed;	/* files that are of no use here */
	uint64_t special;	/* devices, pipes, sockets: passed over */
	uint64_t refused;	/* entries and links that lead out of the folder: not made */
	uint64_t unread;	/* encrypted, broken or too deeply nested: what they hold isn't known */
	uint64_t nested;	/* archives inside it that were opened */
	uint64_t bytes;		/* decompressed */
	char remark[240];	/* the first of what was refused or unread, and why; "" when nothing was:
				 * then the folder holds all that the archive has */
};

/** Bytes that the name of a folder needs, with its NUL. */
#define OST_ARCHIVE_FOLDER_LEN 512

/**
 * ost_archive_is() - does a file begin as an archive does?
 *
 * A compressed file counts: whether there is a tar in it is found when it is unpacked.
 *
 * Return: 1, 0, or negative errno when it can't be read.
 */
int ost_archive_is(const char *path);

/**
 * ost_archive_unpack() - unpack what can be analysed
 * @limits: NULL = all defaults
 * @folder: at least OST_ARCHIVE_FOLDER_LEN bytes; gets the folder that was made, below $TMPDIR or
 *	/tmp, mode 0700; "" on failure. To be given to ost_archive_remove().
 * @stats: may be NULL
 *
 * Leading slashes of names are dropped, and absolute links mean the folder, so it can be used as the
 * root of a program. No link in it leads out of it. A nested archive a/b.jar is the folder
 * "a/b.jar!". Of two entries with the same name the later one stays.
 *
 * Return: 0; -ENOMEDIUM when it is no archive that is known; -EBADMSG when it is broken or cut short;
 * -ELIBACC when libarchive is not there;
 * -E2BIG when a limit is reached, @err says which; -ETIME when it took too long; -EACCES when all of
 * it is encrypted; another negative errno. On failure nothing is left behind.
 */
int ost_archive_unpack(const char *path, const struct ost_archive_limits *limits, char *folder,
		       struct ost_archive_stats *stats, struct ost_error *err);

/**
 * ost_archive_remove() - remove a folder that ost_archive_unpack() made, and all that is in it
 *
 * Links are removed, never followed.
 *
 * Return: 0 or the first negative errno.
 */
int ost_archive_remove(const char *folder);

#endif
