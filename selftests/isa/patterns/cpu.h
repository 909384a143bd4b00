/* SPDX-License-Identifier: GPL-2.0-or-later */
/* CPUID and XGETBV by hand. */
#ifndef PATTERN_CPU_H
#define PATTERN_CPU_H

#include <cpuid.h>
#include <stdint.h>

enum {
	CPU_POPCNT = 1 << 0,
	CPU_SSSE3 = 1 << 1,
	CPU_SSE42 = 1 << 2,
	CPU_AVX2 = 1 << 3,
	CPU_BMI2 = 1 << 4,
	CPU_AVX512F = 1 << 5,
	CPU_AES = 1 << 6,
	CPU_MOVBE = 1 << 7,
	CPU_FMA = 1 << 8,
};

static inline uint64_t cpu_xcr0(void)
{
	uint32_t low, high;

	__asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
	return (uint64_t)high << 32 | low;
}

static inline unsigned int cpu_flags(void)
{
	unsigned int a, b, c, d, flags = 0;
	uint64_t xcr0 = 0;

	if (!__get_cpuid(1, &a, &b, &c, &d))
		return 0;
	flags |= c & bit_POPCNT ? CPU_POPCNT : 0;
	flags |= c & bit_SSSE3 ? CPU_SSSE3 : 0;
	flags |= c & bit_SSE4_2 ? CPU_SSE42 : 0;
	flags |= c & bit_AES ? CPU_AES : 0;
	flags |= c & bit_MOVBE ? CPU_MOVBE : 0;
	if (c & bit_OSXSAVE)
		xcr0 = cpu_xcr0();
	if ((xcr0 & 6) == 6 && c & bit_FMA)
		flags |= CPU_FMA;
	if (!__get_cpuid_count(7, 0, &a, &b, &c, &d))
		return flags;
	flags |= b & bit_BMI2 ? CPU_BMI2 : 0;
	if ((xcr0 & 6) == 6 && b & bit_AVX2)
		flags |= CPU_AVX2;
	if ((xcr0 & 0xe6) == 0xe6 && b & bit_AVX512F)
		flags |= CPU_AVX512F;
	return flags;
}

#endif
