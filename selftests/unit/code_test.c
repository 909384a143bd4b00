// SPDX-License-Identifier: GPL-2.0-or-later
/* Traps by the code they were in: the file behind an address, places, what moves a row, the store. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "isa/program/object.h"
#include "lib/error.h"
#include "ostlerd/core/locate.h"
#include "ostlerd/core/state.h"
#include "ostlerd/store/batch.h"
#include "ostlerd/store/database.h"
#include "ostlerd/store/load.h"

static struct ost_error err;
static char place[] = "/tmp/code-test.XXXXXX";

static void own_id(char *id)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct ost_object *object;

	assert_int_equal(ost_object_open(&object, fd, "exe", &err), 0);
	strcpy(id, object->id);
	ost_object_close(object);
	close(fd);
}

/* Linux lets only a privileged process take files by their mapping. */
static int find(uint64_t address, struct ost_code_file *file)
{
	int ret = ost_code_find(getpid(), address, file, &err);

	if (ret == -EPERM || ret == -EACCES)
		skip();
	return ret;
}

static void finds_the_file_of_an_address(void **state)
{
	const uint8_t *code = (const uint8_t *)(uintptr_t)own_id;
	char id[OST_CODE_ID_LEN], own[OST_CODE_ID_LEN];
	struct ost_code_file file;
	uint8_t other[15];

	assert_int_equal(find((uintptr_t)code, &file), 0);
	assert_string_equal(file.name, "code_test");
	assert_int_equal(ost_code_identify(&file, code, 15, id, &err), 0);
	own_id(own);
	assert_string_equal(id, own);
	/* of another process, or changed meanwhile */
	memcpy(other, code, sizeof(other));
	other[7] ^= 1;
	assert_int_equal(ost_code_identify(&file, other, 15, id, &err), -ESTALE);
	file.offset = 1ull << 40;
	assert_int_equal(ost_code_identify(&file, code, 15, id, &err), -ESTALE);
	close(file.fd);
}

static void not_in_other_memory(void **state)
{
	char *anonymous = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
			       -1, 0);
	struct ost_code_file file;

	assert_int_equal(find((uintptr_t)anonymous, &file), -ENOENT);
	assert_int_equal(find((uintptr_t)place, &file), -ENOENT);	/* data */
	assert_int_equal(find(0, &file), -ENOENT);
	assert_int_equal(find(UINT64_MAX, &file), -ENOENT);
	assert_int_equal(file.fd, -1);
	assert_int_equal(ost_code_find(0x3fffffff, 0x1000, &file, &err), -ESRCH);
	munmap(anonymous, 4096);
}

static void finds_the_program_of_a_process(void **state)
{
	int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char id[OST_CODE_ID_LEN], own[OST_CODE_ID_LEN];

	assert_int_equal(ost_code_program(proc, id, &err), 0);
	own_id(own);
	assert_string_equal(id, own);
	close(proc);
}

/* vpaddd ymm0, ymm0, ymm1 */
static const uint8_t vpaddd[] = { 0xc5, 0xfd, 0xfe, 0xc1 };

static struct ost_trap *trap_at(struct ost_state *s, struct ost_instance *instance, uint64_t ip)
{
	static const char comm[16] = "task";
	static uint64_t now = 1;

	return ost_trap_note(&s->traps, instance->function, instance->id, ip, 1, comm, vpaddd,
			     sizeof(vpaddd), 0, 0, now++);
}

static struct ost_state *new_state(void)
{
	struct ost_state *s = calloc(1, sizeof(*s));

	ost_instances_init(&s->instances, -1);
	ost_traps_init(&s->traps, &s->features);
	return s;
}

static void free_state(struct ost_state *s)
{
	ost_traps_exit(&s->traps);
	ost_codes_exit(&s->codes);
	ost_instances_exit(&s->instances);
	free(s);
}

static void counts_go_to_the_place(void **state)
{
	struct ost_state *s = new_state();
	struct ost_instance *one = ost_instance_add(&s->instances, 1, "one", "f", "");
	struct ost_code *a = ost_code_get(&s->codes, one->function, "aa", 0x10, OST_F_AVX2);
	struct ost_code *b = ost_code_get(&s->codes, one->function, "aa", 0x20, OST_F_AVX2), *found;
	struct ost_trap *trap;

	assert_ptr_not_equal(a, b);
	assert_ptr_equal(ost_code_get(&s->codes, one->function, "aa", 0x10, OST_F_AVX2), a);
	ost_site_set(&s->codes, 1, 0x1010, a);
	ost_site_set(&s->codes, 1, 0x1020, b);
	assert_false(ost_site_find(&s->codes, 2, 0x1010, &found));
	for (int i = 0; i < 10; i++)
		ost_locate_trap(s, one, trap_at(s, one, 0x1010), 1);
	for (int i = 0; i < 5; i++)
		ost_locate_trap(s, one, trap_at(s, one, 0x1020), 1);
	trap = trap_at(s, one, 0x1010);
	assert_true(trap->moved);
	ost_locate_trap(s, one, trap, 1);
	ost_trap_settle(trap);
	ost_trap_settle(trap);
	assert_int_equal(a->count, 11);
	assert_int_equal(b->count, 5);
	assert_int_equal(trap->count, 16);
	assert_true(a->changed && b->changed);
	free_state(s);
}

static void a_function_has_so_many_places(void **state)
{
	struct ost_state *s = new_state();
	struct ost_instance *one = ost_instance_add(&s->instances, 1, "one", "f", "");
	struct ost_instance *two = ost_instance_add(&s->instances, 2, "two", "g", "");
	struct ost_code *code;

	for (unsigned int i = 0; i < OST_CODES_EACH_MAX; i++)
		assert_non_null(ost_code_get(&s->codes, one->function, "aa", i, OST_F_AVX2));
	assert_null(ost_code_get(&s->codes, one->function, "aa", 1 << 20, OST_F_AVX2));
	assert_non_null(ost_code_get(&s->codes, one->function, "aa", 0, OST_F_AVX2));
	assert_non_null(ost_code_get(&s->codes, two->function, "aa", 0, OST_F_AVX2));
	/* addresses without end */
	for (uint64_t ip = 0; ip < 3 * OST_SITES_MAX; ip++)
		ost_site_set(&s->codes, 1, ip, NULL);
	assert_in_range(s->codes.site_count, 1, OST_SITES_MAX);
	assert_true(ost_site_find(&s->codes, 1, 3 * OST_SITES_MAX - 1, &code));
	assert_null(code);
	free_state(s);
}

static void a_program_is_a_run(void **state)
{
	struct ost_state *s = new_state();
	struct ost_instance *one = ost_instance_add(&s->instances, 1, "one", "f", "");
	struct ost_function_run *first;
	char name[16];

	trap_at(s, one, 0x1000);
	ost_locate_program(s, one, "p0");
	first = one->run;
	assert_non_null(first);
	/* it had trapped before it was looked at; the features of this state's host are none at all */
	assert_true(ost_feature_set_has(&first->touched, OST_F_AVX2));
	assert_true(ost_feature_set_has(&first->lacking, OST_F_AVX2));
	for (int i = 1; i < 30; i++) {
		snprintf(name, sizeof(name), "p%d", i);
		assert_non_null(ost_function_run_get(one->function, name));
	}
	/* the one that is used stays, whatever comes and goes */
	assert_ptr_equal(ost_function_run_get(one->function, "p0"), first);
	ost_locate_program(s, one, "p99");
	assert_int_equal(first->users, 0);
	assert_int_equal(one->run->users, 1);
	ost_instance_remove(&s->instances, one);
	free_state(s);
}

static void the_store_keeps_them(void **state)
{
	struct ost_state *s = new_state();
	struct ost_batch batch = { 0 };
	struct ost_batch_code code = { .code = { .id = "aabb", .offset = UINT64_MAX, .feature = OST_F_AVX2,
						 .object = "lib.so", .count = 7 },
				       .function = "f", .first_unix_ms = 1000, .last_unix_ms = 2000 };
	struct ost_batch_run run = { .run = { .program = "ccdd", .requests = 12345 }, .function = "f",
				     .first_unix_ms = 1000, .last_unix_ms = 3000 };
	const struct ost_code *read;
	const struct ost_function_run *got;
	char path[64];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/store.db", place);
	assert_int_equal(ost_database_open(path, &db, &err), 0);
	ost_feature_set_add(&run.run.lacking, OST_F_AVX2);
	ost_feature_set_add(&run.run.lacking, OST_F_SSE42);
	ost_feature_set_add(&run.run.touched, OST_F_SSE42);
	batch.codes = &code;
	batch.runs = &run;
	batch.code_count = batch.run_count = 1;
	assert_int_equal(ost_batch_write(db, &batch, &err), 0);
	assert_int_equal(ost_batch_write(db, &batch, &err), 0);
	sqlite3_close(db);

	assert_int_equal(ost_database_open(path, &db, &err), 0);
	/* this host has SSE4.2, which the one before had not */
	ost_feature_set_add(&s->features.usable, OST_F_SSE42);
	assert_int_equal(ost_load_all(db, s, 0, &err), 0);
	sqlite3_close(db);
	read = ost_code_next(&s->codes, NULL);
	assert_non_null(read);
	assert_null(ost_code_next(&s->codes, read));
	assert_string_equal(read->id, "aabb");
	assert_true(read->offset == UINT64_MAX);
	assert_int_equal(read->feature, OST_F_AVX2);
	assert_string_equal(read->object, "lib.so");
	assert_string_equal(read->function->name, "f");
	assert_int_equal(read->count, 7);
	got = read->function->runs;
	assert_non_null(got);
	assert_string_equal(got->program, "ccdd");
	assert_int_equal(got->requests, 12345);
	assert_true(ost_feature_set_has(&got->lacking, OST_F_AVX2));
	assert_false(ost_feature_set_has(&got->lacking, OST_F_SSE42));
	assert_true(ost_feature_set_has(&got->touched, OST_F_SSE42));
	free_state(s);
}

static void a_store_of_version_1_is_brought_up(void **state)
{
	/* what version 1 had that later ones build on */
	static const char old[] =
		"CREATE TABLE functions (name TEXT PRIMARY KEY, runtime TEXT NOT NULL,"
		" collections INTEGER NOT NULL, kept_bytes REAL NOT NULL, kept_dev_bytes REAL NOT NULL,"
		" yield_bytes REAL NOT NULL, yield_ratio REAL NOT NULL, cost_us_per_mib REAL NOT NULL,"
		" pause_us REAL NOT NULL, penalty_us REAL NOT NULL, traps INTEGER NOT NULL,"
		" changed_unix_ms INTEGER NOT NULL) WITHOUT ROWID;"
		"CREATE TABLE collections (id INTEGER PRIMARY KEY AUTOINCREMENT, function TEXT NOT NULL,"
		" user TEXT NOT NULL);"
		"INSERT INTO functions VALUES ('f', 'jvm', 3, 1, 2, 3, 4, 5, 6, 0, 5, 10),"
		" ('shared', 'jvm', 2, 1, 2, 3, 4, 5, 6, 0, 0, 11), ('new', 'jvm', 1, 1, 2, 3, 4, 5, 6, 0, 0, 12);"
		"INSERT INTO collections (function, user) VALUES ('f', 'ann'), ('f', 'ann'), ('shared', 'ann'),"
		" ('shared', 'bob');"
		"CREATE TABLE traps (function TEXT NOT NULL, insn BLOB NOT NULL, class TEXT NOT NULL,"
		" feature TEXT, assembly TEXT NOT NULL, comm TEXT NOT NULL, ip INTEGER NOT NULL,"
		" source INTEGER NOT NULL, si_code INTEGER NOT NULL, count INTEGER NOT NULL,"
		" first_unix_ms INTEGER NOT NULL, last_unix_ms INTEGER NOT NULL,"
		" PRIMARY KEY (function, insn)) WITHOUT ROWID;"
		"INSERT INTO traps VALUES ('f', x'c5fdfec1', 'missing', 'avx2', 'vpaddd', 'task', 4096, 0, 2, 5,"
		" 1, 2);"
		"PRAGMA application_id = 1330861132; PRAGMA user_version = 1";
	char path[64];
	struct ost_state *s = new_state();
	const struct ost_function *function;
	sqlite3_stmt *query;
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/old.db", place);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, old, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(ost_database_open(path, &db, &err), 0);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT count, (SELECT count(*) FROM traps_by_code), "
					    "(SELECT count(*) FROM functions_run) FROM traps",
					    -1, &query, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(query), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(query, 0), 5);
	assert_int_equal(sqlite3_column_int(query, 1), 0);
	sqlite3_finalize(query);
	/* what one user's collections taught is that user's */
	assert_int_equal(ost_load_all(db, s, 0, &err), 0);
	sqlite3_close(db);
	assert_int_equal(s->instances.functions.count, 3);
	function = ost_function_find(&s->instances, "ann", "f");
	assert_non_null(function);
	assert_int_equal(function->model.collections, 3);
	assert_int_equal(function->traps, 5);
	assert_int_equal(function->runtime, OST_RUNTIME_JVM);
	assert_int_equal((int)function->model.pause_us, 6);
	assert_string_equal(s->traps.first->user, "ann");
	assert_non_null(ost_function_find(&s->instances, "", "shared"));
	assert_non_null(ost_function_find(&s->instances, "", "new"));
	free_state(s);
}

/* Two users' functions of one name have nothing to do with each other. */
static void a_function_is_its_users(void **state)
{
	struct ost_state *s = new_state();
	struct ost_instance *ann = ost_instance_add(&s->instances, 1, "one", "f", "ann");
	struct ost_instance *bob = ost_instance_add(&s->instances, 2, "two", "f", "bob");
	struct ost_function *of_ann = ann->function;
	struct ost_code *code;

	assert_ptr_not_equal(of_ann, bob->function);
	assert_ptr_equal(ost_function_get(&s->instances, "ann", "f"), of_ann);
	assert_ptr_equal(ost_function_find(&s->instances, "bob", "f"), bob->function);
	assert_null(ost_function_find(&s->instances, "", "f"));
	assert_ptr_not_equal(trap_at(s, ann, 0x1000), trap_at(s, bob, 0x1000));
	code = ost_code_get(&s->codes, of_ann, "aa", 0x10, OST_F_AVX2);
	ost_site_set(&s->codes, ann->id, 0x1000, code);
	ost_instance_runs(ann, ost_function_run_get(of_ann, "program"));
	/* a label that changes takes nothing along */
	ann->recognised = true;
	ost_instance_relabel(&s->instances, ann, "f", "bob");
	assert_string_equal(ann->user, "bob");
	assert_ptr_equal(ann->function, bob->function);
	assert_null(ann->run);
	assert_int_equal(of_ann->runs->users, 0);
	assert_false(ann->recognised);
	ost_locate_trap(s, ann, trap_at(s, ann, 0x1000), 0x3fffffff);
	assert_null(s->traps.first->code);
	free_state(s);
}

static void prune(struct ost_state *s)
{
	ost_functions_prune(&s->instances, &s->traps, &s->codes);
}

static void a_function_that_learned_nothing_is_forgotten(void **state)
{
	struct ost_state *s = new_state();
	struct ost_instance *one = ost_instance_add(&s->instances, 1, "one", "f", "ann");
	struct ost_instance *two = ost_instance_add(&s->instances, 2, "two", "f", "ann");
	struct ost_instance *three = ost_instance_add(&s->instances, 3, "three", "g", "ann");

	prune(s);
	assert_int_equal(s->instances.functions.count, 2);
	/* what names in between leave behind */
	ost_instance_relabel(&s->instances, two, "h", "ann");
	ost_instance_relabel(&s->instances, two, "h", "bob");
	prune(s);
	assert_int_equal(s->instances.functions.count, 3);
	assert_null(ost_function_find(&s->instances, "ann", "h"));
	ost_instance_runs(one, ost_function_run_get(one->function, "program"));
	ost_instance_remove(&s->instances, one);
	three->function->model.collections = 1;
	ost_instance_remove(&s->instances, three);
	prune(s);
	assert_int_equal(s->instances.functions.count, 2);
	assert_null(ost_function_find(&s->instances, "ann", "f"));
	assert_non_null(ost_function_find(&s->instances, "ann", "g"));
	/* an action that holds the instance holds its function */
	ost_instance_hold(two);
	ost_instance_remove(&s->instances, two);
	prune(s);
	assert_ptr_equal(ost_function_find(&s->instances, "bob", "h"), two->function);
	ost_instance_put(&s->instances, two);
	prune(s);
	assert_int_equal(s->instances.functions.count, 1);
	free_state(s);
}

static struct ost_function *learned(struct ost_state *s, unsigned int n)
{
	struct ost_function *function;
	char name[16];

	snprintf(name, sizeof(name), "%u", n);
	function = ost_function_get(&s->instances, "ann", name);
	assert_non_null(function);
	function->model.collections = 1;
	return function;
}

static void the_oldest_functions_make_room(void **state)
{
	struct ost_state *s = new_state();
	struct ost_instance *used = ost_instance_add(&s->instances, 1, "one", "used", "ann");
	struct ost_function *first = learned(s, 0);
	static const char comm[16] = "task";
	struct ost_trap *trap;
	struct ost_code *code;

	trap = ost_trap_note(&s->traps, first, 1, 0x1000, 1, comm, vpaddd, sizeof(vpaddd), 0, 0, 1);
	code = ost_code_get(&s->codes, first, "aa", 0x10, OST_F_AVX2);
	trap->code = code;
	ost_site_set(&s->codes, 1, 0x1000, code);
	trap_at(s, used, 0x2000);
	for (unsigned int n = 1; n <= OST_FUNCTIONS_IDLE_MAX; n++)
		learned(s, n);
	prune(s);
	assert_int_equal(s->instances.idle_count, OST_FUNCTIONS_IDLE_MAX);
	assert_int_equal(s->instances.functions.count, OST_FUNCTIONS_IDLE_MAX + 1);
	assert_null(ost_function_find(&s->instances, "ann", "0"));
	assert_non_null(ost_function_find(&s->instances, "ann", "1"));
	assert_int_equal(s->traps.rows, 1);
	assert_ptr_equal(s->traps.first->of, used->function);
	assert_null(ost_code_next(&s->codes, NULL));
	assert_false(ost_site_find(&s->codes, 1, 0x1000, &code));
	free_state(s);
}

static void store_functions(sqlite3 *db, unsigned int from, unsigned int count)
{
	struct ost_batch batch = { .function_count = count, .now_unix_ms = 1000 + from };

	batch.functions = calloc(count, sizeof(*batch.functions));
	for (unsigned int i = 0; i < count; i++)
		snprintf(batch.functions[i].name, OST_NAME_LEN, "%u", from + i);
	assert_int_equal(ost_batch_write(db, &batch, &err), 0);
	ost_batch_clear(&batch);
}

static void the_oldest_functions_leave_the_store(void **state)
{
	sqlite3_stmt *query;
	char path[64];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/many.db", place);
	assert_int_equal(ost_database_open(path, &db, &err), 0);
	store_functions(db, 0, 10);
	store_functions(db, 10, OST_BATCH_FUNCTIONS_KEPT);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT count(*), min(changed_unix_ms) FROM functions", -1,
					    &query, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(query), SQLITE_ROW);
	assert_int_equal(sqlite3_column_int(query, 0), OST_BATCH_FUNCTIONS_KEPT);
	assert_int_equal(sqlite3_column_int(query, 1), 1010);
	sqlite3_finalize(query);
	sqlite3_close(db);
}

static int setup(void **state)
{
	return !mkdtemp(place);
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
		cmocka_unit_test(finds_the_file_of_an_address),
		cmocka_unit_test(not_in_other_memory),
		cmocka_unit_test(finds_the_program_of_a_process),
		cmocka_unit_test(counts_go_to_the_place),
		cmocka_unit_test(a_function_has_so_many_places),
		cmocka_unit_test(a_program_is_a_run),
		cmocka_unit_test(the_store_keeps_them),
		cmocka_unit_test(a_store_of_version_1_is_brought_up),
		cmocka_unit_test(a_function_is_its_users),
		cmocka_unit_test(a_function_that_learned_nothing_is_forgotten),
		cmocka_unit_test(the_oldest_functions_make_room),
		cmocka_unit_test(the_oldest_functions_leave_the_store),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
