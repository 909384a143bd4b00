/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CORE_CONFIG_H
#define OST_CORE_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "lib/error.h"

#define OST_GLOBS_MAX 32
#define OST_PATH_LEN 256

/**
 * struct ost_config - ostler.conf; one member a key, see the table in config.c for meaning, unit, default
 */
struct ost_config {
	/* [host] */
	char cgroup_root[OST_PATH_LEN];
	char instances[OST_GLOBS_MAX][OST_PATH_LEN];
	unsigned int instance_globs;
	uint64_t sample_ms;
	uint64_t instances_max;
	/* [traps] */
	uint8_t mode;			/* enum ostler_mode for instances that say nothing else */
	uint64_t park_ms;
	uint64_t grace_ms;
	uint64_t skip_max;
	uint8_t verdict;		/* enum ostler_verdict for a missing feature; 0 = ask */
	uint8_t verdict_other;		/* for parks that no host could help */
	/* [collect] */
	bool collect;
	uint64_t slots;
	uint64_t idle_ms;
	uint64_t garbage_min_bytes;
	double garbage_min_share;
	uint64_t interval_min_ms;
	double yield_min_ratio;
	uint64_t retry_ms;
	double busy_max;
	uint64_t timeout_ms;
	uint64_t settle_ms;
	bool lift_quota;
	bool page_out;
	bool page_cache;
	char agent_socket[OST_PATH_LEN];
	char agent_library[OST_PATH_LEN];
	char dotnet_hook[OST_PATH_LEN];
	/* [probes] */
	bool probes;
	char pin[OST_PATH_LEN];
	uint64_t ring_bytes;
	uint64_t stall_ms;
	/* [analyse] */
	bool analyse;
	uint64_t analyse_cpu_s;
	uint64_t analyse_memory;
	/* [api] */
	char socket[OST_PATH_LEN];
	char group[64];
	/* [store] */
	char store[OST_PATH_LEN];
	uint64_t store_ms;
	/* [log] */
	int log_level;
};

/** ost_config_defaults() - every key at its default */
void ost_config_defaults(struct ost_config *config);

/**
 * ost_config_load() - read an ini file over the defaults
 * @path: file; a missing one is -ENOENT
 *
 * Unknown sections and keys, values out of range and repeated scalar keys are errors that name file,
 * line, key, and what would be right.
 */
int ost_config_load(struct ost_config *config, const char *path, struct ost_error *err);

/** ost_config_set() - one `section.key=value`, as given on the command line */
int ost_config_set(struct ost_config *config, const char *assignment, struct ost_error *err);

/** ost_config_print() - all keys as a commented ini file: meaning, unit, default above each */
void ost_config_print(FILE *out);

/**
 * ost_config_each() - hand every key with its present value, written as in the file, to @each
 *
 * A key that may be given several times comes once for each of its values, with @many set.
 */
void ost_config_each(const struct ost_config *config,
		     void (*each)(void *context, const char *section, const char *name,
				  const char *value, bool many),
		     void *context);

#endif
