// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/source/code.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "isa/program/object.h"
#include "lib/cleanup.h"
#include "lib/elfsym.h"
#include "lib/maps.h"

/* Mappings that are looked at: the loop waits meanwhile, about 1 us for each. */
#define MAPS_MAX 4096

/* Largest file without a build-id that is hashed, bytes: half a second's work. */
#define HASHED_MAX (128ull << 20)

/* Longest instruction, bytes. */
#define INSN_MAX 15

_Static_assert(OST_CODE_ID_LEN == OST_OBJECT_ID_MAX, "the same text");

struct wanted {
	uint64_t address;
	struct ost_map map;
	char name[OST_CODE_NAME_LEN];
};

static int visit(const struct ost_map *map, void *arg)
{
	struct wanted *wanted = arg;
	const char *name;
	size_t len;

	if (wanted->address < map->start)
		return -ENOENT;
	if (wanted->address >= map->end)
		return 0;
	name = ost_map_object(map, &len);
	if (!map->executable || !name)
		return -ENOENT;
	wanted->map = *map;
	if (len >= sizeof(wanted->name))
		len = sizeof(wanted->name) - 1;
	memcpy(wanted->name, name, len);
	wanted->name[len] = '\0';
	return 1;
}

/* An O_PATH descriptor of a regular file: opening it disturbs no device and waits for nobody. */
static int hold(int dirfd, const char *path)
{
	int fd = openat(dirfd, path, O_PATH | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -ENOENT;
}

int ost_code_find(pid_t tgid, uint64_t address, struct ost_code_file *file, struct ost_error *err)
{
	struct wanted wanted = { .address = address };
	_ost_close_ int proc = -1, maps = -1;
	char path[64];
	int ret;

	file->fd = -1;
	snprintf(path, sizeof(path), "/proc/%d", tgid);
	proc = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (proc >= 0)
		maps = openat(proc, "maps", O_RDONLY | O_CLOEXEC);
	if (maps < 0)
		return ost_error_set(err, errno == ENOENT ? -ESRCH : -errno,
				     "can't read the mappings of process %d: %s", tgid, strerror(errno));
	ret = ost_maps_read(maps, MAPS_MAX, visit, &wanted);
	if (ret <= 0)
		return ost_error_set(err, ret ? ret : -ENOENT,
				     "%#" PRIx64 " of process %d is in no file's code", address, tgid);
	snprintf(path, sizeof(path), "map_files/%" PRIx64 "-%" PRIx64, wanted.map.start, wanted.map.end);
	file->fd = hold(proc, path);
	if (file->fd < 0)
		return ost_error_set(err, file->fd, "can't hold %s of process %d: %s", path, tgid,
				     strerror(-file->fd));
	file->offset = wanted.map.offset + (address - wanted.map.start);
	memcpy(file->name, wanted.name, sizeof(file->name));
	return 0;
}

static int open_held(int held)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static int identify(int fd, const char *name, char *id, struct ost_error *err)
{
	struct ost_object *object;
	struct ost_elf elf;
	struct stat st;
	int ret;

	if (fstat(fd, &st))
		return ost_error_set(err, -errno, "%s: %s", name, strerror(errno));
	if (st.st_size > (off_t)HASHED_MAX &&
	    (ost_elf_open(&elf, fd) || ost_elf_has_build_id(&elf) != 1))
		return ost_error_set(err, -EFBIG, "%s has no build-id and is too large to be hashed", name);
	ret = ost_object_open(&object, fd, name, err);
	if (ret)
		return ret;
	memcpy(id, object->id, OST_CODE_ID_LEN);
	ost_object_close(object);
	return 0;
}

int ost_code_identify(const struct ost_code_file *file, const uint8_t *insn, size_t len, char *id,
		      struct ost_error *err)
{
	_ost_close_ int fd = open_held(file->fd);
	uint8_t there[INSN_MAX];

	if (fd < 0)
		return ost_error_set(err, fd, "can't read %s: %s", file->name, strerror(-fd));
	if (len > sizeof(there))
		len = sizeof(there);
	if (len && (pread(fd, there, len, file->offset) != (ssize_t)len || memcmp(there, insn, len)))
		return ost_error_set(err, -ESTALE, "%s has other bytes at %#" PRIx64, file->name,
				     file->offset);
	return identify(fd, file->name, id, err);
}

int ost_code_program(int procfd, char *id, struct ost_error *err)
{
	_ost_close_ int held = hold(procfd, "exe"), fd = -1;

	if (held < 0)
		return ost_error_set(err, held, "no program: %s", strerror(-held));
	fd = open_held(held);
	if (fd < 0)
		return ost_error_set(err, fd, "can't read the program: %s", strerror(-fd));
	return identify(fd, "program", id, err);
}
