// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads the library at run time and calls it. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	void *library = dlopen("libv3.so", RTLD_NOW);
	int64_t (*sum)(int argc);

	(void)argv;
	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	sum = (int64_t (*)(int))dlsym(library, "library_sum");
	printf("sum %lld\n", (long long)sum(argc));
	return 0;
}
