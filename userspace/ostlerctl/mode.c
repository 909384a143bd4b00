// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

int ost_verb_mode(struct ost_ctl *ctl, int argc, char **argv)
{
	char id[32], path[64];
	json_t *instance;
	int ret = ost_ctl_pick(ctl, argv[0], id, sizeof(id));

	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/v1/instances/%s/mode", id);
	ret = ost_ctl_send(ctl, "PUT", path, json_pack("{s:s}", "mode", argv[1]), &instance);
	if (ret || !instance)
		return ret;
	ost_print_pair("mode", "%s for %s (%s)", ost_field_text(instance, "mode"),
		       ost_field_text(instance, "path"), id);
	json_decref(instance);
	return OST_CTL_OK;
}
