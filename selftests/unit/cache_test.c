// SPDX-License-Identifier: GPL-2.0-or-later
/* Results of analyses that are kept: read back whole, or not at all; many writers; damaged files. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "isa/need/cache.h"
#include "isa/need/record.h"
#include "lib/error.h"

static char place[] = "/tmp/cache-test.XXXXXX", path[128];
static struct ost_need_cache *cache;
static struct ost_error err;

static struct ost_need list[] = {
	{ .feature = OST_F_AVX2, .verdict = OST_NEED_DISPATCHED, .member = 2, .function = 0x1000,
	  .site = 0x1234, .count = 77, .guard_member = 1, .guard_site = 0x99, .steps = 2,
	  .path = { { 0, 0x40, 0x44, 'r' }, { 2, 0x1000, 0x1234, 'c' } } },
	{ .feature = OST_F_AVX512F, .verdict = OST_NEED_REQUIRED, .known = true, .run = true,
	  .steps = OST_NEED_STEPS_MAX },
};

static char symbol[] = "sum_row", text[] = "vpaddd ymm0, ymm1, ymm2", other_text[] = "(bad)";

static struct ost_need_place places[] = {
	{ .member = 0, .address = 0x44, .symbol = symbol },
	{ .member = 0, .address = 0x45, .into = 1, .symbol = symbol, .text = other_text },
	{ .member = 2, .address = 0x1234, .into = 0x234, .text = text },
};

static struct ost_needs needs = {
	.list = list, .count = 2, .places = places, .place_count = 3, .incomplete = "libx.so.1 is not there", .code_bytes = 1 << 20,
	.functions = 500, .analysed = 5, .duration_ns = 1000000007,
};

static const struct ost_need_key key = { .program = "0123abcd", .options = "", .members = 3 };

static void fill_list(void)
{
	ost_feature_set_add(&list[0].guard, OST_F_AVX);
	ost_feature_set_add(&list[0].guard, OST_F_AVX2);
	for (int i = 0; i < OST_NEED_STEPS_MAX; i++)
		list[1].path[i] = (struct ost_need_step){ i % 3, i, i + 1, "rcjadi"[i % 6] };
}

static void assert_same(const struct ost_needs *got)
{
	assert_int_equal(got->count, needs.count);
	assert_int_equal(got->complete, needs.complete);
	assert_string_equal(got->incomplete, needs.incomplete);
	assert_int_equal(got->code_bytes, needs.code_bytes);
	assert_int_equal(got->duration_ns, needs.duration_ns);
	for (size_t i = 0; i < needs.count; i++) {
		const struct ost_need *a = &got->list[i], *b = &needs.list[i];

		assert_int_equal(a->feature, b->feature);
		assert_int_equal(a->verdict, b->verdict);
		assert_int_equal(a->known, b->known);
		assert_int_equal(a->run, b->run);
		assert_int_equal(a->member, b->member);
		assert_int_equal(a->function, b->function);
		assert_int_equal(a->site, b->site);
		assert_int_equal(a->count, b->count);
		assert_true(ost_feature_set_equal(&a->guard, &b->guard));
		assert_int_equal(a->guard_member, b->guard_member);
		assert_int_equal(a->guard_site, b->guard_site);
		assert_int_equal(a->steps, b->steps);
		for (uint32_t s = 0; s < b->steps; s++) {
			assert_int_equal(a->path[s].member, b->path[s].member);
			assert_int_equal(a->path[s].function, b->path[s].function);
			assert_int_equal(a->path[s].site, b->path[s].site);
			assert_int_equal(a->path[s].how, b->path[s].how);
		}
	}
	assert_int_equal(got->place_count, needs.place_count);
	for (size_t i = 0; i < needs.place_count; i++) {
		const struct ost_need_place *b = &needs.places[i];
		const struct ost_need_place *a = ost_needs_place(got, b->member, b->address);

		assert_ptr_equal(a, &got->places[i]);
		assert_int_equal(a->into, b->into);
		assert_true(b->symbol ? !strcmp(a->symbol, b->symbol) : !a->symbol);
		assert_true(b->text ? !strcmp(a->text, b->text) : !a->text);
	}
	assert_null(ost_needs_place(got, 1, 0x44));
}

static void records_come_back_whole(void **state)
{
	struct ost_needs got = { 0 }, none = { .complete = true };
	uint8_t *bytes;
	long size = ost_record_write(&needs, 3, &bytes);

	assert_true(size > 100);
	assert_int_equal(ost_record_read(&got, 3, bytes, size), 0);
	assert_same(&got);
	ost_needs_free(&got);
	assert_int_equal(ost_record_read(&got, 4, bytes, size), -EBADMSG);
	free(bytes);
	size = ost_record_write(&none, 1, &bytes);
	assert_int_equal(ost_record_read(&got, 1, bytes, size), 0);
	assert_true(got.complete);
	assert_int_equal(got.count, 0);
	ost_needs_free(&got);
	free(bytes);
}

/* With the check sum put right, so that each field's own check is asked. */
static void seal(uint8_t *bytes, long size)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (long i = 0; i < size - 8; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	memcpy(bytes + size - 8, &hash, 8);
}

static void broken_records_are_refused(void **state)
{
	struct ost_needs got;
	uint8_t *bytes, *copy;
	long size = ost_record_write(&needs, 3, &bytes);

	copy = malloc(size);
	for (long cut = 0; cut < size; cut++) {
		memcpy(copy, bytes, cut);
		assert_int_equal(ost_record_read(&got, 3, copy, cut), -EBADMSG);
		if (cut < 16)
			continue;
		seal(copy, cut);
		assert_int_equal(ost_record_read(&got, 3, copy, cut), -EBADMSG);
	}
	for (long at = 0; at < size; at++)
		for (int bit = 0; bit < 8; bit++) {
			memcpy(copy, bytes, size);
			copy[at] ^= 1 << bit;
			assert_int_equal(ost_record_read(&got, 3, copy, size), -EBADMSG);
			seal(copy, size);
			/* a changed address is as good as another; what is read must be within bounds */
			if (ost_record_read(&got, 3, copy, size))
				continue;
			for (size_t i = 0; i < got.count; i++) {
				assert_true(got.list[i].member < 3 && got.list[i].guard_member < 3);
				assert_true(got.list[i].verdict < OST_NEED_END);
				assert_true(got.list[i].feature < OST_FEATURE_END);
				assert_true(got.list[i].steps <= OST_NEED_STEPS_MAX);
			}
			for (size_t i = 0; i < got.place_count; i++)
				assert_true(got.places[i].member < 3);
			ost_needs_free(&got);
		}
	free(copy);
	free(bytes);
}

static void keeps_results(void **state)
{
	struct ost_need_key other = key;
	struct ost_needs got;
	struct stat st;

	assert_int_equal(ost_need_cache_open(&cache, path, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(ost_need_cache_get(cache, &key, &got, &err), -ENOENT);
	assert_int_equal(ost_need_cache_put(cache, &key, &needs, &err), 0);
	assert_int_equal(ost_need_cache_put(cache, &key, &needs, &err), 0);
	ost_need_cache_close(cache);
	assert_int_equal(ost_need_cache_open(&cache, path, &err), 0);
	assert_string_equal(ost_need_cache_remark(cache), "");
	assert_int_equal(ost_need_cache_get(cache, &key, &got, &err), 0);
	assert_same(&got);
	ost_needs_free(&got);
	other.options = "dlopen";
	assert_int_equal(ost_need_cache_get(cache, &other, &got, &err), -ENOENT);
	other = key;
	other.program = "0123abce";
	assert_int_equal(ost_need_cache_get(cache, &other, &got, &err), -ENOENT);
	other = key;
	other.members = 5;
	assert_int_equal(ost_need_cache_get(cache, &other, &got, &err), -ENOENT);
	ost_need_cache_close(cache);
}

static void another_analyser_is_another_result(void **state)
{
	char command[256];
	struct ost_needs got;

	snprintf(command, sizeof(command), "sqlite3 %s \"UPDATE needs SET analyser = '0 old'\"", path);
	if (system(command))
		skip();
	assert_int_equal(ost_need_cache_open(&cache, path, &err), 0);
	assert_int_equal(ost_need_cache_get(cache, &key, &got, &err), -ENOENT);
	assert_int_equal(ost_need_cache_put(cache, &key, &needs, &err), 0);
	assert_int_equal(ost_need_cache_get(cache, &key, &got, &err), 0);
	ost_needs_free(&got);
	ost_need_cache_close(cache);
}

static void forgets_the_oldest(void **state)
{
	struct ost_need_key many = key;
	struct ost_needs got;
	char name[32];
	int kept = 0;

	assert_int_equal(ost_need_cache_open(&cache, path, &err), 0);
	ost_need_cache_limit(cache, 20000);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "program-%d", i);
		many.program = name;
		assert_int_equal(ost_need_cache_put(cache, &many, &needs, &err), 0);
	}
	/* the last one is there, the first one isn't */
	assert_int_equal(ost_need_cache_get(cache, &many, &got, &err), 0);
	ost_needs_free(&got);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "program-%d", i);
		if (!ost_need_cache_get(cache, &many, &got, &err)) {
			ost_needs_free(&got);
			kept++;
		} else {
			assert_int_equal(kept, 0);
		}
	}
	assert_in_range(kept, 5, 40);
	ost_need_cache_close(cache);
}

static void keeps_closures(void **state)
{
	const uint8_t bytes[] = { 1, 2, 0, 4 };
	struct ost_needs kept;
	uint8_t *got = NULL;
	char name[32];

	assert_int_equal(ost_need_cache_open(&cache, path, &err), 0);
	assert_int_equal(ost_need_cache_closure(cache, "a", &got, &err), -ENOENT);
	assert_int_equal(ost_need_cache_put_closure(cache, "a", bytes, sizeof(bytes), &err), 0);
	assert_int_equal(ost_need_cache_put_closure(cache, "a", bytes, sizeof(bytes), &err), 0);
	assert_int_equal(ost_need_cache_closure(cache, "b", &got, &err), -ENOENT);
	assert_int_equal(ost_need_cache_closure(cache, "a", &got, &err), sizeof(bytes));
	assert_memory_equal(got, bytes, sizeof(bytes));
	free(got);
	/* they make room for each other, and not for results */
	assert_int_equal(ost_need_cache_put(cache, &key, &needs, &err), 0);
	ost_need_cache_limit(cache, 40);
	for (int i = 0; i < 10; i++) {
		snprintf(name, sizeof(name), "closure-%d", i);
		assert_int_equal(ost_need_cache_put_closure(cache, name, bytes, sizeof(bytes), &err), 0);
	}
	assert_int_equal(ost_need_cache_closure(cache, "a", &got, &err), -ENOENT);
	assert_int_equal(ost_need_cache_closure(cache, name, &got, &err), sizeof(bytes));
	free(got);
	assert_int_equal(ost_need_cache_get(cache, &key, &kept, &err), 0);
	ost_needs_free(&kept);
	ost_need_cache_close(cache);
}

static void replaces_an_older_version(void **state)
{
	struct ost_needs got;
	char command[256];

	snprintf(command, sizeof(command),
		 "sqlite3 %s \"DROP TABLE closures; PRAGMA user_version = 1\"", path);
	if (system(command))
		skip();
	assert_int_equal(ost_need_cache_open(&cache, path, &err), 0);
	assert_string_equal(ost_need_cache_remark(cache), "");
	assert_int_equal(ost_need_cache_get(cache, &key, &got, &err), -ENOENT);
	assert_int_equal(ost_need_cache_put(cache, &key, &needs, &err), 0);
	assert_int_equal(ost_need_cache_get(cache, &key, &got, &err), 0);
	ost_needs_free(&got);
	ost_need_cache_close(cache);
}

static void many_writers(void **state)
{
	enum { WRITERS = 4, PUTS = 50 };
	struct ost_needs got;
	int status, good = 0;

	unlink(path);
	for (int w = 0; w < WRITERS; w++)
		if (!fork()) {
			struct ost_need_key own = key;
			char name[32];
			int bad = ost_need_cache_open(&cache, path, &err);

			for (int i = 0; i < PUTS && !bad; i++) {
				snprintf(name, sizeof(name), "writer-%d-%d", w, i);
				own.program = name;
				bad = ost_need_cache_put(cache, &own, &needs, &err);
				if (!bad)
					bad = ost_need_cache_get(cache, &own, &got, &err);
				if (!bad)
					ost_needs_free(&got);
			}
			if (bad)
				fprintf(stderr, "writer %d: %s\n", w, err.text);
			ost_need_cache_close(cache);
			_exit(bad != 0);
		}
	for (int w = 0; w < WRITERS; w++) {
		assert_true(wait(&status) > 0);
		good += WIFEXITED(status) && !WEXITSTATUS(status);
	}
	assert_int_equal(good, WRITERS);
	assert_int_equal(ost_need_cache_open(&cache, path, &err), 0);
	for (int w = 0; w < WRITERS; w++)
		for (int i = 0; i < PUTS; i++) {
			struct ost_need_key own = key;
			char name[32];

			snprintf(name, sizeof(name), "writer-%d-%d", w, i);
			own.program = name;
			assert_int_equal(ost_need_cache_get(cache, &own, &got, &err), 0);
			ost_needs_free(&got);
		}
	ost_need_cache_close(cache);
}

static void write_over(off_t at, const char *bytes, size_t size)
{
	int fd = open(path, O_WRONLY);

	assert_int_equal(pwrite(fd, bytes, size, at), size);
	close(fd);
}

static void works_afterwards(void)
{
	struct ost_needs got;
	char broken[160];
	struct stat st;

	if (!strstr(ost_need_cache_remark(cache), "set aside"))
		fail_msg("\"%s\"", ost_need_cache_remark(cache));
	snprintf(broken, sizeof(broken), "%s.broken", path);
	assert_int_equal(stat(broken, &st), 0);
	unlink(broken);
	assert_int_equal(ost_need_cache_put(cache, &key, &needs, &err), 0);
	assert_int_equal(ost_need_cache_get(cache, &key, &got, &err), 0);
	ost_needs_free(&got);
	ost_need_cache_close(cache);
}

static void damaged_files_are_set_aside(void **state)
{
	char junk[16384], command[256];
	struct ost_needs got;

	write_over(0, "this is no database at all", 26);
	assert_int_equal(ost_need_cache_open(&cache, path, &err), 0);
	works_afterwards();

	/* another program's, and one of a version to come */
	unlink(path);
	snprintf(command, sizeof(command), "sqlite3 %s 'CREATE TABLE other (a)'", path);
	if (!system(command)) {
		assert_int_equal(ost_need_cache_open(&cache, path, &err), 0);
		works_afterwards();
		snprintf(command, sizeof(command), "sqlite3 %s 'PRAGMA user_version = 99'", path);
		assert_int_equal(system(command), 0);
		assert_int_equal(ost_need_cache_open(&cache, path, &err), 0);
		works_afterwards();
		/* ours by its marks, without the table */
		snprintf(command, sizeof(command), "sqlite3 %s 'DROP TABLE needs'", path);
		assert_int_equal(system(command), 0);
		assert_int_equal(ost_need_cache_open(&cache, path, &err), 0);
		works_afterwards();
	}

	/* damage that shows when it is read */
	memset(junk, 0xa5, sizeof(junk));
	write_over(4096, junk, sizeof(junk));
	if (!ost_need_cache_open(&cache, path, &err)) {
		int ret = ost_need_cache_get(cache, &key, &got, &err);

		assert_true(ret == -EBADMSG || ret == -ENOENT);
		works_afterwards();
	}
}

static void not_without_a_place(void **state)
{
	struct ost_needs got;
	char buf[300];

	assert_int_equal(ost_need_cache_open(&cache, "relative.db", &err), -EINVAL);
	assert_null(cache);
	assert_true(ost_need_cache_open(&cache, "/proc/none/scan.db", &err) < 0);
	assert_int_equal(ost_need_cache_get(NULL, &key, &got, &err), -ENOENT);
	assert_int_equal(ost_need_cache_put(NULL, &key, &needs, &err), 0);
	assert_string_equal(ost_need_cache_remark(NULL), "");
	ost_need_cache_close(NULL);
	assert_int_equal(ost_need_cache_path(buf, sizeof(buf)), 0);
	assert_int_equal(ost_need_cache_path(buf, 5), -ENAMETOOLONG);
}

static int setup(void **state)
{
	fill_list();
	if (!mkdtemp(place))
		return -1;
	snprintf(path, sizeof(path), "%s/deep/er/scan.db", place);
	return 0;
}

static int teardown(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", place);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_come_back_whole),
		cmocka_unit_test(broken_records_are_refused),
		cmocka_unit_test(keeps_results),
		cmocka_unit_test(another_analyser_is_another_result),
		cmocka_unit_test(forgets_the_oldest),
		cmocka_unit_test(keeps_closures),
		cmocka_unit_test(replaces_an_older_version),
		cmocka_unit_test(many_writers),
		cmocka_unit_test(damaged_files_are_set_aside),
		cmocka_unit_test(not_without_a_place),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
