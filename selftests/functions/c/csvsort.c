// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Parses a CSV export line by line into records of allocated strings, sorts them and writes them
 * out.
 */
#include "serve.h"
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS 40000

struct record {
	char *city, *customer;
	long cents;
};

static char *export(uint64_t *random)
{
	static const char *const cities[] = {"Leeds", "Porto", "Graz", "Turku",
					     "Brno",  "Gent",  "Lyon"};
	size_t size;
	char *text;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		err(1, "open_memstream");
	for (int i = 0; i < ROWS; i++)
		fprintf(out, "%s,customer number %llu of many,%llu\n",
			cities[random_next(random) % 7],
			(unsigned long long)random_next(random) % 5000,
			(unsigned long long)random_next(random) % 1000000);
	fclose(out);
	return text;
}

static int compare(const void *a, const void *b)
{
	const struct record *x = *(struct record *const *)a, *y = *(struct record *const *)b;
	int order = strcmp(x->city, y->city);

	if (!order)
		order = (x->cents > y->cents) - (x->cents < y->cents);
	return order ? order : strcmp(x->customer, y->customer);
}

static struct record *parse(char *line)
{
	struct record *record = calloc(1, sizeof(*record));
	char *rest = line;

	if (!record)
		err(1, "out of memory");
	record->city = strdup(strsep(&rest, ","));
	record->customer = strdup(strsep(&rest, ","));
	record->cents = atol(rest);
	return record;
}

void function_run(uint64_t seed, char *reply, size_t size)
{
	uint64_t random = random_seed(seed), hash = 0;
	struct record **records = calloc(ROWS, sizeof(*records));
	char *text = export(&random), *rest = text, *line;
	size_t n = 0;

	if (!records)
		err(1, "out of memory");
	while ((line = strsep(&rest, "\n")) && *line)
		records[n++] = parse(line);
	qsort(records, n, sizeof(*records), compare);
	for (size_t i = 0; i < n; i++) {
		hash = hash_bytes(hash, records[i]->customer, strlen(records[i]->customer));
		hash = hash_bytes(hash, &records[i]->cents, sizeof(records[i]->cents));
		free(records[i]->city);
		free(records[i]->customer);
		free(records[i]);
	}
	free(records);
	free(text);
	snprintf(reply, size, "csvsort %zu %016llx", n, (unsigned long long)hash);
}
