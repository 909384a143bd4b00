// SPDX-License-Identifier: GPL-2.0-or-later
/* What the processor has is put, far into a struct, by a function that is given where; another one chooses by it what to call later. */
#include "cpu.h"
#include "work.h"

struct cpu {
	uint32_t use, avx2, popcnt;
};

struct coder {
	char buffer[4096];
	struct cpu cpu;
	int64_t (*sum)(const int32_t *in);
	int (*bits)(const int32_t *in);
};

__attribute__((noinline)) static void cpu_ask(struct cpu *cpu)
{
	unsigned int flags = cpu_flags();

	cpu->use = 1;
	cpu->avx2 = !!(flags & CPU_AVX2);
	cpu->popcnt = !!(flags & CPU_POPCNT);
}

__attribute__((noinline)) static void coder_prepare(struct coder *coder, int plain)
{
	coder->sum = sum_plain;
	coder->bits = bits_plain;
	cpu_ask(&coder->cpu);
	if (plain)
		coder->cpu.use = 0;
	if (!coder->cpu.use)
		return;
	if (coder->cpu.popcnt)
		coder->bits = bits_popcnt;
	if (coder->cpu.avx2)
		coder->sum = sum_avx2;
}

int main(int argc, char **argv)
{
	struct coder *coder = calloc(1, sizeof(*coder));

	(void)argv;
	if (!coder)
		return 2;
	work_fill(argc);
	coder_prepare(coder, argc > 1);
	say("sum", coder->sum(work_in) + coder->bits(work_in));
	free(coder);
	return 0;
}
