// SPDX-License-Identifier: GPL-2.0-or-later
/* Catches SIGILL to say so before it ends: not to try. */
#include <setjmp.h>
#include <signal.h>
#include <unistd.h>

#include "work.h"

static sigjmp_buf again;

static void trapped(int signal)
{
	static const char said[] = "this program needs a newer processor\n";

	(void)signal;
	if (write(2, said, sizeof(said) - 1) >= 0)
		_exit(1);
	_exit(2);
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = trapped };

	(void)argv;
	work_fill(argc);
	sigaction(SIGILL, &action, NULL);
	if (sigsetjmp(again, 1))
		return say("sum", sum_plain(work_in));
	__asm__ volatile("vpaddd %%ymm0, %%ymm0, %%ymm0" ::: "xmm0");
	if (argc > 2)
		siglongjmp(again, 1);
	return say("sum", sum_avx2(work_in));
}
