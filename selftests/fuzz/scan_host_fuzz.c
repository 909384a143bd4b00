// SPDX-License-Identifier: GPL-2.0-or-later
/* What `ostlerctl scan --host` takes: snapshots, or a copy of /proc/cpuinfo. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/error.h"
#include "ostlerctl/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct ost_report_host *host, const struct ost_host_features *features)
{
	if (!ost_feature_set_has(&host->have, OST_F_LM))
		abort();
	/* either names from a cpuinfo, or snapshots that tell why something is withheld */
	if (host->names_only != !host->features)
		abort();
	if (host->features && (host->features != features ||
			       !ost_feature_set_within(&host->have, &features->processor)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ost_host_features features;
	struct ost_report_host host;
	struct ost_error err = { 0 };
	char path[32];
	int fd = memfd_create("host", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!ost_scan_host_read(path, &host, &features, &err))
		check(&host, &features);
	else if (err.code >= 0 || !err.text[0])
		abort();
	close(fd);
	return 0;
}
