// SPDX-License-Identifier: GPL-2.0-or-later
/* The report for people: a table of what matters, lines for the rest. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "isa/need/report.h"
#include "lib/text.h"

#define WIDTH_DEFAULT 120
#define WIDTH_MIN 80
#define WIDTH_MAX 160
#define GAP 2

enum column { FEATURE, VERDICT, WHERE, INSTRUCTION, GUARD, COLUMNS };

/* Columns below which a wide cell is not cut while another one is wider. */
static const size_t least[COLUMNS] = { [WHERE] = 22, [INSTRUCTION] = 18, [GUARD] = 12 };

struct row {
	char cells[COLUMNS][900];
};

static const char *const headings[COLUMNS] = {
	"feature", "verdict", "where", "instruction", "guard",
};

/* What the least known verdicts mean, said below a table that has them. */
static const struct {
	uint8_t verdict;
	const char *text;
} legends[] = {
	{ OST_NEED_HAZARD, "hazard: without it nothing traps, and the results are wrong" },
	{ OST_NEED_PROBABLE, "probable: reached only through tables of data" },
	{ OST_NEED_WEAK_GUARD, "weak guard: runs behind a test, but for another feature" },
};

/* Most important first; of equal ones the youngest, which fewest hosts have. */
static int by_importance(const void *a, const void *b)
{
	const struct ost_need *left = *(const struct ost_need *const *)a;
	const struct ost_need *right = *(const struct ost_need *const *)b;

	if (left->verdict != right->verdict)
		return (int)right->verdict - (int)left->verdict;
	return (int)right->feature - (int)left->feature;
}

/* The list in that order; the caller frees it. */
static const struct ost_need **sorted(const struct ost_needs *needs)
{
	const struct ost_need **list = calloc(needs->count + 1, sizeof(*list));

	if (!list)
		return NULL;
	for (size_t i = 0; i < needs->count; i++)
		list[i] = &needs->list[i];
	qsort(list, needs->count, sizeof(*list), by_importance);
	return list;
}

static bool has_row(const struct ost_report *report, const struct ost_need *need)
{
	return report->verbose || need->verdict > OST_NEED_DISPATCHED;
}

/* The youngest first: a cell that is cut short still has what fewest hosts have. */
static void guard_cell(const struct ost_need *need, char *cell, size_t size)
{
	size_t at = 0;

	cell[0] = '\0';
	for (unsigned int i = OST_FEATURE_END - 1; i > OST_FEATURE_NONE && at + 64 < size; i--)
		if (ost_feature_set_has(&need->guard, i))
			at += snprintf(cell + at, size - at, "%s%s", at ? "," : "",
				       ost_feature_name(i));
	if (!at && need->guard_site)
		at = snprintf(cell, size, "a test");
	if (need->known)
		at += snprintf(cell + at, size - at, "%sknown library", at ? "; " : "");
	if (need->run)
		snprintf(cell + at, size - at, "%sseen at run time", at ? "; " : "");
}

static void fill_row(const struct ost_report *report, const struct ost_need *need,
		     struct row *row)
{
	struct ost_site site = { .object = "" };

	if (need->site)
		ost_report_site(report, need->member, need->site, &site);
	snprintf(row->cells[FEATURE], sizeof(row->cells[0]), "%s",
		 ost_feature_name(need->feature));
	snprintf(row->cells[VERDICT], sizeof(row->cells[0]), "%s",
		 ost_need_verdict_name(need->verdict));
	if (need->site)
		snprintf(row->cells[WHERE], sizeof(row->cells[0]), "%s%s%s", site.object,
			 *site.object ? " " : "", site.place);
	else
		ost_report_object(report, need, row->cells[WHERE], sizeof(row->cells[0]));
	snprintf(row->cells[INSTRUCTION], sizeof(row->cells[0]), "%s", site.text);
	guard_cell(need, row->cells[GUARD], sizeof(row->cells[0]));
}

/* Take columns from the widest cells until a line fits. */
static void fit_widths(size_t *widths, size_t width)
{
	for (;;) {
		size_t total = 0, most = 0;
		unsigned int widest = COLUMNS;

		for (unsigned int i = 0; i < COLUMNS; i++) {
			total += widths[i] + (widths[i] ? GAP : 0);
			if (widths[i] > least[i] && least[i] && widths[i] - least[i] > most) {
				most = widths[i] - least[i];
				widest = i;
			}
		}
		if (total <= width + GAP || widest == COLUMNS)
			return;
		widths[widest]--;
	}
}

static void print_row(char (*cells)[900], const size_t *widths, FILE *out)
{
	size_t blanks = 0;

	for (unsigned int i = 0; i < COLUMNS; i++) {
		size_t width;

		if (!widths[i])
			continue;
		if (i >= WHERE)
			ost_text_shorten(cells[i], widths[i], i == WHERE ? widths[i] / 3 : 0);
		width = ost_text_width(cells[i]);
		/* blanks are held back, so that no line ends in them */
		if (width)
			fprintf(out, "%*s%s", (int)blanks, "", cells[i]);
		blanks = width ? widths[i] - width + GAP : blanks + widths[i] + GAP;
	}
	fputc('\n', out);
}

static void print_table(const struct ost_report *report, const struct ost_need **list,
			unsigned int width, FILE *out)
{
	size_t widths[COLUMNS] = { 0 };
	struct row row;

	for (size_t i = 0; i < report->needs->count; i++) {
		if (!has_row(report, list[i]))
			continue;
		fill_row(report, list[i], &row);
		for (unsigned int c = 0; c < COLUMNS; c++)
			if (ost_text_width(row.cells[c]) > widths[c])
				widths[c] = ost_text_width(row.cells[c]);
	}
	if (!widths[FEATURE])
		return;
	for (unsigned int c = 0; c < COLUMNS; c++) {
		snprintf(row.cells[c], sizeof(row.cells[c]), "%s", headings[c]);
		if (widths[c] && widths[c] < strlen(headings[c]))
			widths[c] = strlen(headings[c]);
	}
	fit_widths(widths, width);
	fputc('\n', out);
	print_row(row.cells, widths, out);
	for (size_t i = 0; i < report->needs->count; i++) {
		if (!has_row(report, list[i]))
			continue;
		fill_row(report, list[i], &row);
		print_row(row.cells, widths, out);
	}
}

/* "label: a, b, c", broken between names, what follows the first line indented. */
static void print_names(const char *label, const struct ost_feature_set *set, unsigned int width,
			FILE *out)
{
	size_t column = fprintf(out, "%s:", label);
	unsigned int left = ost_feature_set_count(set);

	for (unsigned int i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++) {
		const char *name = ost_feature_name(i);

		if (!ost_feature_set_has(set, i))
			continue;
		if (column + strlen(name) + 2 > width)
			column = fprintf(out, "\n   ") - 1;
		column += fprintf(out, " %s%s", name, --left ? "," : "");
	}
	fputc('\n', out);
}

static void print_folded(const struct ost_report *report, unsigned int width, FILE *out)
{
	static const char *const labels[] = {
		[OST_NEED_UNREACHED] = "there, but nothing leads to it",
		[OST_NEED_DISPATCHED] = "used only where the host has it",
	};
	struct ost_feature_set sets[2] = { 0 };

	for (size_t i = 0; i < report->needs->count; i++)
		if (!has_row(report, &report->needs->list[i]))
			ost_feature_set_add(&sets[report->needs->list[i].verdict],
					    report->needs->list[i].feature);
	if (!ost_feature_set_empty(&sets[0]) || !ost_feature_set_empty(&sets[1]))
		fputc('\n', out);
	if (!ost_feature_set_empty(&sets[OST_NEED_DISPATCHED]))
		print_names(labels[OST_NEED_DISPATCHED], &sets[OST_NEED_DISPATCHED], width, out);
	if (!ost_feature_set_empty(&sets[OST_NEED_UNREACHED]))
		print_names(labels[OST_NEED_UNREACHED], &sets[OST_NEED_UNREACHED], width, out);
}

static void print_legends(const struct ost_needs *needs, FILE *out)
{
	for (size_t l = 0; l < sizeof(legends) / sizeof(legends[0]); l++)
		for (size_t i = 0; i < needs->count; i++)
			if (needs->list[i].verdict == legends[l].verdict) {
				fprintf(out, "%s\n", legends[l].text);
				break;
			}
}

/* The level that holds what levels hold of the hard features, and what no level holds. */
static void print_needs(const struct ost_needs *needs, FILE *out)
{
	struct ost_needs leveled = { .count = 0 };
	struct ost_feature_set hard, beyond = { 0 };
	char names[512];

	ost_needs_hard(needs, &hard, NULL);
	if (ost_feature_set_empty(&hard)) {
		fputs(needs->complete ? "runs on every x86-64 host (x86-64-v1)" :
					"runs on x86-64-v1 as far as is known", out);
		return;
	}
	/* one feature at a time: what no level has alone is beyond all of them */
	leveled.list = calloc(needs->count, sizeof(*leveled.list));
	for (size_t i = 0; leveled.list && i < needs->count; i++) {
		struct ost_needs one = { .list = &needs->list[i], .count = 1 };

		if (!ost_feature_set_has(&hard, needs->list[i].feature))
			continue;
		if (ost_needs_level(&one))
			leveled.list[leveled.count++] = needs->list[i];
		else
			ost_feature_set_add(&beyond, needs->list[i].feature);
	}
	fprintf(out, "needs %s%s", needs->complete ? "" : "at least ", ost_report_level(&leveled));
	if (!ost_feature_set_empty(&beyond)) {
		ost_feature_set_format(&beyond, names, sizeof(names));
		fprintf(out, " and, which no level has, %s", names);
	}
	free(leveled.list);
}

static void print_size(uint64_t bytes, FILE *out)
{
	if (bytes < 1000)
		fprintf(out, "%" PRIu64 " bytes", bytes);
	else if (bytes < 1000 * 1000)
		fprintf(out, "%.1f kB", bytes / 1e3);
	else
		fprintf(out, "%.1f MB", bytes / 1e6);
}

static void print_head(const struct ost_report *report, FILE *out)
{
	const struct ost_program *program = report->program;
	char path[OST_REPORT_PATH_MAX], clean[OST_REPORT_PATH_MAX];
	const char *shown = report->path;

	if (!shown)
		shown = ost_report_path(report, program->members[0].object->path, path,
					sizeof(path));
	ost_text_clean(shown, clean, sizeof(clean));
	fprintf(out, "%s: ", clean);
	print_needs(report->needs, out);
	fprintf(out, "\n%zu object%s, ", program->count, program->count == 1 ? "" : "s");
	print_size(report->needs->code_bytes, out);
	fprintf(out, " of code decoded, %s%.2f s\n", report->cached ? "earlier, in " : "",
		report->needs->duration_ns / 1e9);
}

static void print_missing(const struct ost_report *report, FILE *out)
{
	const struct ost_program *program = report->program;
	char raw[OST_REPORT_PATH_MAX], text[2 * OST_REPORT_PATH_MAX];

	for (size_t i = 0; i < program->missing_count; i++) {
		const struct ost_missing *one = &program->missing[i];

		ost_text_clean(one->name, text, sizeof(text));
		fprintf(out, "%s%s: %s", i ? "" : "\n", one->dlopen ? "may be missing" : "missing",
			text);
		ost_text_clean(ost_report_path(report, one->wanted_by ? one->wanted_by : "?", raw,
					       sizeof(raw)), text, sizeof(text));
		fprintf(out, ", wanted by %s", text);
		ost_text_clean(one->why ? one->why : "not found", text, sizeof(text));
		fprintf(out, ": %s\n", text);
	}
	if (!report->needs->complete) {
		ost_text_clean(report->needs->incomplete, text, sizeof(text));
		fprintf(out, "%sincomplete: %s\n", program->missing_count ? "" : "\n", text);
	}
}

static void print_objects(const struct ost_report *report, FILE *out)
{
	char raw[OST_REPORT_PATH_MAX], text[OST_REPORT_PATH_MAX];

	fputs("\nobjects:\n", out);
	for (size_t i = 0; i < report->program->count; i++) {
		const struct ost_object *object = report->program->members[i].object;

		ost_text_clean(ost_report_path(report, object->path, raw, sizeof(raw)), text,
			       sizeof(text));
		fprintf(out, "  %s  %s\n", text, object->id);
	}
}

void ost_report_text(const struct ost_report *report, FILE *out)
{
	const struct ost_need **list = sorted(report->needs);
	unsigned int width = report->width ? report->width : WIDTH_DEFAULT;

	width = width < WIDTH_MIN ? WIDTH_MIN : width > WIDTH_MAX ? WIDTH_MAX : width;
	print_head(report, out);
	if (list)
		print_table(report, list, width, out);
	else
		fputs("no memory for the table\n", out);
	print_legends(report->needs, out);
	if (!report->verbose)
		print_folded(report, width, out);
	print_missing(report, out);
	if (report->verbose)
		print_objects(report, out);
	free(list);
}
