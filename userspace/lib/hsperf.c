// SPDX-License-Identifier: GPL-2.0-or-later
#include "hsperf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ORDER_LITTLE 1
#define TYPE_BYTE 'B'

/* More counters than any JVM has; a file may claim 2^31 of them. */
#define ENTRIES_MAX 4096

struct prologue {
	uint8_t magic[4];
	uint8_t order;
	uint8_t major;
	uint8_t minor;
	uint8_t accessible;
	int32_t used;
	int32_t overflow;
	int64_t stamp;
	int32_t first;
	int32_t count;
};

struct entry {
	int32_t len;
	int32_t name;
	int32_t vector;
	uint8_t type;
	uint8_t flags;
	uint8_t units;
	uint8_t variability;
	int32_t data;
};

_Static_assert(sizeof(struct prologue) == 32, "prologue of HotSpot's performance data");
_Static_assert(sizeof(struct entry) == 20, "entry of HotSpot's performance data");

/* What a collector calls its work begins with its own name; those below "serial" are of JDK 8. */
static const struct {
	const char *prefix;
	enum ost_jvm_gc gc;
} collectors[] = {
	{ "Serial", OST_JVM_GC_SERIAL },
	{ "Parallel", OST_JVM_GC_PARALLEL },
	{ "G1", OST_JVM_GC_G1 },
	{ "Shenandoah", OST_JVM_GC_SHENANDOAH },
	{ "Z", OST_JVM_GC_Z },
	{ "Copy", OST_JVM_GC_SERIAL },
	{ "MSC", OST_JVM_GC_SERIAL },
	{ "PSScavenge", OST_JVM_GC_PARALLEL },
	{ "PSParallelCompact", OST_JVM_GC_PARALLEL },
};

static int prologue_read(const uint8_t *data, size_t size, struct prologue *p)
{
	static const uint8_t magic[4] = { 0xca, 0xfe, 0xc0, 0xc0 };

	if (size < sizeof(*p))
		return -EBADMSG;
	memcpy(p, data, sizeof(*p));
	if (memcmp(p->magic, magic, sizeof(magic)))
		return -EBADMSG;
	if (p->order != ORDER_LITTLE || p->major != 2)
		return -ENOTSUP;
	if (!p->accessible)
		return -EAGAIN;
	if (p->first < (int32_t)sizeof(*p) || (size_t)p->first > size || p->count < 0 ||
	    p->count > ENTRIES_MAX)
		return -EBADMSG;
	return 0;
}

/* The string that begins at @at within an entry of @len bytes equals @name. */
static bool name_is(const uint8_t *entry, size_t len, size_t at, const char *name)
{
	size_t n = strlen(name) + 1;

	return at <= len && n <= len - at && !memcmp(entry + at, name, n);
}

static int take_string(const uint8_t *entry, const struct entry *e, char *value, size_t room)
{
	size_t len;

	if (e->type != TYPE_BYTE || e->vector <= 0)
		return -ENOENT;
	if (e->data < 0 || e->data > e->len || e->vector > e->len - e->data)
		return -EBADMSG;
	len = strnlen((const char *)entry + e->data, e->vector);
	if (len >= room)
		len = room - 1;
	memcpy(value, entry + e->data, len);
	value[len] = '\0';
	return 0;
}

int ost_hsperf_string(const void *data, size_t size, const char *name, char *value, size_t room)
{
	const uint8_t *bytes = data;
	struct prologue p;
	size_t at;
	int r = prologue_read(bytes, size, &p);

	if (r)
		return r;
	at = p.first;
	for (int32_t i = 0; i < p.count; i++) {
		struct entry e;

		if (size - at < sizeof(e))
			return -EBADMSG;
		memcpy(&e, bytes + at, sizeof(e));
		if (e.len < (int32_t)sizeof(e) || (size_t)e.len > size - at || e.name < 0)
			return -EBADMSG;
		if (name_is(bytes + at, e.len, e.name, name))
			return take_string(bytes + at, &e, value, room);
		at += e.len;
	}
	return -ENOENT;
}

static enum ost_jvm_gc collector_of(const void *data, size_t size)
{
	/* ZGC of JDK 17 names only its third */
	for (int i = 0; i < 4; i++) {
		char key[40], name[64];

		snprintf(key, sizeof(key), "sun.gc.collector.%d.name", i);
		if (ost_hsperf_string(data, size, key, name, sizeof(name)))
			continue;
		for (size_t k = 0; k < COUNT(collectors); k++)
			if (!strncmp(name, collectors[k].prefix, strlen(collectors[k].prefix)))
				return collectors[k].gc;
	}
	return OST_JVM_GC_UNKNOWN;
}

int ost_hsperf_parse(const void *data, size_t size, struct ost_hsperf *perf)
{
	char capabilities[65];
	int r = ost_hsperf_string(data, size, "sun.rt.jvmCapabilities", capabilities,
				  sizeof(capabilities));

	if (r)
		return r;
	perf->attach = capabilities[0] == '1';
	perf->gc = collector_of(data, size);
	return 0;
}
