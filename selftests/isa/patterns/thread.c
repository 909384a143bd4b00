// SPDX-License-Identifier: GPL-2.0-or-later
/* A thread runs SSSE3. */
#include <pthread.h>

#include "work.h"

static void *run(void *in)
{
	static int64_t sum;

	sum = sum_ssse3(in);
	return &sum;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	void *sum;

	(void)argv;
	work_fill(argc);
	if (pthread_create(&thread, NULL, run, work_in))
		return 2;
	pthread_join(thread, &sum);
	return say("sum", *(int64_t *)sum);
}
