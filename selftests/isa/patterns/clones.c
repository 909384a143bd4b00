// SPDX-License-Identifier: GPL-2.0-or-later
/* The compiler writes versions and their resolver. */
#include <stdio.h>

#define COUNT 256

__attribute__((target_clones("default", "sse4.2", "avx2")))
int dot(const int *a, const int *b)
{
	int sum = 0;

	for (int i = 0; i < COUNT; i++)
		sum += a[i] * b[i];
	return sum;
}

int main(int argc, char **argv)
{
	static int a[COUNT], b[COUNT];

	(void)argv;
	for (int i = 0; i < COUNT; i++) {
		a[i] = i * argc;
		b[i] = i % 7;
	}
	printf("%d\n", dot(a, b));
	return 0;
}
