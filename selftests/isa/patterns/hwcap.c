// SPDX-License-Identifier: GPL-2.0-or-later
/* FSGSBASE as the kernel tells: bit 1 of AT_HWCAP2. */
#include <sys/auxv.h>

#include "work.h"

#define HWCAP2_FSGSBASE (1 << 1)

__attribute__((noinline, target("fsgsbase"))) static uint64_t fs_base(void)
{
	return _readfsbase_u64();
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	if (getauxval(AT_HWCAP2) & HWCAP2_FSGSBASE)
		work_in[0] += fs_base() == 0;
	return say("sum", sum_plain(work_in));
}
