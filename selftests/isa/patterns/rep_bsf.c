// SPDX-License-Identifier: GPL-2.0-or-later
/* rep bsf, as compilers write it: TZCNT where there is, and the same for what isn't 0. */
#include <stdio.h>

int main(int argc, char **argv)
{
	unsigned long bits = (unsigned long)argc << 9 | 1ul << 40, place;

	(void)argv;
	__asm__("rep bsf %1, %0" : "=r"(place) : "r"(bits));
	printf("%lu\n", place);
	return 0;
}
