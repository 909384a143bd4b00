// SPDX-License-Identifier: GPL-2.0-or-later
#include "plan/garbage.h"

#include <math.h>

/* The field's median cost over 34 functions of ten runtimes, microseconds for each MiB given back. */
#define COST_US_PER_MIB_PRIOR 430.0

#define MIB 1048576.0

uint64_t ost_garbage_estimate(uint64_t anon_bytes, uint64_t kept_bytes,
			      const struct ost_garbage_model *model)
{
	double kept = kept_bytes;

	if (!kept_bytes) {
		if (!model || !model->collections)
			return anon_bytes * OST_GARBAGE_PRIOR;
		kept = model->kept_bytes;
	}
	return anon_bytes > kept ? anon_bytes - kept : 0;
}

/* An average that begins at its first value instead of at zero. */
static double blend(double average, double value, uint32_t seen)
{
	return seen ? average + OST_GARBAGE_WEIGHT * (value - average) : value;
}

void ost_garbage_learn(struct ost_garbage_model *model, const struct ost_garbage_outcome *outcome)
{
	double before = outcome->before_bytes, after = outcome->after_bytes;
	double yield = before > after ? before - after : 0;
	uint32_t seen = model->collections;
	double off = fabs(after - model->kept_bytes);

	model->kept_dev_bytes = blend(model->kept_dev_bytes, seen ? off : 0, seen);
	model->kept_bytes = blend(model->kept_bytes, after, seen);
	model->yield_bytes = blend(model->yield_bytes, yield, seen);
	if (outcome->estimate_bytes) {
		double ratio = yield / outcome->estimate_bytes;

		model->yield_ratio = blend(model->yield_ratio, ratio > 2 ? 2 : ratio, seen);
	}
	/* a handful of pages says nothing about the price of a MiB */
	if (yield >= MIB) {
		double cost = outcome->cost_us / (yield / MIB);

		model->cost_us_per_mib =
			blend(model->cost_us_per_mib, cost, model->cost_us_per_mib > 0);
	}
	model->pause_us = blend(model->pause_us, outcome->pause_us, seen);
	model->collections++;
}

uint64_t ost_garbage_cost_us(const struct ost_garbage_model *model, uint64_t bytes)
{
	double per_mib = COST_US_PER_MIB_PRIOR;

	if (model && model->collections && model->cost_us_per_mib > 0)
		per_mib = model->cost_us_per_mib;
	return bytes / MIB * per_mib;
}
