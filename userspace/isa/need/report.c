// SPDX-License-Identifier: GPL-2.0-or-later
/* What text and JSON share: names of places. */
#include "isa/need/report.h"

#include <inttypes.h>
#include <string.h>

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

const struct ost_need_place *ost_report_place(const struct ost_report *report, uint32_t member,
					      uint64_t address, struct ost_need_place *own)
{
	const struct ost_need_place *place = ost_needs_place(report->needs, member, address);

	*own = (struct ost_need_place){.member = member, .address = address};
	if (place)
		return place;
	/* without memory there is an address all the same */
	ost_need_place_read(own, report->program, member, address);
	return own;
}

static void describe_place(const struct ost_need_place *place, char *buf, size_t size)
{
	char name[512];

	if (!place->symbol) {
		snprintf(buf, size, "0x%" PRIx64, place->address);
		return;
	}
	ost_text_clean(place->symbol, name, sizeof(name));
	if (!place->into)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "%s+0x%" PRIx64, name, place->into);
}

void ost_report_site(const struct ost_report *report, uint32_t member, uint64_t address,
		     struct ost_site *site)
{
	const struct ost_need_place *place;
	struct ost_need_place own;

	memset(site, 0, sizeof(*site));
	if (member >= report->program->count)
		return;
	place = ost_report_place(report, member, address, &own);
	ost_text_clean(report->program->members[member].object->name, site->object,
		       sizeof(site->object));
	describe_place(place, site->place, sizeof(site->place));
	if (place->text)
		ost_text_clean(place->text, site->text, sizeof(site->text));
	ost_need_place_free(&own);
}

bool ost_report_object(const struct ost_report *report, const struct ost_need *need, char *buf,
		       size_t size)
{
	const struct ost_need_outside *outside = &need->outside;
	const struct ost_object *object = report->program->members[0].object;
	char name[256];

	*buf = '\0';
	if (need->site || (!*outside->id && need->verdict != OST_NEED_SELF_CHECKED))
		return false;
	if (*outside->id) {
		ost_text_clean(*outside->name ? outside->name : outside->id, name, sizeof(name));
		snprintf(buf, size, "object %s, which is not in the closure", name);
		return true;
	}
	if (need->member < report->program->count)
		object = report->program->members[need->member].object;
	ost_text_clean(object->name, name, sizeof(name));
	snprintf(buf, size, "the loader refuses %s", name);
	return true;
}
