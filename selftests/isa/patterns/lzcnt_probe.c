// SPDX-License-Identifier: GPL-2.0-or-later
/* LZCNT of zero leaves other flags than BSR: a question, whose answer does no harm. */
#include "work.h"

static volatile unsigned char counts;

__attribute__((noinline)) static void look(void)
{
	unsigned char there;

	__asm__("movl $0, %%eax\n\tlzcnt %%eax, %%eax\n\tsetne %0" : "=qm"(there) : : "eax", "cc");
	counts = there;
}

int main(int argc, char **argv)
{
	(void)argv;
	look();
	work_fill(argc);
	return say("bits", bits_plain(work_in));
}
