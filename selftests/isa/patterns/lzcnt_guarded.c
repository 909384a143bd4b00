// SPDX-License-Identifier: GPL-2.0-or-later
/* LZCNT behind its own bit. */
#include "cpu.h"
#include "work.h"

__attribute__((noinline, target("lzcnt"))) static unsigned int leading(uint32_t of)
{
	return _lzcnt_u32(of);
}

__attribute__((noinline)) static unsigned int leading_plain(uint32_t of)
{
	return of ? (unsigned int)__builtin_clz(of) : 32;
}

int main(int argc, char **argv)
{
	unsigned int a, b, c = 0, d, sum = 0;

	(void)argv;
	work_fill(argc);
	__get_cpuid(0x80000001, &a, &b, &c, &d);
	for (int i = 0; i < WORK_COUNT; i++)
		sum += c & bit_LZCNT ? leading((uint32_t)work_in[i]) : leading_plain((uint32_t)work_in[i]);
	return say("leading zeroes", sum);
}
