// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

/* What works while a part is missing; the reason comes from the daemon. */
static const struct {
	const char *part;
	const char *does;
} parts[] = {
	{"module", "hold a task at an instruction the host lacks"},
	{"probes", "count reclaim, demand and traps in the kernel"},
	{"agent", "collect runtimes without a door of their own"},
	{"store", "remember over a restart what was learned"},
};

static void print_totals(const json_t *status)
{
	char a[24], b[24], c[24];

	ost_print_pair("up", "%s", ost_print_ms(a, sizeof(a), ost_field_real(status, "up_ms")));
	ost_print_pair("instances", "%llu of %llu functions, %s, of it %s anonymous",
		       (unsigned long long)ost_field_u64(status, "instances"),
		       (unsigned long long)ost_field_u64(status, "functions"),
		       ost_print_bytes(a, sizeof(a), ost_field_u64(status, "memory_bytes")),
		       ost_print_bytes(b, sizeof(b), ost_field_u64(status, "anon_bytes")));
	ost_print_pair("garbage", "%s by estimate",
		       ost_print_bytes(a, sizeof(a), ost_field_u64(status, "garbage_bytes")));
	ost_print_pair("collected", "%s in %llu collections, %llu failed, %llu running",
		       ost_print_bytes(c, sizeof(c), ost_field_u64(status, "yield_bytes")),
		       (unsigned long long)ost_field_u64(status, "collections"),
		       (unsigned long long)ost_field_u64(status, "collections_failed"),
		       (unsigned long long)ost_field_u64(status, "collecting"));
	ost_print_pair("traps", "%llu kinds; %llu tasks parked",
		       (unsigned long long)ost_field_u64(status, "trap_kinds"),
		       (unsigned long long)ost_field_u64(status, "parked"));
}

static void print_host(const json_t *status)
{
	char a[24], b[24];

	ost_print_pair("host", "%s, Linux %s%s", ost_field_text(status, "host.name"),
		       ost_field_text(status, "host.kernel"),
		       ost_field_bool(status, "host.emulated") ? ", emulated" : "");
	ost_print_pair(
		"load", "%.0f %% of %llu CPUs; %s of %s memory available%s",
		ost_field_real(status, "host.busy_share") * 100,
		(unsigned long long)ost_field_u64(status, "host.cpus"),
		ost_print_bytes(a, sizeof(a), ost_field_u64(status, "host.memory_available_bytes")),
		ost_print_bytes(b, sizeof(b), ost_field_u64(status, "host.memory_total_bytes")),
		ost_field_bool(status, "host.pressure") ? "; memory is short" : "");
	ost_print_pair("events", "%llu handled, %llu lost",
		       (unsigned long long)ost_field_u64(status, "events"),
		       (unsigned long long)ost_field_u64(status, "drops"));
}

static void print_parts(const json_t *status)
{
	const json_t *degraded = ost_field(status, "degraded"), *row;
	size_t i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		bool works =
			json_is_true(json_object_get(ost_field(status, "parts"), parts[i].part));

		printf("%s%-16s%s%s%-8s%s %s\n", ost_print_on(OST_DIM), parts[i].part,
		       ost_print_off(), ost_print_on(works ? OST_GOOD : OST_WARN),
		       works ? "works" : "missing", ost_print_off(), parts[i].does);
	}
	if (!json_array_size(degraded))
		return;
	printf("\n%sMissing, and what works without it%s\n", ost_print_on(OST_BOLD),
	       ost_print_off());
	json_array_foreach(degraded, i, row)
	{
		printf("  %s%s%s\n", ost_print_on(OST_WARN), ost_field_text(row, "part"),
		       ost_print_off());
		ost_print_wrapped(4, ost_field_text(row, "text"));
	}
}

int ost_verb_status(struct ost_ctl *ctl, int argc, char **argv)
{
	json_t *status;
	int ret = ost_ctl_get(ctl, "/v1/status", &status);

	if (ret || !status)
		return ret;
	/* somebody who may only see their own instances is told totals alone */
	if (ost_field(status, "host"))
		print_host(status);
	print_totals(status);
	if (ost_field(status, "parts"))
		print_parts(status);
	json_decref(status);
	return OST_CTL_OK;
}
