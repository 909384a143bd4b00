// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Ruby (MRI): a postponed job is the one thing that a foreign thread may hand to the interpreter.
 * It runs on a Ruby thread at the next point where interrupts are checked; SIGVTALRM, the
 * interpreter's own timer signal, brings a blocked main thread there.
 */
#include "agent/handover.h"
#include <signal.h>

typedef void job_fn(void *);

extern OST_WEAK int sigaction(int, const struct sigaction *, struct sigaction *);

static struct {
	long (*gc_start)(void);
	unsigned int (*preregister)(unsigned int, job_fn *, void *); /* 3.3 and later */
	void (*trigger)(unsigned int);
	int (*register_one)(unsigned int, job_fn *, void *); /* before */
	unsigned int handle;
	bool registered;
	struct ost_handover work;
} ruby;

static bool ruby_present(void)
{
	void **vm = ost_symbol("ruby_current_vm_ptr");

	return ost_symbol("rb_gc_start") && (!vm || *vm);
}

static void job(void *unused)
{
	if (ost_handover_take(&ruby.work)) {
		ruby.gc_start();
		ost_handover_finish(&ruby.work);
	}
}

static void post(void)
{
	if (!ruby.trigger) {
		ruby.register_one(0, job, NULL);
		return;
	}
	if (!ruby.registered) {
		ruby.handle = ruby.preregister(0, job, NULL);
		ruby.registered = true;
	}
	ruby.trigger(ruby.handle);
}

static void wake(void)
{
	struct sigaction now;

	post();
	/* unhandled, it would end the program */
	if (sigaction && !sigaction(SIGVTALRM, NULL, &now) && now.sa_handler != SIG_DFL &&
	    now.sa_handler != SIG_IGN)
		sys_tgkill(sys_getpid(), sys_getpid(), SIGVTALRM);
}

static int ruby_collect(struct ost_round *round)
{
	int err;

	ruby.gc_start = (long (*)(void))ost_symbol("rb_gc_start");
	ruby.preregister = (unsigned int (*)(unsigned int, job_fn *, void *))ost_symbol(
		"rb_postponed_job_preregister");
	ruby.trigger = (void (*)(unsigned int))ost_symbol("rb_postponed_job_trigger");
	ruby.register_one = (int (*)(unsigned int, job_fn *, void *))ost_symbol(
		"rb_postponed_job_register_one");
	if (!ruby.gc_start || !(ruby.register_one || (ruby.trigger && ruby.preregister)))
		return -ENOSYS;

	err = ost_handover_run(&ruby.work, wake, round);
	if (err)
		ost_round_note(round, "ruby: no interrupt check, ms waited ",
			       round->wait_us / 1000);
	return err;
}

static void ruby_forked(void)
{
	ost_handover_reset(&ruby.work);
}

const struct ost_runtime_ops ost_ruby_ops = {
	.runtime = OST_RUNTIME_RUBY,
	.present = ruby_present,
	.collect = ruby_collect,
	.forked = ruby_forked,
};
