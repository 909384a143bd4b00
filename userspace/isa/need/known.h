/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_KNOWN_H
#define OST_ISA_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

struct ost_function;
struct ost_object;

/*
 * The knowledge base: libraries that choose code for the processor in ways that can't be seen from
 * their instructions (by its family and model, through tables that are built at run time). Where
 * in the library's source each entry's reason stands is said beside the table; the entries are
 * listed in Documentation/scan.rst.
 */

/**
 * ost_known_verdict() - what a feature is known to be to this code of a library
 * @function: symbol's name, or NULL when there is none
 *
 * Return: enum ost_need_verdict; OST_NEED_END: nothing is known.
 */
unsigned int ost_known_verdict(const struct ost_object *object, const char *function,
			       unsigned int feature);

/**
 * ost_known_code() - does the code around an instruction ask for its feature in a way of its own?
 *
 * Of shadow stacks, which RDSSP asks for, and of transactions, which glibc's locks ask for
 * wherever they are linked in.
 */
bool ost_known_code(const struct ost_object *object, const struct ost_function *function,
		    uint64_t site, unsigned int feature);

#endif
