// SPDX-License-Identifier: GPL-2.0-or-later
#include "bpf_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/log.h"

#include "ostler.skel.h"

#define KERNEL_BTF "/sys/kernel/btf/vmlinux"

/* As many as a 1 TiB host of 64 MiB instances; keeps sums of map sizes below 32 bits. */
#define INSTANCES_LIMIT (1U << 24)

#define WITHOUT "; the daemon goes on without probes: parks, cgroup files and PSI work"

void ost_bpf_config_default(struct ost_bpf_config *config)
{
	*config = (struct ost_bpf_config){
		.pin_dir = OST_BPF_PIN_DIR,
		.instances_max = 16384,
		.ring_bytes = 1 << 20,
		.stall_ns = 10 * 1000 * 1000,
		.release_bytes = 1 << 20,
	};
}

static int check_config(const struct ost_bpf_config *config, struct ost_error *err)
{
	uint32_t page = sysconf(_SC_PAGESIZE);

	if (!config->instances_max || config->instances_max > INSTANCES_LIMIT)
		return ost_error_set(err, -EINVAL, "probes: instances_max is %u: 1 to %u are right",
				     config->instances_max, INSTANCES_LIMIT);
	if (config->ring_bytes < page || (config->ring_bytes & (config->ring_bytes - 1)))
		return ost_error_set(err, -EINVAL,
				     "probes: ring_bytes is %u: a power of two from %u on is right",
				     config->ring_bytes, page);
	return 0;
}

static int check_kernel(const struct ost_bpf_config *config, struct ost_error *err)
{
	const char *path = config->btf_path ? config->btf_path : KERNEL_BTF;

	if (access(path, R_OK) == 0)
		return 0;
	if (errno == ENOENT)
		return ost_error_set(err, -ENOTSUP,
				     "probes: no %s: the kernel needs CONFIG_DEBUG_INFO_BTF"
				     WITHOUT,
				     path);
	return ost_error_set(err, -errno, "probes: read %s: %s" WITHOUT, path, strerror(errno));
}

static int print_libbpf(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char line[512];
	int length;

	if (level == LIBBPF_DEBUG || ost_log_level() < LOG_DEBUG)
		return 0;
	length = vsnprintf(line, sizeof(line), fmt, args);
	if (length >= (int)sizeof(line))
		length = sizeof(line) - 1;
	while (length > 0 && line[length - 1] == '\n')
		line[--length] = '\0';
	ost_debug("%s", line);
	return 0;
}

static int map_samples(struct ost_bpf *bpf)
{
	struct bpf_map *map = bpf->skeleton->maps.samples;
	void *memory;

	bpf->samples_bytes = (size_t)bpf_map__max_entries(map) * sizeof(struct ost_sample);
	memory = mmap(NULL, bpf->samples_bytes, PROT_READ, MAP_SHARED, bpf_map__fd(map), 0);
	if (memory == MAP_FAILED)
		return -errno;
	bpf->samples = memory;
	return 0;
}

int ost_bpf_open(struct ost_bpf **out, const struct ost_bpf_config *config, struct ost_error *err)
{
	struct ost_bpf *bpf;
	int error;

	error = check_config(config, err);
	if (!error)
		error = check_kernel(config, err);
	if (error)
		return error;
	bpf = calloc(1, sizeof(*bpf));
	if (!bpf)
		return ost_error_set(err, -ENOMEM, "probes: %s" WITHOUT, strerror(ENOMEM));
	bpf->config = *config;
	bpf->pin_fd = -1;
	ost_bpf_status_init(bpf);
	libbpf_set_print(print_libbpf);

	error = ost_bpf_pin_lock(bpf, err);
	if (error)
		goto out_free;
	error = ost_bpf_probes_load(bpf, err);
	if (error == -EPERM)
		ost_error_set(err, error,
			      "probes: load: not permitted, CAP_BPF, CAP_PERFMON and "
			      "CAP_NET_ADMIN are needed" WITHOUT);
	if (error)
		goto out_pin;
	error = ost_bpf_ring_open(&bpf->ring, bpf_map__fd(bpf->skeleton->maps.ring),
				  config->ring_bytes);
	if (!error)
		error = map_samples(bpf);
	if (error) {
		ost_error_set(err, error, "probes: map the ring: %s" WITHOUT, strerror(-error));
		goto out_destroy;
	}
	ost_bpf_pin_maps(bpf);
	ost_bpf_probes_attach(bpf);
	ost_bpf_module_changed(bpf);
	*out = bpf;
	return 0;

out_destroy:
	ost_bpf_ring_close(&bpf->ring);
	ostler_bpf__destroy(bpf->skeleton);
out_pin:
	ost_bpf_pin_close(bpf, true);
out_free:
	free(bpf);
	return error;
}

void ost_bpf_close(struct ost_bpf *bpf, bool keep)
{
	if (!bpf)
		return;
	for (int i = 0; i < OST_PROBES; i++)
		if (bpf->links[i])
			bpf_link__destroy(bpf->links[i]);
	munmap(bpf->samples, bpf->samples_bytes);
	ost_bpf_ring_close(&bpf->ring);
	ostler_bpf__destroy(bpf->skeleton);
	ost_bpf_pin_close(bpf, keep);
	free(bpf);
}

bool ost_bpf_have(const struct ost_bpf *bpf, enum ost_bpf_capability capability)
{
	return bpf && bpf->status[capability].have;
}

const struct ost_bpf_status *ost_bpf_status(const struct ost_bpf *bpf,
					    enum ost_bpf_capability capability)
{
	return &bpf->status[capability];
}

int ost_bpf_attach_cgroup(struct ost_bpf *bpf, int cgroup_fd, struct ost_error *err)
{
	static const enum ost_bpf_capability both[] = { OST_BPF_DEMAND, OST_BPF_SAMPLE };
	struct statfs fs;
	int first = 0;

	if (fstatfs(cgroup_fd, &fs))
		return ost_error_set(err, -errno, "probes: the instances' root: %s",
				     strerror(errno));
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return ost_error_set(err, -EINVAL,
				     "probes: the instances' root is no cgroup v2 directory");
	for (int i = 0; i < 2; i++) {
		int error = ost_bpf_capability_attach(bpf, both[i], cgroup_fd);

		if (error && !first)
			first = ost_error_set(err, error, "probes: %s: %s",
					      bpf->status[both[i]].name,
					      bpf->status[both[i]].reason);
	}
	return first;
}

bool ost_bpf_module_changed(struct ost_bpf *bpf)
{
	if (!bpf->status[OST_BPF_MODULE].have)
		ost_bpf_capability_attach(bpf, OST_BPF_MODULE, -1);
	return bpf->status[OST_BPF_MODULE].have;
}

void ost_bpf_module_release(struct ost_bpf *bpf)
{
	if (bpf->status[OST_BPF_MODULE].have)
		ost_bpf_capability_detach(bpf, OST_BPF_MODULE);
}
