// SPDX-License-Identifier: GPL-2.0-or-later
/* A transaction, only where there are any. Without the test an emulator that aborts each would tell nothing: see find_test.c. */
#include <cpuid.h>

#include "work.h"

__attribute__((noinline, target("rtm"))) static int64_t sum_in_transaction(const int32_t *in)
{
	int64_t sum;

	if (_xbegin() != _XBEGIN_STARTED)
		return sum_plain(in);
	sum = sum_plain(in);
	_xend();
	return sum;
}

static int has_rtm(void)
{
	unsigned int a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && b & bit_RTM;
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return say("sum", has_rtm() ? sum_in_transaction(work_in) : sum_plain(work_in));
}
