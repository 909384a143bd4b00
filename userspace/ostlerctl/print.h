/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_CTL_PRINT_H
#define OST_CTL_PRINT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Text for people. Whatever came from a task is printed without its control characters, so that a
 * name can't play tricks on a terminal. Colours only on a terminal, and not when NO_COLOR is set.
 */

enum ost_colour { OST_PLAIN, OST_BOLD, OST_GOOD, OST_WARN, OST_BAD, OST_DIM };

/** ost_print_init() - look at standard output: a terminal, and how wide? */
void ost_print_init(void);

/** ost_print_width() - columns of the terminal, 0 when standard output is none */
unsigned int ost_print_width(void);

/** ost_print_on(), ost_print_off() - escape sequences of a colour, or "" */
const char *ost_print_on(enum ost_colour colour);
const char *ost_print_off(void);

/** ost_print_clean() - @text fit for a terminal: what is no printable character becomes \xNN */
void ost_print_clean(const char *text, char *buf, size_t size);

/* Numbers in words, into the caller's buffer; 24 bytes suffice. They return the buffer. */
const char *ost_print_bytes(char *buf, size_t size, uint64_t bytes);
const char *ost_print_ms(char *buf, size_t size, double ms);

/** ost_print_ago() - how long ago, "-" for 0, which is never */
const char *ost_print_ago(char *buf, size_t size, uint64_t unix_ms);

/*
 * Members of JSON by a path with dots ("memory.anon_bytes"). One that isn't there reads as "", 0 or
 * false: an older daemon must not make a newer ostlerctl fail.
 */
const char *ost_field_text(const json_t *object, const char *path);
uint64_t ost_field_u64(const json_t *object, const char *path);
double ost_field_real(const json_t *object, const char *path);
bool ost_field_bool(const json_t *object, const char *path);

/** ost_field() - the value itself, NULL when it isn't there */
json_t *ost_field(const json_t *object, const char *path);

#define OST_TABLE_COLUMNS 12

/** struct ost_table - rows that are aligned once all are known */
struct ost_table {
	unsigned int columns;
	bool right[OST_TABLE_COLUMNS];
	char ***rows;
	enum ost_colour *colours;
	size_t count;
};

/**
 * ost_table_begin() - set the headings
 * @headings: separated by blanks; one that begins with '>' is aligned to the right; '_' is a blank
 */
void ost_table_begin(struct ost_table *table, const char *headings);

/** ost_table_row() - add a row: as many texts as there are columns */
void ost_table_row(struct ost_table *table, enum ost_colour colour, ...);

/** ost_table_end() - print; on a terminal the last column is cut at its edge. Frees the table. */
void ost_table_end(struct ost_table *table);

/** ost_print_wrapped() - a text below a label, broken at blanks to the width of the terminal */
void ost_print_wrapped(unsigned int indent, const char *text);

/** ost_print_pair() - "label   value" */
void ost_print_pair(const char *label, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
