// SPDX-License-Identifier: GPL-2.0-or-later
/* Closures that are kept: the same as long as nothing is changed that the search looked at. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "elf_tree.h"
#include "isa/program/closure.h"
#include "isa/program/program_state.h"
#include "lib/error.h"

#define LOADER "/lib64/ld-linux-x86-64.so.2"

static uint8_t *record;
static long record_size;

/* As if all files had been there for long; what they really are is too young to be trusted. */
static struct ost_program *search(bool old)
{
	struct ost_program_options options = { .root = root, .follow_dlopen = true, .note_looks = true };
	struct ost_error err = { 0 };
	struct ost_program *program;

	assert_int_equal(ost_program_open(&program, "/bin/a", &options, &err), 0);
	if (old)
		program->state->begun_s += 1000;
	return program;
}

static void keep(void)
{
	struct ost_program *program = search(true);

	free(record);
	record_size = ost_closure_write(program, &record);
	assert_true(record_size > 0);
	ost_program_close(program);
}

static int recall(void)
{
	struct ost_program *program = NULL;
	int ret = ost_closure_read(&program, root, record, record_size);

	ost_program_close(program);
	return ret;
}

static int make_programs(void **state)
{
	if (make_root(state))
		return -1;
	put(LOADER, (struct image_spec){ .soname = "ld-linux-x86-64.so.2" });
	put("/bin/a", (struct image_spec){ .interp = LOADER, .needed = { "b.so", "gone.so" },
					   .runpath = "/opt/first:/opt/second" });
	put("/opt/second/b.so", (struct image_spec){ .soname = "b.so" });
	return 0;
}

static int drop_programs(void **state)
{
	free(record);
	record = NULL;
	return drop_root(state);
}

static void comes_back_the_same(void **state)
{
	struct ost_program *found = search(true), *kept;
	struct ost_error err = { 0 };
	char a[65], b[65];

	keep();
	assert_int_equal(ost_closure_read(&kept, root, record, record_size), 0);
	assert_int_equal(kept->count, 3);
	assert_int_equal(kept->count, found->count);
	assert_string_equal(kept->root, found->root);
	for (size_t i = 0; i < kept->count; i++) {
		assert_string_equal(kept->members[i].object->path, found->members[i].object->path);
		assert_string_equal(kept->members[i].object->name, found->members[i].object->name);
		assert_string_equal(kept->members[i].object->id, found->members[i].object->id);
		assert_int_equal(kept->members[i].how, found->members[i].how);
		assert_int_equal(kept->members[i].parent, found->members[i].parent);
		assert_true(kept->members[i].object->segment_count);
	}
	assert_true(kept->members[0].object->segments[0].execute);
	assert_true(kept->members[0].object->segments[0].size);
	assert_int_equal(kept->missing_count, 1);
	assert_string_equal(kept->missing[0].name, "gone.so");
	assert_string_equal(kept->missing[0].why, found->missing[0].why);
	ost_program_key(found, a, sizeof(a));
	ost_program_key(kept, b, sizeof(b));
	assert_string_equal(a, b);
	/* an outline is of names only, and is none to be kept */
	assert_int_equal(ost_program_load(kept, &err), -ENODATA);
	assert_int_equal(ost_closure_write(kept, &record), -ENODATA);
	ost_program_close(kept);
	ost_program_close(found);
}

static void outlines_whatever_there_is(void **state)
{
	struct ost_program_options options = { .root = root };
	struct ost_program *program;
	struct ost_error err = { 0 };

	assert_int_equal(ost_program_open(&program, "/bin/a", &options, &err), 0);
	record_size = ost_closure_write(program, &record);
	ost_program_close(program);
	assert_true(record_size > 0);
	/* what was looked at was not noted: nothing can be told of it later */
	assert_int_equal(recall(), -EBADMSG);
	put("/opt/first/b.so", (struct image_spec){ .soname = "b.so" });
	assert_int_equal(ost_closure_outline(&program, record, record_size), 0);
	assert_int_equal(program->count, 3);
	ost_program_close(program);
}

static void digests_every_byte(void **state)
{
	struct ost_program *program = search(false);
	char path[PATH_MAX], key[65], digest[65], other_key[65], other[65];
	struct ost_error err = { 0 };
	struct stat st;
	int fd;

	ost_program_key(program, key, sizeof(key));
	assert_int_equal(ost_program_digest(program, digest, sizeof(digest), &err), 0);
	assert_int_equal(ost_program_digest(program, other, sizeof(other), &err), 0);
	assert_string_equal(digest, other);
	ost_program_close(program);
	/* the same build-id over other code */
	snprintf(path, sizeof(path), "%s/opt/second/b.so", root);
	assert_int_equal(stat(path, &st), 0);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, st.st_size - 1), 1);
	close(fd);
	program = search(false);
	ost_program_key(program, other_key, sizeof(other_key));
	assert_string_equal(key, other_key);
	assert_int_equal(ost_program_digest(program, other, sizeof(other), &err), 0);
	assert_string_not_equal(digest, other);
	/* cut short meanwhile */
	assert_int_equal(truncate(path, 100), 0);
	assert_true(ost_program_digest(program, other, sizeof(other), &err) < 0);
	assert_non_null(strstr(err.text, "b.so"));
	ost_program_close(program);
}

static void wait_for_another_time(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 30000000 }, NULL);
}

static void sees_a_changed_file(void **state)
{
	char path[PATH_MAX];
	struct timespec times[2];
	struct stat st;
	int fd;

	keep();
	assert_int_equal(recall(), 0);
	wait_for_another_time();
	snprintf(path, sizeof(path), "%s/opt/second/b.so", root);
	assert_int_equal(stat(path, &st), 0);
	/* one byte of the same size, its time put back: whoever wants to hide it can't put back all */
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, st.st_size - 1), 1);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	assert_int_equal(futimens(fd, times), 0);
	close(fd);
	assert_int_equal(recall(), -ESTALE);
}

static void sees_another_file(void **state)
{
	char path[PATH_MAX], other[PATH_MAX];

	keep();
	snprintf(path, sizeof(path), "%s/opt/second/b.so", root);
	snprintf(other, sizeof(other), "%s/opt/second/c.so", root);
	assert_int_equal(rename(path, other), 0);
	assert_int_equal(recall(), -ESTALE);
	assert_int_equal(rename(other, path), 0);
	/* a rename is a change to most file systems: what counts is that it isn't taken for nothing */
	put("/opt/second/new", (struct image_spec){ .soname = "b.so" });
	keep();
	snprintf(other, sizeof(other), "%s/opt/second/new", root);
	assert_int_equal(rename(other, path), 0);
	assert_int_equal(recall(), -ESTALE);
}

static void sees_what_comes_before(void **state)
{
	keep();
	assert_int_equal(recall(), 0);
	put("/opt/other/b.so", (struct image_spec){ .soname = "b.so" });
	assert_int_equal(recall(), 0);
	put("/opt/first/b.so", (struct image_spec){ .soname = "b.so" });
	assert_int_equal(recall(), -ESTALE);
}

static void sees_what_was_missing(void **state)
{
	keep();
	put("/usr/lib/gone.so", (struct image_spec){ .soname = "gone.so" });
	assert_int_equal(recall(), -ESTALE);
	keep();
	put("/etc/ld.so.cache", (struct image_spec){ .soname = "none" });
	assert_int_equal(recall(), -ESTALE);
}

static void trusts_no_young_file(void **state)
{
	struct ost_program *program = search(false);
	uint8_t *bytes;
	struct stat st;

	/* by the files' own clock, whatever the time is now: the last one that was made is the youngest */
	assert_int_equal(stat(program->members[program->count - 1].object->path, &st), 0);
	program->state->begun_s = st.st_ctim.tv_sec;
	assert_int_equal(ost_closure_write(program, &bytes), -ENODATA);
	program->state->begun_s += OST_CLOSURE_AGE_S;
	assert_int_equal(ost_closure_write(program, &bytes), -ENODATA);
	program->state->begun_s += 1000;
	record_size = ost_closure_write(program, &record);
	assert_true(record_size > 0);
	program->state->looks_lost = true;
	assert_int_equal(ost_closure_write(program, &bytes), -ENODATA);
	ost_program_close(program);
}

static void stays_in_its_root(void **state)
{
	struct ost_program *program;
	char other[PATH_MAX];

	keep();
	snprintf(other, sizeof(other), "%s/opt", root);
	assert_int_equal(ost_closure_read(&program, other, record, record_size), -ESTALE);
	assert_int_equal(ost_closure_read(&program, "/nowhere", record, record_size), -ENOENT);
}

static void seal(uint8_t *bytes, long size)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (long i = 0; i < size - 8; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	memcpy(bytes + size - 8, &hash, 8);
}

static void refuses_broken_records(void **state)
{
	struct ost_program *program;
	uint8_t *copy;
	int ret;

	keep();
	copy = malloc(record_size);
	for (long cut = 0; cut < record_size; cut++) {
		memcpy(copy, record, cut);
		assert_int_equal(ost_closure_read(&program, root, copy, cut), -EBADMSG);
		if (cut < 16)
			continue;
		seal(copy, cut);
		ret = ost_closure_read(&program, root, copy, cut);
		assert_true(ret == -EBADMSG || ret == -ESTALE);
	}
	for (long at = 0; at < record_size; at++) {
		memcpy(copy, record, record_size);
		copy[at] ^= 1 << at % 8;
		assert_int_equal(ost_closure_read(&program, root, copy, record_size), -EBADMSG);
		seal(copy, record_size);
		/* another name is as good as this one; what is read must be within bounds */
		if (ost_closure_read(&program, root, copy, record_size))
			continue;
		for (size_t i = 0; i < program->count; i++) {
			assert_true(program->members[i].parent < program->count);
			assert_true(program->members[i].how <= OST_HOW_DLOPEN);
		}
		ost_program_close(program);
	}
	free(copy);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_programs, drop_programs)
	const struct CMUnitTest tests[] = {
		TEST(comes_back_the_same),
		TEST(outlines_whatever_there_is),
		TEST(digests_every_byte),
		TEST(sees_a_changed_file),
		TEST(sees_another_file),
		TEST(sees_what_comes_before),
		TEST(sees_what_was_missing),
		TEST(trusts_no_young_file),
		TEST(stays_in_its_root),
		TEST(refuses_broken_records),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
