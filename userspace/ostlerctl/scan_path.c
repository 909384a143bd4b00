// SPDX-License-Identifier: GPL-2.0-or-later
/* What a PATH is, and the programs that are in it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "isa/program/archive.h"
#include "isa/program/bundle.h"
#include "lib/cleanup.h"
#include "lib/error.h"
#include "ostlerctl/scan.h"

/* A path below @root, links followed inside the root only; @real gets where it is on this host. */
static int resolve_below(const char *root, const char *path, char *real, size_t size)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	_ost_close_ int dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_ost_close_ int fd = -1;
	char link[40];
	ssize_t len;

	if (dir < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	len = readlink(link, real, size - 1);
	if (len < 0)
		return -errno;
	real[len] = '\0';
	return 0;
}

/* The interpreter of a script, "" when the file is none. */
static void read_script(const char *real, char *interpreter, size_t size)
{
	_ost_close_ int fd = open(real, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char line[256];
	ssize_t len = fd < 0 ? -1 : pread(fd, line, sizeof(line) - 1, 0);
	size_t at;

	interpreter[0] = '\0';
	if (len < 3 || strncmp(line, "#!", 2) != 0)
		return;
	line[len] = '\0';
	at = 2 + strspn(line + 2, " \t");
	snprintf(interpreter, size, "%.*s", (int)strcspn(line + at, " \t\n"), line + at);
}

static void scan_file(struct ost_scan *scan, const char *path, const char *real)
{
	struct ost_scan_job job = {.path = path, .root = scan->root, .name = path};
	char interpreter[256];

	if (ost_archive_is(real) == 1) {
		ost_scan_archive(scan, real, path);
		return;
	}
	read_script(real, interpreter, sizeof(interpreter));
	if (*interpreter) {
		ost_scan_complain(scan, path, "a script and no program: scan what runs it, %s",
				  interpreter);
		scan->unreadable = true;
		return;
	}
	ost_scan_program(scan, &job, NULL, NULL);
}

void ost_scan_bundle(struct ost_scan *scan, const char *folder, const char *shown_as)
{
	struct ost_scan_job job = {.folder = folder, .shown_as = shown_as};
	char shown[OST_REPORT_PATH_MAX];
	struct ost_bundle bundle = {0};
	struct ost_report names = {.folder = folder, .shown_as = shown_as};
	struct ost_error err = {0};
	char *whole = NULL;

	if (ost_bundle_read(&bundle, folder, &err)) {
		ost_scan_complain(scan, shown_as, "%s", err.text);
		scan->unreadable = true;
	} else if (asprintf(&whole, "%s%s", bundle.root, bundle.program) < 0) {
		ost_scan_complain(scan, shown_as, "out of memory");
		scan->unreadable = true;
		whole = NULL;
	} else {
		job.path = bundle.program;
		job.root = bundle.root;
		job.script = bundle.script;
		job.library_path = bundle.library_path;
		job.preload = bundle.preload;
		job.name = ost_report_path(&names, whole, shown, sizeof(shown));
		ost_scan_program(scan, &job, NULL, NULL);
	}
	free(whole);
	ost_bundle_free(&bundle);
}

bool ost_scan_is_root(const char *folder)
{
	static const char *const loaders[] = {
		"lib64/ld-linux-x86-64.so.2",
		"usr/lib64/ld-linux-x86-64.so.2",
		"lib/ld-musl-x86_64.so.1",
		"usr/lib/ld-musl-x86_64.so.1",
	};
	char real[OST_REPORT_PATH_MAX];

	for (size_t i = 0; i < sizeof(loaders) / sizeof(loaders[0]); i++)
		if (!resolve_below(folder, loaders[i], real, sizeof(real)))
			return true;
	return false;
}

static void scan_folder(struct ost_scan *scan, const char *path, const char *real)
{
	const char *root = scan->root;

	if (ost_bundle_is(real)) {
		ost_scan_bundle(scan, real, path);
		return;
	}
	if (!root && ost_scan_is_root(real))
		root = real;
	ost_scan_folder(scan, real, root, path);
}

static void strip_slashes(char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		path[--len] = '\0';
}

void ost_scan_path(struct ost_scan *scan, const char *given)
{
	char real[OST_REPORT_PATH_MAX] = "", path[OST_REPORT_PATH_MAX];
	struct stat st;
	int ret = 0;

	snprintf(path, sizeof(path), "%s", given);
	strip_slashes(path);
	if (strlen(given) >= sizeof(path))
		ret = -ENAMETOOLONG;
	else if (scan->root)
		ret = resolve_below(scan->root, path, real, sizeof(real));
	else
		strcpy(real, path);
	if (!ret && stat(real, &st))
		ret = -errno;
	if (!ret && S_ISREG(st.st_mode)) {
		scan_file(scan, path, real);
		return;
	}
	if (!ret && S_ISDIR(st.st_mode)) {
		scan_folder(scan, path, real);
		return;
	}
	ost_scan_complain(scan, path, "%s", ret ? strerror(-ret) : "neither a file nor a folder");
	scan->unreadable = true;
}
