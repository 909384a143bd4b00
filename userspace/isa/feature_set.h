/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_FEATURE_SET_H
#define OST_ISA_FEATURE_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ost_error;

/*
 * A set of features, by number. Numbers belong to one build: what is stored or sent is the text
 * form, names separated by commas.
 */

#define OST_FEATURE_SET_WORDS 4
#define OST_FEATURE_SET_BITS (64 * OST_FEATURE_SET_WORDS)

struct ost_feature_set {
	uint64_t bits[OST_FEATURE_SET_WORDS];
};

static inline void ost_feature_set_add(struct ost_feature_set *set, unsigned int feature)
{
	set->bits[feature / 64 % OST_FEATURE_SET_WORDS] |= 1ull << feature % 64;
}

static inline void ost_feature_set_remove(struct ost_feature_set *set, unsigned int feature)
{
	set->bits[feature / 64 % OST_FEATURE_SET_WORDS] &= ~(1ull << feature % 64);
}

static inline bool ost_feature_set_has(const struct ost_feature_set *set, unsigned int feature)
{
	return set->bits[feature / 64 % OST_FEATURE_SET_WORDS] >> feature % 64 & 1;
}

/** ost_feature_set_empty() - no feature at all */
bool ost_feature_set_empty(const struct ost_feature_set *set);

/** ost_feature_set_count() - how many features */
unsigned int ost_feature_set_count(const struct ost_feature_set *set);

bool ost_feature_set_equal(const struct ost_feature_set *a, const struct ost_feature_set *b);

/** ost_feature_set_within() - every feature of @part is in @whole */
bool ost_feature_set_within(const struct ost_feature_set *part,
			    const struct ost_feature_set *whole);

/** ost_feature_set_unite() - add all of @other to @set */
void ost_feature_set_unite(struct ost_feature_set *set, const struct ost_feature_set *other);

/** ost_feature_set_intersect() - keep what is in both */
void ost_feature_set_intersect(struct ost_feature_set *set, const struct ost_feature_set *other);

/** ost_feature_set_subtract() - take all of @other out of @set */
void ost_feature_set_subtract(struct ost_feature_set *set, const struct ost_feature_set *other);

/**
 * ost_feature_set_youngest() - the member that came to processors last
 *
 * Return: a feature, or OST_FEATURE_NONE when the set is empty.
 */
unsigned int ost_feature_set_youngest(const struct ost_feature_set *set);

/**
 * ost_feature_set_format() - names separated by commas, oldest first
 * @buf: gets the text, always NUL-terminated; cut between two names when it is too small, and then
 *	it ends in ",..."
 * @size: at least 8 bytes
 *
 * Return: length of the text as written.
 */
size_t ost_feature_set_format(const struct ost_feature_set *set, char *buf, size_t size);

/**
 * ost_feature_set_parse() - the reverse: names separated by commas or white space
 * @text: empty text is the empty set; a level ("x86-64-v3") stands for its features
 * @err: may be NULL
 *
 * Return: 0, or -EINVAL when a name is unknown or can't be one; @set is then unchanged.
 */
int ost_feature_set_parse(struct ost_feature_set *set, const char *text, struct ost_error *err);

#endif
