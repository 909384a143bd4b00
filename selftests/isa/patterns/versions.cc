// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions of one name for several targets. */
#include <cstdint>
#include <cstdio>

#define COUNT 128

__attribute__((target("default"))) int64_t sum(const int32_t *in)
{
	int64_t total = 0;

	for (int i = 0; i < COUNT; i++)
		total += in[i];
	return total;
}

__attribute__((target("avx2"))) int64_t sum(const int32_t *in)
{
	int64_t total = 0;

	for (int i = 0; i < COUNT; i++)
		total += in[i];
	__asm__ volatile("vpaddd %%ymm0, %%ymm0, %%ymm0" ::: "xmm0");
	return total;
}

int main(int argc, char **)
{
	static int32_t in[COUNT];

	for (int i = 0; i < COUNT; i++)
		in[i] = i * argc;
	printf("%lld\n", static_cast<long long>(sum(in)));
	return 0;
}
