// SPDX-License-Identifier: GPL-2.0-or-later
/* Archives: what is kept, and what archives try that were made to do harm. All are made here. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "isa/program/archive.h"
#include "lib/error.h"

static const char elf[] = "\177ELF\2\1\1 and so on";
static char place[] = "/tmp/archive-test.XXXXXX", path[128], folder[OST_ARCHIVE_FOLDER_LEN];
static struct ost_archive_stats stats;
static struct ost_error err;
static struct archive *out;

static void begin(int (*format)(struct archive *), int filter)
{
	out = archive_write_new();
	assert_int_equal(format(out), ARCHIVE_OK);
	assert_int_equal(archive_write_add_filter(out, filter), ARCHIVE_OK);
	archive_write_set_bytes_in_last_block(out, 1);
	snprintf(path, sizeof(path), "%s/a", place);
	assert_int_equal(archive_write_open_filename(out, path), ARCHIVE_OK);
}

static void begin_tar(void)
{
	begin(archive_write_set_format_pax_restricted, ARCHIVE_FILTER_NONE);
}

static void add(const char *name, int type, const char *target, const void *bytes, size_t size)
{
	struct archive_entry *entry = archive_entry_new();

	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, type);
	archive_entry_set_perm(entry, 04755);
	if (type == AE_IFLNK)
		archive_entry_set_symlink(entry, target);
	else if (target)
		archive_entry_set_hardlink(entry, target);
	archive_entry_set_size(entry, size);
	assert_true(archive_write_header(out, entry) >= ARCHIVE_WARN);
	if (size)
		assert_int_equal(archive_write_data(out, bytes, size), size);
	archive_entry_free(entry);
}

static void add_elf(const char *name)
{
	add(name, AE_IFREG, NULL, elf, sizeof(elf));
}

static void end(void)
{
	assert_int_equal(archive_write_close(out), ARCHIVE_OK);
	archive_write_free(out);
}

static int unpack(const struct ost_archive_limits *limits)
{
	memset(&stats, 0, sizeof(stats));
	memset(&err, 0, sizeof(err));
	return ost_archive_unpack(path, limits, folder, &stats, &err);
}

/* What is at a name in the folder: 'f' file, 'd' folder, 'l' link, 0 nothing. */
static int at(const char *name)
{
	char full[OST_ARCHIVE_FOLDER_LEN + 256];
	struct stat st;

	snprintf(full, sizeof(full), "%s/%s", folder, name);
	if (lstat(full, &st))
		return 0;
	return S_ISREG(st.st_mode) ? 'f' : S_ISDIR(st.st_mode) ? 'd' : S_ISLNK(st.st_mode) ? 'l' : '?';
}

static void gone(void)
{
	struct stat st;
	char was[OST_ARCHIVE_FOLDER_LEN];

	strcpy(was, folder);
	assert_int_equal(ost_archive_remove(folder), 0);
	assert_int_equal(lstat(was, &st), -1);
}

/* Folders of unpacked archives that are there now. */
static unsigned int left_behind(void)
{
	FILE *list = popen("ls -d \"${TMPDIR:-/tmp}\"/ostler-scan.* 2>/dev/null | wc -l", "r");
	unsigned int count = 0;

	assert_int_equal(fscanf(list, "%u", &count), 1);
	pclose(list);
	return count;
}

static void fill_ordinary(void)
{
	char big[100000];

	memset(big, 'x', sizeof(big));
	memcpy(big, elf, sizeof(elf));
	add("bin", AE_IFDIR, NULL, NULL, 0);
	add("bin/tool", AE_IFREG, NULL, big, sizeof(big));
	add("./lib//x86/./liba.so.1", AE_IFREG, NULL, elf, sizeof(elf));
	add("doc/readme", AE_IFREG, NULL, "words", 5);
	add("run.sh", AE_IFREG, NULL, "#!/bin/sh\nexit 0\n", 17);
	add("config.json", AE_IFREG, NULL, "{}", 2);
	add("etc/ld.so.cache", AE_IFREG, NULL, "glibc-ld.so.cache1.1", 20);
	add("lib/\303\251t\303\251.so", AE_IFREG, NULL, elf, sizeof(elf));
}

static void check_ordinary(void)
{
	char full[OST_ARCHIVE_FOLDER_LEN + 16];
	struct stat st;

	assert_int_equal(ost_archive_is(path), 1);
	assert_int_equal(unpack(NULL), 0);
	assert_string_equal(stats.remark, "");
	assert_int_equal(stats.programs, 3);
	assert_int_equal(at("bin/tool"), 'f');
	assert_int_equal(at("lib/x86/liba.so.1"), 'f');
	assert_int_equal(at("lib/\303\251t\303\251.so"), 'f');
	assert_int_equal(at("doc/readme"), 0);
	assert_int_equal(at("run.sh"), 'f');
	assert_int_equal(at("config.json"), 'f');
	assert_int_equal(at("etc/ld.so.cache"), 'f');
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	snprintf(full, sizeof(full), "%s/bin/tool", folder);
	assert_int_equal(stat(full, &st), 0);
	assert_int_equal(st.st_size, 100000);
	assert_int_equal(st.st_mode & 07777, 0600);
	gone();
}

static void takes_each_kind(void **state)
{
	static const int filters[] = { ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_BZIP2,
				       ARCHIVE_FILTER_XZ, ARCHIVE_FILTER_ZSTD };

	for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
		begin(archive_write_set_format_pax_restricted, filters[i]);
		fill_ordinary();
		end();
		check_ordinary();
	}
	begin(archive_write_set_format_zip, ARCHIVE_FILTER_NONE);
	fill_ordinary();
	end();
	check_ordinary();
}

static void later_entry_stays(void **state)
{
	begin_tar();
	add_elf("a");
	add("a", AE_IFREG, NULL, "text", 4);
	add("b", AE_IFREG, NULL, "text", 4);
	add_elf("b");
	add("c", AE_IFLNK, "b", NULL, 0);
	add_elf("c");
	end();
	assert_int_equal(unpack(NULL), 0);
	assert_int_equal(at("a"), 0);
	assert_int_equal(at("b"), 'f');
	assert_int_equal(at("c"), 'f');
	gone();
}

static void climbing_names_are_refused(void **state)
{
	begin_tar();
	add_elf("../climbed");
	add_elf("a/../../climbed");
	add_elf("/abs/tool");
	add_elf("//../climbed");
	end();
	assert_int_equal(unpack(NULL), 0);
	assert_int_equal(stats.refused, 3);
	assert_int_equal(stats.programs, 1);
	assert_int_equal(at("abs/tool"), 'f');
	assert_int_equal(at("../climbed"), 0);
	assert_string_equal(stats.remark, "../climbed: leads out of the archive; not unpacked");
	gone();
}

static void links_stay_inside(void **state)
{
	char full[OST_ARCHIVE_FOLDER_LEN + 64], target[256] = "";

	begin_tar();
	add("usr/lib/real", AE_IFREG, NULL, elf, sizeof(elf));
	add("lib", AE_IFLNK, "usr/lib", NULL, 0);
	add("lib/more", AE_IFREG, NULL, elf, sizeof(elf));	/* as layers of images do it */
	add("usr/abs", AE_IFLNK, "/usr/lib/real", NULL, 0);
	add("root", AE_IFLNK, "/", NULL, 0);
	add("up", AE_IFLNK, "../../../../etc/passwd", NULL, 0);
	add("usr/round", AE_IFLNK, "round", NULL, 0);
	add("dangling", AE_IFLNK, "not/there", NULL, 0);
	end();
	assert_int_equal(unpack(NULL), 0);
	assert_int_equal(at("usr/lib/more"), 'f');
	assert_int_equal(at("root"), 'l');
	assert_int_equal(at("up"), 0);
	assert_int_equal(at("dangling"), 'l');
	snprintf(full, sizeof(full), "%s/usr/abs", folder);
	assert_true(readlink(full, target, sizeof(target) - 1) > 0);
	assert_string_equal(target, "../usr/lib/real");
	assert_int_equal(stats.refused, 1);
	gone();
}

static void links_through_links_are_found(void **state)
{
	begin_tar();
	add("a/b/c", AE_IFDIR, NULL, NULL, 0);
	/* by its letters deep inside, in truth the folder itself */
	add("a/b/c/top", AE_IFLNK, "/", NULL, 0);
	add("out", AE_IFLNK, "a/b/c/top/../../etc", NULL, 0);
	end();
	assert_int_equal(unpack(NULL), 0);
	assert_int_equal(at("a/b/c/top"), 'l');
	assert_int_equal(at("out"), 0);
	assert_int_equal(stats.refused, 1);
	gone();
}

static void nothing_is_written_through_links(void **state)
{
	char victim[160], link[160];
	struct stat st;

	snprintf(victim, sizeof(victim), "%s/victim", place);
	snprintf(link, sizeof(link), "../%s", strrchr(place, '/') + 1);
	mkdir(victim, 0700);
	begin_tar();
	add("x", AE_IFLNK, victim, NULL, 0);
	add_elf("x/planted");
	add("y", AE_IFLNK, link, NULL, 0);
	add_elf("y/victim/planted");
	add("z", AE_IFLNK, "/etc/hostname", NULL, 0);
	add_elf("z");		/* replaces the link, not what it leads to */
	end();
	assert_int_equal(unpack(NULL), 0);
	strcat(victim, "/planted");
	assert_int_equal(lstat(victim, &st), -1);
	assert_int_equal(at("z"), 'f');
	gone();
}

static void hard_links_stay_inside(void **state)
{
	begin_tar();
	add_elf("a");
	add("dir/b", AE_IFREG, "a", NULL, 0);
	add("c", AE_IFREG, "/etc/passwd", NULL, 0);
	add("d", AE_IFREG, "../../../etc/passwd", NULL, 0);
	add("l", AE_IFLNK, "/etc", NULL, 0);
	add("e", AE_IFREG, "l/passwd", NULL, 0);
	add("a", AE_IFREG, "a", NULL, 0);
	end();
	assert_int_equal(unpack(NULL), 0);
	assert_int_equal(at("dir/b"), 'f');
	assert_int_equal(at("a"), 'f');
	assert_int_equal(at("c"), 0);
	assert_int_equal(at("d"), 0);
	assert_int_equal(at("e"), 0);
	assert_int_equal(stats.refused, 1);
	gone();
}

static void devices_are_passed_over(void **state)
{
	begin_tar();
	add("dev/mem", AE_IFCHR, NULL, NULL, 0);
	add("dev/sda", AE_IFBLK, NULL, NULL, 0);
	add("pipe", AE_IFIFO, NULL, NULL, 0);
	end();
	assert_int_equal(unpack(NULL), 0);
	assert_int_equal(stats.special, 3);
	assert_int_equal(at("dev/mem"), 0);
	assert_int_equal(at("pipe"), 0);
	gone();
}

static void names_need_not_be_utf8(void **state)
{
	begin_tar();
	add_elf("lib\377\376.so");
	add_elf("line\nbreak\033[31m");
	add_elf("..\377");
	end();
	assert_int_equal(unpack(NULL), 0);
	assert_int_equal(stats.programs, 3);
	assert_int_equal(at("lib\377\376.so"), 'f');
	assert_int_equal(at("line\nbreak\033[31m"), 'f');
	gone();
}

static void names_too_long_or_deep(void **state)
{
	char name[8192];

	begin_tar();
	memset(name, 'n', sizeof(name));
	name[300] = '\0';
	add_elf(name);
	for (size_t i = 0; i < 2000; i++)
		memcpy(name + 2 * i, "d/", 2);
	strcpy(name + 4000, "x");
	add_elf(name);
	memset(name, 'n', sizeof(name));
	for (size_t i = 100; i < sizeof(name); i += 100)
		name[i] = '/';
	name[8000] = '\0';
	add_elf(name);
	add_elf("fine");
	end();
	assert_int_equal(unpack(NULL), 0);
	assert_int_equal(stats.refused, 3);
	assert_int_equal(stats.programs, 1);
	gone();
}

/* The archive made so far as bytes. */
static size_t slurp(char *buf, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = read(fd, buf, size);

	close(fd);
	assert_true(n > 0 && (size_t)n < size);
	return n;
}

static void write_file(const void *bytes, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, bytes, size), size);
	close(fd);
}

static void archives_in_archives(void **state)
{
	static char inner[1 << 20];
	const struct ost_archive_limits none = { .nesting = UINT32_MAX }, one = { .nesting = 1 };
	size_t size;

	begin(archive_write_set_format_zip, ARCHIVE_FILTER_NONE);
	add_elf("lib/linux/libn.so");
	add_elf("../../climbed");
	end();
	size = slurp(inner, sizeof(inner));
	begin(archive_write_set_format_pax_restricted, ARCHIVE_FILTER_GZIP);
	add("n.jar", AE_IFREG, NULL, inner, size);
	add("note.gz", AE_IFREG, NULL, "\037\213\010\0\0\0\0\0\0\3\1\0\0\377\377\0\0\0\0\0\0\0\0", 23);
	end();
	size = slurp(inner, sizeof(inner));
	begin(archive_write_set_format_zip, ARCHIVE_FILTER_NONE);
	add("app/inner.tar.gz", AE_IFREG, NULL, inner, size);
	add("app/broken.zip", AE_IFREG, NULL, "PK\3\4\24\0\0\0", 8);
	add_elf("app/tool");
	end();

	assert_int_equal(unpack(NULL), 0);
	assert_int_equal(stats.nested, 3);
	assert_int_equal(stats.programs, 2);
	assert_int_equal(at("app/inner.tar.gz!/n.jar!/lib/linux/libn.so"), 'f');
	assert_int_equal(stats.refused, 1);
	assert_int_equal(stats.unread, 1);
	gone();
	assert_int_equal(unpack(&none), 0);
	assert_int_equal(stats.programs, 1);
	assert_int_equal(stats.unread, 2);
	assert_string_equal(stats.remark, "app/inner.tar.gz: is an archive nested more than 0 deep; not opened");
	gone();
	assert_int_equal(unpack(&one), 0);
	assert_int_equal(stats.nested, 2);
	assert_int_equal(stats.programs, 1);
	gone();
}

static void bomb(int filter, const char *head, uint64_t size)
{
	static char zeros[1 << 20];
	struct archive_entry *entry = archive_entry_new();

	begin(archive_write_set_format_pax_restricted, filter);
	archive_entry_set_pathname(entry, "bomb");
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0755);
	archive_entry_set_size(entry, size);
	assert_int_equal(archive_write_header(out, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(out, head, 4), 4);
	for (size -= 4; size;) {
		size_t part = size < sizeof(zeros) ? size : sizeof(zeros);

		assert_int_equal(archive_write_data(out, zeros, part), part);
		size -= part;
	}
	archive_entry_free(entry);
	end();
}

static void bombs_are_stopped(void **state)
{
	struct ost_archive_limits limits = { .bytes = 200 << 20 };
	unsigned int before = left_behind();

	/* zstd makes 300 MiB of zeroes 30 kB: by the ratio */
	bomb(ARCHIVE_FILTER_ZSTD, "text", 300 << 20);
	assert_int_equal(unpack(NULL), -E2BIG);
	assert_non_null(strstr(err.text, "fold"));
	assert_string_equal(folder, "");
	limits.ratio = UINT32_MAX;
	assert_int_equal(unpack(&limits), -E2BIG);
	assert_non_null(strstr(err.text, "more than the 200 MiB"));
	limits.bytes = 0;
	assert_int_equal(unpack(&limits), 0);
	assert_int_equal(stats.passed, 1);
	gone();
	/* as a program, by its size */
	bomb(ARCHIVE_FILTER_ZSTD, "\177ELF", 300 << 20);
	limits.file_bytes = 10 << 20;
	assert_int_equal(unpack(&limits), -E2BIG);
	assert_non_null(strstr(err.text, "bomb is larger than the 10 MiB"));
	assert_int_equal(left_behind(), before);
}

static void entries_have_a_limit(void **state)
{
	struct ost_archive_limits limits = { .entries = 100 };
	char name[32];

	begin_tar();
	for (int i = 0; i < 101; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		add_elf(name);
	}
	end();
	assert_int_equal(unpack(&limits), -E2BIG);
	assert_non_null(strstr(err.text, "more than the 100 entries"));
	limits.entries = 101;
	assert_int_equal(unpack(&limits), 0);
	gone();
}

/* Give the header of a tar archive's first entry another size, in 12 octal digits. */
static void claim(char *header, const char *octal)
{
	unsigned int sum = 0;

	memcpy(header + 124, octal, 12);
	memset(header + 148, ' ', 8);
	for (size_t i = 0; i < 512; i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
}

static void claims_more_than_it_has(void **state)
{
	static char bytes[1 << 16];
	size_t size;

	begin_tar();
	add("huge", AE_IFREG, NULL, "text", 4);
	end();
	size = slurp(bytes, sizeof(bytes));
	claim(bytes, "112402762000");	/* 10 GB */
	write_file(bytes, size);
	assert_int_equal(unpack(NULL), -EBADMSG);
	begin_tar();
	add_elf("huge");
	end();
	size = slurp(bytes, sizeof(bytes));
	claim(bytes, "112402762000");
	write_file(bytes, size);
	assert_int_equal(unpack(NULL), -EBADMSG);
	assert_true(stats.bytes < sizeof(bytes));
}

/* Bytes as one zstd frame, in @frame. */
static size_t zstd_frame(const char *bytes, size_t size, unsigned int times, char *frame, size_t room)
{
	struct archive_entry *entry = archive_entry_new();

	begin(archive_write_set_format_raw, ARCHIVE_FILTER_ZSTD);
	archive_entry_set_filetype(entry, AE_IFREG);
	assert_int_equal(archive_write_header(out, entry), ARCHIVE_OK);
	while (times--)
		assert_int_equal(archive_write_data(out, bytes, size), size);
	archive_entry_free(entry);
	end();
	return slurp(frame, room);
}

static void time_is_up(void **state)
{
	const struct ost_archive_limits limits = {
		.seconds = 1, .ratio = UINT32_MAX, .bytes = UINT64_MAX,
	};
	static char zeros[1 << 20], frame[1 << 20], header[1 << 16];
	size_t size, len;
	int fd;

	begin_tar();
	add("endless", AE_IFREG, NULL, "text", 4);
	end();
	slurp(header, sizeof(header));
	claim(header, "777777777777");
	len = zstd_frame(header, 512, 1, header + 512, sizeof(header) - 512);
	size = zstd_frame(zeros, sizeof(zeros), 64, frame, sizeof(frame));
	write_file(header + 512, len);
	fd = open(path, O_WRONLY | O_APPEND);
	/* 64 GiB of zeroes in less than 10 MB */
	for (int i = 0; i < 1000; i++)
		assert_int_equal(write(fd, frame, size), size);
	close(fd);
	assert_int_equal(unpack(&limits), -ETIME);
	assert_non_null(strstr(err.text, "more than the 1 seconds"));
	assert_string_equal(folder, "");
}

static void broken_archives(void **state)
{
	static char bytes[1 << 20];
	size_t size;

	begin(archive_write_set_format_pax_restricted, ARCHIVE_FILTER_GZIP);
	fill_ordinary();
	end();
	size = slurp(bytes, sizeof(bytes));
	write_file(bytes, size / 2);
	assert_int_equal(unpack(NULL), -EBADMSG);
	assert_non_null(strstr(err.text, "broken or cut short"));
	write_file("#!/bin/sh\n", 10);
	assert_int_equal(ost_archive_is(path), 0);
	assert_int_equal(unpack(NULL), -ENOMEDIUM);
	write_file("", 0);
	assert_int_equal(unpack(NULL), -ENOMEDIUM);
	strcpy(path, place);
	assert_int_equal(unpack(NULL), -ENOMEDIUM);
	strcat(path, "/none");
	assert_int_equal(unpack(NULL), -ENOENT);
	assert_int_equal(ost_archive_is(path), -ENOENT);
}

static int format_encrypted_zip(struct archive *archive)
{
	archive_write_set_format_zip(archive);
	assert_int_equal(archive_write_set_passphrase(archive, "secret"), ARCHIVE_OK);
	return archive_write_set_options(archive, "zip:encryption=traditional");
}

static void encrypted_entries_are_told(void **state)
{
	begin(format_encrypted_zip, ARCHIVE_FILTER_NONE);
	add_elf("hidden");
	end();
	assert_int_equal(unpack(NULL), -EACCES);
	assert_non_null(strstr(err.text, "hidden: is encrypted"));
}

static void removes_its_own_only(void **state)
{
	assert_int_equal(ost_archive_remove("/tmp"), -EINVAL);
	assert_int_equal(ost_archive_remove(place), -EINVAL);
	assert_int_equal(ost_archive_remove(""), -EINVAL);
	assert_int_equal(ost_archive_remove("/tmp/ostler-scan.notthere"), -ENOENT);
}

static int setup(void **state)
{
	return !mkdtemp(place);
}

static int teardown(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", place);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_each_kind),
		cmocka_unit_test(later_entry_stays),
		cmocka_unit_test(climbing_names_are_refused),
		cmocka_unit_test(links_stay_inside),
		cmocka_unit_test(links_through_links_are_found),
		cmocka_unit_test(nothing_is_written_through_links),
		cmocka_unit_test(hard_links_stay_inside),
		cmocka_unit_test(devices_are_passed_over),
		cmocka_unit_test(names_need_not_be_utf8),
		cmocka_unit_test(names_too_long_or_deep),
		cmocka_unit_test(archives_in_archives),
		cmocka_unit_test(bombs_are_stopped),
		cmocka_unit_test(entries_have_a_limit),
		cmocka_unit_test(time_is_up),
		cmocka_unit_test(claims_more_than_it_has),
		cmocka_unit_test(broken_archives),
		cmocka_unit_test(encrypted_entries_are_told),
		cmocka_unit_test(removes_its_own_only),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
