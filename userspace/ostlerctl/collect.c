// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

void ost_ctl_collection(const json_t *instance)
{
	const json_t *last = ost_field(instance, "last_collection");
	const char *status = ost_field_text(last, "status");
	char before[24], after[24], yield[24], estimate[24], cost[24], pause[24], ago[24];

	if (!*status || !strcmp(status, "never")) {
		ost_print_pair("  outcome", "never collected");
		return;
	}
	ost_print_pair("  outcome", "%s, %s ago", ost_field_text(last, "text"),
		       ost_print_ago(ago, sizeof(ago), ost_field_u64(last, "ended_unix_ms")));
	if (*ost_field_text(last, "detail"))
		ost_print_pair("  because", "%s", ost_field_text(last, "detail"));
	if (*ost_field_text(last, "door"))
		ost_print_pair("  door", "%s", ost_field_text(last, "door"));
	ost_print_pair(
		"  before", "%10s   anonymous",
		ost_print_bytes(before, sizeof(before), ost_field_u64(last, "before_bytes")));
	ost_print_pair("  after", "%10s",
		       ost_print_bytes(after, sizeof(after), ost_field_u64(last, "after_bytes")));
	ost_print_pair(
		"  yield", "%10s   estimated %s",
		ost_print_bytes(yield, sizeof(yield), ost_field_u64(last, "yield_bytes")),
		ost_print_bytes(estimate, sizeof(estimate), ost_field_u64(last, "estimate_bytes")));
	ost_print_pair("  cost", "%10s",
		       ost_print_ms(cost, sizeof(cost), ost_field_real(last, "cost_us") / 1000));
	ost_print_pair("  pause", "%10s",
		       ost_print_ms(pause, sizeof(pause), ost_field_real(last, "pause_us") / 1000));
	ost_print_pair("  in all", "%llu, and %llu that failed",
		       (unsigned long long)ost_field_u64(last, "count"),
		       (unsigned long long)ost_field_u64(last, "failures"));
}

static int collect_one(struct ost_ctl *ctl, const char *name)
{
	/* the outcome decides the exit code, so it is read also when it is printed as it came */
	struct ost_ctl quiet = {.client = ctl->client};
	json_t *instance;
	char id[32], path[64];
	int ret = ost_ctl_pick(ctl, name, id, sizeof(id));

	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/v1/instances/%s/collect", id);
	ret = ost_ctl_send(&quiet, "POST", path, json_pack("{s:b}", "wait", 1), &instance);
	if (ret)
		return ret;
	if (strcmp(ost_field_text(instance, "last_collection.status"), "done") != 0)
		ret = OST_CTL_FAILED;
	if (ctl->json) {
		json_dumpf(instance, stdout, JSON_COMPACT | JSON_REAL_PRECISION(9));
		putchar('\n');
	} else {
		ost_print_pair("instance", "%s (%s)", ost_field_text(instance, "path"),
			       ost_field_text(instance, "id"));
		ost_ctl_collection(instance);
	}
	json_decref(instance);
	return ret;
}

int ost_verb_collect(struct ost_ctl *ctl, int argc, char **argv)
{
	int worst = OST_CTL_OK;

	for (int i = 0; i < argc; i++) {
		int ret = collect_one(ctl, argv[i]);

		/* the first that went wrong is told; the others are collected all the same */
		if (!worst)
			worst = ret;
		if (ret == OST_CTL_UNREACHABLE)
			break;
	}
	return worst;
}
