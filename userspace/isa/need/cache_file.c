// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/need/cache_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/error.h"
#include "lib/hash.h"

/* "OSTN", in PRAGMA application_id: tells our files from other SQLite files. */
#define APPLICATION_ID 0x4f53544e

/* Of the tables below, in PRAGMA user_version. */
#define SCHEMA_VERSION 2

/* How long another process may hold the file before this one goes on without, ms. */
#define BUSY_MS 2000

#define SCHEMA \
	"CREATE TABLE IF NOT EXISTS needs (" \
	" program TEXT NOT NULL," \
	" options TEXT NOT NULL," \
	" analyser TEXT NOT NULL," \
	" used_unix INTEGER NOT NULL," \
	" bytes INTEGER NOT NULL," \
	" record BLOB NOT NULL," \
	" PRIMARY KEY (program, options));" \
	"CREATE INDEX IF NOT EXISTS needs_by_use ON needs (used_unix, bytes);" \
	"CREATE TABLE IF NOT EXISTS closures (" \
	" search TEXT NOT NULL PRIMARY KEY," \
	" analyser TEXT NOT NULL," \
	" used_unix INTEGER NOT NULL," \
	" bytes INTEGER NOT NULL," \
	" record BLOB NOT NULL);" \
	"CREATE INDEX IF NOT EXISTS closures_by_use ON closures (used_unix, bytes);" \
	"PRAGMA application_id = 1330861134;" /* APPLICATION_ID */ \
	"PRAGMA user_version = 2;" \
	"COMMIT"

_Static_assert(APPLICATION_ID == 1330861134, "as in SCHEMA");

int ost_need_cache_path(char *buf, size_t size)
{
	const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int len;

	/* root's is one that no other user can reach, whatever the environment says */
	if (!geteuid())
		len = snprintf(buf, size, "/var/cache/ostler/scan.db");
	else if (base && *base == '/')
		len = snprintf(buf, size, "%s/ostler/scan.db", base);
	else if (home && *home == '/')
		len = snprintf(buf, size, "%s/.cache/ostler/scan.db", home);
	else
		return -ENOENT;
	return (size_t)len < size ? 0 : -ENAMETOOLONG;
}

/* The build-id of the program that runs, as far as @buf goes; "-" without one. */
static int own_build_id(struct dl_phdr_info *info, size_t size, void *buf)
{
	char *text = buf;

	for (unsigned int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *head = &info->dlpi_phdr[i];
		const char *at = (const char *)info->dlpi_addr + head->p_vaddr;
		const char *end = at + head->p_memsz;

		while (head->p_type == PT_NOTE && end - at >= (ptrdiff_t)sizeof(ElfW(Nhdr))) {
			const ElfW(Nhdr) *note = (const ElfW(Nhdr) *)at;
			const unsigned char *bytes = (const unsigned char *)(note + 1) +
						     ((note->n_namesz + 3) & ~3u);

			if (note->n_type == NT_GNU_BUILD_ID && note->n_namesz == 4)
				for (unsigned int b = 0; b < note->n_descsz && b < 20; b++)
					sprintf(text + 2 * b, "%02x", bytes[b]);
			at = (const char *)bytes + ((note->n_descsz + 3) & ~3u);
		}
	}
	/* the first object that is told of is the program itself */
	return 1;
}

void ost_need_analyser(char *buf, size_t size)
{
	char id[41] = "-";
	uint64_t names = 0;

	dl_iterate_phdr(own_build_id, id);
	for (unsigned int feature = 1; feature < OST_FEATURE_END; feature++)
		names = names * 31 + ost_hash_text(ost_feature_name(feature));
	snprintf(buf, size, "%u %016" PRIx64 " %s", OST_NEED_ANALYSER, names, id);
}

static int failed(sqlite3 *db, const char *what, const char *path, struct ost_error *err)
{
	int code = sqlite3_errcode(db), system = sqlite3_system_errno(db), ret;

	switch (code & 0xff) {
	case SQLITE_NOMEM:
		ret = -ENOMEM;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		ret = -EBUSY;
		break;
	case SQLITE_FULL:
		ret = -ENOSPC;
		break;
	case SQLITE_READONLY:
		ret = -EROFS;
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		ret = -EBADMSG;
		break;
	default:
		ret = system ? -system : -EIO;
	}
	return ost_error_set(err, ret, "can't %s the cache %.150s: %.80s%s%s", what, path,
			     sqlite3_errmsg(db), system ? ": " : "", system ? strerror(system) : "");
}

static int number(sqlite3 *db, const char *sql, int *value)
{
	sqlite3_stmt *query = NULL;
	int code = sqlite3_prepare_v2(db, sql, -1, &query, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_step(query);
	*value = code == SQLITE_ROW ? sqlite3_column_int(query, 0) : 0;
	sqlite3_finalize(query);
	return code == SQLITE_ROW ? 0 : -EIO;
}

/* Is it empty, or ours? -EBADMSG when it is of no use. */
static int check(struct ost_need_cache *cache, struct ost_error *err)
{
	int id, version, tables;

	if (number(cache->db, "PRAGMA application_id", &id) ||
	    number(cache->db, "PRAGMA user_version", &version) ||
	    number(cache->db, "SELECT count(*) FROM sqlite_schema", &tables))
		return failed(cache->db, "read", cache->path, err);
	if (!id && !version && !tables) {
		/* refused while another process does the same: then it does it for both */
		sqlite3_exec(cache->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
		if (sqlite3_exec(cache->db, "BEGIN IMMEDIATE;" SCHEMA, NULL, NULL, NULL))
			return failed(cache->db, "set up", cache->path, err);
		return 0;
	}
	/* what an older one wrote is of no use to this analyser */
	if (id == APPLICATION_ID && version > 0 && version < SCHEMA_VERSION) {
		if (sqlite3_exec(cache->db,
				 "BEGIN IMMEDIATE; DROP TABLE IF EXISTS needs;"
				 "DROP TABLE IF EXISTS closures;" SCHEMA, NULL, NULL, NULL))
			return failed(cache->db, "bring up to date", cache->path, err);
		return 0;
	}
	if (id != APPLICATION_ID)
		return ost_error_set(err, -EBADMSG, "%.200s is another program's database", cache->path);
	if (version != SCHEMA_VERSION)
		return ost_error_set(err, -EBADMSG, "the cache %.150s has version %d, not %d", cache->path,
				     version, SCHEMA_VERSION);
	return 0;
}

static void close_database(struct ost_need_cache *cache)
{
	sqlite3_finalize(cache->find);
	sqlite3_finalize(cache->find_closure);
	sqlite3_close(cache->db);
	cache->find = cache->find_closure = NULL;
	cache->db = NULL;
}

static int open_database(struct ost_need_cache *cache, struct ost_error *err)
{
	static const char find[] = "SELECT record, analyser, used_unix FROM needs "
				   "WHERE program = ?1 AND options = ?2";
	static const char find_closure[] = "SELECT record, analyser, used_unix FROM closures "
					   "WHERE search = ?1";
	int ret = 0;

	if (sqlite3_open_v2(cache->path, &cache->db,
			    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW, NULL))
		ret = cache->db ? failed(cache->db, "open", cache->path, err) : -ENOMEM;
	if (!ret) {
		sqlite3_extended_result_codes(cache->db, 1);
		sqlite3_busy_timeout(cache->db, BUSY_MS);
		sqlite3_db_config(cache->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
		sqlite3_db_config(cache->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
		sqlite3_exec(cache->db, "PRAGMA synchronous = NORMAL; PRAGMA cell_size_check = ON", NULL,
			     NULL, NULL);
		ret = check(cache, err);
	}
	if (!ret &&
	    (sqlite3_prepare_v3(cache->db, find, -1, SQLITE_PREPARE_PERSISTENT, &cache->find,
				NULL) ||
	     sqlite3_prepare_v3(cache->db, find_closure, -1, SQLITE_PREPARE_PERSISTENT,
				&cache->find_closure, NULL))) {
		/* the file is ours by its number, but has no such tables */
		failed(cache->db, "use", cache->path, err);
		ret = -EBADMSG;
	}
	if (ret)
		close_database(cache);
	return ret;
}

/* The file, so that it is private from its first byte, and the folders above it. */
static int make_file(const char *path, struct ost_error *err)
{
	char part[PATH_MAX];
	int fd;

	if (path[0] != '/' || strlen(path) + sizeof(".broken-wal") > sizeof(part))
		return ost_error_set(err, -EINVAL, "the cache's path must be absolute and not so long: %.150s",
				     path);
	for (const char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
		memcpy(part, path, slash - path);
		part[slash - path] = '\0';
		if (mkdir(part, 0700) && errno != EEXIST && errno != EROFS)
			return ost_error_set(err, -errno, "can't make the folder %.150s: %s", part,
					     strerror(errno));
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return ost_error_set(err, -errno, "can't open the cache %.150s: %s", path, strerror(errno));
	close(fd);
	return 0;
}

/* Rename a file that is of no use, and what SQLite keeps beside it. */
static int set_aside(struct ost_need_cache *cache, struct ost_error *err)
{
	static const char *const ends[] = { "", "-wal", "-shm" };
	char from[PATH_MAX + 8], to[PATH_MAX + 16];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(from, sizeof(from), "%s%s", cache->path, ends[i]);
		snprintf(to, sizeof(to), "%s.broken%s", cache->path, ends[i]);
		if (rename(from, to) && errno != ENOENT)
			return ost_error_set(err, -errno, "can't set aside the cache %.150s: %s", from,
					     strerror(errno));
	}
	return 0;
}

/* Is every page as it should be? */
static bool sound(sqlite3 *db)
{
	sqlite3_stmt *query = NULL;
	bool ok = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &query, NULL) == SQLITE_OK &&
		  sqlite3_step(query) == SQLITE_ROW &&
		  !strcmp((const char *)sqlite3_column_text(query, 0), "ok");

	sqlite3_finalize(query);
	return ok;
}

/* Open again, alone: another process may have set the file aside meanwhile. */
static int renew(struct ost_need_cache *cache, struct ost_error *err)
{
	char lock[PATH_MAX + 8];
	_ost_close_ int fd = -1;
	struct ost_error why = { 0 };
	int ret;

	close_database(cache);
	snprintf(lock, sizeof(lock), "%s.lock", cache->path);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX))
		return ost_error_set(err, -errno, "can't lock %.150s: %s", lock, strerror(errno));
	ret = make_file(cache->path, err);
	if (!ret)
		ret = open_database(cache, &why);
	if (!ret && !sound(cache->db)) {
		ret = ost_error_set(&why, -EBADMSG, "the cache %.150s is damaged", cache->path);
		close_database(cache);
	}
	if (ret != -EBADMSG)
		return ret;
	snprintf(cache->remark, sizeof(cache->remark), "%.200s; it is set aside as *.broken", why.text);
	ret = set_aside(cache, err);
	if (!ret)
		ret = make_file(cache->path, err);
	return ret ? ret : open_database(cache, err);
}

int ost_need_cache_open(struct ost_need_cache **out, const char *path, struct ost_error *err)
{
	struct ost_need_cache *cache;
	int ret = make_file(path, err);

	*out = NULL;
	if (ret)
		return ret;
	cache = calloc(1, sizeof(*cache));
	if (!cache)
		return ost_error_set(err, -ENOMEM, "no memory for the cache");
	strcpy(cache->path, path);
	cache->limit = OST_NEED_CACHE_BYTES;
	ost_need_analyser(cache->analyser, sizeof(cache->analyser));
	ret = open_database(cache, err);
	if (ret == -EBADMSG)
		ret = renew(cache, err);
	if (ret)
		free(cache);
	else
		*out = cache;
	return ret;
}

void ost_need_cache_close(struct ost_need_cache *cache)
{
	if (!cache)
		return;
	close_database(cache);
	free(cache);
}

const char *ost_need_cache_remark(const struct ost_need_cache *cache)
{
	return cache ? cache->remark : "";
}

void ost_need_cache_limit(struct ost_need_cache *cache, size_t bytes)
{
	if (cache)
		cache->limit = bytes;
}

int ost_need_cache_failed(struct ost_need_cache *cache, const char *what, struct ost_error *err)
{
	int ret = failed(cache->db, what, cache->path, err), renewed;

	if (ret != -EBADMSG)
		return ret;
	renewed = renew(cache, err);
	return renewed ? renewed : -EBADMSG;
}

