// SPDX-License-Identifier: GPL-2.0-or-later
/* Single bytes of a structure, filled through a pointer. */
#include <stdbool.h>

#include "cpu.h"
#include "work.h"

struct processor {
	char vendor[16];
	bool popcnt, sse42, avx2;
};

static struct processor processor;

__attribute__((noinline)) static void look(struct processor *into)
{
	unsigned int flags = cpu_flags();

	into->popcnt = flags & CPU_POPCNT;
	into->sse42 = flags & CPU_SSE42;
	into->avx2 = flags & CPU_AVX2;
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	look(&processor);
	say("bits", processor.popcnt ? bits_popcnt(work_in) : bits_plain(work_in));
	say("hash", processor.sse42 ? hash_sse42(work_in) : hash_plain(work_in));
	return say("sum", processor.avx2 ? sum_avx2(work_in) : sum_plain(work_in));
}
