// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/need/known.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

#include "isa/feature.h"
#include "isa/flow/graph.h"
#include "isa/program/object.h"

/*
 * Where it was seen. OpenBLAS: driver/others/dynamic.c (its kernel for AMD's old processors is chosen
 * by family alone, and begins with FEMMS: not for 3DNow!). glibc: sysdeps/unix/sysv/linux/x86/
 * elision-conf.c sets what its locks ask. oneTBB: src/tbb/rtm_mutex.cpp asks
 * governor::speculation_enabled(). OpenSSL: engines/e_padlock.c offers what padlock_available()
 * tells. GnuTLS: lib/accelerated/x86/x86-common.c, capabilities_to_zhaoxin_edx() and what asks it.
 */
static const struct {
	const char *object;   /* pattern of the object's name */
	const char *function; /* pattern of the function's name; NULL: any, also without a name */
	unsigned int feature; /* OST_FEATURE_NONE: any but ... */
	unsigned int except;  /* ... this */
} known[] = {
	{"libopenblas*", "*_[A-Z]*", OST_FEATURE_NONE, OST_F_3DNOW},
	{"libblas.so*", "*_[A-Z]*", OST_FEATURE_NONE, OST_F_3DNOW},
	{"liblapack.so*", "*_[A-Z]*", OST_FEATURE_NONE, OST_F_3DNOW},
	{"libc.so.6", NULL, OST_F_RTM, OST_FEATURE_NONE},
	{"libpthread.so.0", NULL, OST_F_RTM, OST_FEATURE_NONE},
	{"libtbb.so*", "*rtm_*", OST_F_RTM, OST_FEATURE_NONE},
	{"padlock.so", NULL, OST_F_PADLOCK_RNG, OST_FEATURE_NONE},
	{"padlock.so", NULL, OST_F_PADLOCK_ACE, OST_FEATURE_NONE},
	{"padlock.so", NULL, OST_F_PADLOCK_ACE2, OST_FEATURE_NONE},
	{"padlock.so", NULL, OST_F_PADLOCK_PHE, OST_FEATURE_NONE},
	{"*", "padlock_*", OST_F_PADLOCK_RNG, OST_FEATURE_NONE},
	{"*", "padlock_*", OST_F_PADLOCK_ACE, OST_FEATURE_NONE},
	{"*", "padlock_*", OST_F_PADLOCK_ACE2, OST_FEATURE_NONE},
	{"*", "padlock_*", OST_F_PADLOCK_PHE, OST_FEATURE_NONE},
	{"libgnutls.so.30*", NULL, OST_F_PADLOCK_ACE, OST_FEATURE_NONE},
	{"libgnutls.so.30*", NULL, OST_F_PADLOCK_PHE, OST_FEATURE_NONE},
};

bool ost_known_dispatched(const struct ost_object *object, const char *function,
			  unsigned int feature)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (fnmatch(known[i].object, object->name, 0) ||
		    (known[i].feature && known[i].feature != feature) ||
		    (known[i].except && known[i].except == feature))
			continue;
		if (!known[i].function || (function && !fnmatch(known[i].function, function, 0)))
			return true;
	}
	return false;
}

/* Three bytes of an instruction, the last one within a range, from an address up to another. */
static bool has_code(const struct ost_object *object, uint64_t from, uint64_t to, const char *two,
		     uint8_t first, uint8_t last)
{
	size_t left;
	const uint8_t *bytes = ost_object_at(object, from, &left);

	if (!bytes || to <= from)
		return false;
	if (left > to - from)
		left = to - from;
	for (size_t i = 0; i + 2 < left; i++)
		if (!memcmp(bytes + i, two, 2) && bytes[i + 2] >= first && bytes[i + 2] <= last)
			return true;
	return false;
}

static bool has_text(const struct ost_object *object, const char *text)
{
	for (size_t i = 0; i < object->segment_count; i++)
		if (object->segments[i].bytes &&
		    memmem(object->segments[i].bytes, object->segments[i].size, text,
			   strlen(text) + 1))
			return true;
	return false;
}

#define XEND   "\x0f\x01"
#define XABORT "\xc6\xf8"
#define RDSSP  "\x0f\x1e"

/*
 * XEND faults on every processor but in a transaction, so XBEGIN was there before it and is what
 * tells. glibc that is linked in: its locks abort with 0xfd and up, and are set by that tunable.
 */
static bool is_elision(const struct ost_object *object, const struct ost_function *function,
		       uint64_t site)
{
	if (has_code(object, site, site + 3, XEND, 0xd5, 0xd5))
		return true;
	return has_code(object, function->start, function->end, XABORT, 0xfd, 0xff) &&
	       has_text(object, "glibc.elision.enable");
}

bool ost_known_code(const struct ost_object *object, const struct ost_function *function,
		    uint64_t site, unsigned int feature)
{
	switch (feature) {
	case OST_F_RTM:
		return is_elision(object, function, site);
	case OST_F_SHSTK:
		/* says whether there is a shadow stack, and does nothing where there is none */
		return has_code(object, function->start, site, RDSSP, 0xc8, 0xcf);
	default:
		return false;
	}
}
