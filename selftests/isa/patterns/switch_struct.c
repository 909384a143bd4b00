// SPDX-License-Identifier: GPL-2.0-or-later
/* A level that is kept in a struct on the heap is switched on, far from where it was found: by a table of jumps. */
#include "cpu.h"
#include "work.h"

struct searcher {
	char name[512];
	uint8_t level;
};

__attribute__((noinline)) static void searcher_init(struct searcher *searcher)
{
	unsigned int cpu = cpu_flags();

	searcher->level = cpu & CPU_AVX2 ? 5 : cpu & CPU_SSSE3 ? 4 : cpu & CPU_POPCNT ? 3 : 1;
}

__attribute__((noinline)) static int64_t search(const struct searcher *searcher)
{
	switch (searcher->level) {
	case 0:
		return 0;
	case 1:
		return sum_plain(work_in);
	case 2:
		return sum_plain(work_in) + say("hash", hash_plain(work_in));
	case 3:
		return sum_plain(work_in) + bits_popcnt(work_in) - bits_plain(work_in);
	case 4:
		return sum_ssse3(work_in);
	case 5:
		return sum_avx2(work_in);
	}
	__builtin_unreachable();
}

__attribute__((noinline)) static int64_t search_twice(struct searcher *searcher)
{
	return search(searcher) + search(searcher);
}

int main(int argc, char **argv)
{
	struct searcher *searcher = calloc(1, sizeof(*searcher));

	(void)argv;
	if (!searcher)
		return 2;
	work_fill(argc);
	searcher_init(searcher);
	say("sum", search_twice(searcher));
	free(searcher);
	return 0;
}
