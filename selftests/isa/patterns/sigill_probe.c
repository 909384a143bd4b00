// SPDX-License-Identifier: GPL-2.0-or-later
/* Tries, and catches the trap. */
#include <setjmp.h>
#include <signal.h>

#include "work.h"

static sigjmp_buf back;

static void trapped(int signal)
{
	siglongjmp(back, signal);
}

__attribute__((noinline)) static int runs_avx2(void)
{
	struct sigaction action = { .sa_handler = trapped }, before;
	volatile int runs = 0;

	sigaction(SIGILL, &action, &before);
	if (!sigsetjmp(back, 1)) {
		__asm__ volatile("vpaddd %%ymm0, %%ymm0, %%ymm0" ::: "xmm0");
		runs = 1;
	}
	sigaction(SIGILL, &before, NULL);
	return runs;
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return say("sum", runs_avx2() ? sum_avx2(work_in) : sum_plain(work_in));
}
