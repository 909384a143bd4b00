/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_COND_H
#define OST_ISA_COND_H

#include <stdint.h>

#include "isa/feature.h"

/*
 * Conditions: what is known to be present of a processor's features where a piece of code runs or
 * a value arises. They are interned, so that a condition is a small number. Where paths meet only
 * what all of them know remains (ost_cond_either()); where tests follow each other their knowledge
 * adds up (ost_cond_both()).
 */

typedef uint16_t ost_cond;

#define OST_COND_NONE 0 /* nothing is known */
#define OST_COND_ALL  1 /* everything is: the place is not reached, the value does not arise */

struct ost_conds;

/** ost_conds_new() - NULL without memory */
struct ost_conds *ost_conds_new(void);
void ost_conds_free(struct ost_conds *conds);

/** ost_cond_of() - the condition for a set; OST_COND_NONE when there is no room for another */
ost_cond ost_cond_of(struct ost_conds *conds, const struct ost_feature_set *set);

/** ost_cond_set() - its features; not for OST_COND_ALL, whose set is empty here */
const struct ost_feature_set *ost_cond_set(const struct ost_conds *conds, ost_cond cond);

ost_cond ost_cond_both(struct ost_conds *conds, ost_cond a, ost_cond b);
ost_cond ost_cond_either(struct ost_conds *conds, ost_cond a, ost_cond b);

#endif
