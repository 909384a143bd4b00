// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "ostlerctl/ctl.h"
#include "ostlerctl/print.h"

static const char *bytes_at(const json_t *instance, const char *path, char *buf, size_t size)
{
	return ost_print_bytes(buf, size, ost_field_u64(instance, path));
}

static void print_identity(const json_t *instance)
{
	char since[24];

	ost_print_pair("instance", "%s", ost_field_text(instance, "path"));
	ost_print_pair("id", "%s", ost_field_text(instance, "id"));
	ost_print_pair("function", "%s", ost_field_text(instance, "function"));
	ost_print_pair("user", "%s",
		       *ost_field_text(instance, "user") ? ost_field_text(instance, "user")
							 : "not labelled");
	ost_print_pair("runtime", "%s%s", ost_field_text(instance, "runtime"),
		       ost_field_bool(instance, "runtime_labelled") ? ", by its label" : "");
	ost_print_pair(
		"attached", "%s ago",
		ost_print_ago(since, sizeof(since), ost_field_u64(instance, "attached_unix_ms")));
	ost_print_pair("state", "%s%s%s%s",
		       ost_field_bool(instance, "populated") ? "has processes" : "empty",
		       ost_field_bool(instance, "frozen") ? ", frozen" : "",
		       ost_field_bool(instance, "collecting") ? ", being collected" : "",
		       ost_field_u64(instance, "parked") ? ", has parked tasks" : "");
	ost_print_pair("traps", "%llu; mode %s%s",
		       (unsigned long long)ost_field_u64(instance, "counters.traps"),
		       ost_field_text(instance, "mode"),
		       ost_field_bool(instance, "mode_in_force") ? ""
								 : ", once the module is loaded");
}

static void print_memory(const json_t *instance)
{
	static const char *const kinds[][2] = {
		{"anonymous", "memory.anon_bytes"},	{"file", "memory.file_bytes"},
		{"of it shared", "memory.shmem_bytes"}, {"kernel", "memory.kernel_bytes"},
		{"of it slab", "memory.slab_bytes"},	{"sockets", "memory.sock_bytes"},
		{"swapped out", "memory.swap_bytes"},
	};
	char all[24], ago[24];

	printf("\n%sMemory%s\n", ost_print_on(OST_BOLD), ost_print_off());
	ost_print_pair(
		"  all", "%10s   (%s ago)",
		bytes_at(instance, "memory.current_bytes", all, sizeof(all)),
		ost_print_ago(ago, sizeof(ago), ost_field_u64(instance, "memory.sampled_unix_ms")));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		char label[32], text[24];

		snprintf(label, sizeof(label), "  %s", kinds[i][0]);
		ost_print_pair(label, "%10s", bytes_at(instance, kinds[i][1], text, sizeof(text)));
	}
}

static void print_garbage(const json_t *instance)
{
	char a[24], b[24];
	uint64_t anon = ost_field_u64(instance, "memory.anon_bytes");
	uint64_t garbage = ost_field_u64(instance, "garbage_bytes");
	bool chosen = !strcmp(ost_field_text(instance, "schedule.reason"), "chosen");

	printf("\n%sGarbage%s\n", ost_print_on(OST_BOLD), ost_print_off());
	ost_print_pair("  estimate", "%10s   %.0f %% of anonymous",
		       ost_print_bytes(a, sizeof(a), garbage),
		       anon ? 100.0 * (double)garbage / (double)anon : 0.0);
	if (ost_field_u64(instance, "kept_bytes"))
		ost_print_pair("  kept", "%10s   after the last collection",
			       bytes_at(instance, "kept_bytes", b, sizeof(b)));
	ost_print_pair("  schedule", "%s%s", chosen ? "chosen: " : "not now: ",
		       ost_field_text(instance, "schedule.text"));
}

static void print_demand(const json_t *instance)
{
	const json_t *idle_ms = ost_field(instance, "demand.idle_ms");
	char idle[24], cpu[24], stall[24];

	printf("\n%sDemand%s\n", ost_print_on(OST_BOLD), ost_print_off());
	ost_print_pair("  messages", "%llu, %.2f a second lately",
		       (unsigned long long)ost_field_u64(instance, "demand.messages"),
		       ost_field_real(instance, "demand.messages_per_s"));
	ost_print_pair(
		"  CPU", "%s, %.1f %% of one lately",
		ost_print_ms(cpu, sizeof(cpu), ost_field_real(instance, "demand.cpu_ns") / 1000000),
		ost_field_real(instance, "demand.cpu_share") * 100);
	ost_print_pair("  idle", "%s",
		       json_is_integer(idle_ms)
			       ? ost_print_ms(idle, sizeof(idle), json_number_value(idle_ms))
			       : "not seen active yet");
	ost_print_pair("  reclaim", "%llu passes, %llu pages, %s waited",
		       (unsigned long long)ost_field_u64(instance, "counters.reclaim_passes"),
		       (unsigned long long)ost_field_u64(instance, "counters.reclaim_pages"),
		       ost_print_ms(stall, sizeof(stall),
				    ost_field_real(instance, "counters.stall_ns") / 1000000));
	ost_print_pair("  limits", "%llu times over memory.high, %llu OOM kills",
		       (unsigned long long)ost_field_u64(instance, "counters.high_events"),
		       (unsigned long long)ost_field_u64(instance, "counters.oom_events"));
}

int ost_verb_show(struct ost_ctl *ctl, int argc, char **argv)
{
	json_t *instance;
	char id[32], path[64];
	int ret = ost_ctl_pick(ctl, argv[0], id, sizeof(id));

	if (ret)
		return ret;
	snprintf(path, sizeof(path), "/v1/instances/%s", id);
	ret = ost_ctl_get(ctl, path, &instance);
	if (ret || !instance)
		return ret;
	print_identity(instance);
	if (json_is_object(ost_field(instance, "needs")))
		ost_ctl_needs(ost_field(instance, "needs"));
	print_memory(instance);
	print_garbage(instance);
	print_demand(instance);
	printf("\n%sLast collection%s\n", ost_print_on(OST_BOLD), ost_print_off());
	ost_ctl_collection(instance);
	json_decref(instance);
	return OST_CTL_OK;
}
