// SPDX-License-Identifier: GPL-2.0-or-later
/* Which class is made depends on the processor. */
#include <memory>

#include "work.h"

struct summer {
	virtual ~summer() = default;
	virtual int64_t sum(const int32_t *in) const { return sum_plain(in); }
};

struct vector_summer : summer {
	int64_t sum(const int32_t *in) const override { return sum_avx2(in); }
};

__attribute__((noinline)) static std::unique_ptr<summer> make()
{
	if (__builtin_cpu_supports("avx2"))
		return std::make_unique<vector_summer>();
	return std::make_unique<summer>();
}

int main(int argc, char **)
{
	work_fill(argc);
	return say("sum", make()->sum(work_in));
}
