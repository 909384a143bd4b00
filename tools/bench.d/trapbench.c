// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * trapbench - what does an undefined instruction cost from the trap until its handler has returned?
 *
 *   trapbench [ROUNDS]		prints nanoseconds of CPU time for a round
 *
 * The instruction is VEX.128.0F A6: no processor has it, its bytes look like any missing extension's, and it is none
 * of ud0, ud1, ud2, which are left alone before anything is counted. The handler steps over it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <ucontext.h>

#define INSN_LENGTH 4

static void step_over(int sig, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += INSN_LENGTH;
}

static double cpu_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
	return at.tv_sec * 1e9 + at.tv_nsec;
}

static void rounds(long count)
{
	for (long i = 0; i < count; i++)
		asm volatile(".byte 0xc5, 0xf8, 0xa6, 0xc0");
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_sigaction = step_over, .sa_flags = SA_SIGINFO };
	long count = argc > 1 ? atol(argv[1]) : 100000;
	double began;

	if (count <= 0 || sigaction(SIGILL, &action, NULL)) {
		fprintf(stderr, "usage: trapbench [ROUNDS]\n");
		return 2;
	}
	rounds(count / 100 + 1);
	began = cpu_ns();
	rounds(count);
	printf("%.1f\n", (cpu_ns() - began) / count);
	return 0;
}
