// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/program/archive_walk.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "isa/program/archive_folder.h"
#include "isa/program/archive_read.h"
#include "lib/cleanup.h"

/* Where POSIX tar has its magic, bytes into a header. */
#define TAR_MAGIC_AT 257

/* Most of a file that is kept for its name's sake, bytes. */
#define NAMED_MAX (16 * OST_MIB)

/* Faulty headers in a row after which an archive counts as broken. */
#define RETRIES_MAX 16

static int refuse(struct ost_archive_walk *walk, const char *name, int why)
{
	if (why == -ENOSPC || why == -EDQUOT || why == -ENOMEM || why == -EROFS || why == -EMFILE)
		return ost_error_set(&walk->err, why, "can't write below the temporary folder: %s",
				     strerror(-why));
	walk->stats.refused++;
	if (why == -EXDEV)
		ost_archive_remark(walk, name, "leads out of the archive; not unpacked");
	else
		ost_archive_remark(walk, name, "can't be unpacked there: %s", strerror(-why));
	return 0;
}

static int keep_file(struct ost_archive_reader *reader, struct ost_archive_item *item, uint64_t *counter)
{
	struct ost_archive_walk *walk = reader->walk;
	_ost_close_ int fd = -1;
	int r;

	if (walk->folder >= 0) {
		fd = ost_folder_create(walk->folder, item->name);
		if (fd < 0)
			return refuse(walk, item->name, fd);
	} else {
		fd = memfd_create("file", MFD_CLOEXEC);
		if (fd < 0)
			return ost_error_set(&walk->err, -errno, "no memory file: %s", strerror(errno));
	}
	r = ost_archive_item_copy(reader, item, fd);
	if (r == ARCHIVE_EOF) {
		(*counter)++;
		return 0;
	}
	if (walk->folder >= 0)
		ost_folder_unlink(walk->folder, item->name);
	return ost_archive_item_unread(reader, item, r);
}

static int walk_fd(struct ost_archive_walk *walk, int fd);

/* An archive in an archive: copied out, since zip's table of contents is at its end. */
static int go_inside(struct ost_archive_reader *reader, struct ost_archive_item *item)
{
	struct ost_archive_walk *walk = reader->walk;
	_ost_close_ int fd = -1;
	size_t prefix = strlen(walk->prefix);
	int r;

	if (walk->depth >= walk->limits.nesting ||
	    strlen(item->name) + 3 > sizeof(walk->prefix)) {
		walk->stats.unread++;
		ost_archive_remark(walk, item->name, "is an archive nested more than %u deep; not opened",
				   walk->limits.nesting);
		walk->stats.passed--;
		return ost_archive_item_pass(reader, item);
	}
	fd = walk->folder < 0 ? memfd_create("archive", MFD_CLOEXEC) :
				openat(walk->folder, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return ost_error_set(&walk->err, -errno, "can't write below the temporary folder: %s",
				     strerror(errno));
	r = ost_archive_item_copy(reader, item, fd);
	if (r != ARCHIVE_EOF)
		return ost_archive_item_unread(reader, item, r);
	if (lseek(fd, 0, SEEK_SET) < 0)
		return ost_error_set(&walk->err, -errno, "can't seek: %s", strerror(errno));
	walk->depth++;
	walk->stats.nested++;
	snprintf(walk->prefix, sizeof(walk->prefix), "%.*s!/", OST_ARCHIVE_NAME_MAX - 3, item->name);
	r = walk_fd(walk, fd);
	walk->prefix[prefix] = '\0';
	walk->depth--;
	/* a compressed file that is no archive, or a broken one: the others are still of use */
	if (r == -ENOMEDIUM) {
		walk->stats.nested--;
		walk->stats.passed++;
	} else if (r == -EBADMSG) {
		walk->stats.unread++;
		ost_archive_remark(walk, item->name, "%.100s", walk->err.text);
	} else {
		return r;
	}
	memset(&walk->err, 0, sizeof(walk->err));
	return 0;
}

/* Files by their name: the loader's, and what says how a bundle is run. */
static bool wanted_by_name(const char *name)
{
	const char *last = strrchr(name, '/');
	size_t len;

	last = last ? last + 1 : name;
	len = strlen(last);
	if (!strcmp(last, "config.json"))
		return strchr(name, '/') == strrchr(name, '/');
	return !strcmp(last, "ld.so.cache") ||
	       (len > 13 && !memcmp(last, "ld-musl-", 8) && !strcmp(last + len - 5, ".path"));
}

/* Of an executable text the first line is enough: it names the program that reads the rest. */
static int keep_script(struct ost_archive_reader *reader, struct ost_archive_item *item)
{
	struct ost_archive_walk *walk = reader->walk;

	if (walk->folder >= 0) {
		_ost_close_ int fd = ost_folder_create(walk->folder, item->name);

		if (fd < 0)
			refuse(walk, item->name, fd);
		else if (ost_archive_item_write(walk, item, fd, item->head, item->head_size, 0))
			return walk->err.code;
	}
	return walk->err.code ? walk->err.code : ost_archive_item_pass(reader, item);
}

static int take_file(struct ost_archive_reader *reader, struct ost_archive_item *item)
{
	struct ost_archive_walk *walk = reader->walk;
	struct archive_entry *entry = item->entry;
	uint64_t other = 0;
	int r;

	if (ost_libarchive.entry_is_encrypted(entry)) {
		walk->stats.unread++;
		ost_archive_remark(walk, item->name, "is encrypted: what it needs can't be known");
		return 0;
	}
	r = ost_archive_item_head(reader, item);
	if (r)
		return ost_archive_item_unread(reader, item, r);
	if (item->head_size >= SELFMAG && !memcmp(item->head, ELFMAG, SELFMAG))
		return keep_file(reader, item, &walk->stats.programs);
	if (wanted_by_name(item->name) && ost_libarchive.entry_size(entry) <= (la_int64_t)NAMED_MAX)
		return keep_file(reader, item, &other);
	if (ost_archive_magic(item->head, item->head_size))
		return go_inside(reader, item);
	if (walk->folder >= 0)
		ost_folder_unlink(walk->folder, item->name);
	if (item->head_size > 2 && !memcmp(item->head, "#!", 2) &&
	    ost_libarchive.entry_perm(entry) & 0111)
		return keep_script(reader, item);
	return ost_archive_item_pass(reader, item);
}

static int note_link(struct ost_archive_walk *walk, const char *name)
{
	if (walk->link_count == walk->link_room) {
		size_t room = walk->link_room ? walk->link_room * 2 : 64;
		char **grown = reallocarray(walk->links, room, sizeof(*grown));

		if (!grown)
			return ost_error_set(&walk->err, -ENOMEM, "no memory for the names of links");
		walk->links = grown;
		walk->link_room = room;
	}
	walk->links[walk->link_count] = strdup(name);
	if (!walk->links[walk->link_count])
		return ost_error_set(&walk->err, -ENOMEM, "no memory for the names of links");
	walk->link_count++;
	walk->stats.links++;
	return 0;
}

static int take_symlink(struct ost_archive_walk *walk, struct ost_archive_item *item)
{
	const char *target = ost_libarchive.entry_symlink(item->entry);
	int ret;

	if (!target)
		target = ost_libarchive.entry_symlink_utf8(item->entry);
	if (!target || !*target)
		return refuse(walk, item->name, -EILSEQ);
	if (walk->folder < 0)
		return 0;
	ret = ost_folder_symlink(walk->folder, item->name, target);
	return ret ? refuse(walk, item->name, ret) : note_link(walk, item->name);
}

static int take_hardlink(struct ost_archive_walk *walk, struct ost_archive_item *item, const char *target)
{
	char clean[OST_ARCHIVE_NAME_MAX];
	size_t prefix = strlen(walk->prefix);
	int ret;

	strcpy(clean, walk->prefix);
	ret = ost_folder_name(target, clean + prefix, sizeof(clean) - prefix);
	if (ret)
		return refuse(walk, item->name, ret);
	if (walk->folder < 0)
		return 0;
	ret = ost_folder_link(walk->folder, item->name, clean);
	if (!ret)
		walk->stats.links++;
	else if (ret == -ENOENT)
		walk->stats.passed++;
	else
		return refuse(walk, item->name, ret);
	return 0;
}

static int take_entry(struct ost_archive_reader *reader, struct ost_archive_item *item)
{
	struct ost_archive_walk *walk = reader->walk;
	const char *target = ost_libarchive.entry_hardlink(item->entry);

	if (!target)
		target = ost_libarchive.entry_hardlink_utf8(item->entry);
	if (target)
		return take_hardlink(walk, item, target);
	switch (ost_libarchive.entry_filetype(item->entry)) {
	case AE_IFREG:
		return take_file(reader, item);
	case AE_IFLNK:
		return take_symlink(walk, item);
	case AE_IFDIR:
		if (walk->folder >= 0) {
			int ret = ost_folder_make(walk->folder, item->name);

			return ret ? refuse(walk, item->name, ret) : 0;
		}
		return 0;
	default:
		walk->stats.special++;
		return 0;
	}
}

/* The entry's name behind those of the archives it is in. */
static int name_entry(struct ost_archive_walk *walk, struct ost_archive_item *item)
{
	const char *name = ost_libarchive.entry_pathname(item->entry);
	size_t prefix = strlen(walk->prefix);
	char clean[OST_ARCHIVE_NAME_MAX], none[32];
	int ret;

	if (!name)
		name = ost_libarchive.entry_pathname_utf8(item->entry);
	if (!name || !*name) {
		snprintf(none, sizeof(none), "entry-%" PRIu64, walk->stats.entries);
		name = none;
	}
	strcpy(item->name, walk->prefix);
	ret = ost_folder_name(name, item->name + prefix, sizeof(item->name) - prefix);
	/* with the prefix there may be too many levels */
	if (!ret && prefix)
		ret = ost_folder_name(item->name, clean, sizeof(clean));
	if (ret)
		snprintf(item->name, sizeof(item->name), "%.200s", name);
	return ret;
}

static int read_entries(struct ost_archive_reader *reader, struct ost_archive_item *item)
{
	struct ost_archive_walk *walk = reader->walk;
	unsigned int retries = 0;
	int r, ret = 0;

	while (!ret) {
		r = ost_libarchive.read_next_header2(reader->archive, item->entry);
		if (r == ARCHIVE_EOF)
			return 0;
		/* the format is looked for when the first header is */
		if (r == ARCHIVE_FATAL || (r < ARCHIVE_WARN && ++retries > RETRIES_MAX))
			return ost_archive_reader_broken(
				reader, ost_libarchive.format(reader->archive) ? -EBADMSG :
										 -ENOMEDIUM);
		if (walk->stats.entries++ == walk->limits.entries)
			return ost_error_set(&walk->err, -E2BIG,
					     "it has more than the %" PRIu64 " entries that it may have",
					     walk->limits.entries);
		ret = ost_archive_out_of_time(walk);
		if (ret)
			return ret;
		item->head_size = item->rest_size = item->offset = 0;
		item->rest = NULL;
		item->at_end = false;
		ret = name_entry(walk, item);
		if (ret)
			ret = refuse(walk, item->name, ret);
		else if (r < ARCHIVE_WARN)
			ret = ost_archive_item_unread(reader, item, r);
		else
			ret = take_entry(reader, item);
	}
	return ret;
}

static int walk_fd(struct ost_archive_walk *walk, int fd)
{
	struct ost_archive_reader *reader = malloc(sizeof(*reader));
	struct ost_archive_item *item = calloc(1, sizeof(*item));
	int ret = -ENOMEM;

	if (item)
		item->entry = ost_libarchive.entry_new();
	if (!reader || !item || !item->entry) {
		ost_error_set(&walk->err, ret, "no memory to read an archive");
	} else {
		reader->walk = walk;
		reader->fd = fd;
		ret = ost_archive_reader_open(reader);
		if (!ret)
			ret = read_entries(reader, item);
		ost_libarchive.read_free(reader->archive);
	}
	if (item)
		ost_libarchive.entry_free(item->entry);
	free(item);
	free(reader);
	return ret;
}

/* Now that all links are there: drop those that lead out by way of each other. */
static void check_links(struct ost_archive_walk *walk)
{
	for (size_t i = 0; i < walk->link_count; i++) {
		if (!ost_folder_leaves(walk->folder, walk->links[i]))
			continue;
		ost_folder_unlink(walk->folder, walk->links[i]);
		refuse(walk, walk->links[i], -EXDEV);
		walk->stats.links--;
	}
}

bool ost_archive_magic(const uint8_t *head, size_t len)
{
	static const struct {
		const char *bytes;
		uint8_t len;
	} magics[] = {
		{ "PK\003\004", 4 }, { "PK\005\006", 4 },	/* zip, and one that is empty */
		{ "\037\213\010", 3 },			/* gzip, RFC 1952 */
		{ "BZh", 3 },
		{ "\3757zXZ", 6 },
		{ "\050\265\057\375", 4 },		/* zstd, RFC 8878 */
	};

	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (len >= magics[i].len && !memcmp(head, magics[i].bytes, magics[i].len))
			return true;
	return len >= TAR_MAGIC_AT + 5 && !memcmp(head + TAR_MAGIC_AT, "ustar", 5);
}

void ost_archive_limits_fill(struct ost_archive_limits *limits,
			     const struct ost_archive_limits *given)
{
	static const struct ost_archive_limits defaults = {
		.bytes = 8192 * OST_MIB,
		.file_bytes = 1024 * OST_MIB,
		.entries = 1000000,
		.nesting = 3,
		.ratio = 1500,
		.seconds = 120,
	};

	*limits = given ? *given : defaults;
	if (!limits->bytes)
		limits->bytes = defaults.bytes;
	if (!limits->file_bytes)
		limits->file_bytes = defaults.file_bytes;
	if (!limits->entries)
		limits->entries = defaults.entries;
	if (!limits->nesting)
		limits->nesting = defaults.nesting;
	else if (limits->nesting == UINT32_MAX)
		limits->nesting = 0;
	if (!limits->ratio)
		limits->ratio = defaults.ratio;
	if (!limits->seconds)
		limits->seconds = defaults.seconds;
}

int ost_archive_walk_all(struct ost_archive_walk *walk, int fd, const char *path)
{
	struct stat st;
	char why[sizeof(walk->err.text)], line[128];
	int ret;

	ret = ost_archive_library_load(&walk->err);
	if (ret)
		return ret;
	if (fstat(fd, &st))
		return ost_error_set(&walk->err, -errno, "%.200s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return ost_error_set(&walk->err, -ENOMEDIUM, "%.200s is no regular file", path);
	walk->size = st.st_size ? st.st_size : 1;
	walk->deadline_ns = ost_archive_now_ns() + walk->limits.seconds * 1000000000ull;
	ret = walk_fd(walk, fd);
	if (!ret && walk->stats.unread && walk->stats.unread == walk->stats.entries)
		ret = ost_error_set(&walk->err, -EACCES, "nothing of it can be read: %.200s",
				    walk->stats.remark);
	if (!ret) {
		check_links(walk);
		return 0;
	}
	ost_archive_shown(walk->err.text, why, sizeof(why));
	if (ret == -ENOMEDIUM)
		return ost_error_set(&walk->err, ret,
				     "%.120s is no zip (jar, wheel) or tar (.gz, .bz2, .xz, .zst) archive: "
				     "%.120s",
				     ost_archive_shown(path, line, sizeof(line)), why);
	return ost_error_set(&walk->err, ret, "%.120s: %.190s", ost_archive_shown(path, line, sizeof(line)), why);
}

void ost_archive_walk_free(struct ost_archive_walk *walk)
{
	for (size_t i = 0; i < walk->link_count; i++)
		free(walk->links[i]);
	free(walk->links);
}
