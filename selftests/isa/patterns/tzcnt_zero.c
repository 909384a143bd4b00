// SPDX-License-Identifier: GPL-2.0-or-later
/* TZCNT of 0, which BSF answers otherwise. */
#include "work.h"

__attribute__((noinline, target("bmi"))) static uint64_t trailing(uint64_t of)
{
	return _tzcnt_u64(of);
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	say("trailing zeroes", (int64_t)trailing((uint64_t)argc << 4));
	return say("of zero", (int64_t)trailing((uint64_t)argc >> 8));
}
