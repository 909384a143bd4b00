// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/need/known.h"

#include <fnmatch.h>
#include <stddef.h>

#include "isa/feature.h"
#include "isa/program/object.h"

static const struct {
	const char *object;   /* pattern of the object's name */
	const char *function; /* pattern of the function's name; NULL: any, also without a name */
	unsigned int feature; /* OST_FEATURE_NONE: any */
	const char *why;
} known[] = {
	{"libopenblas*", "*_[A-Z]*", OST_FEATURE_NONE,
	 "a kernel per processor, by family and model"},
	{"libblas.so*", "*_[A-Z]*", OST_FEATURE_NONE, "OpenBLAS under BLAS's name"},
	{"liblapack.so*", "*_[A-Z]*", OST_FEATURE_NONE, "OpenBLAS under LAPACK's name"},
	{"*", NULL, OST_F_RTM,
	 "no compiler makes it up, and who writes it asks first: glibc elides locks only where it "
	 "is"},
	{"*", NULL, OST_F_SHSTK, "RDSSP says first whether there is a shadow stack"},
	{"*", NULL, OST_F_PADLOCK_RNG, "VIA's processors are known by their vendor"},
	{"*", NULL, OST_F_PADLOCK_ACE, "VIA's processors are known by their vendor"},
	{"*", NULL, OST_F_PADLOCK_ACE2, "VIA's processors are known by their vendor"},
	{"*", NULL, OST_F_PADLOCK_PHE, "VIA's processors are known by their vendor"},
	{"*", NULL, OST_F_PADLOCK_PMM, "VIA's processors are known by their vendor"},
};

bool ost_known_dispatched(const struct ost_object *object, const char *function,
			  unsigned int feature)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (fnmatch(known[i].object, object->name, 0) ||
		    (known[i].feature && known[i].feature != feature))
			continue;
		if (!known[i].function || (function && !fnmatch(known[i].function, function, 0)))
			return true;
	}
	return false;
}
