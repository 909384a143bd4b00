// SPDX-License-Identifier: GPL-2.0-or-later
/* A constructor aborts without SSE4.2. */
#include "cpu.h"
#include "work.h"

__attribute__((constructor)) static void need_sse42(void)
{
	if (cpu_flags() & CPU_SSE42)
		return;
	fprintf(stderr, "this program needs SSE4.2\n");
	abort();
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return say("hash", hash_sse42(work_in));
}
