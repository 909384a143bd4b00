// SPDX-License-Identifier: GPL-2.0-or-later
/* Assembler code with AES, PCLMULQDQ and MOVBE, called without a question. */
#include <stdint.h>
#include <stdio.h>

uint32_t mix_features(uint32_t from);

int main(int argc, char **argv)
{
	(void)argv;
	printf("%08x\n", mix_features((uint32_t)argc));
	return 0;
}
