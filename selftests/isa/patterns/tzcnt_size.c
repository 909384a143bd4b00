// SPDX-License-Identifier: GPL-2.0-or-later
/* TZCNT of words that may be 0, for which it answers 64. */
#include "work.h"

__attribute__((noinline, target("bmi"))) static int64_t first_bits(const uint64_t *words, int count)
{
	int64_t total = 0;

	for (int i = 0; i < count; i++) {
		uint64_t place = _tzcnt_u64(words[i]);

		total += place < 64 ? (int64_t)place : 1000;
	}
	return total;
}

int main(int argc, char **argv)
{
	uint64_t words[4] = { (uint64_t)argc << 5, 0, (uint64_t)argc << 7, 0 };

	(void)argv;
	return say("first bits", first_bits(words, 4));
}
