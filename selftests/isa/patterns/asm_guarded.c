// SPDX-License-Identifier: GPL-2.0-or-later
/* The same behind all three bits; the answer doesn't tell which ran. */
#include <cpuid.h>
#include <stdint.h>
#include <stdio.h>

uint32_t mix_features(uint32_t from);
uint32_t mix_plain(uint32_t from);

int main(int argc, char **argv)
{
	const unsigned int wanted = bit_AES | bit_PCLMUL | bit_MOVBE;
	unsigned int a, b, c = 0, d;
	uint32_t mixed;

	(void)argv;
	__get_cpuid(1, &a, &b, &c, &d);
	if ((c & wanted) == wanted)
		mixed = mix_features((uint32_t)argc);
	else
		mixed = mix_plain((uint32_t)argc);
	printf("%d\n", mixed != (uint32_t)argc);
	return 0;
}
