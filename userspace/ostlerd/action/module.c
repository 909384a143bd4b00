// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/action/module.h"

#include <errno.h>

#include "ostlerd/source/bpf.h"

static int need_module(const struct ost_state *state, struct ost_error *err)
{
	if (state->kmod)
		return 0;
	return ost_error_set(err, -ENOTCONN, "the module is not loaded: `modprobe ostler`");
}

int ost_module_release(struct ost_state *state, struct ost_error *err)
{
	int ret = need_module(state, err);

	if (ret)
		return ret;
	if (state->bpf)
		ost_bpf_module_release(state->bpf);
	state->module_released = true;
	ost_host_degrade(&state->host, "module",
			 "let go, so that `rmmod ostler` can unload it; until then tasks are parked, and traps "
			 "counted by their signal; `ostlerctl module take` takes it again");
	return 0;
}

int ost_module_take(struct ost_state *state, struct ost_error *err)
{
	int ret = need_module(state, err);

	if (ret || !state->module_released)
		return ret;
	state->module_released = false;
	if (state->bpf)
		ost_bpf_module_changed(state->bpf);
	ost_host_mend(&state->host, "module");
	return 0;
}
