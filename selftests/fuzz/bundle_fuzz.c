// SPDX-License-Identifier: GPL-2.0-or-later
/* The config.json of an OCI bundle, over a root with programs, scripts and links that go in circles. */
#include <string.h>

#include "folder.h"
#include "isa/program/bundle.h"
#include "lib/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const names[] = {
	"config.json", "rootfs", "rootfs/bin", "rootfs/bin/tool", "rootfs/bin/script",
	"rootfs/bin/env-script", "rootfs/bin/circle", "rootfs/bin/out", "rootfs/loop", NULL,
};

static int make(void)
{
	int folder = folder_make(names);

	if (mkdirat(folder, "rootfs", 0755) || mkdirat(folder, "rootfs/bin", 0755) ||
	    symlinkat("../../../../../etc/hostname", folder, "rootfs/bin/out") ||
	    symlinkat("loop", folder, "rootfs/loop"))
		abort();
	folder_write(folder, "rootfs/bin/tool", "\177ELF", 4);
	folder_write(folder, "rootfs/bin/script", "#!/bin/tool -x\n", 15);
	folder_write(folder, "rootfs/bin/env-script", "#!/usr/bin/env -S A=b script\n", 29);
	folder_write(folder, "rootfs/bin/circle", "#! /bin/circle", 14);
	return folder;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int folder = -1;
	struct ost_bundle bundle;
	struct ost_error err = { 0 };

	if (folder < 0)
		folder = make();
	folder_write(folder, "config.json", data, size);
	if (!ost_bundle_is(folder_path))
		abort();
	if (ost_bundle_read(&bundle, folder_path, &err)) {
		if (err.code >= 0 || !err.text[0] || bundle.root || bundle.program || bundle.script)
			abort();
		return 0;
	}
	if (!bundle.root || !bundle.program || bundle.program[0] != '/')
		abort();
	ost_bundle_free(&bundle);
	return 0;
}
