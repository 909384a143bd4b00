// SPDX-License-Identifier: GPL-2.0-or-later
/* A 32-bit program that meets an undefined VEX instruction: no libc, so that no 32-bit one is needed to build it. */

void _start(void)
{
	__asm__ volatile(".byte 0xc5, 0xf8, 0xa6, 0xc0\n"
			 "movl $1, %eax\n"
			 "xorl %ebx, %ebx\n"
			 "int $0x80\n");
}
