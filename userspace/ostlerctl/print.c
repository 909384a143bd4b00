// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerctl/print.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "lib/text.h"

static struct {
	bool colour;
	unsigned int width; /* columns of the terminal, 0 when it is none */
} out;

void ost_print_init(void)
{
	const char *none = getenv("NO_COLOR"), *term = getenv("TERM"), *columns = getenv("COLUMNS");
	struct winsize size;

	setlocale(LC_CTYPE, "");
	if (!isatty(STDOUT_FILENO))
		return;
	out.colour = !(none && *none) && term && strcmp(term, "dumb") != 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
		out.width = size.ws_col;
	else
		out.width = columns && atoi(columns) > 0 ? (unsigned int)atoi(columns) : 80;
}

const char *ost_print_on(enum ost_colour colour)
{
	static const char *const codes[] = {
		[OST_PLAIN] = "",	 [OST_BOLD] = "\033[1m", [OST_GOOD] = "\033[32m",
		[OST_WARN] = "\033[33m", [OST_BAD] = "\033[31m", [OST_DIM] = "\033[2m",
	};

	return out.colour ? codes[colour] : "";
}

const char *ost_print_off(void)
{
	return out.colour ? "\033[0m" : "";
}

void ost_print_clean(const char *text, char *buf, size_t size)
{
	ost_text_clean(text, buf, size);
}

unsigned int ost_print_width(void)
{
	return out.width;
}

const char *ost_print_bytes(char *buf, size_t size, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes;
	unsigned int unit = 0;

	while (value >= 999.5 && unit < 6) {
		value /= 1024;
		unit++;
	}
	snprintf(buf, size, unit && value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return buf;
}

const char *ost_print_ms(char *buf, size_t size, double ms)
{
	if (ms < 1)
		snprintf(buf, size, "%.0f us", ms * 1000);
	else if (ms < 10)
		snprintf(buf, size, "%.1f ms", ms);
	else if (ms < 1000)
		snprintf(buf, size, "%.0f ms", ms);
	else if (ms < 60000)
		snprintf(buf, size, "%.1f s", ms / 1000);
	else if (ms < 3600000)
		snprintf(buf, size, "%.0f min", ms / 60000);
	else if (ms < 48 * 3600000.0)
		snprintf(buf, size, "%.1f h", ms / 3600000);
	else
		snprintf(buf, size, "%.0f days", ms / 86400000);
	return buf;
}

const char *ost_print_ago(char *buf, size_t size, uint64_t unix_ms)
{
	struct timespec now;
	double ms;

	if (!unix_ms) {
		snprintf(buf, size, "-");
		return buf;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	ms = now.tv_sec * 1000.0 + now.tv_nsec / 1000000 - (double)unix_ms;
	return ost_print_ms(buf, size, ms < 0 ? 0 : ms);
}

json_t *ost_field(const json_t *object, const char *path)
{
	json_t *value = (json_t *)object;
	char name[64];

	while (value && *path) {
		size_t len = strcspn(path, ".");

		if (len >= sizeof(name))
			return NULL;
		memcpy(name, path, len);
		name[len] = '\0';
		value = json_object_get(value, name);
		path += len + (path[len] == '.');
	}
	return value;
}

const char *ost_field_text(const json_t *object, const char *path)
{
	const char *text = json_string_value(ost_field(object, path));

	return text ? text : "";
}

uint64_t ost_field_u64(const json_t *object, const char *path)
{
	json_int_t value = json_integer_value(ost_field(object, path));

	return value > 0 ? (uint64_t)value : 0;
}

double ost_field_real(const json_t *object, const char *path)
{
	return json_number_value(ost_field(object, path));
}

bool ost_field_bool(const json_t *object, const char *path)
{
	return json_is_true(ost_field(object, path));
}

static void *must(void *memory)
{
	if (!memory) {
		fputs("ostlerctl: out of memory\n", stderr);
		exit(1);
	}
	return memory;
}

static void add_row(struct ost_table *table, char **cells, enum ost_colour colour)
{
	table->rows = must(realloc(table->rows, (table->count + 1) * sizeof(*table->rows)));
	table->colours = must(realloc(table->colours, (table->count + 1) * sizeof(colour)));
	table->rows[table->count] = cells;
	table->colours[table->count++] = colour;
}

void ost_table_begin(struct ost_table *table, const char *headings)
{
	char *copy = must(strdup(headings)), *rest = copy, *word;
	char **cells = must(calloc(OST_TABLE_COLUMNS, sizeof(*cells)));

	memset(table, 0, sizeof(*table));
	while ((word = strsep(&rest, " ")) && table->columns < OST_TABLE_COLUMNS) {
		table->right[table->columns] = *word == '>';
		word += *word == '>';
		for (char *c = word; *c; c++)
			if (*c == '_')
				*c = ' ';
		cells[table->columns++] = must(strdup(word));
	}
	free(copy);
	add_row(table, cells, OST_BOLD);
}

void ost_table_row(struct ost_table *table, enum ost_colour colour, ...)
{
	char **cells = must(calloc(OST_TABLE_COLUMNS, sizeof(*cells)));
	char clean[1024];
	va_list args;

	va_start(args, colour);
	for (unsigned int i = 0; i < table->columns; i++) {
		const char *text = va_arg(args, const char *);

		ost_print_clean(text && *text ? text : "-", clean, sizeof(clean));
		cells[i] = must(strdup(clean));
	}
	va_end(args);
	add_row(table, cells, colour);
}

static void print_row(const struct ost_table *table, size_t row, const size_t *widths)
{
	size_t column = 0;

	fputs(ost_print_on(table->colours[row]), stdout);
	for (unsigned int i = 0; i < table->columns; i++) {
		const char *cell = table->rows[row][i];
		size_t width = ost_text_width(cell), bytes = strlen(cell);
		size_t pad = widths[i] > width ? widths[i] - width : 0;
		bool last = i + 1 == table->columns;

		if (last && out.width && column < out.width && !table->right[i])
			bytes = ost_text_fitting(cell, out.width - column);
		if (table->right[i])
			printf("%*s", (int)pad, "");
		fwrite(cell, 1, bytes, stdout);
		if (!last)
			printf("%*s", (int)(table->right[i] ? 2 : pad + 2), "");
		column += widths[i] + 2;
	}
	printf("%s\n", ost_print_off());
}

void ost_table_end(struct ost_table *table)
{
	size_t widths[OST_TABLE_COLUMNS] = {0};

	for (size_t row = 0; row < table->count; row++)
		for (unsigned int i = 0; i < table->columns; i++) {
			size_t width = ost_text_width(table->rows[row][i]);

			if (width > widths[i])
				widths[i] = width;
		}
	for (size_t row = 0; row < table->count; row++) {
		print_row(table, row, widths);
		for (unsigned int i = 0; i < table->columns; i++)
			free(table->rows[row][i]);
		free(table->rows[row]);
	}
	free(table->rows);
	free(table->colours);
}

void ost_print_wrapped(unsigned int indent, const char *text)
{
	size_t width = out.width > indent + 20 ? out.width : 100, column = indent;
	char clean[1024];

	ost_print_clean(text, clean, sizeof(clean));
	text = clean;
	printf("%*s", (int)indent, "");
	while (*text) {
		size_t word = strcspn(text, " ");

		if (column > indent && column + 1 + word > width) {
			printf("\n%*s", (int)indent, "");
			column = indent;
		}
		column += printf("%s%.*s", column > indent ? " " : "", (int)word, text);
		text += word;
		text += strspn(text, " ");
	}
	putchar('\n');
}

void ost_print_pair(const char *label, const char *fmt, ...)
{
	char text[1024], clean[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	ost_print_clean(text, clean, sizeof(clean));
	printf("%s%-16s%s%s\n", ost_print_on(OST_DIM), label, ost_print_off(), clean);
}
