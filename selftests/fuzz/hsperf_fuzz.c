// SPDX-License-Identifier: GPL-2.0-or-later
/* HotSpot's performance data. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/hsperf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct ost_hsperf perf;
	char text[16];

	memcpy(copy, data, size);
	if (!ost_hsperf_parse(copy, size, &perf) && (unsigned int)perf.gc >= OST_JVM_GC_COUNT)
		abort();
	if (!ost_hsperf_string(copy, size, "sun.gc.cause", text, sizeof(text)) &&
	    strlen(text) >= sizeof(text))
		abort();
	free(copy);
	return 0;
}
