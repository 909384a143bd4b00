// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/program/archive_read.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Output below which no ratio is looked at, bytes. */
#define RATIO_FROM (64 * OST_MIB)

uint64_t ost_archive_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ull + now.tv_nsec;
}

const char *ost_archive_shown(const char *name, char *buf, size_t size)
{
	const unsigned char *from = (const unsigned char *)name;
	size_t i;

	for (i = 0; from[i] && i + 1 < size; i++) {
		/* control characters, also those that UTF-8 writes as C2 80 to C2 9F */
		bool control = from[i] < ' ' || from[i] == 0x7f ||
			       (from[i] == 0xc2 && from[i + 1] >= 0x80 && from[i + 1] < 0xa0);

		buf[i] = control ? '?' : name[i];
	}
	buf[i] = '\0';
	return buf;
}

void ost_archive_remark(struct ost_archive_walk *walk, const char *name, const char *fmt, ...)
{
	char *text = walk->stats.remark, line[100], why[136];
	va_list args;

	if (*text)
		return;
	va_start(args, fmt);
	vsnprintf(why, sizeof(why), fmt, args);
	va_end(args);
	snprintf(text, sizeof(walk->stats.remark), "%s: %s",
		 ost_archive_shown(name, line, sizeof(line)), why);
}

int ost_archive_out_of_time(struct ost_archive_walk *walk)
{
	if (ost_archive_now_ns() < walk->deadline_ns)
		return 0;
	return ost_error_set(&walk->err, -ETIME,
			     "unpacking took more than the %u seconds that it may take",
			     walk->limits.seconds);
}

/* Count what came out of the decompressor. */
static int spend(struct ost_archive_walk *walk, uint64_t bytes)
{
	uint64_t all = walk->stats.bytes += bytes;

	if (all > walk->limits.bytes)
		return ost_error_set(&walk->err, -E2BIG,
				     "it holds more than the %" PRIu64 " MiB that may come out of an archive",
				     walk->limits.bytes / OST_MIB);
	if (all > RATIO_FROM && all / walk->limits.ratio > walk->size)
		return ost_error_set(&walk->err, -E2BIG,
				     "%" PRIu64 " MiB came out of %" PRIu64 " bytes: more than the %u-fold "
				     "that is allowed",
				     all / OST_MIB, walk->size, walk->limits.ratio);
	return ost_archive_out_of_time(walk);
}

static la_ssize_t read_more(struct archive *archive, void *context, const void **buf)
{
	struct ost_archive_reader *reader = context;
	ssize_t n;

	if (ost_archive_out_of_time(reader->walk)) {
		ost_libarchive.set_error(archive, ETIME, "%s", reader->walk->err.text);
		return ARCHIVE_FATAL;
	}
	do
		n = read(reader->fd, reader->buf, sizeof(reader->buf));
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		ost_libarchive.set_error(archive, errno, "can't read: %s", strerror(errno));
		return ARCHIVE_FATAL;
	}
	*buf = reader->buf;
	return n;
}

static la_int64_t seek_to(struct archive *archive, void *context, la_int64_t offset, int whence)
{
	struct ost_archive_reader *reader = context;
	off_t at = lseek(reader->fd, offset, whence);

	(void)archive;
	return at < 0 ? ARCHIVE_FATAL : at;
}

static la_int64_t skip_over(struct archive *archive, void *context, la_int64_t request)
{
	struct ost_archive_reader *reader = context;
	off_t at = lseek(reader->fd, 0, SEEK_CUR), end = lseek(reader->fd, 0, SEEK_END);

	(void)archive;
	/* never past the end, so that a size that is a lie shows as a file cut short */
	if (at < 0 || end < 0 || lseek(reader->fd, at, SEEK_SET) < 0)
		return ARCHIVE_FATAL;
	if (request <= 0 || request > end - at)
		return 0;
	return lseek(reader->fd, request, SEEK_CUR) < 0 ? ARCHIVE_FATAL : request;
}

int ost_archive_reader_broken(struct ost_archive_reader *reader, int code)
{
	struct ost_archive_walk *walk = reader->walk;
	const char *text = ost_libarchive.error_string(reader->archive);
	char line[160];

	/* a limit that a callback noticed is told already */
	if (walk->err.code)
		return walk->err.code;
	if (ost_libarchive.error_number(reader->archive) == ENOMEM)
		return ost_error_set(&walk->err, -ENOMEM, "unpacking needs more memory than it may use");
	return ost_error_set(&walk->err, code, "%s%s", code == -EBADMSG ? "it is broken or cut short: " : "",
			     ost_archive_shown(text ? text : "no more is known", line, sizeof(line)));
}

int ost_archive_reader_open(struct ost_archive_reader *reader)
{
	struct archive *archive = reader->archive = ost_libarchive.read_new();
	int r;

	if (!archive)
		return ost_error_set(&reader->walk->err, -ENOMEM, "no memory to read an archive");
	ost_libarchive.read_support_format_zip(archive);
	ost_libarchive.read_support_format_tar(archive);
	ost_libarchive.read_support_filter_gzip(archive);
	ost_libarchive.read_support_filter_bzip2(archive);
	ost_libarchive.read_support_filter_xz(archive);
	ost_libarchive.read_support_filter_zstd(archive);
	ost_libarchive.read_set_read_callback(archive, read_more);
	ost_libarchive.read_set_seek_callback(archive, seek_to);
	ost_libarchive.read_set_skip_callback(archive, skip_over);
	ost_libarchive.read_set_callback_data(archive, reader);
	r = ost_libarchive.read_open1(archive);
	if (r < ARCHIVE_WARN)
		return ost_archive_reader_broken(reader, -ENOMEDIUM);
	/* one filter is the file itself */
	reader->compressed = ost_libarchive.filter_count(archive) > 1;
	if (ost_libarchive.filter_count(archive) > 2)
		return ost_error_set(&reader->walk->err, -ENOMEDIUM, "it is compressed more than once");
	return 0;
}

int ost_archive_item_head(struct ost_archive_reader *reader, struct ost_archive_item *item)
{
	while (item->head_size < OST_ARCHIVE_HEAD_SIZE) {
		const void *block;
		size_t size, take;
		la_int64_t offset;
		int r = ost_libarchive.read_data_block(reader->archive, &block, &size, &offset);

		if (r == ARCHIVE_EOF) {
			item->at_end = true;
			return 0;
		}
		if (r != ARCHIVE_OK)
			return r;
		if (spend(reader->walk, size))
			return ARCHIVE_FATAL;
		if (offset < 0)
			return ARCHIVE_FATAL;
		/* a hole: with zeroes at the front it is nothing that is kept */
		if ((uint64_t)offset != item->head_size) {
			item->rest = block;
			item->rest_size = size;
			item->offset = offset;
			return 0;
		}
		take = OST_ARCHIVE_HEAD_SIZE - item->head_size;
		take = size < take ? size : take;
		memcpy(item->head + item->head_size, block, take);
		item->head_size += take;
		item->offset = item->head_size;
		item->rest = (const uint8_t *)block + take;
		item->rest_size = size - take;
	}
	return 0;
}

int ost_archive_item_write(struct ost_archive_walk *walk, const struct ost_archive_item *item, int fd,
			   const void *bytes, size_t size, uint64_t offset)
{
	const uint8_t *from = bytes;

	if (offset > walk->limits.file_bytes || size > walk->limits.file_bytes - offset)
		return ost_error_set(&walk->err, -E2BIG,
				     "%.120s is larger than the %" PRIu64 " MiB that a file may have",
				     item->name, walk->limits.file_bytes / OST_MIB);
	while (size) {
		ssize_t n = pwrite(fd, from, size, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ost_error_set(&walk->err, -errno, "can't write below the temporary folder: %s",
					     strerror(errno));
		from += n;
		offset += n;
		size -= n;
	}
	return 0;
}

int ost_archive_item_copy(struct ost_archive_reader *reader, struct ost_archive_item *item, int fd)
{
	struct ost_archive_walk *walk = reader->walk;
	int r = item->at_end ? ARCHIVE_EOF : ARCHIVE_OK;

	if (ost_archive_item_write(walk, item, fd, item->head, item->head_size, 0) ||
	    ost_archive_item_write(walk, item, fd, item->rest, item->rest_size, item->offset))
		return ARCHIVE_FATAL;
	while (r == ARCHIVE_OK) {
		const void *block;
		size_t size;
		la_int64_t offset;

		r = ost_libarchive.read_data_block(reader->archive, &block, &size, &offset);
		if (r == ARCHIVE_OK && (offset < 0 || spend(walk, size) ||
					ost_archive_item_write(walk, item, fd, block, size, offset)))
			r = ARCHIVE_FATAL;
	}
	return r;
}

int ost_archive_item_unread(struct ost_archive_reader *reader, const struct ost_archive_item *item,
			    int r)
{
	const char *text = ost_libarchive.error_string(reader->archive);

	if (reader->walk->err.code || r == ARCHIVE_FATAL)
		return ost_archive_reader_broken(reader, -EBADMSG);
	reader->walk->stats.unread++;
	ost_archive_remark(reader->walk, item->name, "can't be read: %.80s",
			   text ? text : "no more is known");
	return 0;
}

int ost_archive_item_pass(struct ost_archive_reader *reader, struct ost_archive_item *item)
{
	int r = ARCHIVE_OK;

	reader->walk->stats.passed++;
	if (item->at_end)
		return 0;
	/* in one step only where that costs nothing, since a step can't be interrupted */
	if (!reader->compressed)
		r = ost_libarchive.read_data_skip(reader->archive) == ARCHIVE_FATAL ? ARCHIVE_FATAL :
									       ARCHIVE_EOF;
	while (r == ARCHIVE_OK) {
		const void *block;
		size_t size;
		la_int64_t offset;

		r = ost_libarchive.read_data_block(reader->archive, &block, &size, &offset);
		if (r == ARCHIVE_OK && spend(reader->walk, size))
			r = ARCHIVE_FATAL;
	}
	return r == ARCHIVE_FATAL ? ost_archive_reader_broken(reader, -EBADMSG) : 0;
}
