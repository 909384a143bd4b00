// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/PID/maps: lines, what they name, and a file whose lines a process made long. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/maps.h"
#include "lib/runtime.h"

static struct ost_map map;

static int parse(const char *line)
{
	memset(&map, 0xff, sizeof(map));
	return ost_map_parse(line, strlen(line), &map);
}

static void takes_a_library(void **state)
{
	const char *name;
	size_t len;

	assert_int_equal(parse("7f0a2c000000-7f0a2c021000 r-xp 00022000 fe:01 1234567     "
			       "               /usr/lib/jvm/lib/server/libjvm.so"), 0);
	assert_int_equal(map.start, 0x7f0a2c000000);
	assert_int_equal(map.end, 0x7f0a2c021000);
	assert_int_equal(map.offset, 0x22000);
	assert_int_equal(map.major, 0xfe);
	assert_int_equal(map.minor, 1);
	assert_int_equal(map.inode, 1234567);
	assert_true(map.readable && !map.writable && map.executable && map.private && !map.deleted);
	name = ost_map_object(&map, &len);
	assert_int_equal(ost_runtime_of_object(name, len), OST_RUNTIME_JVM);
	assert_false(ost_map_is_heap(&map));
}

static void takes_names_with_blanks_and_marks(void **state)
{
	const char *name;
	size_t len;

	assert_int_equal(parse("1000-2000 rw-s 0 00:01 5  /dev/a b (deleted)"), 0);
	assert_true(map.deleted && !map.private);
	name = ost_map_object(&map, &len);
	assert_int_equal(len, 3);
	assert_memory_equal(name, "a b", 3);
	assert_int_equal(parse("1000-2000 rw-s 0 00:01 5 /"), 0);
	assert_non_null(ost_map_object(&map, &len));
	assert_int_equal(len, 0);
}

static void tells_heap_from_the_rest(void **state)
{
	static const char *const heap[] = {
		"1000-2000 rw-p 00000000 00:00 0 ",
		"1000-2000 rw-p 00000000 00:00 0",
		"1000-2000 rw-p 00000000 00:00 0    [heap]",
		"1000-2000 rw-p 00000000 00:00 0    [anon:jemalloc]",
	};
	static const char *const other[] = {
		"1000-2000 r--p 00000000 00:00 0 ",
		"1000-2000 rw-s 00000000 00:01 9 /dev/zero (deleted)",
		"1000-2000 rw-p 00000000 00:00 0    [stack]",
		"1000-2000 rw-p 00003000 08:01 77 /usr/bin/node",
	};

	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(parse(heap[i]), 0);
		assert_true(ost_map_is_heap(&map));
		assert_int_equal(parse(other[i]), 0);
		assert_false(ost_map_is_heap(&map));
	}
}

static void refuses_what_is_no_line(void **state)
{
	static const char *const bad[] = {
		"", "-", "1000", "1000-", "1000-2000", "2000-1000 rw-p 0 0:0 0",
		"1000-1000 rw-p 0 0:0 0",
		"1000-2000 rwxq 0 0:0 0", "1000-2000 rw-p", "1000-2000 rw-p x 0:0 0",
		"1000-2000 rw-p 0 00 0", "1000-2000 rw-p 0 0:0 ", "1000-2000 rw-p 0 0:0 5x",
		"11112222333344445-2 rw-p 0 0:0 0", "1000-2000 rw-p 0 111111111:0 0",
		"1000-2000 rw-p 0 0:0 99999999999999999999",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (parse(bad[i]) != -EINVAL)
			fail_msg("taken: %s", bad[i]);
}

/* Every beginning of a line is either refused or a line that ends there. */
static void survives_being_cut_off(void **state)
{
	static const char line[] = "7f0a2c000000-7f0a2c021000 r-xp 00022000 fe:01 12 /x (deleted)";

	for (size_t len = 0; len < sizeof(line); len++) {
		char *copy = strndup(line, len);
		int r = ost_map_parse(copy, len, &map);

		/* the inode is the last thing that must be there */
		assert_int_equal(r, len < strcspn(line, "/") - 2 ? -EINVAL : 0);
		if (!r)
			assert_in_range(map.name_len, 0, len);
		free(copy);
	}
}

static int count_maps(const struct ost_map *m, void *arg)
{
	++*(int *)arg;
	return m->start == 0x5000 ? 7 : 0;
}

static int file_of(const char *text, size_t len)
{
	int fd = memfd_create("maps", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, len), len);
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void passes_over_lines_that_are_too_long(void **state)
{
	static char text[100000];
	int count = 0, fd;
	size_t len;

	strcpy(text, "1000-2000 rw-p 0 0:0 0 \n2000-3000 rw-p 0 0:1 5 /");
	len = strlen(text);
	memset(text + len, 'a', 60000);
	strcpy(text + len + 60000, "\nnonsense\n3000-4000 rw-p 0 0:0 0\n4000-5000 rw-p 0 0:0 0\n");
	fd = file_of(text, strlen(text));
	assert_int_equal(ost_maps_read(fd, 100, count_maps, &count), 0);
	assert_int_equal(count, 3);
	close(fd);
}

static void stops_when_told_or_at_the_limit(void **state)
{
	static const char text[] = "1000-2000 rw-p 0 0:0 0\n"
				   "5000-6000 rw-p 0 0:0 0\n"
				   "7000-8000 rw-p 0 0:0 0\n";
	int count = 0, fd = file_of(text, sizeof(text) - 1);

	assert_int_equal(ost_maps_read(fd, 100, count_maps, &count), 7);
	assert_int_equal(count, 2);
	lseek(fd, 0, SEEK_SET);
	count = 0;
	assert_int_equal(ost_maps_read(fd, 1, count_maps, &count), -E2BIG);
	assert_int_equal(count, 1);
	close(fd);
	assert_int_equal(ost_maps_read(-1, 1, count_maps, &count), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_a_library),
		cmocka_unit_test(takes_names_with_blanks_and_marks),
		cmocka_unit_test(tells_heap_from_the_rest),
		cmocka_unit_test(refuses_what_is_no_line),
		cmocka_unit_test(survives_being_cut_off),
		cmocka_unit_test(passes_over_lines_that_are_too_long),
		cmocka_unit_test(stops_when_told_or_at_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
