// SPDX-License-Identifier: GPL-2.0-or-later
/* The function of the library that needs nothing. */
int library_version(void);

int library_version(void)
{
	return 3;
}
