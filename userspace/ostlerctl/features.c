// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

static const char *state_of(const json_t *feature)
{
	if (ost_field_bool(feature, "usable"))
		return "yes";
	if (ost_field_bool(feature, "some_cpus"))
		return "some CPUs";
	return ost_field_bool(feature, "processor") ? "withheld" : "no";
}

int ost_verb_features(struct ost_ctl *ctl, int argc, char **argv)
{
	bool all = argc > 0;
	struct ost_table table;
	const json_t *row;
	json_t *answer;
	size_t i;
	int ret;

	if (all && !strcmp(argv[0], "snapshot"))
		return ost_ctl_snapshot();
	if (all && strcmp(argv[0], "all") != 0)
		return ost_ctl_fail(OST_CTL_USAGE,
				    "%s: features takes nothing, all, or snapshot", argv[0]);
	ret = ost_ctl_get(ctl, "/v1/features", &answer);
	if (ret || !answer)
		return ret;
	ost_table_begin(&table, "feature here without_it title");
	json_array_foreach(ost_field(answer, "features"), i, row)
	{
		const char *state = state_of(row), *withheld = ost_field_text(row, "withheld");
		bool has = !strcmp(state, "yes");
		char title[256];

		if (!has && !all && !strcmp(state, "no"))
			continue;
		snprintf(title, sizeof(title), "%s%s%s", ost_field_text(row, "title"),
			 *withheld ? ": " : "", withheld);
		ost_table_row(&table, has ? OST_PLAIN : OST_DIM, ost_field_text(row, "name"), state,
			      ost_field_text(row, "without"), title);
	}
	ost_table_end(&table);
	printf("\nx86-64-v%llu, the same on %llu of %llu CPUs\n",
	       (unsigned long long)ost_field_u64(answer, "x86_64_level"),
	       (unsigned long long)ost_field_u64(answer, "cpus_read"),
	       (unsigned long long)ost_field_u64(answer, "cpus"));
	if (*ost_field_text(answer, "unknown"))
		ost_print_wrapped(0, ost_field_text(answer, "unknown"));
	json_decref(answer);
	return OST_CTL_OK;
}
