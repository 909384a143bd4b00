// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a program needs: whatever its code is, the analysis ends, and its verdicts hang together. An
 * input is a program, or two objects: "pair", the program's length (u32, this machine's order), the
 * program, and the rest is libpair.so, which it loads however it names it, or as dlopened.
 */
#include <string.h>

#include "folder.h"
#include "isa/need/need.h"
#include "isa/program/program.h"

#define HEAD 8	/* bytes before the program of a pair */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool so)
{
	if (!so)
		abort();
}

static void look_at(const struct ost_needs *needs, const struct ost_program *program)
{
	struct ost_feature_set hard, soft, unmet = {0};

	must(needs->complete == !needs->incomplete[0]);
	for (size_t i = 0; i < needs->count; i++) {
		const struct ost_need *need = &needs->list[i];

		must(need->feature && need->feature < OST_FEATURE_END);
		must(!i || need[-1].feature < need->feature);
		must(need->verdict < OST_NEED_END && need->member < program->count);
		must(need->steps <= OST_NEED_STEPS_MAX);
		must(ost_needs_get(needs, need->feature) == need);
	}
	ost_needs_hard(needs, &hard, &soft);
	must(ost_needs_level(needs) <= 4);
	must(ost_needs_unmet(needs, &hard, &unmet) || !ost_feature_set_empty(&unmet));
}

static void analyse(const char *path, const struct ost_program_options *options)
{
	const struct ost_need_budget budget = {.code_bytes = 1 << 20, .steps = 200000};
	struct ost_program *program;
	struct ost_needs needs;

	if (ost_program_open(&program, path, options, NULL))
		return;
	if (!ost_program_load(program, NULL) && !ost_needs_find(&needs, program, &budget, NULL)) {
		look_at(&needs, program);
		ost_needs_free(&needs);
	}
	ost_program_close(program);
}

/* Where the program of a pair ends; 0: it is none. */
static size_t pair_split(const uint8_t *data, size_t size)
{
	uint32_t len;

	if (size < HEAD || memcmp(data, "pair", 4))
		return 0;
	memcpy(&len, data + 4, sizeof(len));
	return len <= size - HEAD ? HEAD + len : size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"program", "lib", "lib/libpair.so", NULL};
	const char *const dlopened[] = {"/lib/libpair.so", NULL};
	size_t end = pair_split(data, size);
	static int folder = -1;

	if (folder < 0) {
		folder = folder_make(names);
		must(!mkdirat(folder, "lib", 0755));
	}
	if (!end) {
		folder_write(folder, "program", data, size);
		analyse("/program", &(struct ost_program_options){.root = folder_path, .alone = true});
		return 0;
	}
	folder_write(folder, "program", data + HEAD, end - HEAD);
	folder_write(folder, "lib/libpair.so", data + end, size - end);
	analyse("/program", &(struct ost_program_options){.root = folder_path, .dlopened = dlopened});
	return 0;
}
