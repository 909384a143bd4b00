// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/source/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/file.h"
#include "lib/hash.h"
#include "lib/log.h"

/* What is watched: a directory in which instances may appear, or an instance's cgroup.events. */
enum watch_kind { WATCH_PARENT, WATCH_EVENTS };

struct watch {
	struct ost_hash_node by_wd;
	struct ost_hash_node by_path; /* only WATCH_EVENTS */
	enum watch_kind kind;
	uint64_t id; /* cgroup id of an instance */
	char path[]; /* of the directory, relative to the root */
};

struct ost_cgroups {
	int root_fd;
	int inotify_fd;
	const char *root; /* path of the root, for inotify */
	const struct ost_cgroup_ops *ops;
	void *context;
	struct ost_hash watches;
	struct ost_hash instances; /* the watches on cgroup.events, by path */
	size_t globs;
	char **glob;
};

/* Whether the first parts of @glob match the whole of @path; @full: all its parts do. */
static bool glob_covers(const char *glob, const char *path, bool *full)
{
	char pattern[PATH_MAX];
	size_t parts = 1, used = 0;

	*full = false;
	if (!*path)
		return true;
	for (const char *p = path; *p; p++)
		parts += *p == '/';
	for (size_t i = 0; i < parts; i++) {
		size_t len = strcspn(glob + used, "/");

		if (!len)
			return false;
		used += len;
		if (i + 1 < parts && glob[used++] != '/')
			return false;
	}
	if (used >= sizeof(pattern))
		return false;
	memcpy(pattern, glob, used);
	pattern[used] = '\0';
	*full = glob[used] == '\0';
	return fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0;
}

/* What a directory is to us. */
static void classify(const struct ost_cgroups *cgroups, const char *path, bool *instance,
		     bool *parent)
{
	*instance = *parent = false;
	for (size_t i = 0; i < cgroups->globs; i++) {
		bool full;

		if (!glob_covers(cgroups->glob[i], path, &full))
			continue;
		if (full)
			*instance = true;
		else
			*parent = true;
	}
}

static void read_label(int fd, const char *name, char *value, size_t size)
{
	ssize_t n = fgetxattr(fd, name, value, size - 1);

	value[n > 0 ? n : 0] = '\0';
	/* labels are shown and stored: no control characters */
	for (char *p = value; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
}

void ost_cgroup_labels_read(int fd, const char *path, struct ost_cgroup_labels *labels)
{
	const char *slash = strrchr(path, '/');

	read_label(fd, "user.ostler.function", labels->function, sizeof(labels->function));
	read_label(fd, "user.ostler.user", labels->user, sizeof(labels->user));
	read_label(fd, "user.ostler.runtime", labels->runtime, sizeof(labels->runtime));
	read_label(fd, "user.ostler.mode", labels->mode, sizeof(labels->mode));
	if (!*labels->function)
		snprintf(labels->function, sizeof(labels->function), "%.63s",
			 slash ? slash + 1 : path);
}

static struct watch *watch_find(const struct ost_cgroups *cgroups, int wd)
{
	struct ost_hash_node *node = ost_hash_find(&cgroups->watches, wd);

	return node ? ost_container_of(node, struct watch, by_wd) : NULL;
}

/* Add a watch on @file below the directory @path; an existing one on the same file is kept. */
static struct watch *watch_add(struct ost_cgroups *cgroups, enum watch_kind kind, const char *path,
			       const char *file, uint32_t mask)
{
	char full[PATH_MAX];
	struct watch *watch;
	int wd;

	if (snprintf(full, sizeof(full), "%s/%s%s%s", cgroups->root, path, *file ? "/" : "", file) >=
	    (int)sizeof(full))
		return NULL;
	wd = inotify_add_watch(cgroups->inotify_fd, full, mask);
	if (wd < 0) {
		if (errno == ENOSPC)
			ost_err("%s can't be watched: raise sysctl fs.inotify.max_user_watches", full);
		return NULL;
	}
	watch = watch_find(cgroups, wd);
	if (watch)
		return watch;
	watch = calloc(1, sizeof(*watch) + strlen(path) + 1);
	if (!watch)
		return NULL;
	watch->kind = kind;
	strcpy(watch->path, path);
	if (ost_hash_insert(&cgroups->watches, &watch->by_wd, wd))
		goto undo;
	if (kind == WATCH_EVENTS &&
	    ost_hash_insert(&cgroups->instances, &watch->by_path, ost_hash_text(path)))
		goto undo_wd;
	return watch;
undo_wd:
	ost_hash_remove(&cgroups->watches, &watch->by_wd);
undo:
	free(watch);
	return NULL;
}

static void tell_events(struct ost_cgroups *cgroups, int dirfd, uint64_t id)
{
	uint64_t populated = 0, frozen = 0;
	char text[128];

	if (ost_file_read(dirfd, "cgroup.events", text, sizeof(text)) <= 0)
		return;
	ost_text_field(text, "populated", &populated);
	ost_text_field(text, "frozen", &frozen);
	cgroups->ops->events(cgroups->context, id, populated, frozen);
}

static void found_instance(struct ost_cgroups *cgroups, int fd, uint64_t id, const char *path)
{
	struct ost_cgroup_labels labels;
	struct watch *watch;

	ost_cgroup_labels_read(fd, path, &labels);
	cgroups->ops->found(cgroups->context, id, path, &labels);
	watch = watch_add(cgroups, WATCH_EVENTS, path, "cgroup.events", IN_MODIFY);
	if (watch)
		watch->id = id;
	/* after the watch, so that no change falls between */
	tell_events(cgroups, fd, id);
}

static void look(struct ost_cgroups *cgroups, const char *path);

static void look_inside(struct ost_cgroups *cgroups, int fd, const char *path)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;

	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir))) {
		char below[PATH_MAX];

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		if (snprintf(below, sizeof(below), "%s%s%s", path, *path ? "/" : "",
			     entry->d_name) < (int)sizeof(below))
			look(cgroups, below);
	}
	closedir(dir);
}

/* Look at a directory and at all below it that could matter. */
static void look(struct ost_cgroups *cgroups, const char *path)
{
	bool instance, parent;
	struct stat st;
	int fd;

	classify(cgroups, path, &instance, &parent);
	if (!instance && !parent)
		return;
	fd = openat(cgroups->root_fd, *path ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (instance && fstat(fd, &st) == 0)
		found_instance(cgroups, fd, st.st_ino, path);
	if (!parent) {
		close(fd);
		return;
	}
	watch_add(cgroups, WATCH_PARENT, path, "",
		  IN_CREATE | IN_DELETE | IN_ATTRIB | IN_ONLYDIR | IN_EXCL_UNLINK);
	/* after the watch: what is made meanwhile is found by one of the two, or by both */
	look_inside(cgroups, fd, path);
}

static void forget(struct ost_cgroups *cgroups, struct watch *watch)
{
	ost_hash_remove(&cgroups->watches, &watch->by_wd);
	if (watch->kind == WATCH_EVENTS) {
		ost_hash_remove(&cgroups->instances, &watch->by_path);
		cgroups->ops->gone(cgroups->context, watch->id);
	}
	free(watch);
}

/* Forget an instance whose directory is gone, even if there is another now. Frees no other watch. */
static void forget_gone(struct ost_cgroups *cgroups, struct watch *watch)
{
	struct stat st;

	if (fstatat(cgroups->root_fd, watch->path, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_ino == watch->id)
		return;
	inotify_rm_watch(cgroups->inotify_fd, watch->by_wd.key);
	forget(cgroups, watch);
}

/* A directory was removed: forget the instances it was. */
static void removed(struct ost_cgroups *cgroups, const char *path)
{
	struct ost_hash_node *node = ost_hash_find(&cgroups->instances, ost_hash_text(path));

	while (node) {
		struct watch *watch = ost_container_of(node, struct watch, by_path);

		node = ost_hash_again(node);
		if (!strcmp(watch->path, path))
			forget_gone(cgroups, watch);
	}
}

/* The queue ran over: drop what no longer stands, then look at everything. */
static void look_again(struct ost_cgroups *cgroups)
{
	struct ost_hash_node *node = ost_hash_next(&cgroups->instances, NULL);

	while (node) {
		struct watch *watch = ost_container_of(node, struct watch, by_path);

		/* the next may be of the same path, so that it must not be freed along with this one */
		node = ost_hash_next(&cgroups->instances, node);
		forget_gone(cgroups, watch);
	}
	look(cgroups, "");
}

static void changed_events(struct ost_cgroups *cgroups, const struct watch *watch)
{
	_ost_close_ int fd =
		openat(cgroups->root_fd, watch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && st.st_ino == watch->id)
		tell_events(cgroups, fd, watch->id);
}

static void handle(struct ost_cgroups *cgroups, const struct inotify_event *event)
{
	struct watch *watch;
	char path[PATH_MAX];

	if (event->mask & IN_Q_OVERFLOW) {
		ost_info("changes of cgroups came too fast; looking at all of them again");
		look_again(cgroups);
		return;
	}
	watch = watch_find(cgroups, event->wd);
	if (!watch)
		return;
	if (event->mask & IN_IGNORED) {
		forget(cgroups, watch);
		return;
	}
	if (watch->kind == WATCH_EVENTS) {
		changed_events(cgroups, watch);
		return;
	}
	if (!(event->mask & IN_ISDIR) || !event->len)
		return;
	if (snprintf(path, sizeof(path), "%s%s%s", watch->path, *watch->path ? "/" : "",
		     event->name) >= (int)sizeof(path))
		return;
	if (event->mask & IN_DELETE)
		removed(cgroups, path);
	else
		look(cgroups, path);
}

void ost_cgroups_drain(struct ost_cgroups *cgroups)
{
	char buf[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	ssize_t n;

	while ((n = read(cgroups->inotify_fd, buf, sizeof(buf))) > 0)
		for (char *p = buf; p < buf + n;) {
			struct inotify_event *event = (void *)p;

			handle(cgroups, event);
			p += sizeof(*event) + event->len;
		}
}

int ost_cgroups_fd(const struct ost_cgroups *cgroups)
{
	return cgroups->inotify_fd;
}

static int copy_globs(struct ost_cgroups *cgroups, const char *const *globs, size_t count)
{
	cgroups->glob = calloc(count, sizeof(*cgroups->glob));
	if (!cgroups->glob)
		return -ENOMEM;
	for (; cgroups->globs < count; cgroups->globs++) {
		cgroups->glob[cgroups->globs] = strdup(globs[cgroups->globs]);
		if (!cgroups->glob[cgroups->globs])
			return -ENOMEM;
	}
	return 0;
}

int ost_cgroups_open(struct ost_cgroups **out, int root_fd, const char *const *globs, size_t count,
		     const struct ost_cgroup_ops *ops, void *context, struct ost_error *err)
{
	struct ost_cgroups *cgroups = calloc(1, sizeof(*cgroups));
	char link[32], root[PATH_MAX];
	ssize_t n;
	int ret;

	*out = NULL;
	if (!cgroups)
		return ost_error_set(err, -ENOMEM, "no memory to watch cgroups");
	cgroups->root_fd = root_fd;
	cgroups->ops = ops;
	cgroups->context = context;
	cgroups->inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", root_fd);
	n = readlink(link, root, sizeof(root) - 1);
	if (cgroups->inotify_fd < 0 || n < 0) {
		ret = ost_error_set(err, -errno, "can't watch cgroups: %s", strerror(errno));
		goto undo;
	}
	root[n] = '\0';
	cgroups->root = strdup(root);
	ret = cgroups->root ? copy_globs(cgroups, globs, count) : -ENOMEM;
	if (ret) {
		ost_error_set(err, ret, "no memory to watch cgroups");
		goto undo;
	}
	look(cgroups, "");
	*out = cgroups;
	return 0;
undo:
	ost_cgroups_close(cgroups);
	return ret;
}

void ost_cgroups_close(struct ost_cgroups *cgroups)
{
	struct ost_hash_node *node;

	if (!cgroups)
		return;
	while ((node = ost_hash_next(&cgroups->watches, NULL))) {
		ost_hash_remove(&cgroups->watches, node);
		free(ost_container_of(node, struct watch, by_wd));
	}
	ost_hash_free(&cgroups->watches);
	ost_hash_free(&cgroups->instances);
	for (size_t i = 0; i < cgroups->globs; i++)
		free(cgroups->glob[i]);
	free(cgroups->glob);
	free((char *)cgroups->root);
	if (cgroups->inotify_fd >= 0)
		close(cgroups->inotify_fd);
	free(cgroups);
}

/* Most levels of nested cgroups that are looked through. */
#define DEPTH_MAX 8

/* Bytes of cgroup.procs that are read: some 100,000 processes. */
#define PROCS_MAX (1 << 20)

static ssize_t own_processes(int fd, pid_t *pids, size_t max)
{
	_ost_free_ char *text = NULL;
	ssize_t n = ost_file_read_all(fd, "cgroup.procs", PROCS_MAX, &text);
	char *at = text, *end;
	size_t count = 0;

	/* a threaded cgroup has no processes of its own */
	if (n == -EOPNOTSUPP)
		return 0;
	if (n < 0)
		return n;
	for (;; at = end) {
		long pid = strtol(at, &end, 10);

		if (end == at)
			return count;
		/* 0 stands for a process outside our pid namespace */
		if (pid > 0 && count++ < max)
			pids[count - 1] = pid;
	}
}

static ssize_t collect_processes(int fd, pid_t *pids, size_t max, unsigned int depth)
{
	ssize_t count = own_processes(fd, pids, max);
	struct dirent *entry;
	DIR *dir;

	if (count < 0 || depth == DEPTH_MAX)
		return count;
	dir = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	while (dir && (entry = readdir(dir))) {
		size_t used = (size_t)count < max ? (size_t)count : max;
		int below;
		ssize_t n;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (below < 0)
			continue;
		n = collect_processes(below, pids + used, max - used, depth + 1);
		close(below);
		if (n > 0)
			count += n;
	}
	if (dir)
		closedir(dir);
	return count;
}

ssize_t ost_cgroup_processes(int fd, pid_t *pids, size_t max)
{
	return collect_processes(fd, pids, max, 0);
}
