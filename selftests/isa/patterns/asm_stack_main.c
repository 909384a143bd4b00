// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>

void look(void);
int lanes(void);

int main(void)
{
	look();
	printf("%d\n", lanes());
	return 0;
}
