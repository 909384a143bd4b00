// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a host has: from recorded snapshots, from bad ones, and from the machine that runs this
 * test, whose kernel is asked for a second opinion.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "isa/host.h"
#include "isa/snapshot.h"
#include "lib/error.h"
#include "lib/file.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A processor with AVX2, AVX512F, PKU, AMX-TILE, SHSTK and AVX10.1, by the SDM's bit numbers. */
static const char amx_host[] =
	"ostler-cpu 1\n"
	"# a comment\n"
	"xcr0 0x602e7\n"
	"xcomp 0x602e7\n"
	"os fsgsbase\n"
	"leaf 0x00000001 0x0 0x000806f8 0x00100800 0x7ffefbff 0xbfebfbff\n"
	"leaf 0x00000007 0x0 0x00000002 0x00010021 0x00000098 0x01000000\n"
	"leaf 0x00000007 0x1 0x00000000 0x00000000 0x00000000 0x00080000\n"
	"leaf 0x00000024 0x0 0x00000001 0x00070001 0x00000000 0x00000000\n"
	"end\n";

static struct ost_snapshot parse(const char *text)
{
	struct ost_snapshot s;
	struct ost_error err = { 0 };

	if (ost_snapshot_parse(&s, text, NULL, &err))
		fail_msg("%s", err.text);
	return s;
}

static bool usable(const struct ost_snapshot *s, unsigned int feature)
{
	struct ost_feature_set processor, can_use;

	ost_snapshot_evaluate(s, &processor, &can_use);
	assert_true(ost_feature_set_within(&can_use, &processor));
	return ost_feature_set_has(&can_use, feature);
}

static void snapshot_is_evaluated(void **unused)
{
	struct ost_snapshot s = parse(amx_host);
	struct ost_feature_set processor, can_use;

	assert_int_equal(s.count, 4);
	assert_true(usable(&s, OST_F_AVX2));
	assert_true(usable(&s, OST_F_AVX512F));
	assert_true(usable(&s, OST_F_FSGSBASE));
	assert_true(usable(&s, OST_F_PKU));
	assert_true(usable(&s, OST_F_AMX_TILE));
	assert_true(usable(&s, OST_F_AVX10_1));
	assert_false(usable(&s, OST_F_AVX10_2));
	assert_false(usable(&s, OST_F_AMX_INT8));
	ost_snapshot_evaluate(&s, &processor, &can_use);
	/* the kernel has no user shadow stacks, and kernels keep VMX for themselves */
	assert_true(ost_feature_set_has(&processor, OST_F_SHSTK));
	assert_false(ost_feature_set_has(&can_use, OST_F_SHSTK));
	assert_true(ost_feature_set_has(&processor, OST_F_VMX));
	assert_false(ost_feature_set_has(&can_use, OST_F_VMX));
	s.os |= OST_SNAPSHOT_USER_SHSTK;
	assert_true(usable(&s, OST_F_SHSTK));
}

static void xcr0_switches_off(void **unused)
{
	static const struct {
		uint64_t off;
		unsigned int feature;
	} rows[] = {
		{ 1 << 1, OST_F_AVX },	   { 1 << 2, OST_F_AVX2 },	{ 1 << 5, OST_F_AVX512F },
		{ 1 << 6, OST_F_AVX512F }, { 1 << 7, OST_F_AVX10_1 },	{ 1 << 9, OST_F_PKU },
		{ 1 << 17, OST_F_AMX_TILE }, { 1 << 18, OST_F_AMX_TILE },
	};
	struct ost_host_features host;
	char why[160];

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ost_snapshot s = parse(amx_host);

		assert_true(usable(&s, rows[i].feature));
		s.xcr0 &= ~rows[i].off;
		assert_false(usable(&s, rows[i].feature));
		assert_true(usable(&s, OST_F_SSE42));
		assert_int_equal(ost_host_features_from(&host, &s, 1), 0);
		ost_host_feature_withheld(&host, rows[i].feature, why, sizeof(why));
		assert_non_null(strstr(why, "XCR0"));
	}
}

static void kernel_switches(void **unused)
{
	struct ost_snapshot s = parse(amx_host);
	struct ost_host_features host;
	char why[160];

	s.xcomp = 0;
	assert_false(usable(&s, OST_F_AMX_TILE));
	s.os = 0;
	assert_false(usable(&s, OST_F_FSGSBASE));
	s.leaves[1].regs[OST_ECX] &= ~(1u << 4);	/* OSPKE */
	assert_false(usable(&s, OST_F_PKU));
	s.leaves[0].regs[OST_ECX] &= ~(1u << 27);	/* OSXSAVE */
	assert_false(usable(&s, OST_F_XSAVE));
	assert_int_equal(ost_host_features_from(&host, &s, 1), 0);
	ost_host_feature_withheld(&host, OST_F_FSGSBASE, why, sizeof(why));
	assert_non_null(strstr(why, "FSGSBASE"));
	ost_host_feature_withheld(&host, OST_F_AMX_TILE, why, sizeof(why));
	assert_non_null(strstr(why, "permission"));
	/* neither here nor withheld */
	ost_host_feature_withheld(&host, OST_F_XOP, why, sizeof(why));
	assert_string_equal(why, "");
	ost_host_feature_withheld(&host, OST_F_AVX2, why, sizeof(why));
	assert_string_equal(why, "");
}

static void gated_rows_need_their_gate(void **unused)
{
	struct ost_snapshot s = parse(amx_host);

	s.leaves[3].regs[OST_EBX] = 0x00070002;
	assert_true(usable(&s, OST_F_AVX10_2));
	s.leaves[2].regs[OST_EDX] = 0;
	assert_false(usable(&s, OST_F_AVX10_1));
	assert_false(usable(&s, OST_F_AVX10_2));
}

static void a_host_has_what_all_cpus_have(void **unused)
{
	struct ost_snapshot s[3] = { parse(amx_host), parse(amx_host), parse(amx_host) };
	struct ost_host_features host;
	char why[160];

	s[1].leaves[1].regs[OST_EBX] &= ~(1u << 16);	/* AVX512F */
	s[2].xcr0 &= ~(1ull << 18);			/* AMX */
	assert_int_equal(ost_host_features_from(&host, s, 3), 0);
	assert_false(ost_feature_set_has(&host.usable, OST_F_AVX512F));
	assert_true(ost_feature_set_has(&host.some, OST_F_AVX512F));
	assert_false(ost_feature_set_has(&host.processor, OST_F_AVX512F));
	assert_true(ost_feature_set_has(&host.processor, OST_F_AMX_TILE));
	assert_false(ost_feature_set_has(&host.usable, OST_F_AMX_TILE));
	ost_host_feature_withheld(&host, OST_F_AMX_TILE, why, sizeof(why));
	assert_non_null(strstr(why, "not every CPU"));
	assert_true(ost_feature_set_has(&host.usable, OST_F_AVX2));
	assert_false(ost_feature_set_has(&host.some, OST_F_AVX2));
	assert_int_equal(ost_host_features_from(&host, s, 0), -EINVAL);
}

static void text_goes_there_and_back(void **unused)
{
	struct ost_snapshot here, back;
	char text[OST_SNAPSHOT_TEXT_MAX], again[OST_SNAPSHOT_TEXT_MAX];
	const char *rest;
	int len;

	ost_snapshot_take(&here);
	assert_in_range(here.count, 2, OST_SNAPSHOT_LEAVES - 1);
	len = ost_snapshot_format(&here, text, sizeof(text));
	assert_int_equal(len, strlen(text));
	back = parse(text);
	assert_int_equal(ost_snapshot_format(&back, again, sizeof(again)), len);
	assert_string_equal(text, again);
	for (size_t size = 0; size <= (size_t)len; size++)
		assert_int_equal(ost_snapshot_format(&here, again, size), -ENOSPC);
	/* several in one text */
	strcpy(again, amx_host);
	strcat(again, amx_host);
	assert_int_equal(ost_snapshot_parse(&back, again, &rest, NULL), 0);
	assert_int_equal(ost_snapshot_parse(&back, rest, &rest, NULL), 0);
	assert_string_equal(rest, "");
	assert_int_equal(ost_snapshot_parse(&back, rest, &rest, NULL), -EINVAL);
}

static void the_largest_snapshot_fits(void **unused)
{
	struct ost_snapshot s = { .xcr0 = UINT64_MAX, .xcomp = UINT64_MAX, .os = UINT32_MAX,
				  .count = OST_SNAPSHOT_LEAVES };
	char text[OST_SNAPSHOT_TEXT_MAX];

	for (unsigned int i = 0; i < s.count; i++)
		s.leaves[i] = (struct ost_cpuid_leaf){
			UINT32_MAX, 0x10000000 + i,
			{ UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX } };
	assert_true(ost_snapshot_format(&s, text, sizeof(text)) > 0);
	assert_int_equal(parse(text).count, OST_SNAPSHOT_LEAVES);
}

#define HEAD "ostler-cpu 1\nxcr0 0x7\nxcomp 0x0\nos -\n"
#define LEAF "leaf 0x00000001 0x0 0x0 0x0 0x0 0x0\n"

static void bad_snapshots_are_refused(void **unused)
{
	static const struct {
		const char *text;
		int code;
		const char *says;
	} rows[] = {
		{ "", -EINVAL, "line 1" },
		{ "\n", -EINVAL, "ostler-cpu" },
		{ "ostler-cpu 2\n", -EPROTONOSUPPORT, "version" },
		{ "ostler-cpu 11\n", -EPROTONOSUPPORT, "version" },
		{ "ostler-cpu\n", -EINVAL, "ostler-cpu" },
		{ "cpu 1\n", -EINVAL, "ostler-cpu" },
		{ "ostler-cpu 1\n", -EINVAL, "line 2" },
		{ "ostler-cpu 1\nxcr0 7\n", -EINVAL, "hexadecimal" },
		{ "ostler-cpu 1\nxcr0 0x\n", -EINVAL, "digits" },
		{ "ostler-cpu 1\nxcr0 0xG\n", -EINVAL, "digits" },
		{ "ostler-cpu 1\nxcr0 0x7 \n", -EINVAL, "after the number" },
		{ "ostler-cpu 1\nxcr0 0x10000000000000000\n", -EINVAL, "above" },
		{ "ostler-cpu 1\nxcr0\n", -EINVAL, "xcr0" },
		{ "ostler-cpu 1\nxcomp 0x0\n", -EINVAL, "xcr0" },
		{ "ostler-cpu 1\nxcr0 0x7\nxcomp 0x0\nos\n", -EINVAL, "os" },
		{ "ostler-cpu 1\nxcr0 0x7\nxcomp 0x0\nos \n", -EINVAL, "unknown" },
		{ "ostler-cpu 1\nxcr0 0x7\nxcomp 0x0\nos smap\n", -EINVAL, "unknown" },
		{ "ostler-cpu 1\nxcr0 0x7\nxcomp 0x0\nos fsgsbase,\n", -EINVAL, "unknown" },
		{ "ostler-cpu 1\nxcr0 0x7\nxcomp 0x0\nos fsgsbase,fsgsbase\n", -EINVAL, "twice" },
		{ HEAD, -EINVAL, "before the line 'end'" },
		{ HEAD LEAF, -EINVAL, "before the line 'end'" },
		{ HEAD "end", -EINVAL, "before the line 'end'" },
		{ HEAD "end \n", -EINVAL, "'leaf ...' or 'end'" },
		{ HEAD "end\nmore\n", -EINVAL, "after the line" },
		{ HEAD LEAF LEAF "end\n", -EINVAL, "rising" },
		{ HEAD "leaf 0x7 0x1 0x0 0x0 0x0 0x0\nleaf 0x7 0x0 0x0 0x0 0x0 0x0\nend\n", -EINVAL,
		  "rising" },
		{ HEAD "leaf 0x1 0x0 0x0 0x0 0x0\nend\n", -EINVAL, "six numbers" },
		{ HEAD "leaf 0x1 0x0 0x0 0x0 0x0 0x0 0x0\nend\n", -EINVAL, "after the sixth" },
		{ HEAD "leaf  0x1 0x0 0x0 0x0 0x0 0x0\nend\n", -EINVAL, "hexadecimal" },
		{ HEAD "leaf 0x100000000 0x0 0x0 0x0 0x0 0x0\nend\n", -EINVAL, "above" },
		{ HEAD "leaf\nend\n", -EINVAL, "six numbers" },
		{ "ostler-cpu 1\r\nxcr0 0x7\n", -EINVAL, "0x0d" },
		{ "ostler-cpu\t1\n", -EINVAL, "0x09" },
		{ "# \xc3\xa4\n", -EINVAL, "0xc3" },
	};
	struct ost_snapshot s, before;

	memset(&s, 0x5a, sizeof(s));
	before = s;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct ost_error err = { 0 };
		int ret = ost_snapshot_parse(&s, rows[i].text, NULL, &err);

		if (ret != rows[i].code || err.code != ret || !strstr(err.text, rows[i].says))
			fail_msg("row %zu: %d, '%s'", i, ret, err.text);
		assert_memory_equal(&s, &before, sizeof(s));
	}
}

static void long_snapshots_are_refused(void **unused)
{
	char text[OST_SNAPSHOT_LEAVES * 64 + 256];
	struct ost_error err = { 0 };
	struct ost_snapshot s;
	size_t used;

	used = sprintf(text, "#%0130d\n", 0);
	assert_int_equal(ost_snapshot_parse(&s, text, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "longer than"));
	used = sprintf(text, HEAD);
	for (int i = 0; i <= OST_SNAPSHOT_LEAVES; i++)
		used += sprintf(text + used, "leaf 0x%x 0x0 0x0 0x0 0x0 0x0\n", i + 1);
	strcpy(text + used, "end\n");
	assert_int_equal(ost_snapshot_parse(&s, text, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "more than"));
}

/*
 * Names that the kernel may leave out of /proc/cpuinfo although CPUID has the bit, and why. Kernels
 * made for guests leave out others, too; that each row's bit is the right one, isa_kernel_test tells.
 */
static const struct {
	const char *name;
	const char *why;
} hidden[] = {
	{ "3dnow", "support was removed in 6.x" },
	{ "3dnowext", "support was removed in 6.x" },
	{ "ace2_en", "only shown for VIA processors" },
	{ "ace_en", "only shown for VIA processors" },
	{ "phe_en", "only shown for VIA processors" },
	{ "pmm_en", "only shown for VIA processors" },
	{ "rng_en", "only shown for VIA processors" },
	{ "apx", "known since 6.16" },
	{ "avx512_4fmaps", "cleared where the microcode has it wrong" },
	{ "avx512_4vnniw", "cleared where the microcode has it wrong" },
	{ "enqcmd", "cleared without an IOMMU that does PASID" },
	{ "fred", "known since 6.7, off by default" },
	{ "fsgsbase", "nofsgsbase" },
	{ "hle", "cleared by TSX mitigations" },
	{ "ibt", "cleared without CONFIG_X86_KERNEL_IBT" },
	{ "intel_pt", "hidden in some guests" },
	{ "invlpgb", "known since 6.15" },
	{ "lwp", "cleared where the microcode has it wrong" },
	{ "mpx", "support was removed in 5.6" },
	{ "msr_imm", "known since 6.17" },
	{ "pku", "nopku" },
	{ "prefetchwt1", "not shown" },
	{ "rdrand", "cleared where it returns the same number" },
	{ "rdseed", "cleared where it is broken" },
	{ "rtm", "cleared by TSX mitigations" },
	{ "sev_snp", "cleared where memory encryption is off" },
	{ "sgx", "cleared without CONFIG_X86_SGX" },
	{ "smx", "cleared where the firmware locks it out" },
	{ "svm", "cleared where the firmware locks it out" },
	{ "tsxldtrk", "cleared with RTM" },
	{ "vmx", "cleared where the firmware locks it out" },
	{ "xsaves", "cleared where it is broken" },
};

static bool may_be_hidden(const char *name)
{
	for (size_t i = 0; i < COUNT(hidden); i++)
		if (!strcmp(hidden[i].name, name))
			return true;
	return false;
}

/* Is the word in the first "flags" line of /proc/cpuinfo? */
static bool kernel_says(const char *flags, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = flags; (at = strstr(at, name)); at += len)
		if (at[-1] == ' ' && (at[len] == ' ' || at[len] == '\0'))
			return true;
	return false;
}

static void this_machine_as_its_kernel_sees_it(void **unused)
{
	struct ost_host_features host;
	static char text[65536];
	unsigned int both = 0;
	bool guest;
	char *flags;

	assert_int_equal(ost_host_features_read(&host), 0);
	assert_true(ost_file_read(AT_FDCWD, "/proc/cpuinfo", text, sizeof(text)) > 0);
	flags = strstr(text, "\nflags");
	assert_non_null(flags);
	flags[1 + strcspn(flags + 1, "\n")] = '\0';
	guest = kernel_says(flags, "hypervisor");
	for (unsigned int i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++) {
		const struct ost_feature_info *info = ost_feature_get(i);
		bool ours = ost_feature_set_has(&host.processor, i);
		bool theirs = kernel_says(flags, info->name);

		if (info->own_name) {
			if (theirs)
				fail_msg("%s is marked as our own name, and the kernel uses it",
					 info->name);
			continue;
		}
		if (theirs && !ours)
			fail_msg("the kernel says %s, CPUID does not", info->name);
		if (ours && !theirs && guest)
			print_message("CPUID says %s, this guest's kernel does not\n", info->name);
		else if (ours && !theirs && !may_be_hidden(info->name))
			fail_msg("CPUID says %s, the kernel does not", info->name);
		both += ours && theirs;
	}
	/* every 64-bit processor has the first level */
	assert_true(both > 10);
	assert_true(ost_feature_level(&host.usable) >= 1);
	print_message("%u features are both in CPUID and in /proc/cpuinfo; x86-64-v%u; %s\n", both,
		      ost_feature_level(&host.usable), host.degraded);
}

static void affinity_is_left_alone(void **unused)
{
	struct ost_host_features host;
	cpu_set_t before, after;

	assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
	assert_int_equal(ost_host_features_read(&host), 0);
	assert_int_equal(sched_getaffinity(0, sizeof(after), &after), 0);
	assert_true(CPU_EQUAL(&before, &after));
	assert_true(host.cpus >= 1 && host.read <= host.cpus);
	/* either every CPU was read, or it is said that not */
	assert_int_equal(host.read == host.cpus, host.degraded[0] == '\0');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(snapshot_is_evaluated),
		cmocka_unit_test(xcr0_switches_off),
		cmocka_unit_test(kernel_switches),
		cmocka_unit_test(gated_rows_need_their_gate),
		cmocka_unit_test(a_host_has_what_all_cpus_have),
		cmocka_unit_test(text_goes_there_and_back),
		cmocka_unit_test(the_largest_snapshot_fits),
		cmocka_unit_test(bad_snapshots_are_refused),
		cmocka_unit_test(long_snapshots_are_refused),
		cmocka_unit_test(this_machine_as_its_kernel_sees_it),
		cmocka_unit_test(affinity_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
