// SPDX-License-Identifier: GPL-2.0-or-later
/* LZCNT without a question: no trap where it is missing, and another result. */
#include "work.h"

__attribute__((noinline, target("lzcnt"))) static unsigned int leading(uint32_t of)
{
	return _lzcnt_u32(of);
}

int main(int argc, char **argv)
{
	unsigned int sum = 0;

	(void)argv;
	work_fill(argc);
	for (int i = 0; i < WORK_COUNT; i++)
		sum += leading((uint32_t)work_in[i]);
	return say("leading zeroes", sum);
}
