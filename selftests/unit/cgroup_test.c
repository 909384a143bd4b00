// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding instances, against a tree of plain directories that stands in for cgroupfs: globs, directories that
 * come and go, a directory that takes another's place, labels, cgroup.events, processes of nested cgroups.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "lib/file.h"
#include "ostlerd/source/cgroup.h"

static char root[] = "/tmp/ostler-cgroup-XXXXXX";
static int root_fd;

/* What the ops were told. */
static struct seen {
	uint64_t id;
	char path[128];
	char function[64];
	char user[64];
	bool populated, frozen, there;
	int told;
} seen[32];
static int seen_count;

static struct seen *of(uint64_t id)
{
	for (int i = 0; i < seen_count; i++)
		if (seen[i].id == id)
			return &seen[i];
	assert_true(seen_count < 32);
	seen[seen_count].id = id;
	return &seen[seen_count++];
}

static struct seen *at(const char *path)
{
	for (int i = 0; i < seen_count; i++)
		if (seen[i].there && !strcmp(seen[i].path, path))
			return &seen[i];
	return NULL;
}

static void found(void *context, uint64_t id, const char *path,
		  const struct ost_cgroup_labels *labels)
{
	struct seen *s = of(id);

	s->there = true;
	s->told++;
	snprintf(s->path, sizeof(s->path), "%s", path);
	snprintf(s->function, sizeof(s->function), "%s", labels->function);
	snprintf(s->user, sizeof(s->user), "%s", labels->user);
}

static void gone(void *context, uint64_t id)
{
	assert_true(of(id)->there);
	of(id)->there = false;
}

static void drop(const char *dir);

/* A directory that vanishes as soon as it is watched; NULL: none. */
static const char *fleeting;

static void events(void *context, uint64_t id, bool populated, bool frozen)
{
	of(id)->populated = populated;
	of(id)->frozen = frozen;
	if (fleeting && !strcmp(of(id)->path, fleeting)) {
		drop(fleeting);
		fleeting = NULL;
	}
}

static const struct ost_cgroup_ops ops = { .found = found, .gone = gone, .events = events };

static void put(const char *dir, const char *file, const char *text)
{
	char path[300];
	FILE *out;

	snprintf(path, sizeof(path), "%s/%s/%s", root, dir, file);
	out = fopen(path, "w");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

/* cgroupfs makes the files with the directory; here they are there before the next look at it. */
static void make(const char *dir)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", root, dir);
	assert_int_equal(mkdir(path, 0755), 0);
	put(dir, "cgroup.events", "populated 0\nfrozen 0\n");
	put(dir, "cgroup.procs", "");
}

static void drop(const char *dir)
{
	char path[300];
	static const char *const files[] = { "cgroup.events", "cgroup.procs" };

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s/%s", root, dir, files[i]);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/%s", root, dir);
	assert_int_equal(rmdir(path), 0);
}

static struct ost_cgroups *open_with(const char *const *globs, size_t count)
{
	struct ost_cgroups *cgroups;
	struct ost_error err;

	seen_count = 0;
	memset(seen, 0, sizeof(seen));
	if (ost_cgroups_open(&cgroups, root_fd, globs, count, &ops, NULL, &err))
		fail_msg("%s", err.text);
	return cgroups;
}

static void what_is_there_is_found(void **unused)
{
	static const char *const globs[] = { "fn/*", "pods.slice/*/app-*" };
	struct ost_cgroups *cgroups;

	make("fn"), make("fn/a"), make("fn/b"), make("fn/b/nested");
	make("pods.slice"), make("pods.slice/p1"), make("pods.slice/p1/app-1");
	make("pods.slice/p1/pause"), make("other");
	cgroups = open_with(globs, 2);
	assert_non_null(at("fn/a"));
	assert_non_null(at("fn/b"));
	assert_non_null(at("pods.slice/p1/app-1"));
	assert_int_equal(seen_count, 3);
	assert_string_equal(at("fn/a")->function, "a");
	assert_string_equal(at("fn/a")->user, "");
	ost_cgroups_close(cgroups);
	drop("fn/b/nested"), drop("fn/a"), drop("fn/b"), drop("fn");
	drop("pods.slice/p1/app-1"), drop("pods.slice/p1/pause"), drop("pods.slice/p1");
	drop("pods.slice"), drop("other");
}

static void what_comes_and_goes_is_told(void **unused)
{
	static const char *const globs[] = { "fn/*/*" };
	struct ost_cgroups *cgroups = open_with(globs, 1);

	make("fn");
	ost_cgroups_drain(cgroups);
	make("fn/u1");
	make("fn/u1/a"); /* before the drain has seen u1 */
	ost_cgroups_drain(cgroups);
	assert_non_null(at("fn/u1/a"));
	put("fn/u1/a", "cgroup.events", "populated 1\nfrozen 1\n");
	ost_cgroups_drain(cgroups);
	assert_true(at("fn/u1/a")->populated && at("fn/u1/a")->frozen);
	drop("fn/u1/a");
	ost_cgroups_drain(cgroups);
	assert_null(at("fn/u1/a"));
	/* the same path again, before the loop had a look */
	make("fn/u1/a");
	ost_cgroups_drain(cgroups);
	assert_non_null(at("fn/u1/a"));
	drop("fn/u1/a");
	make("fn/u1/a");
	ost_cgroups_drain(cgroups);
	assert_non_null(at("fn/u1/a"));
	drop("fn/u1/a"), drop("fn/u1"), drop("fn");
	ost_cgroups_drain(cgroups);
	assert_null(at("fn/u1/a"));
	ost_cgroups_close(cgroups);
}

static void labels_are_read_and_followed(void **unused)
{
	static const char *const globs[] = { "fn/*" };
	struct ost_cgroups *cgroups;
	char path[300];

	make("fn"), make("fn/a");
	snprintf(path, sizeof(path), "%s/fn/a", root);
	if (setxattr(path, "user.ostler.function", "resize", 6, 0)) {
		drop("fn/a"), drop("fn");
		skip(); /* a file system without user attributes */
	}
	cgroups = open_with(globs, 1);
	assert_string_equal(at("fn/a")->function, "resize");
	assert_int_equal(setxattr(path, "user.ostler.user", "ann\n", 4, 0), 0);
	ost_cgroups_drain(cgroups);
	assert_string_equal(at("fn/a")->user, "ann?"); /* no control characters */
	ost_cgroups_close(cgroups);
	drop("fn/a"), drop("fn");
}

/* More than inotify's queue holds: whatever happens after it is lost. */
static void flood(const char *dir)
{
	char path[300];
	uint64_t room = 0;

	assert_int_equal(ost_file_read_u64(AT_FDCWD, "/proc/sys/fs/inotify/max_queued_events", &room), 0);
	snprintf(path, sizeof(path), "%s/%s/flood", root, dir);
	for (uint64_t i = 0; i < room / 2 + 1; i++) {
		put(dir, "flood", "");
		unlink(path);
	}
}

static void move(const char *from, const char *to)
{
	char source[300], target[300];

	snprintf(source, sizeof(source), "%s/%s", root, from);
	snprintf(target, sizeof(target), "%s/%s", root, to);
	assert_int_equal(rename(source, target), 0);
}

/* Two instances that were at one path one after the other, both gone when the queue has run over. */
static void what_an_overflow_hides_is_missed(void **unused)
{
	static const char *const globs[] = { "fn/a", "fn/b" };
	struct ost_cgroups *cgroups;
	char path[300];

	make("fn"), make("fn/a"), make("fn/b");
	cgroups = open_with(globs, 2);
	make("fn/next");
	snprintf(path, sizeof(path), "%s/fn/a", root);
	assert_int_equal(chmod(path, 0700), 0);
	flood("fn");
	drop("fn/a"), drop("fn/b");
	move("fn/next", "fn/a");
	fleeting = "fn/a";
	ost_cgroups_drain(cgroups);
	assert_null(fleeting);
	assert_int_equal(seen_count, 3);
	for (int i = 0; i < seen_count; i++)
		assert_false(seen[i].there);
	make("fn/a");
	ost_cgroups_drain(cgroups);
	assert_non_null(at("fn/a"));
	ost_cgroups_close(cgroups);
	drop("fn/a"), drop("fn");
}

static void processes_of_nested_cgroups_count(void **unused)
{
	pid_t pids[8];
	char path[300];
	int fd;

	make("fn"), make("fn/a"), make("fn/a/b");
	put("fn/a", "cgroup.procs", "10\n0\n11\n");
	put("fn/a/b", "cgroup.procs", "12\n");
	snprintf(path, sizeof(path), "%s/fn/a", root);
	fd = open(path, O_RDONLY | O_DIRECTORY);
	assert_int_equal(ost_cgroup_processes(fd, pids, 8), 3);
	assert_int_equal(pids[0] + pids[1] + pids[2], 33);
	assert_int_equal(ost_cgroup_processes(fd, pids, 1), 3);
	put("fn/a", "cgroup.procs", "junk\n");
	assert_int_equal(ost_cgroup_processes(fd, pids, 8), 1);
	close(fd);
	drop("fn/a/b"), drop("fn/a"), drop("fn");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_there_is_found),
		cmocka_unit_test(what_comes_and_goes_is_told),
		cmocka_unit_test(labels_are_read_and_followed),
		cmocka_unit_test(what_an_overflow_hides_is_missed),
		cmocka_unit_test(processes_of_nested_cgroups_count),
	};
	int ret;

	if (!mkdtemp(root))
		return 1;
	root_fd = open(root, O_RDONLY | O_DIRECTORY);
	ret = cmocka_run_group_tests_name("cgroup", tests, NULL, NULL);
	rmdir(root);
	return ret;
}
