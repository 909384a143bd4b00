// SPDX-License-Identifier: GPL-2.0-or-later
/* A constructor sets a variable, everyone else reads it. */
#include "cpu.h"
#include "work.h"

static int have_avx2;

__attribute__((constructor)) static void look(void)
{
	have_avx2 = !!(cpu_flags() & CPU_AVX2);
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	if (have_avx2)
		return say("sum", sum_avx2(work_in));
	return say("sum", sum_plain(work_in));
}
