// SPDX-License-Identifier: GPL-2.0-or-later
/* Which function was chosen is asked by comparing its address with what the loader keeps in a slot, as shared libraries do. */
#include "cpu.h"
#include "work.h"

typedef int64_t (*sum_fn)(const int32_t *in);

__attribute__((used)) int64_t sum_wide(const int32_t *in);
int64_t sum_wide(const int32_t *in)
{
	return sum_avx2(in);
}

__attribute__((noinline)) static void tell(sum_fn chosen)
{
	int wide;

	__asm__("cmpq sum_wide@GOTPCREL(%%rip), %1" : "=@cce"(wide) : "r"(chosen));
	fprintf(stderr, "chosen: %s\n", wide ? "wide" : "plain");
}

int main(int argc, char **argv)
{
	sum_fn chosen = cpu_flags() & CPU_AVX2 ? sum_wide : sum_plain;

	(void)argv;
	work_fill(argc);
	tell(chosen);
	return say("sum", chosen(work_in));
}
