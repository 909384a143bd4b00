// SPDX-License-Identifier: GPL-2.0-or-later
/* Archives: what the child process of ost_archive_unpack() does with them, with nothing kept. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "isa/program/archive_folder.h"
#include "isa/program/archive_walk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const uint8_t *data, size_t size)
{
	char name[256], clean[128];

	if (size >= sizeof(name))
		return;
	memcpy(name, data, size);
	name[size] = '\0';
	if (ost_folder_name(name, clean, sizeof(clean)))
		return;
	if (clean[0] == '/' || !strcmp(clean, "..") || !strncmp(clean, "../", 3) ||
	    strstr(clean, "/../") || strstr(clean, "//") || strlen(clean) > size)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ost_archive_limits limits = {
		.bytes = 4 << 20, .file_bytes = 1 << 20, .entries = 1000, .nesting = 2, .seconds = 5,
	};
	struct ost_archive_walk *walk = calloc(1, sizeof(*walk));
	int fd = memfd_create("archive", MFD_CLOEXEC), ret;

	if (!walk || fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	lseek(fd, 0, SEEK_SET);
	ost_archive_limits_fill(&walk->limits, &limits);
	walk->folder = -1;
	ret = ost_archive_walk_all(walk, fd, "archive");
	if (ret > 0 || (ret && !walk->err.text[0]) || walk->depth)
		abort();
	if (walk->stats.entries > limits.entries + 1)
		abort();
	ost_archive_walk_free(walk);
	free(walk);
	close(fd);
	check_name(data, size);
	return 0;
}
