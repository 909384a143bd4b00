// SPDX-License-Identifier: GPL-2.0-or-later
/* A list of features. What was read is written, and reads to the same. */
#include <stdlib.h>
#include <string.h>

#include "isa/feature.h"
#include "lib/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct ost_feature_set *set)
{
	static const size_t sizes[] = { 8, 9, 16, 31, 100, 255 };
	char text[4096];
	struct ost_feature_set again;
	size_t i;

	ost_feature_set_format(set, text, sizeof(text));
	expect(ost_feature_set_parse(&again, text, NULL) == 0);
	expect(ost_feature_set_equal(set, &again));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char *tight = malloc(sizes[i]);

		if (!tight)
			return;
		expect(ost_feature_set_format(set, tight, sizes[i]) == strlen(tight));
		free(tight);
	}
	expect(ost_feature_level(set) <= 4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ost_feature_set set = { { 1, 2, 3, 4 } }, before = set;
	struct ost_error err = { 0 };
	char *text = malloc(size + 1);

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (!ost_feature_set_parse(&set, text, &err)) {
		check(&set);
	} else {
		expect(err.code < 0 && err.text[0]);
		expect(ost_feature_set_equal(&set, &before));
	}
	free(text);
	return 0;
}
