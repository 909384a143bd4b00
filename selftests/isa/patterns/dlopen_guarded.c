// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads the library only where there is AVX2. */
#include <dlfcn.h>

#include "work.h"

static int64_t plain(int argc)
{
	work_fill(argc);
	return sum_plain(work_in);
}

int main(int argc, char **argv)
{
	int64_t (*sum)(int argc) = plain;
	void *library;

	(void)argv;
	if (__builtin_cpu_supports("avx2")) {
		library = dlopen("libv3.so", RTLD_NOW);
		if (library)
			sum = (int64_t (*)(int))dlsym(library, "library_sum");
	}
	return say("sum", sum(argc));
}
