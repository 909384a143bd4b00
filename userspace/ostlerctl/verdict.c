// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "lib/http.h"
#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

int ost_verb_verdict(struct ost_ctl *ctl, int argc, char **argv)
{
	char path[64];
	uint64_t event;
	json_t *park;
	int ret;

	if (ost_http_number(argv[0], &event))
		return ost_ctl_fail(OST_CTL_USAGE,
				    "%s is no event number; `ostlerctl parks` shows them", argv[0]);
	snprintf(path, sizeof(path), "/v1/parks/%llu/verdict", (unsigned long long)event);
	ret = ost_ctl_send(ctl, "POST", path, json_pack("{s:s}", "verdict", argv[1]), &park);
	if (ret || !park)
		return ret;
	ost_print_pair("verdict", "%s for %s[%llu], parked at %s (event %llu)",
		       ost_field_text(park, "verdict"), ost_field_text(park, "comm"),
		       (unsigned long long)ost_field_u64(park, "pid"), ost_field_text(park, "ip"),
		       (unsigned long long)event);
	ost_print_pair("instruction", "%s", ost_field_text(park, "why"));
	json_decref(park);
	return OST_CTL_OK;
}
