/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_FUZZ_FOLDER_H
#define OST_FUZZ_FOLDER_H

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A private folder for what a target reads by name: made once, and removed when the process ends. */

static char folder_path[64];

/* What may lie in it, removed backwards; NULL-ended. */
static const char *const *folder_names;

static inline void folder_remove(void)
{
	size_t count = 0;

	if (chdir(folder_path))
		return;
	while (folder_names[count])
		count++;
	while (count--)
		remove(folder_names[count]);
	rmdir(folder_path);
}

/* Names are relative, folders before what is in them. A descriptor of the folder. */
static inline int folder_make(const char *const *names)
{
	int fd;

	snprintf(folder_path, sizeof(folder_path), "/tmp/ostler-fuzz-XXXXXX");
	if (!mkdtemp(folder_path))
		abort();
	fd = open(folder_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	folder_names = names;
	if (fd < 0 || atexit(folder_remove))
		abort();
	return fd;
}

static inline void folder_write(int folder, const char *name, const void *data, size_t size)
{
	int fd = openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

#endif
