// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/feature_set.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "isa/feature.h"
#include "lib/error.h"

#define NAME_MAX_LEN 31	/* longest name that is looked up */

bool ost_feature_set_empty(const struct ost_feature_set *set)
{
	return ost_feature_set_count(set) == 0;
}

unsigned int ost_feature_set_count(const struct ost_feature_set *set)
{
	unsigned int i, n = 0;

	for (i = 0; i < OST_FEATURE_SET_WORDS; i++)
		n += __builtin_popcountll(set->bits[i]);
	return n;
}

bool ost_feature_set_equal(const struct ost_feature_set *a, const struct ost_feature_set *b)
{
	return !memcmp(a, b, sizeof(*a));
}

bool ost_feature_set_within(const struct ost_feature_set *part,
			    const struct ost_feature_set *whole)
{
	unsigned int i;

	for (i = 0; i < OST_FEATURE_SET_WORDS; i++)
		if (part->bits[i] & ~whole->bits[i])
			return false;
	return true;
}

void ost_feature_set_unite(struct ost_feature_set *set, const struct ost_feature_set *other)
{
	unsigned int i;

	for (i = 0; i < OST_FEATURE_SET_WORDS; i++)
		set->bits[i] |= other->bits[i];
}

void ost_feature_set_intersect(struct ost_feature_set *set, const struct ost_feature_set *other)
{
	unsigned int i;

	for (i = 0; i < OST_FEATURE_SET_WORDS; i++)
		set->bits[i] &= other->bits[i];
}

void ost_feature_set_subtract(struct ost_feature_set *set, const struct ost_feature_set *other)
{
	unsigned int i;

	for (i = 0; i < OST_FEATURE_SET_WORDS; i++)
		set->bits[i] &= ~other->bits[i];
}

unsigned int ost_feature_set_youngest(const struct ost_feature_set *set)
{
	unsigned int i;

	for (i = OST_FEATURE_END - 1; i > OST_FEATURE_NONE; i--)
		if (ost_feature_set_has(set, i))
			return i;
	return OST_FEATURE_NONE;
}

size_t ost_feature_set_format(const struct ost_feature_set *set, char *buf, size_t size)
{
	static const char more[] = ",...";
	size_t used = 0;
	unsigned int i;

	if (!size)
		return 0;
	buf[0] = '\0';
	for (i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++) {
		const char *name = ost_feature_name(i);
		size_t len = strlen(name) + (used ? 1 : 0);

		if (!ost_feature_set_has(set, i))
			continue;
		/* room for the mark of a cut list is kept until the end */
		if (used + len + sizeof(more) > size) {
			const char *mark = used ? more : more + 1;

			if (used + strlen(mark) < size) {
				strcpy(buf + used, mark);
				used += strlen(mark);
			}
			break;
		}
		if (used)
			buf[used++] = ',';
		strcpy(buf + used, name);
		used += strlen(name);
	}
	return used;
}

/* A name, or an x86-64 level that stands for many. */
static int parse_name(struct ost_feature_set *set, const char *word, size_t len,
		      struct ost_error *err)
{
	struct ost_feature_set level;
	char name[NAME_MAX_LEN + 1];
	unsigned int feature;

	if (len > NAME_MAX_LEN)
		return ost_error_set(err, -EINVAL,
				     "feature '%.*s...': no name is longer than %d bytes",
				     NAME_MAX_LEN, word, NAME_MAX_LEN);
	memcpy(name, word, len);
	name[len] = '\0';
	if (!strncmp(name, "x86-64-v", 8) && name[8] >= '1' && name[8] <= '4' && !name[9]) {
		ost_feature_level_set(name[8] - '0', &level);
		ost_feature_set_unite(set, &level);
		return 0;
	}
	feature = ost_feature_find(name);
	if (feature == OST_FEATURE_NONE)
		return ost_error_set(err, -EINVAL,
				     "feature '%s' is not in the catalogue: "
				     "use the names of /proc/cpuinfo, such as avx2", name);
	ost_feature_set_add(set, feature);
	return 0;
}

int ost_feature_set_parse(struct ost_feature_set *set, const char *text, struct ost_error *err)
{
	static const char separators[] = ", \t\r\n";
	struct ost_feature_set parsed = { 0 };

	for (text += strspn(text, separators); *text; text += strspn(text, separators)) {
		size_t len = strcspn(text, separators);
		size_t i;
		int ret;

		/* the message may go to a terminal */
		for (i = 0; i < len; i++)
			if (!isgraph((unsigned char)text[i]))
				return ost_error_set(err, -EINVAL,
						     "feature list: byte 0x%02x is in no name",
						     (unsigned char)text[i]);
		ret = parse_name(&parsed, text, len, err);
		if (ret)
			return ret;
		text += len;
	}
	*set = parsed;
	return 0;
}
