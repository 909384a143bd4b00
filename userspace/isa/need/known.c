// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/need/known.h"

#include <fnmatch.h>
#include <stddef.h>

#include "isa/program/object.h"

static const struct {
	const char *object;   /* pattern of the object's name */
	const char *function; /* pattern of the function's name; NULL: any, also without a name */
	const char *why;
} known[] = {
	{"libopenblas*", "*_[A-Z]*", "a kernel per processor, chosen by family and model"},
	{"libblas.so*", "*_[A-Z]*", "OpenBLAS under BLAS's name"},
	{"liblapack.so*", "*_[A-Z]*", "OpenBLAS under LAPACK's name"},
	{"libc.so*", "_dl_runtime_*", "chosen by the loader by the size of the register state"},
	{"ld-linux*", "_dl_runtime_*", "chosen by the loader by the size of the register state"},
	{"ld-linux*", "_dl_tlsdesc_*", "chosen by the loader by the size of the register state"},
	{"libc.so*", "__*lock_elision", "used only where RTM was found at start"},
};

bool ost_known_dispatched(const struct ost_object *object, const char *function)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (fnmatch(known[i].object, object->name, 0))
			continue;
		if (!known[i].function || (function && !fnmatch(known[i].function, function, 0)))
			return true;
	}
	return false;
}
