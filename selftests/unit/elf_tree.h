/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_SELFTESTS_ELF_TREE_H
#define OST_SELFTESTS_ELF_TREE_H

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "elf_image.h"

/* A folder that stands for "/", and small ELF files in it; include <cmocka.h> before. */

static char root[64];

static inline void make_folders(const char *path)
{
	char part[PATH_MAX];

	for (const char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(part, sizeof(part), "%s/%.*s", root, (int)(p - path), path);
		mkdir(part, 0755);
	}
}

static inline void put_bytes(const char *path, const void *bytes, size_t size)
{
	char whole[PATH_MAX];
	int fd;

	make_folders(path);
	snprintf(whole, sizeof(whole), "%s%s", root, path);
	fd = open(whole, O_CREAT | O_TRUNC | O_WRONLY, 0644);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

/* Every file gets an id of its own, so that none is taken for another. */
static inline void put(const char *path, struct image_spec spec)
{
	static uint8_t id;
	struct image im;

	spec.id = ++id ? id : ++id;
	image_make(&im, &spec);
	put_bytes(path, &im, sizeof(im));
}

static inline void put_link(const char *path, const char *to)
{
	char whole[PATH_MAX];

	make_folders(path);
	snprintf(whole, sizeof(whole), "%s%s", root, path);
	assert_int_equal(symlink(to, whole), 0);
}

static inline int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	return remove(path);
}

static inline int make_root(void **state)
{
	strcpy(root, "/tmp/ostler-program-XXXXXX");
	return mkdtemp(root) ? 0 : -1;
}

static inline int drop_root(void **state)
{
	return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#endif
