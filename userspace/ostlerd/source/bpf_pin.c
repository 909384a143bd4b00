// SPDX-License-Identifier: GPL-2.0-or-later
#include "bpf_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/log.h"

#include "ostler.skel.h"

static const char *const pinned[] = { "instances", "counters", "drops" };

#define PINNED (sizeof(pinned) / sizeof(pinned[0]))

static void pin_path(const struct ost_bpf *bpf, const char *name, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", bpf->config.pin_dir, name);
}

static void no_pins(struct ost_bpf *bpf, const char *what, int error)
{
	ost_bpf_missing(bpf, OST_BPF_PINS, "%s %s: %s", what, bpf->config.pin_dir,
			error ? strerror(error) : "not on a bpffs (mount -t bpf bpf /sys/fs/bpf)");
}

int ost_bpf_pin_lock(struct ost_bpf *bpf, struct ost_error *err)
{
	const char *dir = bpf->config.pin_dir;
	struct statfs fs;
	bool made;

	if (!dir || !*dir) {
		ost_bpf_missing(bpf, OST_BPF_PINS, "no pin folder configured");
		return 0;
	}
	made = mkdir(dir, 0700) == 0;
	if (!made && errno != EEXIST) {
		no_pins(bpf, "make", errno);
		return 0;
	}
	bpf->pin_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (bpf->pin_fd < 0) {
		no_pins(bpf, "open", errno);
		return 0;
	}
	if (fstatfs(bpf->pin_fd, &fs) || fs.f_type != BPF_FS_MAGIC) {
		no_pins(bpf, "use", 0);
		if (made)
			rmdir(dir);
		close(bpf->pin_fd);
		bpf->pin_fd = -1;
		return 0;
	}
	if (flock(bpf->pin_fd, LOCK_EX | LOCK_NB)) {
		close(bpf->pin_fd);
		bpf->pin_fd = -1;
		return ost_error_set(err, -EBUSY,
				     "probes: another process uses %s: stop it, or give this "
				     "one another folder",
				     dir);
	}
	return 0;
}

/* Are the map that is pinned and the one to be made the same thing? */
static bool is_alike(const struct bpf_map *map, int fd, char *difference, size_t size)
{
	struct bpf_map_info info = { 0 };
	uint32_t length = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &length)) {
		snprintf(difference, size, "it can't be read: %s", strerror(errno));
		return false;
	}
	snprintf(difference, size,
		 "type %u, key %u, value %u, entries %u, flags %#x instead of %u, %u, %u, %u, %#x",
		 info.type, info.key_size, info.value_size, info.max_entries, info.map_flags,
		 bpf_map__type(map), bpf_map__key_size(map), bpf_map__value_size(map),
		 bpf_map__max_entries(map), bpf_map__map_flags(map));
	return info.type == bpf_map__type(map) && info.key_size == bpf_map__key_size(map) &&
	       info.value_size == bpf_map__value_size(map) &&
	       info.max_entries == bpf_map__max_entries(map) &&
	       info.map_flags == bpf_map__map_flags(map);
}

/* The maps belong together: when one of them is of another kind, all begin anew. */
static bool all_alike(struct ost_bpf *bpf, struct bpf_object *object, int fds[PINNED])
{
	char path[512], difference[200];
	bool alike = true;

	for (size_t i = 0; i < PINNED; i++) {
		pin_path(bpf, pinned[i], path, sizeof(path));
		fds[i] = bpf_obj_get(path);
		if (fds[i] < 0) {
			alike = false;
			if (errno != ENOENT)
				ost_warn("probes: %s: %s: replaced, counters begin at 0", path,
					 strerror(errno));
			continue;
		}
		if (!is_alike(bpf_object__find_map_by_name(object, pinned[i]), fds[i], difference,
			      sizeof(difference))) {
			alike = false;
			ost_warn("probes: %s has %s: replaced, counters begin at 0", path,
				 difference);
		}
	}
	return alike;
}

static void unlink_pins(struct ost_bpf *bpf)
{
	for (size_t i = 0; i < PINNED; i++)
		unlinkat(bpf->pin_fd, pinned[i], 0);
}

int ost_bpf_pin_adopt(struct ost_bpf *bpf, struct bpf_object *object, struct ost_error *err)
{
	int fds[PINNED], error = 0;

	if (bpf->pin_fd < 0)
		return 0;
	if (!all_alike(bpf, object, fds)) {
		unlink_pins(bpf);
	} else {
		for (size_t i = 0; i < PINNED && !error; i++)
			error = bpf_map__reuse_fd(bpf_object__find_map_by_name(object, pinned[i]),
						  fds[i]);
		if (!error)
			ost_debug("probes: counters in %s go on", bpf->config.pin_dir);
	}
	for (size_t i = 0; i < PINNED; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (error)
		return ost_error_set(err, error, "probes: take over the maps in %s: %s",
				     bpf->config.pin_dir, strerror(-error));
	return 0;
}

void ost_bpf_pin_maps(struct ost_bpf *bpf)
{
	if (bpf->pin_fd < 0)
		return;
	for (size_t i = 0; i < PINNED; i++) {
		struct bpf_map *map =
			bpf_object__find_map_by_name(bpf->skeleton->obj, pinned[i]);
		char path[512];

		pin_path(bpf, pinned[i], path, sizeof(path));
		if (bpf_obj_pin(bpf_map__fd(map), path) && errno != EEXIST) {
			no_pins(bpf, "pin maps in", errno);
			unlink_pins(bpf);
			return;
		}
	}
	bpf->status[OST_BPF_PINS].have = true;
	bpf->status[OST_BPF_PINS].reason[0] = '\0';
}

void ost_bpf_pin_close(struct ost_bpf *bpf, bool keep)
{
	if (bpf->pin_fd < 0)
		return;
	if (!keep) {
		unlink_pins(bpf);
		rmdir(bpf->config.pin_dir);
	}
	close(bpf->pin_fd);
	bpf->pin_fd = -1;
}
