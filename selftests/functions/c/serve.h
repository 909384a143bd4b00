/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef FUNCTIONS_SERVE_H
#define FUNCTIONS_SERVE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Plumbing of the functions in C and C++: a single-threaded HTTP server on loopback, port from
 * $PORT. GET /?n=SEED calls function_run(), GET /ready answers "ready".
 */

#ifdef __cplusplus
extern "C" {
#endif

/**
 * function_run() - the function itself: writes a short text for @seed, always the same for the same
 * seed
 */
void function_run(uint64_t seed, char *reply, size_t size);

/** random_next() - xorshift64*; *@state is the seed, and must not be 0 */
uint64_t random_next(uint64_t *state);

/** random_seed() - a state for random_next() from any number */
uint64_t random_seed(uint64_t seed);

/** hash_bytes() - FNV-1a, begun with 0 or continued with an earlier result */
uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t n);

#ifdef __cplusplus
}
#endif
#endif
