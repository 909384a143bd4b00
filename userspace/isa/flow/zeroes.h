/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_ZEROES_H
#define OST_ISA_ZEROES_H

#include "isa/flow/graph.h"

/**
 * ost_zeroes_meant() - is this TZCNT where BSF would not do?
 * @site: an instruction of @function, REP BSF, after ost_graph_reach()
 *
 * Compilers write it for any processor where the input can't be zero, since it is as quick there as
 * BSF and where there is TZCNT quicker. So it counts only where the code shows that the input may
 * be zero and that the answer then matters:
 *
 * - the carry is used, which TZCNT sets for zero and BSF leaves as it likes;
 * - the answer is compared with the operand's size, which only TZCNT gives, or with what is above all that
 *   BSF gives;
 * - it is all that a function does, and others of its object call that instead of containing it.
 *   Compilers put so small a function into its callers, unless it may use a feature that they may
 *   not (GCC, "x86 Function Attributes": target).
 */
bool ost_zeroes_meant(struct ost_graph *graph, const struct ost_function *function, uint64_t site);

#endif
