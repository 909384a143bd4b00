// SPDX-License-Identifier: GPL-2.0-or-later
/* SHA extensions without a question. */
#include "work.h"

__attribute__((noinline, target("sha,sse4.1"))) static int rotate(int by)
{
	return _mm_cvtsi128_si32(_mm_sha1nexte_epu32(_mm_set1_epi32(by), _mm_set1_epi32(1)));
}

int main(int argc, char **argv)
{
	(void)argv;
	return say("sha", rotate(argc));
}
