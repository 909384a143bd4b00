// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/core/config.h"

#include <errno.h>
#include <ini.h>
#include <linux/ostler.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

/* The keys: one row each, from which the file is read, checked, printed and documented. */

enum key_kind { KEY_TEXT, KEY_GLOBS, KEY_NUMBER, KEY_BYTES, KEY_SHARE, KEY_BOOL, KEY_WORD };

struct word {
	const char *name;
	int value;
};

struct key {
	const char *section;
	const char *name;
	enum key_kind kind;
	size_t offset;
	size_t size;
	double min, max;
	const char *unit;
	const char *value; /* default */
	const struct word *words;
	const char *meaning;
};

static const struct word modes[] = {
	{ "off", OSTLER_MODE_OFF },
	{ "observe", OSTLER_MODE_OBSERVE },
	{ "park", OSTLER_MODE_PARK },
	{ NULL, 0 },
};

/* No retry: without anything changed the instruction would trap again at once, for ever. */
static const struct word verdicts[] = {
	{ "ask", OSTLER_VERDICT_UNSPEC },
	{ "deliver", OSTLER_VERDICT_DELIVER },
	{ "skip", OSTLER_VERDICT_SKIP },
	{ NULL, 0 },
};

static const struct word levels[] = {
	{ "error", LOG_ERR },	{ "warning", LOG_WARNING }, { "notice", LOG_NOTICE },
	{ "info", LOG_INFO },	{ "debug", LOG_DEBUG },	    { NULL, 0 },
};

#define MEMBER(m) offsetof(struct ost_config, m), sizeof(((struct ost_config *)0)->m)
#define TEXT(s, n, m, def, what) { s, n, KEY_TEXT, MEMBER(m), 0, 0, "path", def, NULL, what }
#define NUMBER(s, n, m, lo, hi, unit, def, what) \
	{ s, n, KEY_NUMBER, MEMBER(m), lo, hi, unit, def, NULL, what }
#define BYTES(s, n, m, lo, hi, def, what) \
	{ s, n, KEY_BYTES, MEMBER(m), lo, hi, "bytes, K, M or G may follow", def, NULL, what }
#define SHARE(s, n, m, def, what) { s, n, KEY_SHARE, MEMBER(m), 0, 1, "share, 0 to 1", def, NULL, what }
#define BOOL(s, n, m, def, what) { s, n, KEY_BOOL, MEMBER(m), 0, 0, "yes or no", def, NULL, what }
#define WORD(s, n, m, words, def, what) { s, n, KEY_WORD, MEMBER(m), 0, 0, NULL, def, words, what }

#define HOUR_MS 3600000.0
#define DAY_MS (24 * HOUR_MS)
#define GIB 1073741824.0

static const struct key keys[] = {
	TEXT("host", "cgroup_root", cgroup_root, "/sys/fs/cgroup", "Where cgroup v2 is mounted."),
	{ "host", "instances", KEY_GLOBS, MEMBER(instances), 0, 0, "glob below cgroup_root", "ostler/*", NULL,
	  "Which cgroups are instances. May be given several times, or with several globs between blanks. "
	  "A * matches within one level, as in a shell." },
	NUMBER("host", "sample_ms", sample_ms, 100, HOUR_MS, "ms", "1000",
	       "How often memory and CPU time of all instances are sampled."),
	NUMBER("host", "instances_max", instances_max, 1, 1048576, "instances", "16384",
	       "Most instances that are looked after; sizes the maps of the probes."),
	WORD("traps", "mode", mode, modes, "observe",
	     "What happens at an instruction that the host lacks, in instances not told otherwise by "
	     "`ostlerctl mode` or their attribute user.ostler.mode: off, observe (count it; the task gets "
	     "SIGILL) or park (hold the task there until a verdict)."),
	NUMBER("traps", "park_ms", park_ms, 1, OSTLER_PARK_MS_MAX, "ms", "30000",
	       "How long a task may stay parked; then it gets SIGILL."),
	NUMBER("traps", "grace_ms", grace_ms, 0, OSTLER_GRACE_MS_MAX, "ms", "10000",
	       "How long parked tasks outlive this daemon."),
	NUMBER("traps", "skip_max", skip_max, 0, 1000000, "instructions", "0",
	       "Most instructions of one instance that skip verdicts may step over. 0 forbids them: the program "
	       "goes on with a wrong result."),
	WORD("traps", "verdict", verdict, verdicts, "ask",
	     "Verdict for a task that lacks a feature: ask (a person or the next stage decides before the "
	     "deadline), deliver or skip."),
	WORD("traps", "verdict_other", verdict_other, verdicts, "deliver",
	     "Verdict for a parked task that no host could help: bytes that are no instruction, privileged "
	     "instructions, the program's own abort."),
	BOOL("collect", "enabled", collect, "yes",
	     "Collect by schedule. With no, only `ostlerctl collect` does."),
	NUMBER("collect", "slots", slots, 1, 64, "collections", "1", "Most collections running at once."),
	NUMBER("collect", "idle_ms", idle_ms, 0, DAY_MS, "ms", "2000",
	       "An instance is idle this long after its last message or CPU use."),
	BYTES("collect", "garbage_min", garbage_min_bytes, 0, 1024 * GIB, "8M",
	      "Least garbage, by estimate, that is worth a collection."),
	SHARE("collect", "garbage_min_share", garbage_min_share, "0.25",
	      "The same as a share of the instance's anonymous memory. Both must be reached."),
	NUMBER("collect", "interval_ms", interval_min_ms, 0, DAY_MS, "ms", "30000",
	       "Least time between two collections of one instance."),
	SHARE("collect", "yield_min_ratio", yield_min_ratio, "0.2",
	      "Functions whose yield ÷ estimate stays below this are left alone."),
	NUMBER("collect", "retry_ms", retry_ms, 0, DAY_MS, "ms", "300000",
	       "How long an instance whose collection failed is left alone."),
	SHARE("collect", "busy_max", busy_max, "0.75",
	      "No collection starts while a greater share of the host's CPUs is busy."),
	NUMBER("collect", "timeout_ms", timeout_ms, 10, HOUR_MS, "ms", "10000",
	       "How long an instance's runtimes may take to answer, all its processes together."),
	NUMBER("collect", "settle_ms", settle_ms, 0, 60000, "ms", "300",
	       "Wait between a collection and its yield's measurement: G1 gives memory back late."),
	BOOL("collect", "lift_quota", lift_quota, "yes",
	     "Lift the instance's cpu.max for the collection: under a quota it takes seconds, not "
	     "milliseconds."),
	BOOL("collect", "page_out", page_out, "no",
	     "After a collection, page out what is left (needs swap or zram). The next request is slower."),
	BOOL("collect", "page_cache", page_cache, "yes",
	     "Where no runtime can be asked, let the kernel take the instance's page cache."),
	TEXT("collect", "agent_socket", agent_socket, "/run/ostler/agent.sock",
	     "Socket that the in-process collector dials. Must be visible inside the instances."),
	TEXT("collect", "agent_library", agent_library, "/usr/local/lib/ostler/libostler-agent.so",
	     "The in-process collector, to be loaded into running JVMs. Must be visible inside the "
	     "instances; empty: JVMs are asked for a collection only."),
	TEXT("collect", "dotnet_hook", dotnet_hook, "",
	     "Assembly with the start-up hook that collects in .NET. Empty: .NET is left alone."),
	BOOL("probes", "enabled", probes, "yes", "Load the eBPF probes."),
	TEXT("probes", "pin", pin, "/sys/fs/bpf/ostler", "Where their maps are pinned, for bpftool."),
	BYTES("probes", "ring", ring_bytes, 4096, GIB, "1M", "Size of the event ring; a power of two."),
	NUMBER("probes", "stall_ms", stall_ms, 0, 60000, "ms", "10",
	       "Waits in direct reclaim longer than this are told one by one."),
	BOOL("analyse", "enabled", analyse, "yes",
	     "Find out what the programs of instances need of a processor: once for each program that "
	     "serves a function, by a process that gives way to all others."),
	NUMBER("analyse", "cpu_s", analyse_cpu_s, 1, 3600, "s", "120",
	       "Most CPU time for one program."),
	BYTES("analyse", "memory", analyse_memory, 64 * 1024 * 1024.0, 1024 * GIB, "2G",
	      "Most address space for one program."),
	TEXT("api", "socket", socket, "/run/ostler/ostlerd.sock", "Socket of the HTTP API."),
	{ "api", "group", KEY_TEXT, MEMBER(group), 0, 0, "group name", "ostler", NULL,
	  "Members may see and change everything, as root may. Others see their own instances." },
	TEXT("store", "path", store, "/var/lib/ostler/ostler.db",
	     "What is learned about functions is kept here. Empty: nothing outlives a restart."),
	NUMBER("store", "interval_ms", store_ms, 100, HOUR_MS, "ms", "5000",
	       "How often changes are written."),
	WORD("log", "level", log_level, levels, "info", "Least urgent line that is still logged."),
};

#define KEYS (sizeof(keys) / sizeof(keys[0]))

static const struct key *find_key(const char *section, const char *name)
{
	for (size_t i = 0; i < KEYS; i++)
		if (!strcmp(keys[i].section, section) && !strcmp(keys[i].name, name))
			return &keys[i];
	return NULL;
}

static int set_text(void *at, size_t size, const char *value, struct ost_error *err)
{
	size_t len = strlen(value);

	if (len >= size)
		return ost_error_set(err, -ENAMETOOLONG, "is longer than %zu bytes", size - 1);
	memcpy(at, value, len + 1);
	return 0;
}

static int add_globs(struct ost_config *config, const char *value, struct ost_error *err)
{
	char copy[OST_GLOBS_MAX * 64], *rest = copy, *glob;

	if (strlen(value) >= sizeof(copy))
		return ost_error_set(err, -E2BIG, "is longer than %zu bytes", sizeof(copy) - 1);
	strcpy(copy, value);
	while ((glob = strsep(&rest, " \t"))) {
		while (*glob == '/')
			glob++;
		if (!*glob)
			continue;
		if (config->instance_globs == OST_GLOBS_MAX)
			return ost_error_set(err, -E2BIG, "has more than %d globs", OST_GLOBS_MAX);
		if (set_text(config->instances[config->instance_globs], OST_PATH_LEN, glob, err))
			return err ? err->code : -ENAMETOOLONG;
		config->instance_globs++;
	}
	return 0;
}

static int parse_number(const struct key *key, const char *value, double *out,
			struct ost_error *err)
{
	double scale = 1;
	char *end;

	errno = 0;
	*out = strtod(value, &end);
	if (key->kind == KEY_BYTES && *end) {
		const char *units = "KMG", *unit = strchr(units, *end & ~0x20);

		if (unit) {
			for (const char *u = units; u <= unit; u++)
				scale *= 1024;
			end++;
		}
	}
	if (end == value || *end || errno)
		return ost_error_set(err, -EINVAL, "is no number (%s)", key->unit);
	*out *= scale;
	/* written so that NaN fails too */
	if (!(*out >= key->min && *out <= key->max))
		return ost_error_set(err, -ERANGE, "must be %.15g to %.15g (%s)", key->min, key->max,
				     key->unit);
	if (key->kind != KEY_SHARE && *out != (double)(uint64_t)*out)
		return ost_error_set(err, -EINVAL, "must be a whole number (%s)", key->unit);
	return 0;
}

static int parse_bool(const char *value, struct ost_error *err)
{
	if (!strcmp(value, "yes") || !strcmp(value, "true") || !strcmp(value, "1"))
		return 1;
	if (!strcmp(value, "no") || !strcmp(value, "false") || !strcmp(value, "0"))
		return 0;
	return ost_error_set(err, -EINVAL, "must be yes or no");
}

static int parse_word(const struct key *key, const char *value, int *out, struct ost_error *err)
{
	char all[128] = "";

	for (const struct word *word = key->words; word->name; word++) {
		if (!strcmp(value, word->name)) {
			*out = word->value;
			return 0;
		}
		snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s%s", *all ? ", " : "",
			 word->name);
	}
	return ost_error_set(err, -EINVAL, "must be one of %s", all);
}

static int set_key(struct ost_config *config, const struct key *key, const char *value,
		   struct ost_error *err)
{
	void *at = (char *)config + key->offset;
	double number;
	int word = 0, ret;

	switch (key->kind) {
	case KEY_TEXT:
		return set_text(at, key->size, value, err);
	case KEY_GLOBS:
		return add_globs(config, value, err);
	case KEY_BOOL:
		ret = parse_bool(value, err);
		if (ret >= 0)
			*(bool *)at = ret;
		return ret < 0 ? ret : 0;
	case KEY_WORD:
		ret = parse_word(key, value, &word, err);
		if (ret)
			return ret;
		if (key->size == sizeof(uint8_t))
			*(uint8_t *)at = word;
		else
			*(int *)at = word;
		return 0;
	case KEY_SHARE:
		ret = parse_number(key, value, &number, err);
		if (!ret)
			*(double *)at = number;
		return ret;
	case KEY_NUMBER:
	case KEY_BYTES:
		ret = parse_number(key, value, &number, err);
		if (!ret)
			*(uint64_t *)at = number;
		return ret;
	}
	return -EINVAL;
}

void ost_config_defaults(struct ost_config *config)
{
	memset(config, 0, sizeof(*config));
	for (size_t i = 0; i < KEYS; i++)
		set_key(config, &keys[i], keys[i].value, NULL);
}

/* What inih hands from line to line. */
struct reading {
	struct ost_config *config;
	struct ost_error *err;
	const char *path;
	FILE *file;
	int line;
	bool seen[KEYS];
	int ret;
};

static int unknown_key(struct ost_error *err, const char *where, const char *section,
		       const char *name)
{
	bool section_known = false;

	for (size_t i = 0; i < KEYS; i++)
		section_known |= !strcmp(keys[i].section, section);
	if (!section_known)
		return ost_error_set(err, -EINVAL,
				     "%s: there is no section [%s]; the sections are [host] [traps] "
				     "[collect] [probes] [analyse] [api] [store] [log]",
				     where, section);
	return ost_error_set(err, -EINVAL,
			     "%s: there is no key %s in [%s]; `ostlerd --print-config` lists them", where,
			     name, section);
}

static int apply(struct reading *reading, const char *where, const char *section, const char *name,
		 const char *value)
{
	const struct key *key = find_key(section, name);
	struct ost_error why = { 0 };
	size_t at;
	int ret;

	if (!key)
		return unknown_key(reading->err, where, section, name);
	at = key - keys;
	if (reading->seen[at] && key->kind != KEY_GLOBS)
		return ost_error_set(reading->err, -EINVAL, "%s: [%s] %s is given twice", where, section,
				     name);
	/* the first glob replaces the default, the others add to it */
	if (!reading->seen[at] && key->kind == KEY_GLOBS)
		reading->config->instance_globs = 0;
	reading->seen[at] = true;
	ret = set_key(reading->config, key, value, &why);
	if (ret)
		return ost_error_set(reading->err, ret, "%s: [%s] %s = %s %s", where, section, name, value,
				     why.text);
	return 0;
}

/* inih's handler isn't told the line (Debian builds it so), hence its reader counts them. */
static char *read_line(char *text, int size, void *stream)
{
	struct reading *reading = stream;

	reading->line++;
	if (!fgets(text, size, reading->file))
		return NULL;
	/* inih would take the rest for a line of its own */
	if ((int)strlen(text) == size - 1 && text[size - 2] != '\n' && !reading->ret)
		reading->ret = ost_error_set(reading->err, -E2BIG,
					     "%s:%d: is longer than %d bytes; instances may be given "
					     "several times",
					     reading->path, reading->line, size - 2);
	return text;
}

static int on_line(void *user, const char *section, const char *name, const char *value)
{
	struct reading *reading = user;
	char where[OST_PATH_LEN + 16];

	if (reading->ret)
		return 0;
	snprintf(where, sizeof(where), "%s:%d", reading->path, reading->line);
	reading->ret = apply(reading, where, section, name, value);
	return reading->ret == 0;
}

/* Keys that must agree with each other. */
static int check_whole(const struct ost_config *config, const char *path, struct ost_error *err)
{
	if (config->ring_bytes & (config->ring_bytes - 1))
		return ost_error_set(err, -EINVAL, "%s: [probes] ring = %llu must be a power of two", path,
				     (unsigned long long)config->ring_bytes);
	if (!config->instance_globs)
		return ost_error_set(err, -EINVAL,
				     "%s: [host] instances is empty; name the cgroups to look after", path);
	return 0;
}

int ost_config_load(struct ost_config *config, const char *path, struct ost_error *err)
{
	struct reading reading = { .config = config, .err = err, .path = path };
	int line;

	reading.file = fopen(path, "re");
	if (!reading.file)
		return ost_error_set(err, -errno, "can't read the configuration %s: %s", path,
				     strerror(errno));
	line = ini_parse_stream(read_line, &reading, on_line, &reading);
	fclose(reading.file);
	if (reading.ret)
		return reading.ret;
	if (line)
		return ost_error_set(err, -EINVAL, "%s:%d: is no `key = value`, [section] or comment", path,
				     line);
	return check_whole(config, path, err);
}

int ost_config_set(struct ost_config *config, const char *assignment, struct ost_error *err)
{
	struct reading reading = { .config = config, .err = err, .path = "option" };
	char section[32], name[32];
	int used = 0, ret;

	if (sscanf(assignment, "%31[a-z].%31[a-z_]=%n", section, name, &used) != 2 || !used)
		return ost_error_set(err, -EINVAL, "%s: an option is SECTION.KEY=VALUE, as in log.level=debug",
				     assignment);
	ret = apply(&reading, "option", section, name, assignment + used);
	return ret ? ret : check_whole(config, "option", err);
}

/* Comment lines of at most 90 columns. */
static void print_comment(FILE *out, const char *text)
{
	size_t column = 0;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (column && column + word > 88) {
			fputc('\n', out);
			column = 0;
		}
		column += fprintf(out, "%s%.*s", column ? " " : "# ", (int)word, text);
		text += word;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

static void print_unit(FILE *out, const struct key *key)
{
	char text[256], range[96] = "";

	if (key->kind == KEY_NUMBER || key->kind == KEY_BYTES)
		snprintf(range, sizeof(range), ", %.15g to %.15g", key->min, key->max);
	if (key->kind == KEY_WORD) {
		strcpy(text, "One of:");
		for (const struct word *word = key->words; word->name; word++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), " %s", word->name);
	} else {
		snprintf(text, sizeof(text), "Unit: %s%s", key->unit, range);
	}
	snprintf(text + strlen(text), sizeof(text) - strlen(text), ". Default: %s",
		 *key->value ? key->value : "empty");
	print_comment(out, text);
}

void ost_config_print(FILE *out)
{
	const char *section = "";

	fputs("# ostler.conf, the configuration of ostlerd. Every key stands here at its default.\n", out);
	for (size_t i = 0; i < KEYS; i++) {
		const struct key *key = &keys[i];

		if (strcmp(section, key->section))
			fprintf(out, "\n[%s]\n", key->section);
		section = key->section;
		fputc('\n', out);
		print_comment(out, key->meaning);
		print_unit(out, key);
		fprintf(out, ";%s = %s\n", key->name, key->value);
	}
}

static void write_value(const struct key *key, const void *at, char *buf, size_t size)
{
	int word;

	switch (key->kind) {
	case KEY_TEXT:
	case KEY_GLOBS:
		snprintf(buf, size, "%s", (const char *)at);
		break;
	case KEY_NUMBER:
	case KEY_BYTES:
		snprintf(buf, size, "%llu", (unsigned long long)*(const uint64_t *)at);
		break;
	case KEY_SHARE:
		snprintf(buf, size, "%g", *(const double *)at);
		break;
	case KEY_BOOL:
		snprintf(buf, size, "%s", *(const bool *)at ? "yes" : "no");
		break;
	case KEY_WORD:
		word = key->size == sizeof(uint8_t) ? *(const uint8_t *)at : *(const int *)at;
		buf[0] = '\0';
		for (const struct word *w = key->words; w->name; w++)
			if (w->value == word)
				snprintf(buf, size, "%s", w->name);
		break;
	}
}

void ost_config_each(const struct ost_config *config,
		     void (*each)(void *context, const char *section, const char *name,
				  const char *value, bool many),
		     void *context)
{
	char value[OST_PATH_LEN];

	for (size_t i = 0; i < KEYS; i++) {
		const struct key *key = &keys[i];

		if (key->kind == KEY_GLOBS) {
			for (unsigned int g = 0; g < config->instance_globs; g++)
				each(context, key->section, key->name, config->instances[g], true);
			continue;
		}
		write_value(key, (const char *)config + key->offset, value, sizeof(value));
		each(context, key->section, key->name, value, false);
	}
}
