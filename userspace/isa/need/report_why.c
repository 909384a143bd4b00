// SPDX-License-Identifier: GPL-2.0-or-later
/* Two questions about one program: why does it need a feature, and would it run on a host? */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "isa/need/report.h"
#include "lib/text.h"

static const char *step_text(char how)
{
	switch (how) {
	case 'r':
		return "starts at";
	case 'c':
		return "calls";
	case 'j':
		return "jumps to";
	case 'a':
		return "takes address of";
	case 'd':
		return "has in a table";
	case 'v':
		return "has in a class";
	case 'i':
		return "is resolved by";
	default:
		return "leads to";
	}
}

static void print_path(const struct ost_report *report, char *buf, size_t size)
{
	char raw[OST_REPORT_PATH_MAX];
	const char *path = report->path;

	if (!path)
		path = ost_report_path(report, report->program->members[0].object->path, raw,
				       sizeof(raw));
	ost_text_clean(path, buf, size);
}

/* How one comes here, where that is and, when it tells more than the next line, the instruction */
static void print_step(const struct ost_report *report, const char *how, uint32_t member,
		       uint64_t address, bool last, FILE *out)
{
	struct ost_site site;

	ost_report_site(report, member, address, &site);
	fprintf(out, "  %-16s  %s %s", how, site.object, site.place);
	/* a place with a symbol doesn't tell the address */
	if (strncmp(site.place, "0x", 2) != 0)
		fprintf(out, " (0x%" PRIx64 ")", address);
	if (last && *site.text)
		fprintf(out, ": %s", site.text);
	fputc('\n', out);
}

static void print_guard(const struct ost_report *report, const struct ost_need *need, FILE *out)
{
	char names[512] = "features that are not known";

	if (ost_feature_set_empty(&need->guard) && !need->guard_site)
		return;
	if (!ost_feature_set_empty(&need->guard))
		ost_feature_set_format(&need->guard, names, sizeof(names));
	fprintf(out, "behind a test for %s%s\n", names, need->guard_site ? ":" : "");
	if (need->guard_site)
		print_step(report, "tested at", need->guard_member, need->guard_site, true, out);
}

/* Of what no instruction decided. */
static void print_whole(const struct ost_report *report, const struct ost_need *need, FILE *out)
{
	const char *id = need->outside.id;
	char object[400], clean[OST_OBJECT_ID_MAX * 4];

	if (!ost_report_object(report, need, object, sizeof(object)))
		return;
	if (!*id && need->member < report->program->count)
		id = report->program->members[need->member].object->id;
	ost_text_clean(id, clean, sizeof(clean));
	fprintf(out, "  %s (build-id %s)\n", object, clean);
}

void ost_report_why(const struct ost_report *report, unsigned int feature, FILE *out)
{
	const struct ost_need *need = ost_needs_get(report->needs, feature);
	char path[OST_REPORT_PATH_MAX];

	print_path(report, path, sizeof(path));
	if (!need) {
		fprintf(out, "%s: no instruction that needs %s was found%s%s\n", path,
			ost_feature_name(feature),
			report->needs->complete ? "" : "; incomplete: ", report->needs->incomplete);
		return;
	}
	fprintf(out, "%s: %s is %s; %" PRIu64 " instruction%s\n", path, ost_feature_name(feature),
		ost_need_verdict_name(need->verdict), need->count, need->count == 1 ? "" : "s");
	for (uint32_t i = 0; i < need->steps && i < OST_NEED_STEPS_MAX; i++)
		print_step(report, step_text(need->path[i].how), need->path[i].member,
			   need->path[i].site, need->path[i].site == need->site, out);
	if (need->site && (!need->steps || need->path[need->steps - 1].site != need->site))
		print_step(report, need->steps ? "which needs it" : "needed at", need->member,
			   need->site, true, out);
	print_whole(report, need, out);
	print_guard(report, need, out);
	if (need->known)
		fprintf(out, "the verdict is from what is known of this library\n");
	if (need->unsure)
		fprintf(out, "a function on this way was given up, and may well test for it\n");
	if (need->run)
		fprintf(out, "the verdict was corrected by what happened at run time\n");
}

/* Why the host doesn't give a feature, as far as it can be told. */
static void print_lack(const struct ost_report_host *host, unsigned int feature, FILE *out)
{
	const struct ost_feature_info *info = ost_feature_get(feature);
	char where[64], withheld[200] = "";

	ost_feature_where(feature, where, sizeof(where));
	if (host->features)
		ost_host_feature_withheld(host->features, feature, withheld, sizeof(withheld));
	fprintf(out, "  %s (%s): ", ost_feature_name(feature), where);
	if (*withheld)
		fprintf(out, "the processor has it, but %s", withheld);
	else if (host->names_only && info && info->own_name)
		fputs("not known: /proc/cpuinfo has no name for it", out);
	else
		fputs("missing", out);
	fputc('\n', out);
}

static const char *const lack_texts[OST_NEED_END] = {
	[OST_NEED_WEAK_GUARD] = "behind a test that this host passes, in",
	[OST_NEED_HAZARD] = "without it wrong results, and no trap, in",
	[OST_NEED_SELF_CHECKED] = "the program looks for it and refuses to run without, in",
	[OST_NEED_REQUIRED] = "required by",
};

static void print_unmet(const struct ost_report *report, const struct ost_report_host *host,
			const struct ost_need *need, FILE *out)
{
	struct ost_site site;
	char object[400];

	print_lack(host, need->feature, out);
	if (ost_report_object(report, need, object, sizeof(object))) {
		fprintf(out, "    %s%s\n", *need->outside.id ? "required at run time by " : "", object);
		return;
	}
	fprintf(out, "    %s ", lack_texts[need->verdict]);
	if (!need->site) {
		fputs("the program\n", out);
		return;
	}
	ost_report_site(report, need->member, need->site, &site);
	fprintf(out, "%s %s%s%s\n", site.object, site.place, *site.text ? ": " : "", site.text);
}

bool ost_report_host(const struct ost_report *report, const struct ost_report_host *host, FILE *out)
{
	char path[OST_REPORT_PATH_MAX], name[OST_REPORT_PATH_MAX];
	struct ost_feature_set unmet;
	bool runs = ost_needs_unmet(report->needs, &host->have, &unmet);

	print_path(report, path, sizeof(path));
	ost_text_clean(host->name, name, sizeof(name));
	if (runs) {
		fprintf(out, "%s: would run on %s%s%s\n", path, name,
			report->needs->complete ? "" : " as far as is known; incomplete: ",
			report->needs->complete ? "" : report->needs->incomplete);
		return true;
	}
	if (ost_needs_unsure(report->needs, &unmet))
		fprintf(out, "%s: it is not known whether it would run on %s; incomplete: %s\n", path,
			name, report->needs->incomplete);
	else
		fprintf(out, "%s: would not run on %s\n", path, name);
	for (size_t i = report->needs->count; i-- > 0;)
		if (ost_feature_set_has(&unmet, report->needs->list[i].feature))
			print_unmet(report, host, &report->needs->list[i], out);
	return false;
}
