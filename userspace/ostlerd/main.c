// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/caps.h"
#include "lib/log.h"
#include "ostlerd/daemon.h"
#include "ostlerd/source/analyser.h"

#ifndef OST_VERSION
#define OST_VERSION "0.1"
#endif

#define CONFIG_PATH "/etc/ostler/ostler.conf"

/* What is kept of root's power, and for what. */
static const cap_value_t kept_caps[] = {
	CAP_BPF,	  /* load the probes */
	CAP_PERFMON,	  /* attach them */
	CAP_NET_ADMIN,	  /* their cgroup hook; verdicts to the module */
	CAP_SYS_ADMIN,	  /* trusted attributes of cgroups; the iterator */
	CAP_SYS_PTRACE,	  /* /proc of other users' processes; process_madvise */
	CAP_SYS_NICE,	  /* process_madvise on them */
	CAP_KILL,	  /* the signals that wake a collector */
	CAP_SETUID,	  /* meet a JVM as its owner, never as root */
	CAP_SETGID,
	CAP_DAC_OVERRIDE, /* cgroups that are delegated to other users */
	CAP_DAC_READ_SEARCH, /* the one that its analyser keeps to open other users' programs */
	CAP_CHOWN,	  /* give the API's socket to its group */
};

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "option", required_argument, NULL, 'o' },
	{ "print-config", no_argument, NULL, 'p' },
	{ "check-config", no_argument, NULL, 'k' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static void usage(FILE *out)
{
	fputs("usage: ostlerd [-c FILE] [-o SECTION.KEY=VALUE]...\n"
	      "       ostlerd --print-config | --check-config [-c FILE] | --version\n"
	      "\n"
	      "  -c, --config FILE    read FILE instead of " CONFIG_PATH "\n"
	      "  -o, --option S.K=V   set one key, after the file\n"
	      "      --print-config   print every key with meaning, unit and default\n"
	      "      --check-config   read the configuration, report mistakes, and end\n"
	      "\n"
	      "Runs in the foreground and logs to standard error. See ostlerd(8), ostler.conf(5).\n",
	      out);
}

/* One descriptor for each connection and for each collection at work; the tables need none. */
static void raise_limits(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
}

static int run(const struct ost_config *config)
{
	static struct ost_daemon daemon;
	struct ost_state *state = &daemon.state;
	struct ost_error err = { 0 };
	int ret;

	state->config = *config;
	ost_host_init(&state->host);
	raise_limits();
	umask(0077);
	ost_daemon_prepare(&daemon);
	ret = ost_caps_keep(kept_caps, sizeof(kept_caps) / sizeof(kept_caps[0]), &err);
	if (!ret) {
		ret = ost_host_features_read(&state->features);
		if (ret)
			ost_error_set(&err, ret, "can't find out what this host's CPUs have: %s",
				      strerror(-ret));
	}
	if (!ret) {
		if (*state->features.degraded)
			ost_host_degrade(&state->host, "features", "%s", state->features.degraded);
		ost_traps_init(&state->traps, &state->features);
		ret = ost_daemon_open(&daemon, &err);
	}
	if (!ret) {
		ost_info("%zu instances of %zu functions on %s, %u CPUs%s", state->instances.count,
			 state->instances.functions.count, state->host.kernel, state->host.cpus,
			 state->host.emulated ? " (emulated)" : "");
		/* type information that was read to load the probes: more than all that is kept */
		malloc_trim(0);
		ret = ost_loop_run(&state->loop);
		if (ret)
			ost_error_set(&err, ret, "the ring failed: %s", strerror(-ret));
	}
	if (ret)
		ost_err("%s", err.text);
	ost_daemon_close(&daemon);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	const char *path = CONFIG_PATH, *set[64];
	struct ost_error err = { 0 };
	struct ost_config config;
	bool given = false, check = false;
	unsigned int sets = 0;
	int c, ret;

	/* for its own use: see source/analyser.h */
	if (argc > 1 && !strcmp(argv[1], OST_ANALYSER_ARGUMENT))
		return ost_analyser_main(argc - 2, argv + 2);
	ost_log_open("ostlerd", LOG_INFO);
	while ((c = getopt_long(argc, argv, "c:o:Vh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			given = true;
			break;
		case 'o':
			if (sets < sizeof(set) / sizeof(set[0]))
				set[sets++] = optarg;
			break;
		case 'p':
			ost_config_print(stdout);
			return EXIT_SUCCESS;
		case 'k':
			check = true;
			break;
		case 'V':
			puts("ostlerd " OST_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ostlerd: %s: takes no arguments\n", argv[optind]);
		usage(stderr);
		return 2;
	}
	ost_config_defaults(&config);
	ret = ost_config_load(&config, path, &err);
	/* the usual file need not be there: then all is at its default */
	if (ret == -ENOENT && !given)
		ret = 0;
	for (unsigned int i = 0; !ret && i < sets; i++)
		ret = ost_config_set(&config, set[i], &err);
	if (ret) {
		ost_err("%s", err.text);
		return 2;
	}
	ost_log_open("ostlerd", config.log_level);
	return check ? EXIT_SUCCESS : run(&config);
}
