// SPDX-License-Identifier: GPL-2.0-or-later
/* What programs need, as the daemon keeps it: the table, corrections, the store, the process that finds it. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "isa/need/record.h"
#include "isa/need/run.h"
#include "isa/program/closure.h"
#include "lib/error.h"
#include "ostlerd/core/analysis.h"
#include "ostlerd/core/state.h"
#include "ostlerd/source/analyser.h"
#include "ostlerd/source/analyser_answer.h"
#include "ostlerd/store/batch.h"
#include "ostlerd/store/database.h"
#include "ostlerd/store/load.h"

static struct ost_error err;
static char place[] = "/tmp/analysis-test.XXXXXX";

/* The analysis of this very program, with verdicts made up. */
static struct ost_program *program;
static uint8_t *closure, *needs;
static long closure_size, needs_size;
static uint64_t code_offset;

static struct ost_need list[] = {
	{ .feature = OST_F_AVX, .verdict = OST_NEED_PROBABLE },
	{ .feature = OST_F_AVX2, .verdict = OST_NEED_DISPATCHED },
};

static int open_self(void **state)
{
	const struct ost_program_options alone = { .alone = true };
	struct ost_needs made_up = { .list = list, .count = 2, .complete = true };
	const struct ost_object *object;

	if (!mkdtemp(place) || ost_program_open(&program, "/proc/self/exe", &alone, &err))
		return -1;
	object = program->members[0].object;
	for (size_t i = 0; i < object->segment_count; i++)
		if (object->segments[i].execute)
			code_offset = object->segments[i].offset + 64;
	closure_size = ost_closure_write(program, &closure);
	needs_size = ost_record_write(&made_up, 1, &needs);
	return closure_size > 0 && needs_size > 0 && code_offset ? 0 : -1;
}

static int close_self(void **state)
{
	char command[64];

	ost_program_close(program);
	free(closure);
	free(needs);
	snprintf(command, sizeof(command), "rm -rf %s", place);
	return system(command);
}

/* "0000...n" */
static const char *digest(unsigned int n)
{
	static char text[OST_DIGEST_LEN];

	snprintf(text, sizeof(text), "%064u", n);
	return text;
}

static struct ost_analysis *add(struct ost_analyses *analyses, unsigned int n)
{
	return ost_analysis_add(analyses, digest(n), NULL, closure, closure_size, needs, needs_size);
}

static void keeps_the_latest(void **state)
{
	struct ost_analyses analyses = { 0 };
	struct ost_analysis *first = add(&analyses, 1);

	assert_non_null(first);
	assert_string_equal(first->program, program->members[0].object->id);
	assert_ptr_equal(add(&analyses, 1), first);
	assert_int_equal(analyses.count, 1);
	for (unsigned int n = 2; n <= OST_ANALYSES_MAX; n++)
		assert_non_null(add(&analyses, n));
	assert_int_equal(analyses.count, OST_ANALYSES_MAX);
	/* what is used stays, what isn't makes room */
	assert_ptr_equal(ost_analysis_find(&analyses, digest(1)), first);
	assert_non_null(add(&analyses, OST_ANALYSES_MAX + 1));
	assert_int_equal(analyses.count, OST_ANALYSES_MAX);
	assert_non_null(ost_analysis_find(&analyses, digest(1)));
	assert_null(ost_analysis_find(&analyses, digest(2)));
	assert_true(analyses.bytes <= OST_ANALYSES_BYTES);
	ost_analyses_exit(&analyses);
	assert_int_equal(analyses.count, 0);
	assert_int_equal(analyses.bytes, 0);
}

/* Whoever asks whether one is kept is told when it made room, so that it is made again. */
static void forgets_and_confirms(void **state)
{
	const uint64_t hour = 3600000000000ull;
	struct ost_analyses analyses = { 0 };
	struct ost_analysis *one = add(&analyses, 1);

	assert_true(ost_analysis_kept(&analyses, digest(1)));
	assert_false(ost_analysis_kept(&analyses, ""));
	ost_analysis_confirm(one, hour);
	assert_true(one->changed);
	one->changed = false;
	/* it is not written all the time, but before it is old */
	ost_analysis_confirm(one, 2 * hour - 1);
	assert_false(one->changed);
	ost_analysis_confirm(one, 2 * hour);
	assert_true(one->changed);
	assert_int_equal(one->made_ns, 2 * hour);
	for (unsigned int n = 2; n <= OST_ANALYSES_MAX + 1; n++) {
		assert_non_null(add(&analyses, n));
		/* to be asked for is no use of it */
		assert_int_equal(ost_analysis_kept(&analyses, digest(1)), n <= OST_ANALYSES_MAX);
	}
	assert_non_null(add(&analyses, 1));
	assert_true(ost_analysis_kept(&analyses, digest(1)));
	ost_analyses_exit(&analyses);
}

static void refuses_what_makes_no_sense(void **state)
{
	const char *id = program->members[0].object->id;
	struct ost_analyses analyses = { 0 };

	/* one program doesn't speak for another */
	assert_null(ost_analysis_add(&analyses, digest(1), "00ff", closure, closure_size, needs, needs_size));
	assert_non_null(ost_analysis_add(&analyses, digest(1), id, closure, closure_size, needs, needs_size));
	assert_null(ost_analysis_add(&analyses, digest(1), "00ff", closure, closure_size, needs, needs_size));
	ost_analyses_exit(&analyses);

	assert_null(ost_analysis_add(&analyses, "short", NULL, closure, closure_size, needs, needs_size));
	assert_null(ost_analysis_add(&analyses, digest(1), NULL, closure, closure_size - 1, needs, needs_size));
	assert_null(ost_analysis_add(&analyses, digest(1), NULL, closure, closure_size, needs, needs_size - 1));
	assert_null(ost_analysis_add(&analyses, digest(1), NULL, needs, needs_size, closure, closure_size));
	assert_int_equal(analyses.count, 0);
}

static struct ost_state *new_state(void)
{
	struct ost_state *s = calloc(1, sizeof(*s));

	assert_non_null(s);
	ost_instances_init(&s->instances, -1);
	ost_traps_init(&s->traps, &s->features);
	return s;
}

static void free_state(struct ost_state *s)
{
	ost_traps_exit(&s->traps);
	ost_codes_exit(&s->codes);
	ost_instances_exit(&s->instances);
	ost_analyses_exit(&s->analyses);
	free(s);
}

static unsigned int verdict(struct ost_state *s, struct ost_function *function, unsigned int feature)
{
	struct ost_analysed analysed;
	const struct ost_need *need;
	unsigned int found;

	assert_int_equal(ost_analysis_read(s, function, function->runs, &analysed), 0);
	need = ost_needs_get(&analysed.needs, feature);
	found = need ? need->verdict : OST_NEED_END;
	/* what the code says stays what it says */
	assert_int_equal(ost_needs_get(&analysed.found, OST_F_AVX2)->verdict, OST_NEED_DISPATCHED);
	ost_analysed_free(&analysed);
	return found;
}

static struct ost_function *new_function(struct ost_state *s, const char *name)
{
	struct ost_function *function = ost_function_get(&s->instances, "", name);
	struct ost_function_run *run =
		ost_function_run_get(function, program->members[0].object->id);

	strcpy(run->analysis, digest(1));
	return function;
}

static void what_happened_corrects_it(void **state)
{
	struct ost_state *s = new_state();
	struct ost_function *function, *other;
	struct ost_analysed analysed;
	struct ost_code *code;

	function = new_function(s, "f");
	other = new_function(s, "g");
	assert_int_equal(ost_analysis_read(s, function, function->runs, &analysed), -ENOENT);
	assert_non_null(add(&s->analyses, 1));
	assert_int_equal(verdict(s, function, OST_F_AVX2), OST_NEED_DISPATCHED);
	assert_int_equal(verdict(s, function, OST_F_AVX), OST_NEED_PROBABLE);

	/* it ran so often on a host that lacks the feature */
	ost_feature_set_add(&function->runs->lacking, OST_F_AVX);
	function->runs->requests = OST_RUN_REQUESTS_MIN - 1;
	assert_int_equal(verdict(s, function, OST_F_AVX), OST_NEED_PROBABLE);
	function->runs->requests++;
	assert_int_equal(verdict(s, function, OST_F_AVX), OST_NEED_DISPATCHED);
	assert_int_equal(verdict(s, other, OST_F_AVX), OST_NEED_PROBABLE);

	/* in short; what was found a moment ago will do */
	assert_ptr_equal(ost_analysis_summary(s, function, function->runs)->of, function->runs);
	assert_false(ost_feature_set_has(&s->analyses.first->summary.hard, OST_F_AVX2));
	assert_true(ost_analysis_summary(s, function, function->runs)->complete);

	/* another build's trap is none of its; its own is; nobody else's function is blamed */
	code = ost_code_get(&s->codes, function, "00ff", code_offset, OST_F_AVX2);
	code->count = 1;
	assert_int_equal(verdict(s, function, OST_F_AVX2), OST_NEED_DISPATCHED);
	code = ost_code_get(&s->codes, function, program->members[0].object->id, code_offset, OST_F_AVX2);
	code->count = 1;
	assert_int_equal(verdict(s, function, OST_F_AVX2), OST_NEED_REQUIRED);
	assert_int_equal(verdict(s, other, OST_F_AVX2), OST_NEED_DISPATCHED);
	code = ost_code_get(&s->codes, function, program->members[0].object->id, code_offset, OST_F_AVX);
	code->count = 1;
	assert_int_equal(verdict(s, function, OST_F_AVX), OST_NEED_REQUIRED);
	assert_false(ost_feature_set_has(&ost_analysis_summary(s, function, function->runs)->hard, OST_F_AVX2));
	s->analyses.first->summary.read_ns -= 10000000000ull;
	assert_true(ost_feature_set_has(&ost_analysis_summary(s, function, function->runs)->hard, OST_F_AVX2));
	assert_false(ost_feature_set_has(&ost_analysis_summary(s, other, other->runs)->hard, OST_F_AVX2));
	other->runs->analysis[0] = '\0';
	assert_null(ost_analysis_summary(s, other, other->runs));
	free_state(s);
}

static void fill_batch(struct ost_batch *batch, unsigned int n)
{
	struct ost_batch_analysis *row = calloc(1, sizeof(*row));

	*batch = (struct ost_batch){ .analyses = row, .analysis_count = 1 };
	strcpy(row->digest, digest(n));
	strcpy(row->program, program->members[0].object->id);
	row->closure = malloc(closure_size);
	row->needs = malloc(needs_size);
	memcpy(row->closure, closure, closure_size);
	memcpy(row->needs, needs, needs_size);
	row->closure_size = closure_size;
	row->needs_size = needs_size;
	row->made_unix_ms = 1000 + n;
	batch->runs = calloc(1, sizeof(*batch->runs));
	batch->run_count = 1;
	strcpy(batch->runs->function, "f");
	strcpy(batch->runs->run.program, program->members[0].object->id);
	strcpy(batch->runs->run.analysis, digest(n));
}

static void the_store_keeps_it(void **state)
{
	struct ost_state *s = new_state();
	struct ost_function *function;
	struct ost_batch batch;
	char path[64];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/store.db", place);
	assert_int_equal(ost_database_open(path, &db, &err), 0);
	for (unsigned int n = 1; n <= 3; n++) {
		fill_batch(&batch, n);
		assert_int_equal(ost_batch_write(db, &batch, &err), 0);
		ost_batch_clear(&batch);
	}
	/* one of an analyser of old, and one that was damaged */
	assert_int_equal(sqlite3_exec(db, "UPDATE analyses SET analyser = '0' WHERE digest LIKE '%2';"
				      "UPDATE analyses SET needs = x'00ff' WHERE digest LIKE '%1'", NULL,
				      NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(ost_database_open(path, &db, &err), 0);
	assert_int_equal(ost_load_all(db, s, 0, &err), 0);
	sqlite3_close(db);
	assert_int_equal(s->analyses.count, 1);
	assert_string_equal(s->analyses.first->digest, digest(3));
	assert_false(s->analyses.first->changed);
	function = ost_function_get(&s->instances, "", "f");
	assert_string_equal(function->runs->analysis, digest(3));
	assert_int_equal(verdict(s, function, OST_F_AVX2), OST_NEED_DISPATCHED);
	free_state(s);
}

/* Rows of the table that fulfil a condition. */
static int count_rows(sqlite3 *db, const char *where)
{
	sqlite3_stmt *select;
	char sql[128];
	int count;

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM analyses WHERE %s", where);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &select, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(select), SQLITE_ROW);
	count = sqlite3_column_int(select, 0);
	sqlite3_finalize(select);
	return count;
}

static void the_store_is_bounded_in_bytes(void **state)
{
	struct ost_batch batch;
	char path[64], sql[160];
	sqlite3 *db;

	snprintf(path, sizeof(path), "%s/large.db", place);
	assert_int_equal(ost_database_open(path, &db, &err), 0);
	for (int n = 1; n <= 8; n++) {
		snprintf(sql, sizeof(sql), "INSERT INTO analyses VALUES ('large%d', 'p', 'a', zeroblob(%u), "
			 "zeroblob(100), %d)", n, OST_BATCH_ANALYSES_BYTES / 4, n);
		assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	}
	fill_batch(&batch, 1);
	assert_int_equal(ost_batch_write(db, &batch, &err), 0);
	ost_batch_clear(&batch);
	/* it is the latest; four of the others would be too much with it */
	assert_int_equal(count_rows(db, "1"), 4);
	assert_int_equal(count_rows(db, "digest IN ('large6', 'large7', 'large8')"), 3);
	sqlite3_close(db);
}

/* A process that runs this program, until it is ended. */
static int procfd;
static pid_t process;

static int start_process(void **state)
{
	char path[32];

	process = fork();
	if (!process) {
		pause();
		_exit(0);
	}
	snprintf(path, sizeof(path), "/proc/%d", process);
	procfd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return process > 0 && procfd >= 0 ? 0 : -1;
}

static int end_process(void **state)
{
	kill(process, SIGKILL);
	waitpid(process, NULL, 0);
	close(procfd);
	return 0;
}

static struct ost_analyser analyser_of(const char *known, const _Atomic bool *stop)
{
	return (struct ost_analyser){
		.procfd = procfd, .program = program->members[0].object->id, .user = "u",
		.known = known, .cpu_s = 100, .memory = 2ull << 30, .stop = stop,
	};
}

static void a_process_finds_it(void **state)
{
	_Atomic bool stop = false;
	struct ost_analyser analyser = analyser_of("", &stop);
	struct ost_analyses analyses = { 0 };
	char known[4 * OST_DIGEST_LEN];
	struct ost_analysis *analysis;

	if (ost_analyser_run(&analyser, &err))
		fail_msg("%s", err.text);
	analysis = ost_analysis_add(&analyses, analyser.digest, analyser.program, analyser.closure,
				    analyser.closure_size, analyser.needs, analyser.needs_size);
	assert_non_null(analysis);
	assert_string_equal(analysis->program, program->members[0].object->id);
	free(analyser.answer);
	assert_non_null(add(&analyses, 7));
	assert_non_null(add(&analyses, 8));
	ost_analysis_known(&analyses, analysis->program, "", known, sizeof(known));
	assert_int_equal(strlen(known), 3 * OST_DIGEST_LEN - 1);
	assert_string_equal(known + 2 * OST_DIGEST_LEN, analysis->digest);

	/* nothing has changed since */
	analyser = analyser_of(known, &stop);
	assert_int_equal(ost_analyser_run(&analyser, &err), 0);
	assert_null(analyser.closure);
	assert_string_equal(analyser.digest, analysis->digest);
	free(analyser.answer);

	/* files can be changed while they are read: what comes of one user's isn't served to another */
	analyser = analyser_of(known, &stop);
	analyser.user = "v";
	assert_int_equal(ost_analyser_run(&analyser, &err), 0);
	assert_non_null(analyser.closure);
	assert_string_not_equal(analyser.digest, analysis->digest);
	free(analyser.answer);
	ost_analysis_known(&analyses, "00ff", "", known, sizeof(known));
	assert_string_equal(known, "");
	ost_analyses_exit(&analyses);
}

static void a_process_fails_with_a_reason(void **state)
{
	_Atomic bool stop = false;
	struct ost_analyser analyser = analyser_of("", &stop);

	analyser.program = "00ff";
	assert_int_equal(ost_analyser_run(&analyser, &err), -ESTALE);
	assert_non_null(strstr(err.text, "another program"));
	free(analyser.answer);

	analyser = analyser_of("", &stop);
	analyser.cpu_s = 0;
	assert_int_equal(ost_analyser_run(&analyser, &err), -ETIME);
	assert_non_null(strstr(err.text, "[analyse] cpu_s"));
	free(analyser.answer);

	analyser = analyser_of("", &stop);
	stop = true;
	assert_int_equal(ost_analyser_run(&analyser, &err), -ECANCELED);
	free(analyser.answer);

	stop = false;
	kill(process, SIGKILL);
	waitpid(process, NULL, 0);
	analyser = analyser_of("", &stop);
	assert_int_equal(ost_analyser_run(&analyser, &err), -ESRCH);
	free(analyser.answer);
}

/* What an analyser would do that was broken into; told by this variable, which it inherits. */
#define HOSTILE "OSTLER_TEST_ANALYSER"

static _Atomic bool stop_hostile;

static void on_alarm(int signal)
{
	stop_hostile = true;
}

static int be_hostile(const char *how, int argc, char **argv)
{
	uint32_t size = 100000;

	/* that it is another program is soon said */
	argv[OST_ANALYSER_ID] = "";
	if (!strcmp(how, "trickles")) {
		for (write(STDOUT_FILENO, &size, sizeof(size)); write(STDOUT_FILENO, "", 1) == 1;)
			usleep(1000);
		return 0;
	}
	if (!strcmp(how, "says too much")) {
		size = UINT32_MAX;
		return write(STDOUT_FILENO, &size, sizeof(size)) != sizeof(size) || pause();
	}
	/* what would outlive it; whether it could is its exit status */
	if (!strcmp(how, "forks")) {
		/* it is listened to until then */
		dup2(STDOUT_FILENO, STDIN_FILENO);
		dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO);
		ost_analyser_main(argc, argv);
		_exit(fork() < 0 ? 77 : 78);
	}
	ost_analyser_main(argc, argv);
	return pause();
}

/* The worker has to go on, and the daemon has to end when it is to. */
static void a_hostile_one_holds_nobody_up(void **state)
{
	struct ost_analyser analyser = analyser_of("", &stop_hostile);

	signal(SIGALRM, on_alarm);
	alarm(100);
	setenv(HOSTILE, "lingers", 1);
	assert_int_equal(ost_analyser_run(&analyser, &err), -ESTALE);
	free(analyser.answer);
	setenv(HOSTILE, "forks", 1);
	analyser = analyser_of("", &stop_hostile);
	assert_int_equal(ost_analyser_run(&analyser, &err), -EBADMSG);
	assert_non_null(strstr(err.text, "exit status 77"));
	setenv(HOSTILE, "says too much", 1);
	analyser = analyser_of("", &stop_hostile);
	assert_int_equal(ost_analyser_run(&analyser, &err), -EMSGSIZE);
	setenv(HOSTILE, "trickles", 1);
	analyser = analyser_of("", &stop_hostile);
	alarm(1);
	assert_int_equal(ost_analyser_run(&analyser, &err), -ECANCELED);
	unsetenv(HOSTILE);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), 0);
}

/* As after a deploy: the process still runs it. */
static void a_deleted_program_is_read(void **state)
{
	_Atomic bool stop = false;
	struct ost_analyser analyser = analyser_of("", &stop);
	char command[PATH_MAX], path[64], link[64];
	pid_t other;

	unsetenv(HOSTILE);
	snprintf(path, sizeof(path), "%s/deployed", place);
	snprintf(command, sizeof(command), "cp /proc/%d/exe %s", getpid(), path);
	assert_int_equal(system(command), 0);
	other = fork();
	if (!other) {
		execl(path, path, "--wait", NULL);
		_exit(1);
	}
	snprintf(link, sizeof(link), "/proc/%d", other);
	analyser.procfd = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
	do {
		char now[PATH_MAX] = "";

		usleep(1000);
		assert_true(readlinkat(analyser.procfd, "exe", now, sizeof(now) - 1) > 0);
		stop = !strcmp(now, path);
	} while (!stop);
	stop = false;
	unlink(path);
	if (ost_analyser_run(&analyser, &err))
		fail_msg("%s", err.text);
	assert_non_null(analyser.closure);
	/* by the name that it had */
	assert_non_null(memmem(analyser.closure, analyser.closure_size, path, strlen(path)));
	assert_null(memmem(analyser.closure, analyser.closure_size, "(deleted)", 9));
	free(analyser.answer);
	close(analyser.procfd);
	kill(other, SIGKILL);
	waitpid(other, NULL, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_the_latest),
		cmocka_unit_test(forgets_and_confirms),
		cmocka_unit_test(refuses_what_makes_no_sense),
		cmocka_unit_test(what_happened_corrects_it),
		cmocka_unit_test(the_store_keeps_it),
		cmocka_unit_test(the_store_is_bounded_in_bytes),
		cmocka_unit_test_setup_teardown(a_process_finds_it, start_process, end_process),
		cmocka_unit_test_setup_teardown(a_process_fails_with_a_reason, start_process, end_process),
		cmocka_unit_test_setup_teardown(a_hostile_one_holds_nobody_up, start_process, end_process),
		cmocka_unit_test_setup_teardown(a_deleted_program_is_read, start_process, end_process),
	};

	/* the daemon's program is its analyser, too; here this one is */
	if (argc > 1 && !strcmp(argv[1], OST_ANALYSER_ARGUMENT) && getenv(HOSTILE))
		return be_hostile(getenv(HOSTILE), argc - 2, argv + 2);
	if (argc > 1 && !strcmp(argv[1], OST_ANALYSER_ARGUMENT))
		return ost_analyser_main(argc - 2, argv + 2);
	if (argc > 1 && !strcmp(argv[1], "--wait"))
		return sleep(60);
	return cmocka_run_group_tests(tests, open_self, close_self);
}
