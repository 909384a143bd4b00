// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/program/archive_library.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>

#include "lib/error.h"

#define LIBRARY "libarchive.so.13"

struct ost_archive_library ost_libarchive;

static bool find_all(void *handle)
{
	bool all = true;

#define FIND(member, symbol) \
	*(void **)&ost_libarchive.member = dlsym(handle, "archive_" symbol); \
	all &= !!ost_libarchive.member;
#define FIND_SAME(name) FIND(name, #name)
	OST_ARCHIVE_FUNCTIONS(FIND_SAME)
	FIND(error_number, "errno")
#undef FIND_SAME
#undef FIND
	return all;
}

int ost_archive_library_load(struct ost_error *err)
{
	static bool loaded;
	void *handle;

	if (loaded)
		return 0;
	handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		return ost_error_set(err, -ELIBACC,
				     "archives can't be read without " LIBRARY
				     " (Debian: libarchive13): %.200s",
				     dlerror());
	loaded = find_all(handle);
	if (!loaded)
		return ost_error_set(err, -ELIBACC,
				     LIBRARY " is too old: version 3.3 or later is wanted");
	return 0;
}
