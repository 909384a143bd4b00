/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_KNOWN_H
#define OST_ISA_KNOWN_H

#include <stdbool.h>

struct ost_object;

/*
 * The knowledge base: libraries that choose code for the processor in ways that can't be seen from
 * their instructions (by its family and model, through tables that are built at run time). Each
 * entry was checked against the library's source.
 */

/**
 * ost_known_dispatched() - does this library run code that needs a feature only where it is there?
 * @function: symbol's name, or NULL when there is none
 */
bool ost_known_dispatched(const struct ost_object *object, const char *function,
			  unsigned int feature);

#endif
