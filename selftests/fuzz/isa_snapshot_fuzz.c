// SPDX-License-Identifier: GPL-2.0-or-later
/* The text of CPU snapshots, one after the other. What was read is written to the same. */
#include <stdlib.h>
#include <string.h>

#include "isa/host.h"
#include "isa/snapshot.h"
#include "lib/error.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct ost_snapshot *snapshot)
{
	char text[OST_SNAPSHOT_TEXT_MAX], why[160];
	struct ost_host_features host;
	struct ost_snapshot again;
	unsigned int i;

	expect(ost_snapshot_format(snapshot, text, sizeof(text)) > 0);
	expect(ost_snapshot_parse(&again, text, NULL, NULL) == 0);
	expect(!memcmp(snapshot, &again, sizeof(again)));
	expect(ost_host_features_from(&host, snapshot, 1) == 0);
	expect(ost_feature_set_within(&host.usable, &host.processor));
	for (i = OST_FEATURE_NONE + 1; i < OST_FEATURE_END; i++) {
		ost_host_feature_withheld(&host, i, why, sizeof(why));
		/* a reason is there exactly for what the processor has and a process can't use */
		expect(!why[0] == (ost_feature_set_has(&host.processor, i) ==
				   ost_feature_set_has(&host.usable, i)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	const char *next = text, *rest;
	struct ost_snapshot snapshot;
	struct ost_error err = { 0 };

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	while (!ost_snapshot_parse(&snapshot, next, &rest, &err)) {
		expect(rest > next && rest <= text + size);
		check(&snapshot);
		next = rest;
	}
	expect(err.code < 0 && err.text[0]);
	free(text);
	return 0;
}
