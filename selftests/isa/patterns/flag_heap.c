// SPDX-License-Identifier: GPL-2.0-or-later
/* A context on the heap carries the flags along. */
#include "cpu.h"
#include "work.h"

struct context {
	const int32_t *in;
	char name[24];
	unsigned int cpu;
};

__attribute__((noinline)) static struct context *context_new(const int32_t *in)
{
	struct context *context = calloc(1, sizeof(*context));

	if (!context)
		exit(2);
	context->in = in;
	context->cpu = cpu_flags();
	strcpy(context->name, "sum");
	return context;
}

__attribute__((noinline)) static int64_t context_sum(const struct context *context)
{
	if (context->cpu & CPU_AVX2)
		return sum_avx2(context->in);
	return sum_plain(context->in);
}

int main(int argc, char **argv)
{
	struct context *context;

	(void)argv;
	work_fill(argc);
	context = context_new(work_in);
	say(context->name, context_sum(context));
	free(context);
	return 0;
}
