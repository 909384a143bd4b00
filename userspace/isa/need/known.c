// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/need/known.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

#include "isa/feature.h"
#include "isa/flow/graph.h"
#include "isa/need/need.h"
#include "isa/program/object.h"

/*
 * Where it was seen. OpenBLAS: driver/others/dynamic.c (its kernel for AMD's old processors is chosen
 * by family alone, and runs FEMMS: only emulated ones have that family and no 3DNow!). glibc: sysdeps/unix/sysv/linux/x86/
 * elision-conf.c sets what its locks ask. oneTBB: src/tbb/rtm_mutex.cpp asks
 * governor::speculation_enabled(). OpenSSL: engines/e_padlock.c offers what padlock_available()
 * tells. GnuTLS: lib/accelerated/x86/x86-common.c, register_x86_padlock_crypto().
 */
static const struct {
	const char *object;   /* pattern of the object's name */
	const char *function; /* pattern of the function's name; NULL: any, also without a name */
	unsigned int feature; /* OST_FEATURE_NONE: any */
	unsigned int verdict; /* enum ost_need_verdict */
} known[] = {
	{"libopenblas*", "*_[A-Z]*", OST_F_3DNOW, OST_NEED_PROBABLE},
	{"libblas.so*", "*_[A-Z]*", OST_F_3DNOW, OST_NEED_PROBABLE},
	{"liblapack.so*", "*_[A-Z]*", OST_F_3DNOW, OST_NEED_PROBABLE},
	{"libopenblas*", "*_[A-Z]*", OST_FEATURE_NONE, OST_NEED_DISPATCHED},
	{"libblas.so*", "*_[A-Z]*", OST_FEATURE_NONE, OST_NEED_DISPATCHED},
	{"liblapack.so*", "*_[A-Z]*", OST_FEATURE_NONE, OST_NEED_DISPATCHED},
	{"libc.so.6", NULL, OST_F_RTM, OST_NEED_DISPATCHED},
	{"libpthread.so.0", NULL, OST_F_RTM, OST_NEED_DISPATCHED},
	{"libtbb.so*", "*rtm_*", OST_F_RTM, OST_NEED_DISPATCHED},
	{"padlock.so", NULL, OST_F_PADLOCK_RNG, OST_NEED_DISPATCHED},
	{"padlock.so", NULL, OST_F_PADLOCK_ACE, OST_NEED_DISPATCHED},
	{"padlock.so", NULL, OST_F_PADLOCK_ACE2, OST_NEED_DISPATCHED},
	{"padlock.so", NULL, OST_F_PADLOCK_PHE, OST_NEED_DISPATCHED},
	{"*", "padlock_*", OST_F_PADLOCK_RNG, OST_NEED_DISPATCHED},
	{"*", "padlock_*", OST_F_PADLOCK_ACE, OST_NEED_DISPATCHED},
	{"*", "padlock_*", OST_F_PADLOCK_ACE2, OST_NEED_DISPATCHED},
	{"*", "padlock_*", OST_F_PADLOCK_PHE, OST_NEED_DISPATCHED},
	{"libgnutls.so.30*", NULL, OST_F_PADLOCK_ACE, OST_NEED_DISPATCHED},
	{"libgnutls.so.30*", NULL, OST_F_PADLOCK_PHE, OST_NEED_DISPATCHED},
};

unsigned int ost_known_verdict(const struct ost_object *object, const char *function,
			       unsigned int feature)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (fnmatch(known[i].object, object->name, 0) ||
		    (known[i].feature && known[i].feature != feature))
			continue;
		if (!known[i].function || (function && !fnmatch(known[i].function, function, 0)))
			return known[i].verdict;
	}
	return OST_NEED_END;
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
