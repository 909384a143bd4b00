// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/PID/maps, /proc/PID/stat and status: all three are fed the same bytes. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/maps.h"
#include "lib/procstat.h"
#include "lib/runtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int visit(const struct ost_map *map, void *arg)
{
	const char *name;
	size_t len;

	if (map->end <= map->start)
		abort();
	name = ost_map_object(map, &len);
	if (name && (name < map->name || name + len > map->name + map->name_len))
		abort();
	if (name) {
		ost_runtime_of_object(name, len);
		ost_allocator_of_object(name, len);
	}
	if (ost_map_is_heap(map) && name)
		abort();
	return 0;
}

static void as_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("maps", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	lseek(fd, 0, SEEK_SET);
	ost_maps_read(fd, 100000, visit, NULL);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ost_procstat ps;
	struct ost_map map;
	char *text = malloc(size + 1);

	/* exactly as long as it is, so that a step beyond shows */
	memcpy(text, data, size);
	if (!ost_map_parse(text, size, &map))
		visit(&map, NULL);
	text[size] = '\0';
	ost_procstat_parse(text, &ps);
	ost_procstat_parse_status(text, &ps);
	free(text);
	as_file(data, size);
	return 0;
}
