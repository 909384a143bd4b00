/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef OST_ISA_RUN_RECORD_H
#define OST_ISA_RUN_RECORD_H

#include <jansson.h>

#include "isa/need/run.h"

struct ost_error;

/* What happened when a program ran, as ostlerd tells it: GET /v1/functions/NAME/run. */

#define OST_RUN_RECORD_MAX (16u << 20)	/* largest text, bytes */
#define OST_RUN_ROWS_MAX 65536		/* most rows of "runs", and of "traps" */

/** struct ost_run_record - a run that was read */
struct ost_run_record {
	struct ost_run run;		/* points into what follows */
	struct ost_run_trap *traps;
	struct ost_run_clean *clean;
	json_t *json;
};

/**
 * ost_run_record_read() - read it
 * @text: JSON; hostile
 *
 * Features that this build doesn't know are passed over, and so are traps for want of them.
 *
 * Return: 0; -EINVAL, and @err says which member must be what; -EFBIG; -ENOMEM.
 */
int ost_run_record_read(struct ost_run_record *record, const char *text, size_t len,
			struct ost_error *err);

void ost_run_record_free(struct ost_run_record *record);

#endif
