// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/store/database.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ostlerd/core/config.h"

/* How long another process (somebody's sqlite3 shell) may hold the file before a write fails, in
 * ms. */
#define BUSY_MS 2000

/* Pages after which the write-ahead log is folded into the file. */
#define CHECKPOINT_PAGES "256"

/*
 * One text a version; the text at i leads from version i to i + 1. Texts that were ever released
 * don't change. Moments are milliseconds since 1970, amounts carry their unit in their name.
 */
static const char *const migrations[] = {
	/* 0 -> 1 */
	"CREATE TABLE host ("
	" key TEXT PRIMARY KEY,"
	" value TEXT NOT NULL"
	") WITHOUT ROWID;"
	"CREATE TABLE functions ("
	" name TEXT PRIMARY KEY,"
	" runtime TEXT NOT NULL,"
	" collections INTEGER NOT NULL,"
	" kept_bytes REAL NOT NULL,"
	" kept_dev_bytes REAL NOT NULL,"
	" yield_bytes REAL NOT NULL,"
	" yield_ratio REAL NOT NULL,"
	" cost_us_per_mib REAL NOT NULL,"
	" pause_us REAL NOT NULL,"
	" penalty_us REAL NOT NULL,"
	" traps INTEGER NOT NULL,"
	" changed_unix_ms INTEGER NOT NULL"
	") WITHOUT ROWID;"
	"CREATE TABLE collections ("
	" id INTEGER PRIMARY KEY AUTOINCREMENT,"
	" ended_unix_ms INTEGER NOT NULL,"
	" instance_id TEXT NOT NULL,"
	" path TEXT NOT NULL,"
	" function TEXT NOT NULL,"
	" user TEXT NOT NULL,"
	" runtime TEXT NOT NULL,"
	" status TEXT NOT NULL,"
	" door TEXT,"
	" detail TEXT,"
	" estimate_bytes INTEGER NOT NULL,"
	" before_bytes INTEGER NOT NULL,"
	" after_bytes INTEGER NOT NULL,"
	" yield_bytes INTEGER NOT NULL,"
	" cost_us INTEGER NOT NULL,"
	" pause_us INTEGER NOT NULL"
	");"
	"CREATE TABLE traps ("
	" function TEXT NOT NULL,"
	" insn BLOB NOT NULL,"
	" class TEXT NOT NULL,"
	" feature TEXT,"
	" assembly TEXT NOT NULL,"
	" comm TEXT NOT NULL,"
	" ip INTEGER NOT NULL,"
	" source INTEGER NOT NULL,"
	" si_code INTEGER NOT NULL,"
	" count INTEGER NOT NULL,"
	" first_unix_ms INTEGER NOT NULL,"
	" last_unix_ms INTEGER NOT NULL,"
	" PRIMARY KEY (function, insn)"
	") WITHOUT ROWID;"
	"CREATE INDEX traps_by_age ON traps (last_unix_ms);",
	/* 1 -> 2; "offset" and counts are kept bit by bit */
	"CREATE TABLE traps_by_code ("
	" build_id TEXT NOT NULL,"
	" \"offset\" INTEGER NOT NULL,"
	" feature TEXT NOT NULL,"
	" function TEXT NOT NULL,"
	" object TEXT NOT NULL,"
	" count INTEGER NOT NULL,"
	" first_unix_ms INTEGER NOT NULL,"
	" last_unix_ms INTEGER NOT NULL,"
	" PRIMARY KEY (build_id, \"offset\", feature, function)"
	") WITHOUT ROWID;"
	"CREATE INDEX traps_by_code_age ON traps_by_code (last_unix_ms);"
	"CREATE TABLE functions_run ("
	" function TEXT NOT NULL,"
	" program TEXT NOT NULL,"
	" requests INTEGER NOT NULL,"
	" lacking TEXT NOT NULL,"
	" touched TEXT NOT NULL,"
	" first_unix_ms INTEGER NOT NULL,"
	" last_unix_ms INTEGER NOT NULL,"
	" PRIMARY KEY (function, program)"
	") WITHOUT ROWID;"
	"CREATE INDEX functions_run_age ON functions_run (last_unix_ms);",
	/* 2 -> 3; "program" is the id of the program's file, both records are as isa/ writes them */
	"ALTER TABLE functions_run ADD COLUMN analysis TEXT NOT NULL DEFAULT '';"
	"CREATE TABLE analyses ("
	" digest TEXT PRIMARY KEY,"
	" program TEXT NOT NULL,"
	" analyser TEXT NOT NULL,"
	" closure BLOB NOT NULL,"
	" needs BLOB NOT NULL,"
	" last_unix_ms INTEGER NOT NULL"
	") WITHOUT ROWID;"
	"CREATE INDEX analyses_by_program ON analyses (program);"
	"CREATE INDEX analyses_age ON analyses (last_unix_ms);",
	/* 3 -> 4; a function is its user's. Rows go to the one user whom the history of collections
	 * names for it, else to nobody: what more than one may have taught is no one's */
	"CREATE TABLE owners ("
	" function TEXT PRIMARY KEY,"
	" user TEXT NOT NULL"
	") WITHOUT ROWID;"
	"INSERT INTO owners SELECT function, min(user) FROM collections"
	" GROUP BY function HAVING min(user) = max(user);"
	"ALTER TABLE functions RENAME TO functions_old;"
	"CREATE TABLE functions ("
	" user TEXT NOT NULL,"
	" name TEXT NOT NULL,"
	" runtime TEXT NOT NULL,"
	" collections INTEGER NOT NULL,"
	" kept_bytes REAL NOT NULL,"
	" kept_dev_bytes REAL NOT NULL,"
	" yield_bytes REAL NOT NULL,"
	" yield_ratio REAL NOT NULL,"
	" cost_us_per_mib REAL NOT NULL,"
	" pause_us REAL NOT NULL,"
	" traps INTEGER NOT NULL,"
	" changed_unix_ms INTEGER NOT NULL,"
	" PRIMARY KEY (user, name)"
	") WITHOUT ROWID;"
	"INSERT INTO functions SELECT ifnull(user, ''), name, runtime, collections, kept_bytes,"
	" kept_dev_bytes, yield_bytes, yield_ratio, cost_us_per_mib, pause_us, traps,"
	" changed_unix_ms FROM functions_old LEFT JOIN owners ON function = name"
	" WHERE collections > 0 OR traps > 0;"
	"DROP TABLE functions_old;"
	"CREATE INDEX functions_age ON functions (changed_unix_ms);"
	"ALTER TABLE traps RENAME TO traps_old;"
	"CREATE TABLE traps ("
	" user TEXT NOT NULL,"
	" function TEXT NOT NULL,"
	" insn BLOB NOT NULL,"
	" class TEXT NOT NULL,"
	" feature TEXT,"
	" assembly TEXT NOT NULL,"
	" comm TEXT NOT NULL,"
	" ip INTEGER NOT NULL,"
	" source INTEGER NOT NULL,"
	" si_code INTEGER NOT NULL,"
	" count INTEGER NOT NULL,"
	" first_unix_ms INTEGER NOT NULL,"
	" last_unix_ms INTEGER NOT NULL,"
	" PRIMARY KEY (user, function, insn)"
	") WITHOUT ROWID;"
	"INSERT INTO traps SELECT ifnull(user, ''), traps_old.* FROM traps_old"
	" LEFT JOIN owners USING (function);"
	"DROP TABLE traps_old;"
	"CREATE INDEX traps_by_age ON traps (last_unix_ms);"
	"ALTER TABLE traps_by_code RENAME TO codes_old;"
	"CREATE TABLE traps_by_code ("
	" user TEXT NOT NULL,"
	" build_id TEXT NOT NULL,"
	" \"offset\" INTEGER NOT NULL,"
	" feature TEXT NOT NULL,"
	" function TEXT NOT NULL,"
	" object TEXT NOT NULL,"
	" count INTEGER NOT NULL,"
	" first_unix_ms INTEGER NOT NULL,"
	" last_unix_ms INTEGER NOT NULL,"
	" PRIMARY KEY (build_id, \"offset\", feature, user, function)"
	") WITHOUT ROWID;"
	"INSERT INTO traps_by_code SELECT ifnull(user, ''), codes_old.* FROM codes_old"
	" LEFT JOIN owners USING (function);"
	"DROP TABLE codes_old;"
	"CREATE INDEX traps_by_code_age ON traps_by_code (last_unix_ms);"
	"ALTER TABLE functions_run RENAME TO runs_old;"
	"CREATE TABLE functions_run ("
	" user TEXT NOT NULL,"
	" function TEXT NOT NULL,"
	" program TEXT NOT NULL,"
	" requests INTEGER NOT NULL,"
	" lacking TEXT NOT NULL,"
	" touched TEXT NOT NULL,"
	" first_unix_ms INTEGER NOT NULL,"
	" last_unix_ms INTEGER NOT NULL,"
	" analysis TEXT NOT NULL,"
	" PRIMARY KEY (user, function, program)"
	") WITHOUT ROWID;"
	"INSERT INTO functions_run SELECT ifnull(user, ''), runs_old.* FROM runs_old"
	" LEFT JOIN owners USING (function);"
	"DROP TABLE runs_old;"
	"CREATE INDEX functions_run_age ON functions_run (last_unix_ms);"
	"DROP TABLE owners;",
};

_Static_assert(sizeof(migrations) / sizeof(migrations[0]) == OST_DATABASE_VERSION,
	       "every version has its migration");

int ost_database_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return -EBADMSG;
	default:
		return -EIO;
	}
}

int ost_database_fail(sqlite3 *db, const char *what, struct ost_error *err)
{
	const char *path = sqlite3_db_filename(db, "main");
	int code = sqlite3_extended_errcode(db), system = sqlite3_system_errno(db);
	int ret = ost_database_errno(code);

	if (!ret)
		ret = -EIO;
	if (ret == -EBADMSG)
		return ost_error_set(
			err, ret,
			"%s is damaged or no SQLite file (%s); move it aside, or mend it with "
			"sqlite3 and .recover",
			path, sqlite3_errmsg(db));
	return ost_error_set(err, ret, "can't %s %s: %s%s%s", what, path ? path : "",
			     sqlite3_errmsg(db), system ? ": " : "",
			     system ? strerror(system) : "");
}

static int query_int(sqlite3 *db, const char *sql, int *value, struct ost_error *err)
{
	sqlite3_stmt *query = NULL;
	int ret = 0;

	if (sqlite3_prepare_v2(db, sql, -1, &query, NULL) != SQLITE_OK ||
	    sqlite3_step(query) != SQLITE_ROW)
		ret = ost_database_fail(db, "read", err);
	else
		*value = sqlite3_column_int(query, 0);
	sqlite3_finalize(query);
	return ret;
}

static int run(sqlite3 *db, const char *sql, const char *what, struct ost_error *err)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return ost_database_fail(db, what, err);
}

static int migrate(sqlite3 *db, int version, struct ost_error *err)
{
	char done[96];
	int ret = run(db, "BEGIN IMMEDIATE", "lock", err);

	for (; !ret && version < OST_DATABASE_VERSION; version++)
		ret = run(db, migrations[version], "bring up to this version", err);
	if (!ret) {
		sqlite3_snprintf(sizeof(done), done,
				 "PRAGMA application_id = %d; PRAGMA user_version = %d",
				 OST_DATABASE_ID, OST_DATABASE_VERSION);
		ret = run(db, done, "mark", err);
	}
	if (!ret)
		return run(db, "COMMIT", "write", err);
	sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	return ret;
}

/* Is it ours, and of a version that this program knows? */
static int check_version(sqlite3 *db, const char *path, int *version, struct ost_error *err)
{
	int id = 0, tables = 0, ret;

	ret = query_int(db, "PRAGMA user_version", version, err);
	if (!ret)
		ret = query_int(db, "PRAGMA application_id", &id, err);
	if (!ret)
		ret = query_int(db, "SELECT count(*) FROM sqlite_schema", &tables, err);
	if (ret)
		return ret;
	if (id != OST_DATABASE_ID && (tables || *version))
		return ost_error_set(
			err, -EMEDIUMTYPE,
			"%s is another program's database; set [store] path to another file", path);
	if (*version > OST_DATABASE_VERSION)
		return ost_error_set(
			err, -EPROTO,
			"%s has version %d, this daemon knows up to %d; run a newer daemon, or "
			"set [store] path to another file",
			path, *version, OST_DATABASE_VERSION);
	return 0;
}

static int prepare(sqlite3 *db, const char *path, struct ost_error *err)
{
	int version = 0, ret;

	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, BUSY_MS);
	ret = check_version(db, path, &version, err);
	if (!ret && sqlite3_db_readonly(db, "main"))
		ret = ost_error_set(
			err, -EROFS,
			"%s can't be written; check the mode of the file and whether its "
			"file system is mounted read-only",
			path);
	if (!ret)
		ret = run(db,
			  "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
			  "PRAGMA wal_autocheckpoint = " CHECKPOINT_PAGES ";"
			  "PRAGMA journal_size_limit = 4194304; PRAGMA cache_size = -512;"
			  "PRAGMA trusted_schema = OFF",
			  "set up", err);
	if (!ret && version < OST_DATABASE_VERSION)
		ret = migrate(db, version, err);
	return ret;
}

/* Make the directory that holds the file; its parent must be there. SQLite makes files beside ours.
 */
static int make_parent(const char *path, struct ost_error *err)
{
	char parent[OST_PATH_LEN];
	char *slash;

	if (path[0] != '/' || strlen(path) >= sizeof(parent))
		return ost_error_set(err, -EINVAL, "[store] path = %s must be an absolute path",
				     path);
	strcpy(parent, path);
	slash = strrchr(parent, '/');
	slash[slash == parent] = '\0';
	if (mkdir(parent, 0700) < 0 && errno != EEXIST)
		return ost_error_set(
			err, -errno,
			"can't make the directory %s: %s; make it, or set [store] path to "
			"another file",
			parent, strerror(errno));
	if (access(parent, W_OK | X_OK) < 0)
		return ost_error_set(
			err, -errno,
			"the directory %s can't be written: %s; set [store] path to a file "
			"elsewhere",
			parent, strerror(errno));
	return 0;
}

int ost_database_open(const char *path, sqlite3 **out, struct ost_error *err)
{
	sqlite3 *db = NULL;
	int ret = make_parent(path, err);

	if (ret)
		return ret;
	if (sqlite3_open_v2(path, &db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
			    NULL) != SQLITE_OK)
		ret = ost_error_set(err, db ? ost_database_errno(sqlite3_errcode(db)) : -ENOMEM,
				    "can't open %s: %s", path, strerror(sqlite3_system_errno(db)));
	if (!ret)
		ret = prepare(db, path, err);
	if (ret)
		sqlite3_close(db);
	else
		*out = db;
	return ret;
}
