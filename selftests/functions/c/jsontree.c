// SPDX-License-Identifier: GPL-2.0-or-later
/* Parses JSON into a tree of allocated nodes, removes a part of it, and prints the rest. */
#include "serve.h"
#include <ctype.h>
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES 12000

enum type { LITERAL, STRING, ARRAY, OBJECT };

struct node {
	enum type type;
	char *key, *text;
	struct node *child, *next;
};

static char *text_dup(const char *from, size_t n)
{
	char *to = strndup(from, n);

	if (!to)
		err(1, "out of memory");
	return to;
}

static const char *space(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

static const char *string_end(const char *p)
{
	for (p++; *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p;
}

static const char *parse(const char *p, struct node **out);

/* the members of an array or object; @p is behind its opening bracket */
static const char *parse_members(const char *p, struct node *parent)
{
	struct node **tail = &parent->child;
	char close = parent->type == OBJECT ? '}' : ']';

	for (p = space(p); *p != close; p = space(p)) {
		char *key = NULL;

		if (*p == ',') {
			p = space(p + 1);
		}
		if (parent->type == OBJECT) {
			const char *end = string_end(p);

			key = text_dup(p + 1, end - p - 1);
			p = space(end + 1) + 1;
		}
		p = parse(p, tail);
		(*tail)->key = key;
		tail = &(*tail)->next;
	}
	return p + 1;
}

static const char *parse(const char *p, struct node **out)
{
	struct node *node = calloc(1, sizeof(*node));
	const char *end;

	if (!node)
		err(1, "out of memory");
	*out = node;
	p = space(p);
	switch (*p) {
	case '{':
	case '[':
		node->type = *p == '{' ? OBJECT : ARRAY;
		return parse_members(p + 1, node);
	case '"':
		node->type = STRING;
		end = string_end(p);
		node->text = text_dup(p + 1, end - p - 1);
		return end + 1;
	default:
		end = p + strcspn(p, ",]} \n");
		node->text = text_dup(p, end - p);
		return end;
	}
}

static void print(const struct node *node, FILE *out)
{
	static const char *const open[] = {"", "\"", "[", "{"};
	static const char *const close[] = {"", "\"", "]", "}"};

	if (node->key)
		fprintf(out, "\"%s\":", node->key);
	fprintf(out, "%s%s", open[node->type], node->text ? node->text : "");
	for (const struct node *c = node->child; c; c = c->next) {
		print(c, out);
		if (c->next)
			fputc(',', out);
	}
	fputs(close[node->type], out);
}

static void tree_free(struct node *node)
{
	while (node) {
		struct node *next = node->next;

		tree_free(node->child);
		free(node->key);
		free(node->text);
		free(node);
		node = next;
	}
}

/* drop every entry that is marked private */
static void filter(struct node *array)
{
	struct node **at = &array->child;

	while (*at) {
		struct node *entry = *at, *last = entry->child;

		while (last->next)
			last = last->next;
		if (strcmp(last->text, "true")) {
			at = &entry->next;
			continue;
		}
		*at = entry->next;
		entry->next = NULL;
		tree_free(entry);
	}
}

static char *document(uint64_t *random)
{
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		err(1, "open_memstream");
	for (int i = 0; i < ENTRIES; i++) {
		unsigned long long r = random_next(random);

		fprintf(out,
			"%s{\"id\": %d, \"name\": \"the \\\"%llx\\\" entry\", "
			"\"tags\": [\"a%llu\", \"b%llu\"], \"private\": %s}",
			i ? ",\n" : "[", i, r, r % 99, r / 99 % 99, r >> 60 ? "false" : "true");
	}
	fputs("]\n", out);
	fclose(out);
	return text;
}

void function_run(uint64_t seed, char *reply, size_t size)
{
	uint64_t random = random_seed(seed);
	char *text = document(&random), *printed;
	struct node *root;
	size_t length;
	FILE *out = open_memstream(&printed, &length);

	if (!out)
		err(1, "open_memstream");
	parse(text, &root);
	filter(root);
	print(root, out);
	fclose(out);
	snprintf(reply, size, "jsontree %zu %016llx", length,
		 (unsigned long long)hash_bytes(0, printed, length));
	tree_free(root);
	free(printed);
	free(text);
}
