/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_IMPLIED_H
#define OST_ISA_IMPLIED_H

#include "isa/feature.h"

/**
 * ost_feature_implied() - add what every processor has that has these
 *
 * What the architecture says: a feature that extends another can't be had without it (Intel SDM,
 * "CPUID feature dependencies"; Linux, arch/x86/kernel/cpu/cpuid-deps.c). Also what it leaves open,
 * but all processors by Intel and AMD keep to: POPCNT with AVX (Sandy Bridge and Bulldozer have
 * both, as have all after them) and LZCNT with BMI2 (Haswell, Excavator).
 */
void ost_feature_implied(struct ost_feature_set *set);

#endif
