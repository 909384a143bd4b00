// SPDX-License-Identifier: GPL-2.0-or-later
/* All programs of a folder, each with its closure, then the libraries that none of them loads. */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/cleanup.h"
#include "lib/error.h"
#include "ostlerctl/ctl.h"
#include "ostlerctl/scan.h"

/* Files for x86-64 in one folder: more are a mistake in the path. */
#define FILES_MAX 100000

struct file {
	char *path;
	char id[OST_OBJECT_ID_MAX];
	bool shared;
	bool loaded;	/* by a program that was analysed */
};

struct folder {
	struct ost_scan *scan;
	const char *path, *root, *shown_as;
	struct file *files;
	size_t count, room;
	size_t foreign;		/* ELF files for other machines */
	size_t broken;
	bool full;
};

static const char *shown(const struct folder *folder, const char *path, char *buf, size_t size)
{
	struct ost_report names = {.folder = folder->path, .shown_as = folder->shown_as};

	return ost_report_path(&names, path, buf, size);
}

static int by_path(const void *a, const void *b)
{
	const struct file *left = a, *right = b;

	return strcmp(left->path, right->path);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Its type (ET_*), 0 when it is no ELF file that a loader takes, -1 for another machine's. */
static int elf_type(int fd)
{
	Elf64_Ehdr header;

	if (pread(fd, &header, sizeof(header), 0) < EI_NIDENT ||
	    memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
		return 0;
	if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
	    header.e_machine != EM_X86_64)
		return -1;
	return header.e_type == ET_EXEC || header.e_type == ET_DYN ? header.e_type : 0;
}

/* An executable that is position-independent looks much like a library; libc.so can be run, too. */
static bool is_library(const struct ost_object *object)
{
	return object->shared && (object->soname || (!object->has_interpreter && !object->entry));
}

static void add_file(struct folder *folder, const char *path, const struct ost_object *object)
{
	struct file *file;

	if (folder->count == folder->room) {
		size_t room = folder->room ? 2 * folder->room : 64;
		struct file *more = realloc(folder->files, room * sizeof(*more));

		if (!more) {
			folder->full = true;
			return;
		}
		folder->files = more;
		folder->room = room;
	}
	file = &folder->files[folder->count];
	memset(file, 0, sizeof(*file));
	file->path = strdup(path);
	if (!file->path) {
		folder->full = true;
		return;
	}
	memcpy(file->id, object->id, sizeof(file->id));
	file->shared = is_library(object);
	folder->count++;
}

static void look_at(struct folder *folder, const char *path)
{
	_ost_close_ int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct ost_object *object = NULL;
	char name[OST_REPORT_PATH_MAX];
	struct ost_error err = {0};
	struct stat st;
	int type;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode))
		return;
	type = elf_type(fd);
	folder->foreign += type < 0;
	if (type <= 0)
		return;
	shown(folder, path, name, sizeof(name));
	if (ost_object_open(&object, fd, name, &err)) {
		ost_scan_complain(folder->scan, name, "%s", err.text);
		folder->broken++;
		return;
	}
	add_file(folder, path, object);
	ost_object_close(object);
}

static int walk(struct folder *folder)
{
	char *const paths[] = {(char *)folder->path, NULL};
	FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_COMFOLLOW | FTS_NOCHDIR | FTS_XDEV, by_name);
	char name[OST_REPORT_PATH_MAX];
	FTSENT *entry;

	if (!tree)
		return -errno;
	for (errno = 0; !folder->full && (entry = fts_read(tree)); errno = 0) {
		if (entry->fts_info == FTS_F && folder->count == FILES_MAX)
			folder->full = true;
		else if (entry->fts_info == FTS_F)
			look_at(folder, entry->fts_path);
		if (entry->fts_info != FTS_DNR && entry->fts_info != FTS_ERR)
			continue;
		ost_ctl_fail(0, "%s: %s", shown(folder, entry->fts_path, name, sizeof(name)),
			     strerror(entry->fts_errno));
		folder->scan->incomplete = true;
	}
	fts_close(tree);
	return 0;
}

static void mark_loaded(void *context, const struct ost_object *object)
{
	struct folder *folder = context;

	for (size_t i = 0; i < folder->count; i++)
		if (!strcmp(folder->files[i].id, object->id))
			folder->files[i].loaded = true;
}

static void analyse(struct folder *folder, const struct file *file)
{
	char name[OST_REPORT_PATH_MAX];
	const char *root = folder->root;
	struct ost_scan_job job = {
		.path = file->path,
		.root = root,
		.name = shown(folder, file->path, name, sizeof(name)),
		.folder = folder->path,
		.shown_as = folder->shown_as,
	};
	size_t len = root ? strlen(root) : 0;

	/* the walk knows where files are on this host, the loader where they are below the root */
	if (len > 1 && !strncmp(file->path, root, len) && file->path[len] == '/')
		job.path = file->path + len;
	ost_scan_program(folder->scan, &job, mark_loaded, folder);
}

static void finish(struct folder *folder)
{
	struct ost_scan *scan = folder->scan;

	if (folder->full) {
		ost_scan_complain(scan, folder->shown_as,
				  "only the first %zu files were looked at: name its folders",
				  folder->count);
		scan->incomplete = true;
	}
	if (folder->broken)
		scan->incomplete = true;
	if (folder->count)
		return;
	if (folder->foreign)
		ost_scan_complain(scan, folder->shown_as,
				  "its %zu ELF files are all for other machines than x86-64",
				  folder->foreign);
	else if (!folder->broken)
		ost_scan_complain(scan, folder->shown_as, "no program or library for x86-64 in it");
	scan->unreadable = true;
}

void ost_scan_folder(struct ost_scan *scan, const char *path, const char *root,
		     const char *shown_as)
{
	struct folder folder = {.scan = scan, .path = path, .root = root, .shown_as = shown_as};
	int ret = walk(&folder);

	if (ret) {
		ost_scan_complain(scan, shown_as, "%s", strerror(-ret));
		scan->unreadable = true;
	}
	if (folder.count)
		qsort(folder.files, folder.count, sizeof(*folder.files), by_path);
	scan->several = true;
	for (int libraries = 0; libraries < 2; libraries++)
		for (size_t i = 0; i < folder.count; i++)
			if (folder.files[i].shared == (libraries == 1) &&
			    !(libraries && folder.files[i].loaded))
				analyse(&folder, &folder.files[i]);
	if (!ret)
		finish(&folder);
	for (size_t i = 0; i < folder.count; i++)
		free(folder.files[i].path);
	free(folder.files);
}
