// SPDX-License-Identifier: GPL-2.0-or-later
/* A library that asks the processor. */
#include "cpu.h"

int library_has_avx2(void);

int library_has_avx2(void)
{
	return !!(cpu_flags() & CPU_AVX2);
}
