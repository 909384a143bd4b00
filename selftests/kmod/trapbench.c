// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a #UD costs that reaches its handler.
 *
 *	trapbench [ROUNDS [REPEATS]]	default 100000 5
 *
 * Each round runs UD2, whose SIGILL handler steps over it. Prints `ns per trap`, the least of REPEATS runs: other work on the host
 * only ever adds.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <ucontext.h>

static volatile unsigned long handled;

static void on_ill(int sig, siginfo_t *info, void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 2;
	handled++;
}

static double ns_per_trap(unsigned long rounds)
{
	struct timespec begin, end;
	unsigned long i;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	for (i = 0; i < rounds; i++)
		__asm__ volatile("ud2");
	clock_gettime(CLOCK_MONOTONIC, &end);
	return ((end.tv_sec - begin.tv_sec) * 1e9 + (end.tv_nsec - begin.tv_nsec)) / rounds;
}

int main(int argc, char **argv)
{
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 100000;
	unsigned long repeats = argc > 2 ? strtoul(argv[2], NULL, 0) : 5;
	struct sigaction ill = { .sa_sigaction = on_ill, .sa_flags = SA_SIGINFO };
	double best = 0, ns;
	unsigned long i;

	if (!rounds || !repeats) {
		fprintf(stderr, "usage: trapbench [ROUNDS [REPEATS]], both at least 1\n");
		return 2;
	}
	sigaction(SIGILL, &ill, NULL);
	ns_per_trap(rounds / 10 + 1);
	for (i = 0; i < repeats; i++) {
		ns = ns_per_trap(rounds);
		if (!i || ns < best)
			best = ns;
	}
	if (handled < rounds * repeats) {
		fprintf(stderr, "trapbench: %lu traps were handled, at least %lu were made\n", handled,
			rounds * repeats);
		return 1;
	}
	printf("%.1f\n", best);
	return 0;
}
