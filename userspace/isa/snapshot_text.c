// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "isa/snapshot.h"
#include "lib/error.h"

#define LINE_MAX_LEN 120
#define STR_(x) #x
#define STR(x) STR_(x)
#define MAGIC "ostler-cpu"

static const struct {
	uint32_t bit;
	const char *name;
} os_names[] = {
	{ OST_SNAPSHOT_FSGSBASE, "fsgsbase" },
	{ OST_SNAPSHOT_USER_SHSTK, "user_shstk" },
};

__attribute__((format(printf, 4, 5))) static int append(char *buf, size_t size, size_t *used,
							const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(buf + *used, size - *used, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= size - *used)
		return -ENOSPC;
	*used += n;
	return 0;
}

static void format_os(uint32_t os, char *buf, size_t size)
{
	size_t i, used = 0;

	snprintf(buf, size, "-");
	for (i = 0; i < sizeof(os_names) / sizeof(os_names[0]); i++)
		if (os & os_names[i].bit)
			append(buf, size, &used, "%s%s", used ? "," : "", os_names[i].name);
}

int ost_snapshot_format(const struct ost_snapshot *snapshot, char *buf, size_t size)
{
	char os[64];
	size_t used = 0;
	uint32_t i;
	int ret;

	if (!size)
		return -ENOSPC;
	format_os(snapshot->os, os, sizeof(os));
	ret = append(buf, size, &used,
		     MAGIC " %d\nxcr0 0x%" PRIx64 "\nxcomp 0x%" PRIx64 "\nos %s\n",
		     OST_SNAPSHOT_VERSION, snapshot->xcr0, snapshot->xcomp, os);
	for (i = 0; !ret && i < snapshot->count && i < OST_SNAPSHOT_LEAVES; i++) {
		const struct ost_cpuid_leaf *l = &snapshot->leaves[i];

		ret = append(buf, size, &used,
			     "leaf 0x%08" PRIx32 " 0x%" PRIx32 " 0x%08" PRIx32 " 0x%08" PRIx32
			     " 0x%08" PRIx32 " 0x%08" PRIx32 "\n",
			     l->leaf, l->subleaf, l->regs[OST_EAX], l->regs[OST_EBX],
			     l->regs[OST_ECX], l->regs[OST_EDX]);
	}
	if (!ret)
		ret = append(buf, size, &used, "end\n");
	return ret ? ret : (int)used;
}

struct parser {
	const char *next;	/* the text that is left */
	unsigned int number;	/* of the current line, from 1 */
	char line[LINE_MAX_LEN + 1];
	struct ost_error *err;
};

__attribute__((format(printf, 2, 3))) static int fail(struct parser *p, const char *fmt, ...)
{
	char what[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	return ost_error_set(p->err, -EINVAL, "CPU snapshot, line %u: %s", p->number, what);
}

/* The next line that is no comment. */
static int next_line(struct parser *p)
{
	size_t i, len;

	do {
		const char *end = strchr(p->next, '\n');

		p->number++;
		if (!end)
			return fail(p, "the text ends before the line 'end'");
		len = end - p->next;
		if (len > LINE_MAX_LEN)
			return fail(p, "longer than %d bytes", LINE_MAX_LEN);
		memcpy(p->line, p->next, len);
		p->line[len] = '\0';
		for (i = 0; i < len; i++)
			if (p->line[i] < ' ' || p->line[i] > '~')
				return fail(p, "byte 0x%02x is not printable text",
					    (unsigned char)p->line[i]);
		p->next = end + 1;
	} while (p->line[0] == '#');
	return 0;
}

/* A hexadecimal number with 0x before it, from *@text on, which is moved behind it. */
static int parse_hex(struct parser *p, const char **text, uint64_t max, uint64_t *value)
{
	const char *c = *text;
	uint64_t v = 0;

	if (c[0] != '0' || c[1] != 'x')
		return fail(p, "'%.20s' should be a hexadecimal number such as 0x1f", c);
	c += 2;
	if (!strspn(c, "0123456789abcdef"))
		return fail(p, "digits 0-9 and a-f should follow 0x");
	for (; *c && strchr("0123456789abcdef", *c); c++) {
		unsigned int digit = *c <= '9' ? *c - '0' : *c - 'a' + 10;

		if (v > (max - digit) / 16)
			return fail(p, "a number above 0x%" PRIx64, max);
		v = v * 16 + digit;
	}
	*text = c;
	*value = v;
	return 0;
}

/* A line of a keyword and one number. */
static int parse_value(struct parser *p, const char *key, uint64_t *value)
{
	size_t len = strlen(key);
	const char *text = p->line + len + 1;
	int ret = next_line(p);

	if (ret)
		return ret;
	if (strncmp(p->line, key, len) || p->line[len] != ' ')
		return fail(p, "'%.20s' should be '%s 0x...'", p->line, key);
	ret = parse_hex(p, &text, UINT64_MAX, value);
	if (ret)
		return ret;
	return *text ? fail(p, "'%.20s' after the number of '%s'", text, key) : 0;
}

static int parse_os(struct parser *p, uint32_t *os)
{
	const char *text = p->line + 3;
	int ret = next_line(p);

	*os = 0;
	if (ret)
		return ret;
	if (strncmp(p->line, "os ", 3))
		return fail(p, "'%.20s' should be 'os' and names or -", p->line);
	if (!strcmp(text, "-"))
		return 0;
	for (;;) {
		size_t i, len = strcspn(text, ",");
		uint32_t bit = 0;

		for (i = 0; i < sizeof(os_names) / sizeof(os_names[0]); i++)
			if (strlen(os_names[i].name) == len &&
			    !strncmp(text, os_names[i].name, len))
				bit = os_names[i].bit;
		if (!bit || *os & bit)
			return fail(p, "os name '%.*s' is unknown or there twice",
				    len < 20 ? (int)len : 20, text);
		*os |= bit;
		if (!text[len])
			return 0;
		text += len + 1;
	}
}

static int parse_leaf(struct parser *p, struct ost_snapshot *s)
{
	const char *text = p->line + 4;
	uint64_t v[6];
	unsigned int i;
	int ret;

	for (i = 0; i < 6; i++) {
		if (*text++ != ' ')
			return fail(p, "a leaf has six numbers with one space before each");
		ret = parse_hex(p, &text, UINT32_MAX, &v[i]);
		if (ret)
			return ret;
	}
	if (*text)
		return fail(p, "'%.20s' after the sixth number", text);
	if (s->count == OST_SNAPSHOT_LEAVES)
		return fail(p, "more than %d leaves", OST_SNAPSHOT_LEAVES);
	if (s->count) {
		const struct ost_cpuid_leaf *last = &s->leaves[s->count - 1];

		if (v[0] < last->leaf || (v[0] == last->leaf && v[1] <= last->subleaf))
			return fail(p, "leaves should be in rising order, each once");
	}
	s->leaves[s->count++] = (struct ost_cpuid_leaf){ v[0], v[1], { v[2], v[3], v[4], v[5] } };
	return 0;
}

static int parse_magic(struct parser *p)
{
	int ret = next_line(p);

	if (ret)
		return ret;
	if (!strcmp(p->line, MAGIC " " STR(OST_SNAPSHOT_VERSION)))
		return 0;
	if (strncmp(p->line, MAGIC " ", sizeof(MAGIC)))
		return fail(p, "'%.20s' should be '" MAGIC " %d'", p->line, OST_SNAPSHOT_VERSION);
	return ost_error_set(p->err, -EPROTONOSUPPORT,
			     "CPU snapshot of version '%.20s'; this program reads version %d",
			     p->line + sizeof(MAGIC), OST_SNAPSHOT_VERSION);
}

int ost_snapshot_parse(struct ost_snapshot *snapshot, const char *text, const char **rest,
		       struct ost_error *err)
{
	struct parser p = { .next = text, .err = err };
	struct ost_snapshot s = { 0 };
	int ret;

	ret = parse_magic(&p);
	if (!ret)
		ret = parse_value(&p, "xcr0", &s.xcr0);
	if (!ret)
		ret = parse_value(&p, "xcomp", &s.xcomp);
	if (!ret)
		ret = parse_os(&p, &s.os);
	while (!ret) {
		ret = next_line(&p);
		if (ret || !strcmp(p.line, "end"))
			break;
		if (strncmp(p.line, "leaf", 4))
			ret = fail(&p, "'%.20s' should be 'leaf ...' or 'end'", p.line);
		else
			ret = parse_leaf(&p, &s);
	}
	if (!ret && !rest && *p.next)
		ret = fail(&p, "text after the line 'end'");
	if (ret)
		return ret;
	if (rest)
		*rest = p.next;
	*snapshot = s;
	return 0;
}
