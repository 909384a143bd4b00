// SPDX-License-Identifier: GPL-2.0-or-later
/* CPython: take the interpreter's lock from the helper thread and run its cycle collector. */
#include "agent/agent.h"

struct python {
	int (*gil_ensure)(void);
	void (*gil_release)(int);
	long (*collect)(void);
	int (*gc_enabled)(void); /* 3.10 and later */
	int (*finalizing)(void); /* public from 3.13 on, an internal name before */
};

static bool python_present(void)
{
	int (*initialized)(void) = (int (*)(void))ost_symbol("Py_IsInitialized");

	return initialized && initialized();
}

static int python_resolve(struct python *py)
{
	py->gil_ensure = (int (*)(void))ost_symbol("PyGILState_Ensure");
	py->gil_release = (void (*)(int))ost_symbol("PyGILState_Release");
	py->collect = (long (*)(void))ost_symbol("PyGC_Collect");
	py->gc_enabled = (int (*)(void))ost_symbol("PyGC_IsEnabled");
	py->finalizing = (int (*)(void))ost_symbol("Py_IsFinalizing");
	if (!py->finalizing)
		py->finalizing = (int (*)(void))ost_symbol("_Py_IsFinalizing");
	return py->gil_ensure && py->gil_release && py->collect ? 0 : -ENOSYS;
}

/*
 * The lock is waited for without end: there is no other way to ask for it. If the interpreter
 * begins to finalise meanwhile, it ends this thread inside gil_ensure(); the thread's key
 * destructor cleans up.
 */
static int python_collect(struct ost_round *round)
{
	uint64_t asked, begun;
	struct python py;
	int state, err;

	err = python_resolve(&py);
	if (err)
		return err;
	if (py.finalizing && py.finalizing())
		return -ESHUTDOWN;

	asked = sys_now_us();
	state = py.gil_ensure();
	begun = sys_now_us();
	if (py.gc_enabled && !py.gc_enabled()) {
		err = -ECANCELED;
		ost_round_note(round, "python: gc is disabled by the program, unreachable ", 0);
	} else {
		long unreachable = py.collect();

		round->collected += unreachable > 0 ? unreachable : 0;
		ost_round_note(round, "python: unreachable ", unreachable > 0 ? unreachable : 0);
	}
	round->collect_us += sys_now_us() - begun;
	round->wait_us += begun - asked;
	py.gil_release(state);
	return err;
}

const struct ost_runtime_ops ost_python_ops = {
	.runtime = OST_RUNTIME_PYTHON,
	.on_helper = true,
	.present = python_present,
	.collect = python_collect,
};
