// SPDX-License-Identifier: GPL-2.0-or-later
/* Nothing but what the compiler makes of it for the level that it is told. */
#include <stdio.h>

#define COUNT 1000

static double field[COUNT];
static unsigned int word[COUNT];

int main(int argc, char **argv)
{
	double product = 0;
	unsigned int bits = 0;

	(void)argv;
	for (int i = 0; i < COUNT; i++) {
		field[i] = i * argc;
		word[i] = (unsigned int)i * 2654435761u;
	}
	for (int i = 0; i < COUNT; i++) {
		product += field[i] * field[COUNT - 1 - i];
		bits += (unsigned int)__builtin_popcount(word[i]);
	}
	printf("%.0f %u\n", product, bits);
	return 0;
}
