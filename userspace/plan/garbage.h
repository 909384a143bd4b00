/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_PLAN_GARBAGE_H
#define OST_PLAN_GARBAGE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * How much would a collection give back? Anonymous memory now minus what was left after the last
 * collection. For an instance that has not been collected yet, what other instances of its function kept
 * stands in; without any, nothing is known and the estimate is a share of the anonymous memory.
 */

/**
 * struct ost_garbage_model - what a function's collections have taught
 * @collections: how many went into the averages below
 * @kept_bytes: anonymous memory left after one, exponentially weighted average
 * @kept_dev_bytes: mean absolute deviation of the same
 * @yield_bytes: given back by one
 * @yield_ratio: yield ÷ estimate, 0 .. 2; how far estimates of this function can be trusted
 * @cost_us_per_mib: collector time for each MiB given back
 * @pause_us: time the function could not run
 */
struct ost_garbage_model {
	uint32_t collections;
	double kept_bytes;
	double kept_dev_bytes;
	double yield_bytes;
	double yield_ratio;
	double cost_us_per_mib;
	double pause_us;
};

/**
 * struct ost_garbage_outcome - one finished collection
 * @before_bytes: anonymous memory just before
 * @after_bytes: after it, once the runtime had time to give memory back
 * @estimate_bytes: what had been expected
 * @cost_us: time the collection took in the instance
 * @pause_us: of that, time the function could not run
 */
struct ost_garbage_outcome {
	uint64_t before_bytes;
	uint64_t after_bytes;
	uint64_t estimate_bytes;
	uint64_t cost_us;
	uint64_t pause_us;
};

/** Share of anonymous memory taken for garbage while nothing is known of a function, 0 .. 1. */
#define OST_GARBAGE_PRIOR 0.30

/** Weight of the newest collection in the averages, 0 .. 1. */
#define OST_GARBAGE_WEIGHT 0.30

/**
 * ost_garbage_estimate() - bytes that a collection would give back now
 * @anon_bytes: anonymous memory of the instance
 * @kept_bytes: left after this instance's own last collection, 0 when there was none
 * @model: of its function; NULL or empty when unknown
 */
uint64_t ost_garbage_estimate(uint64_t anon_bytes, uint64_t kept_bytes,
			      const struct ost_garbage_model *model);

/** ost_garbage_learn() - take one outcome into a function's model */
void ost_garbage_learn(struct ost_garbage_model *model, const struct ost_garbage_outcome *outcome);

/** ost_garbage_cost_us() - expected cost of giving back @bytes, from the model or the field's median */
uint64_t ost_garbage_cost_us(const struct ost_garbage_model *model, uint64_t bytes);

#endif
