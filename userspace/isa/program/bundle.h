/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_BUNDLE_H
#define OST_ISA_BUNDLE_H

#include <stdbool.h>

struct ost_error;

/*
 * An OCI bundle: a folder with config.json, which names the root file system and what runs in it
 * (OCI runtime specification 1.x, config.md: root.path, process.args, process.env, process.cwd).
 */

/** struct ost_bundle - what of a bundle an analysis needs */
struct ost_bundle {
	char *root;	/* folder of the root file system; a path of this host */
	char *program;	/* what process.args[0] leads to, a path below @root that begins with "/" */
	char *script;	/* when process.args[0] leads to a text that begins with "#!": that text's path
			 * below @root, and @program is its interpreter; else NULL */
	char *library_path, *preload;	/* LD_LIBRARY_PATH and LD_PRELOAD of process.env; NULL: not there */
};

/** ost_bundle_is() - is it a folder that has a config.json? */
bool ost_bundle_is(const char *path);

/**
 * ost_bundle_read() - find what a bundle runs
 * @path: the folder
 *
 * The program is looked for the way the runtime does it: a name with a slash from process.cwd, any
 * other along PATH of process.env (without one: the usual folders), all links inside the root. What
 * process.env tells the loader is for ost_program_open().
 *
 * Return: 0; -ENOENT, when config.json, the root or the program is not there; -EINVAL, when config.json
 * says no such thing or isn't JSON; -EFBIG, when it is larger than 4 MiB; another negative errno.
 */
int ost_bundle_read(struct ost_bundle *bundle, const char *path, struct ost_error *err);

/** ost_bundle_free() - free what was read */
void ost_bundle_free(struct ost_bundle *bundle);

#endif
