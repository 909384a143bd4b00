// SPDX-License-Identifier: GPL-2.0-or-later
/* A resolver of our own. */
#include "work.h"

typedef int64_t sum_fn(const int32_t *in);

__attribute__((used)) static sum_fn *sum_resolve(void)
{
	__builtin_cpu_init();
	return __builtin_cpu_supports("avx2") ? sum_avx2 : sum_plain;
}

int64_t sum(const int32_t *in) __attribute__((ifunc("sum_resolve")));

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return say("sum", sum(work_in));
}
