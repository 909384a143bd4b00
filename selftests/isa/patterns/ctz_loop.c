// SPDX-License-Identifier: GPL-2.0-or-later
/* Bits one by one: what is counted is never 0, so BSF would do. */
#include "work.h"

__attribute__((noinline)) static int64_t places(const int32_t *in)
{
	int64_t total = 0;

	for (int i = 0; i < WORK_COUNT; i++)
		for (uint32_t left = (uint32_t)in[i]; left; left &= left - 1) {
			int place = __builtin_ctz(left);

			total += place == 31 ? 1000 : place;
		}
	return total;
}

int main(int argc, char **argv)
{
	(void)argv;
	work_fill(argc);
	return say("places", places(work_in));
}
