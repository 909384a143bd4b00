/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_IMPLIED_H
#define OST_ISA_IMPLIED_H

#include "isa/feature.h"

/**
 * ost_feature_implied() - add what every processor has that has these
 *
 * Only what the architecture says: a feature that extends another can't be had without it (Intel
 * SDM, "CPUID feature dependencies"; Linux, arch/x86/kernel/cpu/cpuid-deps.c).
 */
void ost_feature_implied(struct ost_feature_set *set);

#endif
