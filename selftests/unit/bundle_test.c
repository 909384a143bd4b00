// SPDX-License-Identifier: GPL-2.0-or-later
/* OCI bundles: what config.json says they run, and files that say it wrongly. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "isa/program/bundle.h"
#include "lib/error.h"

static char place[] = "/tmp/bundle-test.XXXXXX";
static struct ost_bundle bundle;
static struct ost_error err;

static void put(const char *name, const char *text)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", place, name);
	for (char *p = path + strlen(place) + 1; (p = strchr(p, '/')); *p++ = '/') {
		*p = '\0';
		mkdir(path, 0755);
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0755);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void link_to(const char *target, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", place, name);
	unlink(path);
	assert_int_equal(symlink(target, path), 0);
}

static int read_with(const char *config)
{
	put("config.json", config);
	memset(&err, 0, sizeof(err));
	return ost_bundle_read(&bundle, place, &err);
}

#define CONFIG(args, env, cwd) \
	"{\"ociVersion\": \"1.0.2\", \"root\": {\"path\": \"rootfs\"}, " \
	"\"process\": {\"args\": [" args "], \"env\": [" env "], \"cwd\": \"" cwd "\"}}"

static void finds_what_it_runs(const char *config, const char *program, const char *script)
{
	char root[128];

	assert_int_equal(read_with(config), 0);
	snprintf(root, sizeof(root), "%s/rootfs", place);
	assert_string_equal(bundle.root, root);
	assert_string_equal(bundle.program, program);
	if (script)
		assert_string_equal(bundle.script, script);
	else
		assert_null(bundle.script);
	ost_bundle_free(&bundle);
}

static void finds_the_program(void **state)
{
	put("rootfs/usr/bin/tool", "\177ELF");
	put("rootfs/opt/app/tool", "\177ELF");
	put("rootfs/opt/app/run", "#!/usr/bin/env -S X=1 tool -v\n");
	put("rootfs/opt/app/again", "#! /opt/app/run\n");
	put("rootfs/opt/app/loop", "#!/opt/app/loop\n");
	put("rootfs/opt/app/odd", "#!\n");
	link_to("/usr/bin", "rootfs/bin");
	link_to("/../../../../usr/bin/tool", "rootfs/climber");

	finds_what_it_runs(CONFIG("\"/usr/bin/tool\"", "", "/"), "/usr/bin/tool", NULL);
	finds_what_it_runs(CONFIG("\"/bin/tool\", \"x\"", "", "/"), "/bin/tool", NULL);
	finds_what_it_runs(CONFIG("\"/climber\"", "", "/"), "/climber", NULL);
	finds_what_it_runs(CONFIG("\"tool\"", "", "/"), "/usr/bin/tool", NULL);
	finds_what_it_runs(CONFIG("\"tool\"", "\"A=b\", \"PATH=/none:/opt/app\"", "/"), "/opt/app/tool",
			   NULL);
	finds_what_it_runs(CONFIG("\"tool\"", "\"PATH=app\"", "/opt"), "/opt/app/tool", NULL);
	finds_what_it_runs(CONFIG("\"./tool\"", "", "/opt/app"), "/opt/app/./tool", NULL);
	finds_what_it_runs(CONFIG("\"/opt/app/run\"", "", "/"), "/usr/bin/tool", "/opt/app/run");
	finds_what_it_runs(CONFIG("\"/opt/app/again\"", "", "/"), "/usr/bin/tool", "/opt/app/again");
	finds_what_it_runs(CONFIG("\"/opt/app/odd\"", "", "/"), "/opt/app/odd", NULL);
	assert_true(ost_bundle_is(place));
}

/* What its loader will see, the last of several. */
static void tells_what_its_loader_sees(void **state)
{
	assert_int_equal(read_with(CONFIG("\"tool\"", "\"LD_PRELOAD=/lib/p.so\", \"LD_LIBRARY_PATH=/a\", "
					  "\"LD_LIBRARY_PATH=/b:/c\"", "/")), 0);
	assert_string_equal(bundle.library_path, "/b:/c");
	assert_string_equal(bundle.preload, "/lib/p.so");
	ost_bundle_free(&bundle);
	assert_int_equal(read_with(CONFIG("\"tool\"", "\"XLD_PRELOAD=a\", \"LD_PRELOADX=a\"", "/")), 0);
	assert_null(bundle.library_path);
	assert_null(bundle.preload);
	ost_bundle_free(&bundle);
}

static void refuses(const char *config, int code, const char *word)
{
	assert_int_equal(read_with(config), code);
	if (!strstr(err.text, word))
		fail_msg("\"%s\" doesn't say \"%s\"", err.text, word);
	assert_null(bundle.root);
	assert_null(bundle.program);
}

static void refuses_what_is_wrong(void **state)
{
	static char large[5 << 20];

	refuses("", -EINVAL, "line 1");
	refuses("[]", -EINVAL, "object");
	refuses("{}", -EINVAL, "root.path is missing");
	refuses("{\"root\": 5}", -EINVAL, "root.path is missing");
	refuses("{\"root\": {\"path\": 5}}", -EINVAL, "root.path must be");
	refuses("{\"root\": {\"path\": \"rootfs\"}}", -EINVAL, "process.args");
	refuses("{\"root\": {\"path\": \"rootfs\"}, \"process\": {\"args\": []}}", -EINVAL, "process.args");
	refuses("{\"root\": {\"path\": \"rootfs\"}, \"process\": {\"args\": [5]}}", -EINVAL, "process.args");
	refuses("{\"root\": {\"path\": \"rootfs\"}, \"process\": {\"args\": \"a\"}}", -EINVAL,
		"process.args");
	refuses("{\"root\": {\"path\": \"none\"}, \"process\": {\"args\": [\"a\"]}}", -ENOENT, "root.path");
	refuses(CONFIG("\"none\"", "", "/"), -ENOENT, "along PATH");
	refuses(CONFIG("\"/usr/bin\"", "", "/"), -ENOENT, "/usr/bin");
	refuses(CONFIG("\"/opt/app/loop\"", "", "/"), -ELOOP, "script");
	memset(large, ' ', sizeof(large) - 1);
	refuses(large, -EFBIG, "bytes");
	/* as deep as it is long */
	memset(large, '[', 1 << 20);
	large[1 << 20] = '\0';
	refuses(large, -EINVAL, "depth");
}

static void paths_that_are_too_long(void **state)
{
	static char config[20000], name[8000];

	memset(name, 'a', sizeof(name) - 1);
	snprintf(config, sizeof(config), CONFIG("\"%s\"", "", "/"), name);
	refuses(config, -EINVAL, "process.args");
	name[4090] = '\0';
	snprintf(config, sizeof(config), CONFIG("\"%s\"", "", "/opt/app"), name);
	refuses(config, -ENAMETOOLONG, "not in the root");
	snprintf(config, sizeof(config), CONFIG("\"./a\"", "", "%s"), name);
	refuses(config, -ENAMETOOLONG, "not in the root");
	for (size_t i = 0; i < 4000; i += 2)
		memcpy(name + i, "x:", 2);
	snprintf(config, sizeof(config), CONFIG("\"a\"", "\"PATH=%s\"", "/"), name);
	refuses(config, -ENOENT, "not in the root");
}

static void no_bundle(void **state)
{
	assert_false(ost_bundle_is("/nowhere"));
	assert_int_equal(ost_bundle_read(&bundle, "/nowhere", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nowhere/config.json"));
}

static int setup(void **state)
{
	return !mkdtemp(place) || chdir(place);
}

static int teardown(void **state)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", place);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_program),
		cmocka_unit_test(tells_what_its_loader_sees),
		cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(paths_that_are_too_long),
		cmocka_unit_test(no_bundle),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
