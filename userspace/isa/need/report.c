// SPDX-License-Identifier: GPL-2.0-or-later
/* What text and JSON share: names of places. */
#include "isa/need/report.h"

#include <inttypes.h>
#include <string.h>

#include "isa/insn.h"
#include "lib/text.h"

const char *ost_report_path(const struct ost_report *report, const char *path, char *buf,
			    size_t size)
{
	size_t len = report->folder ? strlen(report->folder) : 0;

	if (len && report->shown_as && !strncmp(path, report->folder, len) &&
	    (path[len] == '/' || !path[len]))
		snprintf(buf, size, "%s%s", report->shown_as, path + len);
	else
		snprintf(buf, size, "%s", path);
	return buf;
}

const char *ost_report_level(const struct ost_needs *needs)
{
	static const char *const names[] = {
		"none", "x86-64-v1", "x86-64-v2", "x86-64-v3", "x86-64-v4",
	};

	return names[ost_needs_level(needs)];
}

static void describe_place(const struct ost_object *object, uint64_t address, char *buf,
			   size_t size)
{
	const struct ost_symbol *symbol = ost_object_symbol(object, address);
	char name[512];

	if (!symbol || !symbol->name || !*symbol->name) {
		snprintf(buf, size, "0x%" PRIx64, address);
		return;
	}
	ost_text_clean(symbol->name, name, sizeof(name));
	if (address == symbol->address)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "%s+0x%" PRIx64, name, address - symbol->address);
}

void ost_report_site(const struct ost_report *report, uint32_t member, uint64_t address,
		     struct ost_site *site)
{
	struct ost_object *object;
	struct ost_insn insn;
	const uint8_t *bytes;
	size_t left = 0;

	memset(site, 0, sizeof(*site));
	if (member >= report->program->count)
		return;
	object = report->program->members[member].object;
	/* an answer from a cache has read no code; without it there is an address all the same */
	ost_object_load(object, NULL);
	ost_text_clean(object->name, site->object, sizeof(site->object));
	describe_place(object, address, site->place, sizeof(site->place));
	bytes = ost_object_at(object, address, &left);
	if (!bytes)
		return;
	if (left > OST_INSN_LENGTH_MAX)
		left = OST_INSN_LENGTH_MAX;
	if (ost_insn_decode(bytes, left, &insn) == OST_INSN_OK)
		snprintf(site->text, sizeof(site->text), "%s", insn.text);
}
