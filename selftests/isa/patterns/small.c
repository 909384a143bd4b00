// SPDX-License-Identifier: GPL-2.0-or-later
/* One instruction each of the features of v2, and of some outside the levels, picked by the argument. */
#include "work.h"

__attribute__((noinline, target("sse3"))) static int sse3(void)
{
	__m128 v = _mm_set1_ps((float)work_in[2]);

	/* written out: a compiler finds other ways to add */
	__asm__ volatile("haddps %0, %0" : "+x"(v));
	return _mm_cvttss_si32(v);
}

__attribute__((noinline, target("sse4.1"))) static int sse41(void)
{
	return _mm_testz_si128(_mm_set1_epi32(work_in[1]), _mm_set1_epi32(0));
}

__attribute__((noinline)) static int cx16(void)
{
	static uint64_t pair[2] __attribute__((aligned(16)));
	uint64_t low = 0, high = 0;

	__asm__ volatile("lock cmpxchg16b %0" : "+m"(pair), "+a"(low), "+d"(high) : "b"(1ull), "c"(0ull) : "cc", "memory");
	return (int)pair[0];
}

__attribute__((noinline)) static int rdtscp(void)
{
	unsigned int low, high, cpu;

	__asm__ volatile("rdtscp" : "=a"(low), "=d"(high), "=c"(cpu));
	return (low | high) != 0;
}

__attribute__((noinline, target("adx"))) static int adx(void)
{
	unsigned long long out;

	__asm__("adcx %1, %0" : "=r"(out) : "r"(5ull), "0"(1ull) : "cc");
	return out > 5;
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
#if defined(ONE)
	return say("one", ONE());
#else
	return say("all", sse3() + sse41() + cx16() + rdtscp() + adx());
#endif
}
