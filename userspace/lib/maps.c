// SPDX-License-Identifier: GPL-2.0-or-later
#include "maps.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* a path is at most 4096 bytes, and 4 in the file for a newline in its name */
#define LINE_ROOM 20480

static const char deleted_mark[] = " (deleted)";

/* What is left of a line. */
struct text {
	const char *p;
	const char *end;
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return 16;
}

/* A number in @base that is followed by @stop, or by the end of the line when @stop is NUL. */
static bool take_number(struct text *t, unsigned int base, char stop, uint64_t *value)
{
	const char *begin = t->p;

	*value = 0;
	while (t->p < t->end) {
		unsigned int digit = digit_value(*t->p);

		if (digit >= base)
			break;
		if (*value > (UINT64_MAX - digit) / base)
			return false;
		*value = *value * base + digit;
		t->p++;
	}
	if (t->p == begin)
		return false;
	if (t->p == t->end)
		return !stop;
	if (!stop)
		return *t->p == ' ';
	return *t->p++ == stop;
}

static bool take_flag(struct text *t, char yes, char no, bool *flag)
{
	if (t->p == t->end || (*t->p != yes && *t->p != no))
		return false;
	*flag = *t->p++ == yes;
	return true;
}

static bool take_char(struct text *t, char c)
{
	return t->p < t->end && *t->p++ == c;
}

static void set_name(struct ost_map *map, struct text *t)
{
	size_t mark = sizeof(deleted_mark) - 1;

	while (t->p < t->end && *t->p == ' ')
		t->p++;
	map->name = t->p;
	map->name_len = t->end - t->p;
	map->deleted = map->name_len > mark && map->name[0] == '/' &&
		       !memcmp(t->end - mark, deleted_mark, mark);
	if (map->deleted)
		map->name_len -= mark;
}

int ost_map_parse(const char *line, size_t len, struct ost_map *map)
{
	struct text t = { line, line + len };
	uint64_t major, minor;

	if (!take_number(&t, 16, '-', &map->start) || !take_number(&t, 16, ' ', &map->end) ||
	    !take_flag(&t, 'r', '-', &map->readable) || !take_flag(&t, 'w', '-', &map->writable) ||
	    !take_flag(&t, 'x', '-', &map->executable) || !take_flag(&t, 'p', 's', &map->private) ||
	    !take_char(&t, ' ') || !take_number(&t, 16, ' ', &map->offset) ||
	    !take_number(&t, 16, ':', &major) || !take_number(&t, 16, ' ', &minor) ||
	    !take_number(&t, 10, '\0', &map->inode))
		return -EINVAL;
	if (map->end <= map->start || major > UINT32_MAX || minor > UINT32_MAX)
		return -EINVAL;
	map->major = major;
	map->minor = minor;
	set_name(map, &t);
	return 0;
}

const char *ost_map_object(const struct ost_map *map, size_t *len)
{
	const char *slash;

	if (!map->inode || !map->name_len || map->name[0] != '/')
		return NULL;
	slash = memrchr(map->name, '/', map->name_len);
	*len = map->name + map->name_len - slash - 1;
	return slash + 1;
}

bool ost_map_is_heap(const struct ost_map *map)
{
	static const char *const named[] = { "[heap]", "[anon:" };

	if (map->inode || !map->private || !map->writable)
		return false;
	if (!map->name_len)
		return true;
	for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
		size_t n = strlen(named[i]);

		if (map->name_len >= n && !memcmp(map->name, named[i], n))
			return true;
	}
	return false;
}

/* Visit the whole lines of @buf; *@used says how far they go. */
static int visit_lines(const char *buf, size_t have, size_t *used, size_t *lines_left,
		       int (*visit)(const struct ost_map *map, void *arg), void *arg)
{
	const char *line = buf, *newline;

	while ((newline = memchr(line, '\n', buf + have - line))) {
		struct ost_map map;
		int r;

		if (!(*lines_left)--)
			return -E2BIG;
		if (!ost_map_parse(line, newline - line, &map)) {
			r = visit(&map, arg);
			if (r)
				return r;
		}
		line = newline + 1;
	}
	*used = line - buf;
	return 0;
}

int ost_maps_read(int fd, size_t max_lines, int (*visit)(const struct ost_map *map, void *arg),
		  void *arg)
{
	char buf[LINE_ROOM];
	size_t have = 0, used;
	bool skip = false;	/* inside a line that is longer than the buffer */
	int r;

	for (;;) {
		ssize_t n = read(fd, buf + have, sizeof(buf) - have);
		const char *rest = buf;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		have += n;
		if (skip) {
			rest = memchr(buf, '\n', have);
			if (!rest) {
				have = 0;
				continue;
			}
			rest++;
			skip = false;
		}
		have -= rest - buf;
		memmove(buf, rest, have);
		r = visit_lines(buf, have, &used, &max_lines, visit, arg);
		if (r)
			return r;
		have -= used;
		memmove(buf, buf + used, have);
		if (have == sizeof(buf)) {
			skip = true;
			have = 0;
		}
	}
}
