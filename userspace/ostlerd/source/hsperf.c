// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/source/hsperf.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "ostlerd/source/identity.h"
#include "ostlerd/source/process.h"

/* Entries of the process's /tmp that are looked at; it may have put millions there. */
#define ENTRIES_MAX 4096

static const char folder_prefix[] = "hsperfdata_";

/* Read a regular file that belongs to @euid and parse a copy of it. */
static int read_file(int fd, uid_t euid, struct ost_hsperf *perf)
{
	_ost_free_ char *copy = NULL;
	struct stat st;
	ssize_t n;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode) || st.st_uid != euid)
		return -ENOENT;
	if (st.st_size > OST_HSPERF_MAX)
		return -EFBIG;
	copy = malloc(st.st_size + 1);
	if (!copy)
		return -ENOMEM;
	n = pread(fd, copy, st.st_size, 0);
	if (n < 0)
		return -errno;
	return ost_hsperf_parse(copy, n, perf);
}

static int try_folder(int tmp_fd, const char *folder, const struct ost_process *p,
		      struct ost_hsperf *perf)
{
	_ost_close_ int dir = -1, fd = -1;
	char name[16];

	dir = openat(tmp_fd, folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -ENOENT;
	snprintf(name, sizeof(name), "%d", p->nspid);
	/* O_NONBLOCK: a FIFO there must not hold the thread */
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return fd < 0 ? -ENOENT : read_file(fd, p->euid, perf);
}

static int search(DIR *tmp, const struct ost_process *p, struct ost_hsperf *perf)
{
	const struct dirent *entry;

	for (int i = 0; i < ENTRIES_MAX && (entry = readdir(tmp)); i++) {
		int r;

		if (strncmp(entry->d_name, folder_prefix, sizeof(folder_prefix) - 1))
			continue;
		r = try_folder(dirfd(tmp), entry->d_name, p, perf);
		if (r != -ENOENT)
			return r;
	}
	return -ENOENT;
}

int ost_hsperf_read(const struct ost_process *process, struct ost_hsperf *perf,
		    struct ost_error *err)
{
	struct ost_identity identity;
	int tmp_fd, fd, r;
	DIR *tmp;

	tmp_fd = ost_process_opendir(process, "/tmp");
	if (tmp_fd < 0)
		return ost_error_set(err, tmp_fd, "pid %d: its /tmp can't be opened: %s",
				     process->pid, strerror(-tmp_fd));
	r = ost_identity_take(&identity, process->euid, process->egid, err);
	if (r) {
		close(tmp_fd);
		return r;
	}
	fd = openat(tmp_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(tmp_fd);
	tmp = fd < 0 ? NULL : fdopendir(fd);
	r = tmp ? search(tmp, process, perf) : -errno;
	if (tmp)
		closedir(tmp);
	else if (fd >= 0)
		close(fd);
	ost_identity_drop(&identity);
	if (r)
		ost_error_set(err, r, "pid %d: no usable performance data in its /tmp/%s*/%d: %s",
			      process->pid, folder_prefix, process->nspid, strerror(-r));
	return r;
}
