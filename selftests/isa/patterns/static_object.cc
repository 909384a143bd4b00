// SPDX-License-Identifier: GPL-2.0-or-later
/* A static object's constructor looks, a std::function remembers. */
#include <functional>

#include "cpu.h"
#include "work.h"

struct chooser {
	std::function<int64_t(const int32_t *)> sum;

	chooser()
	{
		if (cpu_flags() & CPU_AVX2)
			sum = [](const int32_t *in) { return sum_avx2(in); };
		else
			sum = [](const int32_t *in) { return sum_plain(in); };
	}
};

static chooser chosen;

int main(int argc, char **)
{
	work_fill(argc);
	return say("sum", chosen.sum(work_in));
}
