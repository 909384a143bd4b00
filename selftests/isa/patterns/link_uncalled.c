// SPDX-License-Identifier: GPL-2.0-or-later
/* Linked with a library that runs AVX2, whose other function it calls. */
#include <stdint.h>
#include <stdio.h>

int library_version(void);

int main(int argc, char **argv)
{
	(void)argv;
	printf("version %d\n", library_version() + argc);
	return 0;
}
