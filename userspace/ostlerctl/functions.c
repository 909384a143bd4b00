// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

int ost_verb_functions(struct ost_ctl *ctl, int argc, char **argv)
{
	struct ost_table table;
	const json_t *row;
	json_t *answer;
	size_t i;
	int ret = ost_ctl_get(ctl, "/v1/functions", &answer);

	if (ret || !answer)
		return ret;
	ost_table_begin(&table, "function user runtime >collections >kept >yield >yield/estimate "
				">cost/MiB >pause >traps");
	json_array_foreach(ost_field(answer, "functions"), i, row)
	{
		char count[24], kept[24], yield[24], ratio[24], cost[24], pause[24], traps[24];
		bool known = ost_field_u64(row, "learned.collections");

		snprintf(count, sizeof(count), "%llu",
			 (unsigned long long)ost_field_u64(row, "learned.collections"));
		snprintf(traps, sizeof(traps), "%llu",
			 (unsigned long long)ost_field_u64(row, "traps"));
		snprintf(ratio, sizeof(ratio), "%.2f", ost_field_real(row, "learned.yield_ratio"));
		ost_print_bytes(kept, sizeof(kept), ost_field_u64(row, "learned.kept_bytes"));
		ost_print_bytes(yield, sizeof(yield), ost_field_u64(row, "learned.yield_bytes"));
		ost_print_ms(cost, sizeof(cost),
			     ost_field_real(row, "learned.cost_us_per_mib") / 1000);
		ost_print_ms(pause, sizeof(pause), ost_field_real(row, "learned.pause_us") / 1000);
		ost_table_row(&table, OST_PLAIN, ost_field_text(row, "name"),
			      ost_field_text(row, "user"), ost_field_text(row, "runtime"), count,
			      known ? kept : "", known ? yield : "", known ? ratio : "",
			      known ? cost : "", known ? pause : "", traps);
	}
	ost_table_end(&table);
	json_decref(answer);
	return OST_CTL_OK;
}
