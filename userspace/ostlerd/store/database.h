/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_STORE_DATABASE_H
#define OST_STORE_DATABASE_H

#include <sqlite3.h>

#include "lib/error.h"

/* The SQLite file: opened, checked, brought to this version's schema. */

/** Version of the schema, kept in PRAGMA user_version. */
#define OST_DATABASE_VERSION 4

/** "OSTL", in PRAGMA application_id: tells our files from other SQLite files. */
#define OST_DATABASE_ID 0x4f53544c

/**
 * ost_database_open() - open or make the file
 * @db: gets the handle; to be used by one thread at a time
 *
 * Return: 0 or negative errno; -EBADMSG for a corrupt file, -EMEDIUMTYPE for another program's,
 * -EPROTO for one of a newer version. The file is left as it is then.
 */
int ost_database_open(const char *path, sqlite3 **db, struct ost_error *err);

/** ost_database_errno() - SQLite's result code as a negative errno */
int ost_database_errno(int code);

/**
 * ost_database_fail() - record what the last call on @db came to
 * @what: what was being done, for the message: "write the store"
 *
 * Return: negative errno.
 */
int ost_database_fail(sqlite3 *db, const char *what, struct ost_error *err);

#endif
