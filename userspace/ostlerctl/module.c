// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

int ost_verb_module(struct ost_ctl *ctl, int argc, char **argv)
{
	bool release = !strcmp(argv[0], "release");
	json_t *module;
	int ret;

	if (!release && strcmp(argv[0], "take") != 0)
		return ost_ctl_fail(OST_CTL_USAGE, "%s: the module can be told to release or take",
				    argv[0]);
	ret = ost_ctl_send(ctl, "PUT", "/v1/module", json_pack("{s:b}", "released", release), &module);
	if (ret || !module)
		return ret;
	ost_print_pair("module", "%s", release ? "let go; `rmmod ostler` unloads it" : "taken again");
	json_decref(module);
	return OST_CTL_OK;
}
