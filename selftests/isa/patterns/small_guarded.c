// SPDX-License-Identifier: GPL-2.0-or-later
/* FMA, F16C and RDRAND behind their bits. */
#include "cpu.h"
#include "work.h"

__attribute__((noinline, target("fma"))) static double multiply_add(double a, double b)
{
	return _mm_cvtsd_f64(_mm_fmadd_sd(_mm_set_sd(a), _mm_set_sd(b), _mm_set_sd(1)));
}

__attribute__((noinline, target("rdrnd"))) static unsigned int draw(void)
{
	unsigned int drawn = 0;

	while (!_rdrand32_step(&drawn))
		;
	return drawn;
}

int main(int argc, char **argv)
{
	unsigned int a, b, c = 0, d, drawn = 1;
	double product = 3.0 * argc + 1;

	(void)argv;
	work_fill(argc);
	if (cpu_flags() & CPU_FMA)
		product = multiply_add(3, argc);
	__get_cpuid(1, &a, &b, &c, &d);
	if (c & bit_RDRND)
		drawn = draw();
	return say("product", (int64_t)product + (drawn == 0));
}
