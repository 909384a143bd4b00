// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A fuzz target as a plain program: each file, and each file of each folder, is given to it once.
 * Options of libFuzzer are passed over. Exit status 0, or that of the crash; 1 when nothing could be read.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/cleanup.h"
#include "lib/file.h"

#define INPUT_MAX (1u << 20)	/* bytes of one input */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned int inputs;

static int replay_file(int dirfd, const char *path)
{
	_ost_free_ char *data = NULL;
	ssize_t len = ost_file_read_all(dirfd, path, INPUT_MAX, &data);
	uint8_t *exact;

	if (len < 0) {
		fprintf(stderr, "%s: %s\n", path, strerror(-len));
		return len;
	}
	/* a block of the exact size, so that a sanitizer sees one byte too many */
	exact = malloc(len ? len : 1);
	if (!exact)
		return -ENOMEM;
	memcpy(exact, data, len);
	LLVMFuzzerTestOneInput(exact, len);
	free(exact);
	inputs++;
	return 0;
}

static int replay_folder(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int ret = 0;

	if (!dir)
		return -errno;
	while (!ret && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			ret = replay_file(dirfd(dir), entry->d_name);
	closedir(dir);
	return ret;
}

int main(int argc, char **argv)
{
	struct stat st;
	int i, ret = 0;

	for (i = 1; i < argc && !ret; i++) {
		if (argv[i][0] == '-')
			continue;
		if (stat(argv[i], &st)) {
			perror(argv[i]);
			return 1;
		}
		ret = S_ISDIR(st.st_mode) ? replay_folder(argv[i]) :
					    replay_file(AT_FDCWD, argv[i]);
	}
	printf("%u inputs\n", inputs);
	return ret || !inputs;
}
