// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

int ost_verb_parks(struct ost_ctl *ctl, int argc, char **argv)
{
	struct ost_table table;
	const json_t *row;
	json_t *answer;
	size_t i;
	int ret = ost_ctl_get(ctl, "/v1/parks", &answer);

	if (ret || !answer)
		return ret;
	ost_table_begin(&table, "event instance program >pid >parked >left state feature why");
	json_array_foreach(ost_field(answer, "parks"), i, row)
	{
		char pid[24], since[24], left[24];

		snprintf(pid, sizeof(pid), "%llu", (unsigned long long)ost_field_u64(row, "pid"));
		ost_print_ago(since, sizeof(since), ost_field_u64(row, "since_unix_ms"));
		ost_print_ms(left, sizeof(left), ost_field_real(row, "left_ms"));
		ost_table_row(&table, OST_PLAIN, ost_field_text(row, "event"),
			      *ost_field_text(row, "path") ? ost_field_text(row, "path")
							   : ost_field_text(row, "instance_id"),
			      ost_field_text(row, "comm"), pid, since, left,
			      ost_field_text(row, "state"), ost_field_text(row, "feature"),
			      ost_field_text(row, "why"));
	}
	ost_table_end(&table);
	json_decref(answer);
	return OST_CTL_OK;
}
