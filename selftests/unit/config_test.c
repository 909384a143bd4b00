// SPDX-License-Identifier: GPL-2.0-or-later
/* ostler.conf: defaults, every kind of value, and that each mistake is named with file and line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <linux/ostler.h>

#include "ostlerd/core/config.h"

static char path[] = "/tmp/ostler-config-XXXXXX";

static int load(struct ost_config *config, const char *text, struct ost_error *err)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	memset(err, 0, sizeof(*err));
	ost_config_defaults(config);
	return ost_config_load(config, path, err);
}

static void refuses(const char *text, const char *words)
{
	struct ost_config config;
	struct ost_error err;

	assert_true(load(&config, text, &err) < 0);
	if (!strstr(err.text, words))
		fail_msg("'%s' should say '%s'", err.text, words);
	assert_non_null(strstr(err.text, path));
}

static void defaults_are_sound(void **unused)
{
	struct ost_config config;
	struct ost_error err;

	assert_int_equal(load(&config, "", &err), 0);
	assert_int_equal(config.sample_ms, 1000);
	assert_int_equal(config.mode, OSTLER_MODE_OBSERVE);
	assert_int_equal(config.garbage_min_bytes, 8 << 20);
	assert_true(config.garbage_min_share == 0.25);
	assert_int_equal(config.instance_globs, 1);
	assert_string_equal(config.instances[0], "ostler/*");
	assert_true(config.collect && config.probes);
}

static void every_kind_is_read(void **unused)
{
	struct ost_config config;
	struct ost_error err;
	int ret = load(&config,
		       "; a comment\n"
		       "[host]\ninstances = /kubepods.slice/*/*  system.slice/fn-*.service\n"
		       "instances = a/b\n"
		       "[traps]\nmode = park\nverdict = deliver\n"
		       "[collect]\nenabled = no\ngarbage_min = 3k\ngarbage_min_share = 0.5\n"
		       "[probes]\nring=2M\n[api]\nsocket = /x/y\n[log]\nlevel = debug\n",
		       &err);

	if (ret)
		fail_msg("%s", err.text);
	assert_int_equal(config.instance_globs, 3);
	assert_string_equal(config.instances[0], "kubepods.slice/*/*");
	assert_string_equal(config.instances[1], "system.slice/fn-*.service");
	assert_string_equal(config.instances[2], "a/b");
	assert_int_equal(config.mode, OSTLER_MODE_PARK);
	assert_int_equal(config.verdict, OSTLER_VERDICT_DELIVER);
	assert_false(config.collect);
	assert_int_equal(config.garbage_min_bytes, 3072);
	assert_true(config.garbage_min_share == 0.5);
	assert_int_equal(config.ring_bytes, 2 << 20);
	assert_string_equal(config.socket, "/x/y");
}

static void mistakes_are_named(void **unused)
{
	char longer[512];

	refuses("[host]\nsample_ms = 5\n", ":2: [host] sample_ms = 5 must be 100 to 3600000 (ms)");
	refuses("[host]\nsample_ms = 1s\n", "is no number");
	refuses("[host]\nsample_ms = 100.5\n", "whole number");
	refuses("[host]\nsample_ms = nan\n", "must be 100");
	refuses("[collect]\nbusy_max = 2\n", "must be 0 to 1");
	refuses("[collect]\nenabled = maybe\n", "must be yes or no");
	refuses("\n\n[traps]\nmode = parc\n", ":4: [traps] mode = parc must be one of off, observe, park");
	refuses("[traps]\nmodes = park\n", "there is no key modes in [traps]");
	refuses("[trap]\nmode = park\n", "there is no section [trap]");
	refuses("[log]\nlevel = info\nlevel = debug\n", "is given twice");
	refuses("[probes]\nring = 3000000\n", "power of two");
	refuses("[host]\ninstances = \n", "is empty");
	refuses("[host]\nwhat is this\n", ":2: is no `key = value`");
	snprintf(longer, sizeof(longer), "[host]\ninstances = %0300d\n", 1);
	refuses(longer, ":2: is longer than");
}

static void options_are_checked_alike(void **unused)
{
	struct ost_config config;
	struct ost_error err = { 0 };

	ost_config_defaults(&config);
	assert_int_equal(ost_config_set(&config, "collect.slots=3", &err), 0);
	assert_int_equal(config.slots, 3);
	assert_int_equal(ost_config_set(&config, "host.instances=x/*", &err), 0);
	assert_int_equal(config.instance_globs, 1);
	assert_true(ost_config_set(&config, "collect.slots=0", &err) < 0);
	assert_non_null(strstr(err.text, "1 to 64"));
	assert_true(ost_config_set(&config, "nonsense", &err) < 0);
	assert_non_null(strstr(err.text, "SECTION.KEY=VALUE"));
}

static void a_missing_file_is_said(void **unused)
{
	struct ost_config config;
	struct ost_error err;

	ost_config_defaults(&config);
	assert_int_equal(ost_config_load(&config, "/nonexistent/ostler.conf", &err), -2);
	assert_non_null(strstr(err.text, "/nonexistent/ostler.conf"));
}

/* What --print-config prints is itself a configuration, and says what the defaults are. */
static void the_printed_one_is_the_default(void **unused)
{
	struct ost_config config, defaults;
	struct ost_error err;
	char *text = NULL, *p;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ost_config_print(out);
	fclose(out);
	for (p = text; (p = strstr(p, "\n;")); p++)
		p[1] = ' ';
	/* inih takes an indented line for the continuation of the one before */
	for (char *from = text, *to = text;; from++) {
		if (from > text && from[-1] == '\n' && *from == ' ')
			continue;
		*to++ = *from;
		if (!*from)
			break;
	}
	if (load(&config, text, &err))
		fail_msg("%s", err.text);
	ost_config_defaults(&defaults);
	assert_memory_equal(&config, &defaults, sizeof(config));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_sound),
		cmocka_unit_test(every_kind_is_read),
		cmocka_unit_test(mistakes_are_named),
		cmocka_unit_test(options_are_checked_alike),
		cmocka_unit_test(a_missing_file_is_said),
		cmocka_unit_test(the_printed_one_is_the_default),
	};
	int fd = mkstemp(path), ret;

	if (fd < 0)
		return 1;
	close(fd);
	ret = cmocka_run_group_tests_name("config", tests, NULL, NULL);
	unlink(path);
	return ret;
}
