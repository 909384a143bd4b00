// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Buckets to begin with; the instance table doubles when it holds as many rows. */
#define BUCKETS_FIRST 256

const char *ost_collect_status_text(enum ost_collect_status status)
{
	static const char *const text[OST_COLLECT_STATUSES] = {
		[OST_COLLECT_NEVER] = "never", [OST_COLLECT_DONE] = "done",
		[OST_COLLECT_BUSY] = "busy",   [OST_COLLECT_REFUSED] = "refused",
		[OST_COLLECT_TIMEOUT] = "timed out", [OST_COLLECT_GONE] = "gone",
		[OST_COLLECT_NO_DOOR] = "no door",   [OST_COLLECT_FAILED] = "failed",
	};

	return (unsigned int)status < OST_COLLECT_STATUSES ? text[status] : "unknown";
}

/* Cgroup ids count up from one, so a multiplicative hash spreads them (Fibonacci hashing). */
static size_t id_bucket(uint64_t id, size_t buckets)
{
	return (id * 0x9e3779b97f4a7c15ull >> 32) & (buckets - 1);
}

/* FNV-1a */
static size_t name_bucket(const char *name, size_t buckets)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 0x100000001b3ull;
	return hash & (buckets - 1);
}

int ost_instances_init(struct ost_instances *table, int root_fd)
{
	memset(table, 0, sizeof(*table));
	table->root_fd = root_fd;
	table->buckets = BUCKETS_FIRST;
	table->function_buckets = BUCKETS_FIRST;
	table->bucket = calloc(table->buckets, sizeof(*table->bucket));
	table->function_bucket = calloc(table->function_buckets, sizeof(*table->function_bucket));
	if (table->bucket && table->function_bucket)
		return 0;
	ost_instances_exit(table);
	return -ENOMEM;
}

static void free_instance(struct ost_instance *instance)
{
	free(instance->last.detail);
	free(instance->path);
	free(instance->user);
	free(instance);
}

void ost_instances_exit(struct ost_instances *table)
{
	for (size_t i = 0; table->bucket && i < table->buckets; i++)
		while (table->bucket[i]) {
			struct ost_instance *instance = table->bucket[i];

			table->bucket[i] = instance->next;
			free_instance(instance);
		}
	for (size_t i = 0; table->function_bucket && i < table->function_buckets; i++)
		while (table->function_bucket[i]) {
			struct ost_function *function = table->function_bucket[i];

			table->function_bucket[i] = function->next;
			free(function);
		}
	free(table->bucket);
	free(table->function_bucket);
	memset(table, 0, sizeof(*table));
	table->root_fd = -1;
}

struct ost_instance *ost_instance_find(const struct ost_instances *table, uint64_t id)
{
	struct ost_instance *instance = table->bucket[id_bucket(id, table->buckets)];

	while (instance && (instance->id != id || instance->gone))
		instance = instance->next;
	return instance;
}

struct ost_instance *ost_instance_find_path(const struct ost_instances *table, const char *path)
{
	struct ost_instance *instance = NULL;

	while (*path == '/')
		path++;
	while ((instance = ost_instance_next(table, instance)))
		if (!strcmp(instance->path, path))
			return instance;
	return NULL;
}

/* Twice the buckets; when memory is short the chains just grow longer. */
static void grow(struct ost_instances *table)
{
	size_t buckets = table->buckets * 2;
	struct ost_instance **bucket = calloc(buckets, sizeof(*bucket));

	if (!bucket)
		return;
	for (size_t i = 0; i < table->buckets; i++)
		while (table->bucket[i]) {
			struct ost_instance *instance = table->bucket[i];
			size_t at = id_bucket(instance->id, buckets);

			table->bucket[i] = instance->next;
			instance->next = bucket[at];
			bucket[at] = instance;
		}
	free(table->bucket);
	table->bucket = bucket;
	table->buckets = buckets;
}

struct ost_instance *ost_instance_add(struct ost_instances *table, uint64_t id, const char *path,
				      const char *function, const char *user)
{
	struct ost_instance *instance = calloc(1, sizeof(*instance));
	size_t at;

	if (!instance)
		return NULL;
	instance->id = id;
	instance->path = strdup(path);
	instance->user = strdup(user);
	instance->function = ost_function_get(table, function);
	if (!instance->path || !instance->user || !instance->function) {
		free_instance(instance);
		return NULL;
	}
	if (table->count >= table->buckets)
		grow(table);
	at = id_bucket(id, table->buckets);
	instance->next = table->bucket[at];
	table->bucket[at] = instance;
	table->count++;
	return instance;
}

static void unlink_and_free(struct ost_instances *table, struct ost_instance *instance)
{
	struct ost_instance **at = &table->bucket[id_bucket(instance->id, table->buckets)];

	while (*at && *at != instance)
		at = &(*at)->next;
	if (*at)
		*at = instance->next;
	free_instance(instance);
}

void ost_instance_remove(struct ost_instances *table, struct ost_instance *instance)
{
	if (!instance->gone) {
		instance->gone = true;
		table->count--;
	}
	/* an action that holds the row frees it when it lets go */
	if (!instance->users)
		unlink_and_free(table, instance);
}

void ost_instance_hold(struct ost_instance *instance)
{
	instance->users++;
}

void ost_instance_put(struct ost_instances *table, struct ost_instance *instance)
{
	if (--instance->users == 0 && instance->gone)
		unlink_and_free(table, instance);
}

int ost_instance_open(const struct ost_instances *table, const struct ost_instance *instance)
{
	struct stat st;
	int fd = openat(table->root_fd, *instance->path ? instance->path : ".",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	/* a cgroup's inode number is its id; another one at the path is another instance */
	if (fstat(fd, &st) < 0 || st.st_ino != instance->id) {
		close(fd);
		return -ESTALE;
	}
	return fd;
}

struct ost_instance *ost_instance_next(const struct ost_instances *table,
				       const struct ost_instance *instance)
{
	size_t at = instance ? id_bucket(instance->id, table->buckets) : 0;
	struct ost_instance *next = instance ? instance->next : table->bucket[0];

	for (;;) {
		while (next && next->gone)
			next = next->next;
		if (next || ++at >= table->buckets)
			return next;
		next = table->bucket[at];
	}
}

struct ost_function *ost_function_get(struct ost_instances *table, const char *name)
{
	size_t at = name_bucket(name, table->function_buckets);
	struct ost_function *function = table->function_bucket[at];

	while (function && strncmp(function->name, name, OST_NAME_LEN - 1))
		function = function->next;
	if (function)
		return function;
	function = calloc(1, sizeof(*function));
	if (!function)
		return NULL;
	strncpy(function->name, name, OST_NAME_LEN - 1);
	function->next = table->function_bucket[at];
	table->function_bucket[at] = function;
	table->function_count++;
	return function;
}

struct ost_function *ost_function_next(const struct ost_instances *table,
				       const struct ost_function *function)
{
	size_t at = function ? name_bucket(function->name, table->function_buckets) : 0;
	struct ost_function *next = function ? function->next : table->function_bucket[0];

	while (!next && ++at < table->function_buckets)
		next = table->function_bucket[at];
	return next;
}
