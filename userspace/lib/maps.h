/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_MAPS_H
#define OST_LIB_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * /proc/PID/maps, see proc_pid_maps(5). The names in it are chosen by the process: they are data,
 * never paths to be opened.
 */

/**
 * struct ost_map - one mapping
 * @start: first address
 * @end: one past the last
 * @offset: into the file
 * @major, @minor, @inode: of the file; inode 0 for anonymous memory
 * @readable, @writable, @executable, @private: its permissions
 * @deleted: the file was removed since
 * @name: path, "[heap]", "[anon:...]" or nothing; points into the text, not NUL-terminated, without
 *	" (deleted)"; newlines in it are written \012
 * @name_len: its length
 */
struct ost_map {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	uint64_t inode;
	uint32_t major;
	uint32_t minor;
	bool readable;
	bool writable;
	bool executable;
	bool private;
	bool deleted;
	const char *name;
	size_t name_len;
};

/**
 * ost_map_parse() - take one line apart
 * @line: need not be NUL-terminated
 * @len: its length, without the newline
 *
 * Return: 0, -EINVAL when it is no line of maps.
 */
int ost_map_parse(const char *line, size_t len, struct ost_map *map);

/**
 * ost_map_object() - the file name of a mapped file without its folders; NULL for any other
 * mapping
 */
const char *ost_map_object(const struct ost_map *map, size_t *len);

/**
 * ost_map_is_heap() - private anonymous memory that belongs to the program (not [stack], [vdso],
 * ...)
 */
bool ost_map_is_heap(const struct ost_map *map);

/**
 * ost_maps_read() - call @visit for each mapping of a maps file
 * @fd: open for reading, at its beginning
 * @max_lines: after this many the rest is left unread
 * @visit: returns 0 to go on, anything else to stop
 *
 * Lines are read through a fixed buffer: the process decides how many mappings it has and what
 * they are called. Lines that can't be parsed or are longer than the buffer are passed over.
 *
 * Return: 0 at the end, -E2BIG after @max_lines, what @visit returned, or negative errno.
 */
int ost_maps_read(int fd, size_t max_lines, int (*visit)(const struct ost_map *map, void *arg),
		  void *arg);

#endif
