// SPDX-License-Identifier: GPL-2.0-or-later
/* pthread_once() chooses for all. */
#include <pthread.h>

#include "cpu.h"
#include "work.h"

static struct {
	int64_t (*sum)(const int32_t *in);
	uint32_t (*hash)(const int32_t *in);
} best;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void choose(void)
{
	unsigned int cpu = cpu_flags();

	best.sum = cpu & CPU_AVX2 ? sum_avx2 : sum_plain;
	best.hash = cpu & CPU_SSE42 ? hash_sse42 : hash_plain;
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	pthread_once(&once, choose);
	say("sum", best.sum(work_in));
	return say("hash", best.hash(work_in));
}
