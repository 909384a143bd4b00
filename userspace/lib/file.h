/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_FILE_H
#define OST_LIB_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Small files by directory descriptor: /proc/PID and cgroup directories are opened once and their
 * files read relative to that, so a recycled pid or a renamed cgroup can't be read by mistake.
 */

/**
 * ost_file_read() - read a small file whole
 * @dirfd: directory, or AT_FDCWD
 * @path: relative to @dirfd
 * @buf: gets the text, always NUL-terminated, cut at @size - 1
 *
 * Return: bytes read, or negative errno.
 */
ssize_t ost_file_read(int dirfd, const char *path, char *buf, size_t size);

/**
 * ost_file_read_all() - read a file of any size up to a limit into fresh memory
 * @max: most bytes to accept; a longer file is -EFBIG
 * @out: gets the text, NUL-terminated, to be freed by the caller
 *
 * Return: bytes read, or negative errno.
 */
ssize_t ost_file_read_all(int dirfd, const char *path, size_t max, char **out);

/** ost_file_read_u64() - read one decimal number; "max" reads as UINT64_MAX; 0 or negative errno */
int ost_file_read_u64(int dirfd, const char *path, uint64_t *value);

/** ost_file_write() - write @text in one write(2); 0 or negative errno, -EIO when it was cut short */
int ost_file_write(int dirfd, const char *path, const char *text);

/**
 * ost_text_field() - find `key value` or `key: value` at the start of a line, as in memory.stat,
 * cgroup.events and /proc/PID/status
 * @value: gets the decimal number after the key
 *
 * Return: 0, -ENOENT when no line has the key, -EINVAL when what follows is no number.
 */
int ost_text_field(const char *text, const char *key, uint64_t *value);

#endif
