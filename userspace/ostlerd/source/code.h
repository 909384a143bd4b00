/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SOURCE_CODE_H
#define OST_SOURCE_CODE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/error.h"

/*
 * Which file, and where in it, an instruction of a running process comes from. In two steps: the first is
 * short and needs the process, the second reads the file and may take long.
 */

#define OST_CODE_ID_LEN 65	/* text of a build-id or hash, with NUL: as ost_object.id */
#define OST_CODE_NAME_LEN 64	/* a file's name without its folders, cut, with NUL */

/** struct ost_code_file - a mapped file that is held */
struct ost_code_file {
	int fd;				/* O_PATH */
	uint64_t offset;		/* of the instruction, bytes */
	char name[OST_CODE_NAME_LEN];	/* chosen by the process: never to be opened */
};

/**
 * ost_code_find() - the file behind an address of a process
 * @tgid: in the daemon's pid namespace
 *
 * Reads /proc/PID/maps, at most its first few thousand lines. The file is taken by its mapping
 * (/proc/PID/map_files), not by its name, so it is the very file that was mapped.
 *
 * Return: 0; -ESRCH when the process has ended; -ENOENT when the address is in no executable mapping
 * of a regular file; another negative errno.
 */
int ost_code_find(pid_t tgid, uint64_t address, struct ost_code_file *file, struct ost_error *err);

/**
 * ost_code_identify() - what build of the file it is
 * @insn: bytes that must be at @file->offset, else the process is not the one that trapped, or has
 *	changed its code; @len may be 0
 * @id: at least OST_CODE_ID_LEN bytes
 *
 * May block; for a worker.
 *
 * Return: 0; -ESTALE when other bytes are there; what ost_object_open() fails with.
 */
int ost_code_identify(const struct ost_code_file *file, const uint8_t *insn, size_t len, char *id,
		      struct ost_error *err);

/**
 * ost_code_program() - the same for the program that a process runs
 * @procfd: its /proc directory
 *
 * May block; for a worker.
 */
int ost_code_program(int procfd, char *id, struct ost_error *err);

#endif
