// SPDX-License-Identifier: GPL-2.0-or-later
/* The ring: polls that go on, timers that move, cancels; and jobs that come back in the loop's thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "ostlerd/core/loop.h"
#include "ostlerd/core/pool.h"

#define MS 1000000ull

/* Ends the loop when a test has gone wrong; never reached by one that passes. */
#define GIVE_UP_NS (20000 * MS)

static struct ost_loop loop;
static struct ost_op give_up;
static bool gave_up;

static void on_give_up(struct ost_op *op, int res)
{
	if (res == 0) {
		gave_up = true;
		ost_loop_stop(op->loop);
	}
}

static int setup(void **unused)
{
	struct ost_error err;

	gave_up = false;
	give_up = (struct ost_op){ .done = on_give_up };
	if (ost_loop_init(&loop, 8, &err))
		fail_msg("%s", err.text);
	return ost_op_at(&loop, &give_up, ost_now_ns() + GIVE_UP_NS);
}

static int teardown(void **unused)
{
	ost_loop_exit(&loop);
	return gave_up;
}

struct pipe_reader {
	struct ost_op op;
	int fd, calls, bytes, canceled;
};

static void on_readable(struct ost_op *op, int res)
{
	struct pipe_reader *reader = ost_container_of(op, struct pipe_reader, op);
	char buf[16];
	ssize_t n;

	if (res == -ECANCELED) {
		reader->canceled++;
		ost_loop_stop(op->loop);
		return;
	}
	assert_true(res & POLLIN);
	reader->calls++;
	n = read(reader->fd, buf, sizeof(buf));
	assert_true(n > 0);
	reader->bytes += n;
	ost_loop_stop(op->loop);
}

static void a_poll_goes_on_until_cancelled(void **unused)
{
	struct pipe_reader reader = { .op.done = on_readable };
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	reader.fd = fds[0];
	assert_int_equal(ost_op_poll(&loop, &reader.op, fds[0], POLLIN), 0);
	assert_int_equal(ost_op_poll(&loop, &reader.op, fds[0], POLLIN), -EBUSY);
	/* more often than the ring has entries */
	for (int i = 1; i <= 50; i++) {
		assert_int_equal(write(fds[1], "x", 1), 1);
		loop.stop = false;
		assert_int_equal(ost_loop_run(&loop), 0);
		assert_int_equal(reader.bytes, i);
		assert_true(ost_op_busy(&reader.op));
	}
	ost_op_cancel(&reader.op);
	loop.stop = false;
	assert_int_equal(ost_loop_run(&loop), 0);
	assert_int_equal(reader.canceled, 1);
	assert_false(ost_op_busy(&reader.op));
	close(fds[0]);
	close(fds[1]);
}

struct alarm {
	struct ost_op op;
	int rung, canceled;
	uint64_t at_ns;
};

static void on_alarm(struct ost_op *op, int res)
{
	struct alarm *alarm = ost_container_of(op, struct alarm, op);

	if (res == -ECANCELED)
		alarm->canceled++;
	else
		alarm->rung++;
	alarm->at_ns = ost_now_ns();
	ost_loop_stop(op->loop);
}

static void a_timer_rings_once_and_never_early(void **unused)
{
	struct alarm alarm = { .op.done = on_alarm };
	uint64_t at = ost_now_ns() + 20 * MS;

	assert_int_equal(ost_op_at(&loop, &alarm.op, at), 0);
	assert_int_equal(ost_loop_run(&loop), 0);
	assert_int_equal(alarm.rung, 1);
	assert_true(alarm.at_ns >= at);
	assert_false(ost_op_busy(&alarm.op));
}

static void a_timer_can_be_moved_and_cancelled(void **unused)
{
	struct alarm alarm = { .op.done = on_alarm };

	/* far beyond the moment at which the test gives up */
	assert_int_equal(ost_op_at(&loop, &alarm.op, ost_now_ns() + 2 * GIVE_UP_NS), 0);
	assert_int_equal(ost_op_at(&loop, &alarm.op, ost_now_ns() + 5 * MS), 0);
	assert_int_equal(ost_loop_run(&loop), 0);
	assert_int_equal(alarm.rung, 1);
	assert_int_equal(ost_op_at(&loop, &alarm.op, ost_now_ns() + 2 * GIVE_UP_NS), 0);
	ost_op_cancel(&alarm.op);
	loop.stop = false;
	assert_int_equal(ost_loop_run(&loop), 0);
	assert_int_equal(alarm.canceled, 1);
}

#define JOBS 200

struct counted_job {
	struct ost_job job;
	int index;
	pthread_t ran_on;
};

static struct counted_job jobs[JOBS];
static int finished, order_kept;
static pthread_t loop_thread;

static void run_job(struct ost_job *job)
{
	ost_container_of(job, struct counted_job, job)->ran_on = pthread_self();
}

static void job_done(struct ost_job *job)
{
	struct counted_job *counted = ost_container_of(job, struct counted_job, job);

	assert_true(pthread_equal(pthread_self(), loop_thread));
	assert_false(pthread_equal(counted->ran_on, loop_thread));
	order_kept += counted->index == finished;
	if (++finished == JOBS)
		ost_loop_stop(&loop);
}

static void submit_all(struct ost_pool *pool)
{
	finished = order_kept = 0;
	loop_thread = pthread_self();
	for (int i = 0; i < JOBS; i++) {
		jobs[i] = (struct counted_job){ .job = { .run = run_job, .done = job_done }, .index = i };
		ost_pool_submit(pool, &jobs[i].job);
	}
}

static void jobs_come_back_in_the_loop(void **unused)
{
	struct ost_pool pool;
	struct ost_error err;

	assert_int_equal(ost_pool_init(&pool, &loop, 4, "test", &err), 0);
	submit_all(&pool);
	assert_int_equal(ost_loop_run(&loop), 0);
	assert_int_equal(finished, JOBS);
	ost_pool_exit(&pool);
}

static void one_worker_keeps_the_order(void **unused)
{
	struct ost_pool pool;
	struct ost_error err;

	assert_int_equal(ost_pool_init(&pool, &loop, 1, "test", &err), 0);
	submit_all(&pool);
	assert_int_equal(ost_loop_run(&loop), 0);
	assert_int_equal(order_kept, JOBS);
	ost_pool_exit(&pool);
}

static void leaving_finishes_what_is_queued(void **unused)
{
	struct ost_pool pool;
	struct ost_error err;

	assert_int_equal(ost_pool_init(&pool, &loop, 2, "test", &err), 0);
	submit_all(&pool);
	ost_pool_exit(&pool);
	assert_int_equal(finished, JOBS);
	ost_pool_exit(&pool); /* twice is once */
}

#define LOOP_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOP_TEST(a_poll_goes_on_until_cancelled),
		LOOP_TEST(a_timer_rings_once_and_never_early),
		LOOP_TEST(a_timer_can_be_moved_and_cancelled),
		LOOP_TEST(jobs_come_back_in_the_loop),
		LOOP_TEST(one_worker_keeps_the_order),
		LOOP_TEST(leaving_finishes_what_is_queued),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
