// SPDX-License-Identifier: GPL-2.0-or-later
/* Refuses two in turn: the second is looked for only where the first one is there. LEAVE: exit(), else main() returns 1. */
#include "cpu.h"
#include "work.h"

#ifdef LEAVE
#define REFUSE() exit(1)
#else
#define REFUSE() return 1
#endif

int main(int argc, char **argv)
{
	(void)argv;
	if (!(cpu_flags() & CPU_SSE42)) {
		fprintf(stderr, "this program needs SSE4.2\n");
		REFUSE();
	}
	if (!(cpu_flags() & CPU_AVX2)) {
		fprintf(stderr, "this program needs AVX2\n");
		REFUSE();
	}
	work_fill(argc);
	return say("sum", sum_avx2(work_in) + hash_sse42(work_in));
}
