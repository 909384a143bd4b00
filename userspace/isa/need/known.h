/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_KNOWN_H
#define OST_ISA_KNOWN_H

#include <stdbool.h>
#include <stdint.h>

struct ost_function;
struct ost_object;

/*
 * The knowledge base: libraries that choose code for the processor in ways that can't be seen from
 * their instructions (by its family and model, through tables that are built at run time). Each
 * entry was checked against the library's source, and is listed in Documentation/scan.rst.
 */

/**
 * ost_known_dispatched() - does this library run code that needs a feature only where it is there?
 * @function: symbol's name, or NULL when there is none
 */
bool ost_known_dispatched(const struct ost_object *object, const char *function,
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
