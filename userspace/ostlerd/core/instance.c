// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/instance.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/cleanup.h"

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

static struct ost_instance *row(struct ost_hash_node *node)
{
	return node ? ost_container_of(node, struct ost_instance, node) : NULL;
}

void ost_instances_init(struct ost_instances *table, int root_fd)
{
	memset(table, 0, sizeof(*table));
	table->root_fd = root_fd;
}

static void free_instance(struct ost_instances *table, struct ost_instance *instance)
{
	ost_instance_runs(instance, NULL);
	if (instance->function)
		ost_function_put(table, instance->function);
	free(instance->last.detail);
	free(instance->path);
	free(instance->user);
	free(instance);
}

void ost_instances_exit(struct ost_instances *table)
{
	struct ost_hash_node *node;

	while ((node = ost_hash_next(&table->rows, NULL))) {
		ost_hash_remove(&table->rows, node);
		free_instance(table, row(node));
	}
	ost_functions_exit(table);
	ost_hash_free(&table->rows);
	memset(table, 0, sizeof(*table));
	table->root_fd = -1;
}

struct ost_instance *ost_instance_find(const struct ost_instances *table, uint64_t id)
{
	struct ost_hash_node *node = ost_hash_find(&table->rows, id);

	while (node && row(node)->gone)
		node = ost_hash_again(node);
	return row(node);
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

struct ost_instance *ost_instance_add(struct ost_instances *table, uint64_t id, const char *path,
				      const char *function, const char *user)
{
	struct ost_instance *instance = calloc(1, sizeof(*instance));

	if (!instance)
		return NULL;
	instance->id = id;
	instance->path = strdup(path);
	instance->user = strdup(user);
	instance->function = ost_function_get(table, user, function);
	if (instance->function)
		ost_function_hold(table, instance->function);
	if (!instance->path || !instance->user || !instance->function ||
	    ost_hash_insert(&table->rows, &instance->node, id)) {
		free_instance(table, instance);
		return NULL;
	}
	table->count++;
	return instance;
}

static void unlink_and_free(struct ost_instances *table, struct ost_instance *instance)
{
	ost_hash_remove(&table->rows, &instance->node);
	free_instance(table, instance);
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
	struct ost_hash_node *node = ost_hash_next(&table->rows, instance ? &instance->node : NULL);

	while (node && row(node)->gone)
		node = ost_hash_next(&table->rows, node);
	return row(node);
}

void ost_instance_relabel(struct ost_instances *table, struct ost_instance *instance,
			  const char *function, const char *user)
{
	struct ost_function *serves = ost_function_get(table, user, function);
	char *copy;

	if (!serves || serves == instance->function)
		return;
	copy = strdup(user);
	if (!copy)
		return;
	free(instance->user);
	instance->user = copy;
	ost_instance_runs(instance, NULL);
	ost_function_hold(table, serves);
	ost_function_put(table, instance->function);
	instance->function = serves;
	instance->recognised = false;
}
