// SPDX-License-Identifier: GPL-2.0-or-later
/* Linked with a library that runs AVX2, and calls it. */
#include <stdint.h>
#include <stdio.h>

int64_t library_sum(int argc);

int main(int argc, char **argv)
{
	(void)argv;
	printf("sum %lld\n", (long long)library_sum(argc));
	return 0;
}
