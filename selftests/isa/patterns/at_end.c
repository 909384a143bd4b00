// SPDX-License-Identifier: GPL-2.0-or-later
/* What atexit() and a destructor run. */
#include "work.h"

static void at_end(void)
{
	say("bits", bits_popcnt(work_in));
}

__attribute__((destructor)) static void after_that(void)
{
	say("sum", sum_ssse3(work_in));
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return atexit(at_end);
}
