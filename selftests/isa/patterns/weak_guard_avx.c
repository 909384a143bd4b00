// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks for AVX by hand and runs BMI2. */
#include "cpu.h"
#include "work.h"

int main(int argc, char **argv)
{
	unsigned int a, b, c, d;

	(void)argv;
	work_fill(argc);
	if (__get_cpuid(1, &a, &b, &c, &d) && c & bit_AVX)
		return say("spread", (int64_t)spread_bmi2((uint64_t)work_in[3], 0x3333));
	return say("spread", (int64_t)spread_plain((uint64_t)work_in[3], 0x3333));
}
