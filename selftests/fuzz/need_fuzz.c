// SPDX-License-Identifier: GPL-2.0-or-later
/* What a program needs: whatever its code is, the analysis ends, and its verdicts hang together. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "isa/need/need.h"
#include "isa/program/program.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct ost_program_options options = {.alone = true};
	const struct ost_need_budget budget = {.code_bytes = 1 << 20, .steps = 200000};
	struct ost_program *program;
	struct ost_needs needs;
	char path[32];
	int fd = memfd_create("program", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, data, size) == (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!ost_program_open(&program, path, &options, NULL)) {
		if (!ost_program_load(program, NULL) &&
		    !ost_needs_find(&needs, program, &budget, NULL)) {
			look_at(&needs, program);
			ost_needs_free(&needs);
		}
		ost_program_close(program);
	}
	close(fd);
	return 0;
}
