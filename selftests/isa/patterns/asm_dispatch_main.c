// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

int lanes(void);

int main(void)
{
	printf("%d\n", lanes());
	return 0;
}
