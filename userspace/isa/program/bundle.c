// SPDX-License-Identifier: GPL-2.0-or-later
#include "isa/program/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/cleanup.h"
#include "lib/json.h"

#define CONFIG "config.json"

/* Largest config.json that is read, bytes. */
#define CONFIG_MAX (4 << 20)

/* Folders of PATH that are looked into. */
#define FOLDERS_MAX 256

/* Texts that begin with "#!" on the way to a program; the kernel gives up after as many (BINPRM_MAX). */
#define SCRIPTS_MAX 4

/* What is read of a text's first line, bytes (BINPRM_BUF_SIZE of the kernel). */
#define SCRIPT_LINE 256

/* Where a name without a slash is looked for when process.env has no PATH. */
#define USUAL_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* What config.json says, as far as it is of use; the texts are the JSON value's. */
struct config {
	const char *root;	/* root.path */
	const char *name;	/* process.args[0] */
	const char *path;	/* PATH of process.env ... */
	const char *library_path, *preload; /* ... and LD_LIBRARY_PATH and LD_PRELOAD; NULL: not there */
	const char *cwd;	/* process.cwd */
};

static int read_config(const char *folder, char **text, struct ost_error *err)
{
	char path[PATH_MAX];
	_ost_close_ int fd = -1;
	struct stat st;
	ssize_t n;

	if (snprintf(path, sizeof(path), "%s/" CONFIG, folder) >= (int)sizeof(path))
		return ost_error_set(err, -ENAMETOOLONG, "the folder's name is too long");
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st))
		return ost_error_set(err, -errno, "can't read %.200s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return ost_error_set(err, -EINVAL, "%.200s is no regular file", path);
	if (st.st_size > CONFIG_MAX)
		return ost_error_set(err, -EFBIG, "%.200s has more than the %d bytes that it may have", path,
				     CONFIG_MAX);
	*text = malloc(st.st_size + 1);
	if (!*text)
		return ost_error_set(err, -ENOMEM, "no memory for %.200s", path);
	n = pread(fd, *text, st.st_size, 0);
	if (n < 0)
		return ost_error_set(err, -errno, "can't read %.200s: %s", path, strerror(errno));
	(*text)[n] = '\0';
	return n;
}

/* A member that is a string which can be a path; NULL when there is none. */
static int read_path(const json_t *object, const char *name, const char *whole, const char **value,
		     struct ost_error *err)
{
	const json_t *member = json_object_get(object, name);

	if (!member)
		return 0;
	if (!json_is_string(member) || !json_string_length(member) ||
	    json_string_length(member) >= PATH_MAX)
		return ost_error_set(err, -EINVAL, "%s must be a path of 1 to %d bytes", whole,
				     PATH_MAX - 1);
	*value = json_string_value(member);
	return 0;
}

static const char *find_variable(const json_t *env, const char *name)
{
	const char *value = NULL;
	size_t i, len = strlen(name);
	const json_t *one;

	json_array_foreach(env, i, one) {
		const char *text = json_string_value(one);

		if (text && !strncmp(text, name, len) && text[len] == '=')
			value = text + len + 1;
	}
	return value;
}

static void take_env(const json_t *env, struct config *config)
{
	const char *path = find_variable(env, "PATH");

	config->path = path ? path : USUAL_PATH;
	config->library_path = find_variable(env, "LD_LIBRARY_PATH");
	config->preload = find_variable(env, "LD_PRELOAD");
}

static int take_config(const json_t *json, struct config *config, struct ost_error *err)
{
	const json_t *process = json_object_get(json, "process"), *args;
	int ret;

	*config = (struct config){ .cwd = "/" };
	ret = read_path(json_object_get(json, "root"), "path", "root.path", &config->root, err);
	if (!ret && !config->root)
		ret = ost_error_set(err, -EINVAL,
				    "root.path is missing: it names the folder of the root file system");
	if (!ret)
		ret = read_path(process, "cwd", "process.cwd", &config->cwd, err);
	if (ret)
		return ret;
	args = json_object_get(process, "args");
	config->name = json_string_value(json_array_get(args, 0));
	if (!config->name || !*config->name || strlen(config->name) >= PATH_MAX)
		return ost_error_set(err, -EINVAL,
				     "process.args must be an array whose first member names the program, as "
				     "in [\"/bin/sh\"]");
	take_env(json_object_get(process, "env"), config);
	return 0;
}

/* Open a regular file below the root; or negative errno. */
static int open_below(int root, const char *path)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		return -ENOENT;
	}
	return fd;
}

/* @folder (relative ones are below @cwd) and @name as a path below the root. */
static int join(const char *cwd, const char *folder, size_t folder_len, const char *name, char *out)
{
	bool absolute = folder_len && *folder == '/';
	int len = snprintf(out, PATH_MAX, "%s%s%s%.*s/%s", absolute || *cwd == '/' ? "" : "/",
			   absolute ? "" : cwd, absolute || !folder_len ? "" : "/", (int)folder_len,
			   folder, name);

	return len < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* The file that a name leads to: @out gets its path below the root. A descriptor or negative errno. */
static int find_file(int root, const struct config *config, const char *name, char *out)
{
	const char *path = config->path;
	int fd = -ENOENT;

	if (strchr(name, '/')) {
		if (*name == '/')
			snprintf(out, PATH_MAX, "%s", name);
		else if (join(config->cwd, "", 0, name, out))
			return -ENAMETOOLONG;
		return open_below(root, out);
	}
	for (unsigned int i = 0; i < FOLDERS_MAX && fd < 0; i++) {
		size_t len = strcspn(path, ":");

		if (len < PATH_MAX && !join(config->cwd, path, len, name, out))
			fd = open_below(root, out);
		if (!path[len])
			break;
		path += len + 1;
	}
	return fd;
}

/*
 * The interpreter that a text's first line names, or NULL when it has no such line. With env(1)
 * that is what env would look for.
 */
static char *interpreter(char *line)
{
	char *word, *rest, *slash;

	if (strncmp(line, "#!", 2))
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	word = strtok_r(line + 2, " \t", &rest);
	if (!word)
		return NULL;
	slash = strrchr(word, '/');
	if (strcmp(slash ? slash + 1 : word, "env"))
		return word;
	while ((word = strtok_r(NULL, " \t", &rest)))
		if (*word != '-' && !strchr(word, '='))
			return word;
	return NULL;
}

/* From the file that the bundle names to the one that is a program. */
static int follow(struct ost_bundle *bundle, int root, const struct config *config, struct ost_error *err)
{
	char path[PATH_MAX], line[SCRIPT_LINE + 1], name[PATH_MAX], *next;

	snprintf(name, sizeof(name), "%s", config->name);
	for (unsigned int i = 0; i <= SCRIPTS_MAX; i++) {
		int fd = find_file(root, config, name, path);
		ssize_t n;

		if (fd < 0)
			return ost_error_set(err, fd,
					     "%.100s, which %s, is not in the root file system: %s%s", name,
					     i ? "a script needs" : "process.args names", strerror(-fd),
					     strchr(name, '/') ? "" : " (looked for along PATH)");
		n = pread(fd, line, SCRIPT_LINE, 0);
		close(fd);
		line[n > 0 ? n : 0] = '\0';
		next = interpreter(line);
		if (!next) {
			bundle->program = strdup(path);
			return bundle->program ? 0 : ost_error_set(err, -ENOMEM, "no memory");
		}
		if (!bundle->script)
			bundle->script = strdup(path);
		snprintf(name, sizeof(name), "%s", next);
	}
	return ost_error_set(err, -ELOOP, "%.200s is a script for a script for a script; no program was found",
			     config->name);
}

static int find_program(struct ost_bundle *bundle, const char *folder, const struct config *config,
			struct ost_error *err)
{
	_ost_close_ int root = -1;
	int len = *config->root == '/' ? asprintf(&bundle->root, "%s", config->root) :
					 asprintf(&bundle->root, "%s/%s", folder, config->root);

	if (len < 0) {
		bundle->root = NULL;
		return ost_error_set(err, -ENOMEM, "no memory");
	}
	root = open(bundle->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return ost_error_set(err, -errno, "root.path leads to %.200s: %s", bundle->root,
				     strerror(errno));
	return follow(bundle, root, config, err);
}

static int copy(const char *text, char **to, struct ost_error *err)
{
	*to = text ? strdup(text) : NULL;
	return text && !*to ? ost_error_set(err, -ENOMEM, "no memory") : 0;
}

bool ost_bundle_is(const char *path)
{
	char config[PATH_MAX];
	struct stat st;

	return snprintf(config, sizeof(config), "%s/" CONFIG, path) < (int)sizeof(config) &&
	       !stat(config, &st) && S_ISREG(st.st_mode);
}

int ost_bundle_read(struct ost_bundle *bundle, const char *path, struct ost_error *err)
{
	_ost_free_ char *text = NULL;
	struct ost_error why = { 0 };
	struct config config;
	json_t *json = NULL;
	int ret;

	memset(bundle, 0, sizeof(*bundle));
	ret = read_config(path, &text, err);
	if (ret < 0)
		return ret;
	ret = ost_json_parse(text, ret, &json, &why);
	if (!ret)
		ret = take_config(json, &config, &why);
	if (!ret)
		ret = find_program(bundle, path, &config, &why);
	if (!ret)
		ret = copy(config.library_path, &bundle->library_path, &why);
	if (!ret)
		ret = copy(config.preload, &bundle->preload, &why);
	json_decref(json);
	if (!ret)
		return 0;
	ost_bundle_free(bundle);
	return ost_error_set(err, ret, "%.100s/" CONFIG ": %.200s", path, why.text);
}

void ost_bundle_free(struct ost_bundle *bundle)
{
	free(bundle->root);
	free(bundle->program);
	free(bundle->script);
	free(bundle->library_path);
	free(bundle->preload);
	memset(bundle, 0, sizeof(*bundle));
}
