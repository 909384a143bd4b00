// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/program/archive_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"

#define FOLDER_MODE 0700
#define FILE_MODE 0600

static int open_inside(int folder, const char *name, uint64_t flags, uint64_t resolve)
{
	struct open_how how = {
		.flags = flags | O_CLOEXEC,
		.resolve = resolve | RESOLVE_NO_MAGICLINKS,
	};
	int fd = syscall(SYS_openat2, folder, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static int open_folder(int folder, const char *name)
{
	return open_inside(folder, *name ? name : ".", O_PATH | O_DIRECTORY, RESOLVE_IN_ROOT);
}

/* The part of @name up to @end, followed by its slash or its NUL, made as a folder. */
static int make_part(int folder, const char *name, size_t end)
{
	char part[PATH_MAX];
	const char *slash;
	_ost_close_ int above = -1;

	if (end >= sizeof(part))
		return -ENAMETOOLONG;
	memcpy(part, name, end);
	part[end] = '\0';
	slash = strrchr(part, '/');
	if (slash) {
		part[slash - part] = '\0';
		above = open_folder(folder, part);
		slash++;
	} else {
		above = open_folder(folder, "");
		slash = part;
	}
	if (above < 0)
		return above;
	return mkdirat(above, slash, FOLDER_MODE) && errno != EEXIST ? -errno : 0;
}

int ost_folder_make(int folder, const char *name)
{
	int fd = open_folder(folder, name), ret = 0;

	for (const char *p = name; fd == -ENOENT && !ret && *name; p++)
		if (!*p || *p == '/') {
			ret = make_part(folder, name, p - name);
			if (!*p)
				break;
		}
	if (fd >= 0)
		close(fd);
	else if (fd != -ENOENT)
		return fd;
	return ret;
}

/* Open the folder that @name is in; @last gets the name in it. */
static int open_parent(int folder, const char *name, const char **last, bool make)
{
	char parent[PATH_MAX];
	const char *slash = strrchr(name, '/');
	size_t len = slash ? slash - name : 0;
	int ret;

	if (len >= sizeof(parent))
		return -ENAMETOOLONG;
	memcpy(parent, name, len);
	parent[len] = '\0';
	*last = slash ? slash + 1 : name;
	if (!**last)
		return -EISDIR;
	ret = make ? ost_folder_make(folder, parent) : 0;
	return ret ? ret : open_folder(folder, parent);
}

int ost_folder_name(const char *name, char *out, size_t size)
{
	size_t have = 0, parts = 0;

	while (*name) {
		size_t len = strcspn(name, "/");

		if (len == 2 && !memcmp(name, "..", 2))
			return -EXDEV;
		if (len > NAME_MAX)
			return -ENAMETOOLONG;
		if (len && !(len == 1 && *name == '.')) {
			if (have + len + 2 > size || ++parts > OST_FOLDER_LEVELS_MAX)
				return -ENAMETOOLONG;
			if (have)
				out[have++] = '/';
			memcpy(out + have, name, len);
			have += len;
		}
		name += len + (name[len] == '/');
	}
	out[have] = '\0';
	return 0;
}

int ost_folder_unlink(int folder, const char *name)
{
	const char *last;
	_ost_close_ int parent = open_parent(folder, name, &last, false);

	if (parent < 0)
		return parent == -ENOENT ? 0 : parent;
	return unlinkat(parent, last, 0) && errno != ENOENT ? -errno : 0;
}

int ost_folder_create(int folder, const char *name)
{
	const char *last;
	_ost_close_ int parent = open_parent(folder, name, &last, true);
	int fd;

	if (parent < 0)
		return parent;
	if (unlinkat(parent, last, 0) && errno != ENOENT)
		return -errno;
	fd = openat(parent, last, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, FILE_MODE);
	return fd < 0 ? -errno : fd;
}

/* How many folders @name is below the folder. */
static unsigned int levels(const char *name)
{
	unsigned int count = 0;

	for (; *name; name++)
		count += *name == '/';
	return count;
}

static bool climbs_out(const char *name, const char *target)
{
	int level = levels(name);

	while (*target) {
		size_t len = strcspn(target, "/");

		if (len == 2 && !memcmp(target, "..", 2))
			level--;
		else if (len && !(len == 1 && *target == '.'))
			level++;
		if (level < 0)
			return true;
		target += len + (target[len] == '/');
	}
	return false;
}

int ost_folder_symlink(int folder, const char *name, const char *target)
{
	char inside[PATH_MAX] = "";
	const char *last;
	_ost_close_ int parent = -1;
	size_t have = 0;

	if (*target == '/') {
		for (unsigned int i = levels(name); i && have + 4 < sizeof(inside); i--)
			have += snprintf(inside + have, sizeof(inside) - have, "../");
		target += strspn(target, "/");
		if (have + strlen(target) + 2 > sizeof(inside))
			return -ENAMETOOLONG;
		/* the folder itself, from its first level, is "." */
		strcpy(inside + have, *target || have ? target : ".");
		target = inside;
	}
	if (climbs_out(name, target))
		return -EXDEV;
	parent = open_parent(folder, name, &last, true);
	if (parent < 0)
		return parent;
	if (unlinkat(parent, last, 0) && errno != ENOENT)
		return -errno;
	return symlinkat(target, parent, last) ? -errno : 0;
}

int ost_folder_link(int folder, const char *name, const char *target)
{
	const char *last, *last_target;
	_ost_close_ int parent = -1, from = -1;
	struct stat st, there;

	from = open_parent(folder, target, &last_target, false);
	if (from < 0)
		return from;
	if (fstatat(from, last_target, &st, AT_SYMLINK_NOFOLLOW))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -ENOENT;
	parent = open_parent(folder, name, &last, true);
	if (parent < 0)
		return parent;
	if (!linkat(from, last_target, parent, last, 0))
		return 0;
	if (errno != EEXIST)
		return -errno;
	/* linked to itself, be it by way of another folder's link, it stays as it is */
	if (!fstatat(parent, last, &there, AT_SYMLINK_NOFOLLOW) && there.st_dev == st.st_dev &&
	    there.st_ino == st.st_ino)
		return 0;
	if (unlinkat(parent, last, 0) || linkat(from, last_target, parent, last, 0))
		return -errno;
	return 0;
}

bool ost_folder_leaves(int folder, const char *name)
{
	int fd = open_inside(folder, name, O_PATH, RESOLVE_BENEATH);

	if (fd >= 0)
		close(fd);
	return fd == -EXDEV;
}

static int remove_entries(int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	int ret = 0, r;

	if (!dir) {
		ret = -errno;
		close(fd);
		return ret;
	}
	while ((entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		r = unlinkat(dirfd(dir), entry->d_name, 0) ? -errno : 0;
		if (r == -EISDIR)
			r = ost_folder_remove(dirfd(dir), entry->d_name);
		if (r && !ret)
			ret = r;
	}
	closedir(dir);
	return ret;
}

int ost_folder_remove(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), ret;

	if (fd < 0)
		return -errno;
	ret = remove_entries(fd);
	if (unlinkat(parent, name, AT_REMOVEDIR) && !ret)
		ret = -errno;
	return ret;
}
