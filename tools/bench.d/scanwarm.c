// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How long an answer takes that the cache has, as `ostlerctl scan` asks for it: the closure found, its key
 * made, the result read.
 *
 *	scanwarm CACHE ROUNDS PROGRAM	prints, a line a round: microseconds for all of it, for finding the
 *				closure, for reading the result; before them: "members N"
 *
 * CACHE is made new; the result that is put into it is a made-up one of the usual size, since what is kept makes no
 * difference to how long it takes to find.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "isa/need/cache.h"
#include "isa/program/program.h"
#include "lib/error.h"

/* Verdicts of a program that uses a dozen libraries, and others' results in the cache. */
#define VERDICTS 40
#define OTHERS 200

static struct ost_need list[VERDICTS];
static const struct ost_needs made_up = { .list = list, .count = VERDICTS, .complete = true };

static double now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

static int fill(const char *cache_path, const struct ost_need_key *key, struct ost_error *err)
{
	struct ost_need_cache *cache;
	struct ost_need_key other = *key;
	char name[32];
	int ret;

	unlink(cache_path);
	for (unsigned int i = 0; i < VERDICTS; i++)
		list[i] = (struct ost_need){ .feature = i + 1, .verdict = OST_NEED_DISPATCHED, .steps = 12,
					     .path[0 ... 11] = { .how = 'c' } };
	ret = ost_need_cache_open(&cache, cache_path, err);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < OTHERS && !ret; i++) {
		snprintf(name, sizeof(name), "other-%u", i);
		other.program = name;
		ret = ost_need_cache_put(cache, &other, &made_up, err);
	}
	if (!ret)
		ret = ost_need_cache_put(cache, key, &made_up, err);
	ost_need_cache_close(cache);
	return ret;
}

static int answer(const char *cache_path, const char *path, bool first, struct ost_error *err)
{
	const struct ost_program_options options = { .follow_dlopen = true };
	struct ost_need_cache *cache = NULL;
	struct ost_program *program;
	struct ost_needs needs = { 0 };
	double begun = now_us(), found;
	char text[65];
	struct ost_need_key key = { .program = text, .options = "" };
	int ret = ost_program_open(&program, path, &options, err);

	if (ret)
		return ret;
	ost_program_key(program, text, sizeof(text));
	key.members = program->count;
	found = now_us();
	if (first) {
		ret = fill(cache_path, &key, err);
		printf("members %zu\n", program->count);
	} else {
		ret = ost_need_cache_open(&cache, cache_path, err);
		if (!ret)
			ret = ost_need_cache_get(cache, &key, &needs, err);
		if (ret)
			ost_error_set(err, ret, "the cache doesn't give back what was put into it");
		else
			printf("%.0f %.0f %.0f\n", now_us() - begun, found - begun, now_us() - found);
		ost_need_cache_close(cache);
		ost_needs_free(&needs);
	}
	ost_program_close(program);
	return ret;
}

int main(int argc, char **argv)
{
	struct ost_error err = { 0 };
	int rounds = argc == 4 ? atoi(argv[2]) : 0;

	if (rounds < 1) {
		fprintf(stderr, "usage: scanwarm CACHE ROUNDS PROGRAM\n");
		return 2;
	}
	for (int i = 0; i <= rounds; i++)
		if (answer(argv[1], argv[3], !i, &err)) {
			fprintf(stderr, "scanwarm: %s\n", err.text);
			return 1;
		}
	return 0;
}
