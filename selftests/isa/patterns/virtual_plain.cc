// SPDX-License-Identifier: GPL-2.0-or-later
/* A virtual method runs AVX2, and no other class is made. */
#include <memory>

#include "work.h"

struct summer {
	virtual ~summer() = default;
	virtual int64_t sum(const int32_t *in) const { return sum_plain(in); }
};

struct vector_summer : summer {
	int64_t sum(const int32_t *in) const override { return sum_avx2(in); }
};

__attribute__((noinline)) static std::unique_ptr<summer> make(int argc)
{
	if (argc > 100)
		return std::make_unique<summer>();
	return std::make_unique<vector_summer>();
}

int main(int argc, char **)
{
	work_fill(argc);
	return say("sum", make(argc)->sum(work_in));
}
