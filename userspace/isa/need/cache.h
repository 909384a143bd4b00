/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_NEED_CACHE_H
#define OST_ISA_NEED_CACHE_H

#include <stddef.h>

#include "isa/need/need.h"

struct ost_error;

/*
 * Results of analyses, kept in an SQLite file. A result is found again for a program whose every object
 * has the same build-id (the key of ost_program_key()), by the very build of the analyser that made
 * it, with the same options: so a changed file is a new analysis, and so is a better analyser. Many
 * processes may use one file at a time. Beside them it holds closures that were found, see closure.h, by
 * what was searched for. What it holds may be lost at any time; nothing is ever
 * wrong for it.
 */

/** Raised by whatever changes a verdict; counts beside the build-id of the program that runs. */
#define OST_NEED_ANALYSER 2

/**
 * ost_need_analyser() - what a result depends on besides the program: who made it, and the catalogue
 * that it knew
 * @buf: 96 bytes suffice
 */
void ost_need_analyser(char *buf, size_t size);

/** Most bytes of results; those that were asked for longest ago make room. */
#define OST_NEED_CACHE_BYTES (64u << 20)

/** Closures get this part of it besides: one in 4. */
#define OST_NEED_CACHE_CLOSURES 4

/** struct ost_need_key - what a result is kept by */
struct ost_need_key {
	const char *program;	/* ost_program_key() */
	const char *options;	/* all that changes the result, in the caller's words; "" = none */
	size_t members;		/* of the program */
};

struct ost_need_cache;

/**
 * ost_need_cache_path() - where a person's cache is
 *
 * For root /var/cache/ostler/scan.db; for others ostler/scan.db in $XDG_CACHE_HOME, or in ~/.cache.
 *
 * Return: 0, -ENOENT when there is no home, -ENAMETOOLONG.
 */
int ost_need_cache_path(char *buf, size_t size);

/**
 * ost_need_cache_open() - open or make a cache
 * @path: absolute; its folder is made, mode 0700, and those above it
 *
 * A file that is damaged, of another version or another program's is set aside as PATH.broken,
 * which ost_need_cache_remark() says.
 *
 * Return: 0 or negative errno; to be without a cache is no reason to stop: all functions take NULL.
 */
int ost_need_cache_open(struct ost_need_cache **cache, const char *path, struct ost_error *err);

void ost_need_cache_close(struct ost_need_cache *cache);

/** ost_need_cache_remark() - what was wrong with the file and what was done about it; "" = nothing */
const char *ost_need_cache_remark(const struct ost_need_cache *cache);

/**
 * ost_need_cache_get() - look up a result
 * @needs: is filled when the result is 0; to be freed with ost_needs_free()
 *
 * Return: 0; -ENOENT when it isn't kept, or isn't readable by this build; another negative errno.
 */
int ost_need_cache_get(struct ost_need_cache *cache, const struct ost_need_key *key,
		       struct ost_needs *needs, struct ost_error *err);

/** ost_need_cache_put() - keep a result in place of an older one; 0 or negative errno */
int ost_need_cache_put(struct ost_need_cache *cache, const struct ost_need_key *key,
		       const struct ost_needs *needs, struct ost_error *err);

/**
 * ost_need_cache_closure() - look up a record of ost_closure_write()
 * @search: what was searched for, and how, in the caller's words
 * @record: gets it, to be freed by the caller
 *
 * Return: its size; -ENOENT when there is none of this analyser; another negative errno.
 */
long ost_need_cache_closure(struct ost_need_cache *cache, const char *search, uint8_t **record,
			    struct ost_error *err);

/** ost_need_cache_put_closure() - keep one in place of an older one; 0 or negative errno */
int ost_need_cache_put_closure(struct ost_need_cache *cache, const char *search,
			       const uint8_t *record, size_t size, struct ost_error *err);

/** ost_need_cache_limit() - another limit than OST_NEED_CACHE_BYTES, for the puts that follow */
void ost_need_cache_limit(struct ost_need_cache *cache, size_t bytes);

#endif
