// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

int ost_verb_traps(struct ost_ctl *ctl, int argc, char **argv)
{
	struct ost_table table;
	const json_t *row;
	json_t *answer;
	size_t i;
	int ret = ost_ctl_get(ctl, "/v1/traps", &answer);

	if (ret || !answer)
		return ret;
	ost_table_begin(&table, "function program >count >last class feature instruction");
	json_array_foreach(ost_field(answer, "traps"), i, row)
	{
		const char *assembly = ost_field_text(row, "assembly");
		char count[24], last[24];

		snprintf(count, sizeof(count), "%llu",
			 (unsigned long long)ost_field_u64(row, "count"));
		ost_print_ago(last, sizeof(last), ost_field_u64(row, "last_unix_ms"));
		ost_table_row(&table, OST_PLAIN, ost_field_text(row, "function"),
			      ost_field_text(row, "comm"), count, last,
			      ost_field_text(row, "class"), ost_field_text(row, "feature"),
			      *assembly ? assembly : ost_field_text(row, "insn"));
	}
	ost_table_end(&table);
	json_decref(answer);
	return OST_CTL_OK;
}
