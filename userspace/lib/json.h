/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_LIB_JSON_H
#define OST_LIB_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/error.h"

/* What jansson leaves to its callers: strict reading into C variables, and members that can't fail.
 */

/** enum ost_json_kind - what a member must be, and what its @at points to */
enum ost_json_kind {
	OST_JSON_TEXT, /* const char *, owned by the JSON value */
	OST_JSON_BOOL, /* bool */
};

/**
 * struct ost_json_member - one member that an object may have
 * @required: it must be there; @at of one that is not there stays as it is
 */
struct ost_json_member {
	const char *name;
	enum ost_json_kind kind;
	bool required;
	void *at;
};

/**
 * ost_json_text() - as json_dumps() with JSON_COMPACT, in less time
 * @value: a tree: nothing in it contains itself
 *
 * Return: text to be freed, NULL without memory.
 */
char *ost_json_text(const json_t *value);

/**
 * ost_json_parse() - one JSON object and nothing after it; repeated members are refused
 * @out: gets the object, to be freed with json_decref(); untouched on failure
 *
 * Return: 0, -EINVAL with the line and column of the fault.
 */
int ost_json_parse(const char *text, size_t len, json_t **out, struct ost_error *err);

/**
 * ost_json_read() - take an object's members into variables; unknown ones are refused
 *
 * Return: 0, -EINVAL with the member's name and what it must be.
 */
int ost_json_read(const json_t *object, const struct ost_json_member *members, size_t count,
		  struct ost_error *err);

/**
 * ost_json_bytes() - a JSON string of bytes that need not be UTF-8
 *
 * Names of processes, paths and labels come from tasks. A byte that is no part of valid UTF-8
 * becomes \xNN, spelled out.
 */
json_t *ost_json_bytes(const char *bytes);

/*
 * Members. When memory is short they leave the member out, and json_dumps() of the whole fails as
 * likely. Numbers above INT64_MAX, the most that jansson keeps, are given as INT64_MAX.
 */
void ost_json_put_u64(json_t *object, const char *name, uint64_t value);
void ost_json_put_real(json_t *object, const char *name, double value);
void ost_json_put_bool(json_t *object, const char *name, bool value);
/** @bytes as by ost_json_bytes(); NULL becomes null */
void ost_json_put_text(json_t *object, const char *name, const char *bytes);
/** an id as a decimal string: 64-bit numbers don't fit into the numbers of every JSON reader */
void ost_json_put_id(json_t *object, const char *name, uint64_t id);

#endif
