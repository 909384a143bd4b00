// SPDX-License-Identifier: GPL-2.0-or-later
/* Constants between instructions, which read as AVX-512 and BMI2. */
#include <stdint.h>
#include <stdio.h>

__attribute__((noinline)) static uint32_t constant(unsigned int index)
{
	const uint32_t *table;

	__asm__("jmp 2f\n\t"
		".balign 8\n"
		"1:\n\t"
		".byte 0x62, 0xf1, 0x7d, 0x48, 0xfe, 0xc1, 0x90, 0x90\n\t"	/* vpaddd zmm0, zmm0, zmm1 */
		".byte 0xc4, 0xe2, 0xfb, 0xf5, 0xc1, 0x90, 0x90, 0x90\n"	/* pdep rax, rax, rcx */
		"2:\n\t"
		"lea 1b(%%rip), %0" : "=r"(table));
	return table[index & 3];
}

int main(int argc, char **argv)
{
	(void)argv;
	printf("%08x\n", constant((unsigned int)argc));
	return 0;
}
