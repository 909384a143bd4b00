// SPDX-License-Identifier: GPL-2.0-or-later
/* What is known of a process from texts of /proc and from names: stat, status, objects, ranks. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/procstat.h"
#include "lib/runtime.h"

static struct ost_procstat ps;

static const char stat_tail[] =
	" S 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 987654 1234567 8 18446744073709551615";

static int parse_stat(const char *comm)
{
	char text[256] = "42 (";

	strcat(text, comm);
	strcat(text, ")");
	strcat(text, stat_tail);
	memset(&ps, 0, sizeof(ps));
	return ost_procstat_parse(text, &ps);
}

static void takes_state_and_start_whatever_the_name(void **state)
{
	static const char *const names[] = { "java", "", "a) R 9 (b", ") Z 1 2", "x y\nz" };

	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(parse_stat(names[i]), 0);
		assert_int_equal(ps.state, 'S');
		assert_int_equal(ps.starttime, 987654);
	}
}

static void refuses_a_stat_that_is_cut_off(void **state)
{
	char text[256] = "42 (java)";
	size_t start;

	strcat(text, stat_tail);
	start = strstr(text, "987654") - text;
	for (size_t len = 0; len < start; len++) {
		char copy[256];

		memcpy(copy, text, len);
		copy[len] = '\0';
		assert_int_equal(ost_procstat_parse(copy, &ps), -EINVAL);
	}
}

static const char status[] =
	"Name:\tNSpid:\\n9\nUmask:\t0022\nState:\tS (sleeping)\nPid:\t4242\n"
	"Uid:\t1000\t1001\t1002\t1003\nGid:\t2000\t2001\t2002\t2003\nGroups:\t \n"
	"NStgid:\t4242\t17\t1\nNSpid:\t4242\t17\t1\nVmRSS:\t  100 kB\nRssAnon:\t   64 kB\n"
	"SigBlk:\t0000000000000004\nSigIgn:\t0\nSigCgt:\t0100000100005ccf\n"
	"Seccomp:\t2\nSeccomp_filters:\t3\n";

static void takes_ids_and_signals(void **state)
{
	assert_int_equal(ost_procstat_parse_status(status, &ps), 0);
	assert_int_equal(ps.euid, 1001);
	assert_int_equal(ps.egid, 2001);
	assert_int_equal(ps.nspid, 1);
	assert_int_equal(ps.sigcgt, 0x0100000100005ccf);
	assert_int_equal(ps.sigblk, 4);
	assert_int_equal(ps.seccomp, 2);
	assert_int_equal(ps.seccomp_filters, 3);
	assert_int_equal(ps.rss_anon, 65536);
}

static void fills_in_what_a_kernel_does_not_tell(void **state)
{
	static const char bare[] = "Uid:\t1\t2\t3\t4\nGid:\t1\t2\t3\t4\nNSpid:\t9\nSigCgt:\t0\n";
	static const char strict[] =
		"Uid:\t1\t2\t3\t4\nGid:\t1\t2\t3\t4\nNSpid:\t9\nSigCgt:\t0\nSeccomp:\t2\n";

	assert_int_equal(ost_procstat_parse_status(bare, &ps), 0);
	assert_int_equal(ps.seccomp_filters, 0);
	assert_int_equal(ps.rss_anon, 0);
	assert_int_equal(ost_procstat_parse_status(strict, &ps), 0);
	assert_int_equal(ps.seccomp_filters, UINT32_MAX);
}

static void refuses_a_status_without_what_is_needed(void **state)
{
	static const char *const bad[] = {
		"",
		"Uid:\t1\t2\t3\t4\nGid:\t1\t2\t3\t4\nNSpid:\t9\n",
		"Uid:\t1\t2\t3\t4\nGid:\t1\t2\t3\t4\nSigCgt:\t0\n",
		"Uid:\t1\nGid:\t1\t2\t3\t4\nNSpid:\t9\nSigCgt:\t0\n",
		"Uid:\t1\t-2\t3\t4\nGid:\t1\t2\t3\t4\nNSpid:\t9\nSigCgt:\t0\n",
		"Uid:\t1\t2\t3\t4\nGid:\t1\t2\t3\t4\nNSpid:\t0\nSigCgt:\t0\n",
		"Uid:\t1\t4294967296\t3\t4\nGid:\t1\t2\t3\t4\nNSpid:\t9\nSigCgt:\t0\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(ost_procstat_parse_status(bad[i], &ps), -EINVAL);
}

static enum ost_runtime runtime_of(const char *name)
{
	return ost_runtime_of_object(name, strlen(name));
}

static enum ost_allocator allocator_of(const char *name)
{
	return ost_allocator_of_object(name, strlen(name));
}

static void knows_objects_by_name(void **state)
{
	assert_int_equal(runtime_of("libjvm.so"), OST_RUNTIME_JVM);
	assert_int_equal(runtime_of("libpython3.11.so.1.0"), OST_RUNTIME_PYTHON);
	assert_int_equal(runtime_of("libruby-3.1.so.3.1.2"), OST_RUNTIME_RUBY);
	assert_int_equal(runtime_of("libcoreclr.so"), OST_RUNTIME_DOTNET);
	assert_int_equal(runtime_of("libmonosgen-2.0.so.1"), OST_RUNTIME_MONO);
	assert_int_equal(runtime_of("libnode.so.108"), OST_RUNTIME_NODE);
	assert_int_equal(runtime_of("liblua5.4.so.0"), OST_RUNTIME_LUA);
	assert_int_equal(runtime_of("libjvm"), OST_RUNTIME_UNKNOWN);
	assert_int_equal(runtime_of("notlibjvm.so"), OST_RUNTIME_UNKNOWN);
	assert_int_equal(runtime_of(""), OST_RUNTIME_UNKNOWN);
	assert_int_equal(ost_runtime_of_object("libjvm.so", 5), OST_RUNTIME_UNKNOWN);
	assert_int_equal(allocator_of("libjemalloc.so.2"), OST_ALLOCATOR_JEMALLOC);
	assert_int_equal(allocator_of("libtcmalloc_minimal.so.4"), OST_ALLOCATOR_TCMALLOC);
	assert_int_equal(allocator_of("libc.so.6"), OST_ALLOCATOR_GLIBC);
	assert_int_equal(allocator_of("ld-musl-x86_64.so.1"), OST_ALLOCATOR_MUSL);
	assert_int_equal(allocator_of("libcap.so.2"), OST_ALLOCATOR_UNKNOWN);
}

static void names_can_be_read_back(void **state)
{
	for (int i = 0; i < OST_RUNTIME_COUNT; i++)
		assert_int_equal(ost_runtime_parse(ost_runtime_name(i)), i);
	assert_int_equal(ost_runtime_parse("cobol"), OST_RUNTIME_UNKNOWN);
	assert_string_equal(ost_runtime_name(OST_RUNTIME_COUNT), "unknown");
	assert_string_equal(ost_runtime_name(-1), "unknown");
	for (int i = 0; i < OST_ALLOCATOR_COUNT; i++)
		assert_non_null(ost_allocator_name(i));
	for (int i = 0; i < OST_JVM_GC_COUNT; i++)
		assert_non_null(ost_jvm_gc_name(i));
}

/* A total order, with UNKNOWN last: the first thing that is found always counts. */
static void ranks_are_a_total_order(void **state)
{
	for (int a = 0; a < OST_RUNTIME_COUNT; a++)
		for (int b = 0; b < OST_RUNTIME_COUNT; b++)
			assert_int_equal(ost_runtime_outranks(a, b) + ost_runtime_outranks(b, a),
					 a != b);
	for (int a = 1; a < OST_RUNTIME_COUNT; a++)
		assert_true(ost_runtime_outranks(a, OST_RUNTIME_UNKNOWN));
	assert_true(ost_runtime_outranks(OST_RUNTIME_JVM, OST_RUNTIME_PYTHON));
	assert_true(ost_runtime_outranks(OST_RUNTIME_LUA, OST_RUNTIME_NATIVE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_state_and_start_whatever_the_name),
		cmocka_unit_test(refuses_a_stat_that_is_cut_off),
		cmocka_unit_test(takes_ids_and_signals),
		cmocka_unit_test(fills_in_what_a_kernel_does_not_tell),
		cmocka_unit_test(refuses_a_status_without_what_is_needed),
		cmocka_unit_test(knows_objects_by_name),
		cmocka_unit_test(names_can_be_read_back),
		cmocka_unit_test(ranks_are_a_total_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
