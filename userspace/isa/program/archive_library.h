/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_ARCHIVE_LIBRARY_H
#define OST_ISA_ARCHIVE_LIBRARY_H

#include <archive.h>
#include <archive_entry.h>

struct ost_error;

/*
 * libarchive, loaded when an archive is read: it brings some 12 libraries along, among them 30 MB of
 * tables of ICU, and loading them takes longer than a whole answer from the cache.
 */

/* Functions by their name behind "archive_". */
#define OST_ARCHIVE_FUNCTIONS(X) \
	X(read_new) X(read_free) X(read_open1) X(read_next_header2) X(read_data_block) \
	X(read_data_skip) X(read_set_read_callback) X(read_set_seek_callback) \
	X(read_set_skip_callback) X(read_set_callback_data) X(read_support_format_zip) \
	X(read_support_format_tar) X(read_support_filter_gzip) X(read_support_filter_bzip2) \
	X(read_support_filter_xz) X(read_support_filter_zstd) X(filter_count) X(format) \
	X(set_error) X(error_string) X(entry_new) X(entry_free) X(entry_pathname) \
	X(entry_pathname_utf8) X(entry_symlink) X(entry_symlink_utf8) X(entry_hardlink) \
	X(entry_hardlink_utf8) X(entry_filetype) X(entry_perm) X(entry_size) X(entry_is_encrypted)

/** struct ost_archive_library - its functions; all set after ost_archive_library_load() */
struct ost_archive_library {
#define OST_ARCHIVE_DECLARE(name) __typeof__(&(archive_##name)) name;
	OST_ARCHIVE_FUNCTIONS(OST_ARCHIVE_DECLARE)
#undef OST_ARCHIVE_DECLARE
	__typeof__(&archive_errno) error_number; /* errno itself is a macro */
};

extern struct ost_archive_library ost_libarchive;

/**
 * ost_archive_library_load() - load it; does nothing the second time
 *
 * Not for several threads at a time.
 *
 * Return: 0, or -ELIBACC when it is not there or too old, and @err says which file is wanted.
 */
int ost_archive_library_load(struct ost_error *err);

#endif
