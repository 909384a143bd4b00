// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the measure of accuracy asks the catalogue and the trap decoder. Run under an emulator it tells of the emulated CPU.
 *
 *	isatool snapshot		what this CPU says, as text
 *	isatool host			the features that a process can use here
 *	isatool decode HAVE HEX		what trapped: CLASS, missing features ("-" for none), instruction; separated by tabs
 *	isatool implied NAMES		these features and what can't be missing where they are
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa/decode.h"
#include "isa/implied.h"
#include "isa/snapshot.h"
#include "lib/error.h"

#define SET_TEXT_MAX 4096

static void print_set(const struct ost_feature_set *set, char end)
{
	char text[SET_TEXT_MAX];

	ost_feature_set_format(set, text, sizeof(text));
	printf("%s%c", text[0] ? text : "-", end);
}

static void parse_set(struct ost_feature_set *set, const char *text)
{
	struct ost_error err;

	if (ost_feature_set_parse(set, strcmp(text, "-") ? text : "", &err)) {
		fprintf(stderr, "isatool: %s\n", err.text);
		exit(1);
	}
}

static int do_snapshot(bool as_set)
{
	struct ost_feature_set processor, usable;
	struct ost_snapshot snapshot;
	char text[OST_SNAPSHOT_TEXT_MAX];

	ost_snapshot_take(&snapshot);
	if (as_set) {
		ost_snapshot_evaluate(&snapshot, &processor, &usable);
		print_set(&usable, '\n');
		return 0;
	}
	if (ost_snapshot_format(&snapshot, text, sizeof(text)) < 0)
		return 1;
	fputs(text, stdout);
	return 0;
}

static int do_decode(const char *have, const char *hex)
{
	uint8_t bytes[OST_INSN_BYTES_MAX];
	struct ost_trap_decode trap;
	struct ost_feature_set host;
	unsigned int byte;
	size_t len = 0;

	parse_set(&host, have);
	while (len < sizeof(bytes) && sscanf(hex + 2 * len, "%2x", &byte) == 1)
		bytes[len++] = (uint8_t)byte;
	ost_isa_decode(bytes, len, &host, &trap);
	printf("%s\t", ost_trap_class_name(trap.trap_class));
	print_set(&trap.missing, '\t');
	printf("%s\n", trap.text);
	return 0;
}

static int do_implied(const char *names)
{
	struct ost_feature_set set;

	parse_set(&set, names);
	ost_feature_implied(&set);
	print_set(&set, '\n');
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "snapshot"))
		return do_snapshot(false);
	if (argc == 2 && !strcmp(argv[1], "host"))
		return do_snapshot(true);
	if (argc == 4 && !strcmp(argv[1], "decode"))
		return do_decode(argv[2], argv[3]);
	if (argc == 3 && !strcmp(argv[1], "implied"))
		return do_implied(argv[2]);
	fprintf(stderr, "usage: isatool snapshot | host | decode HAVE HEX | implied NAMES\n");
	return 2;
}
