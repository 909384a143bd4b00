// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "isa/program/program.h"
#include "lib/error.h"
#include "lib/sha256.h"
#include "object_file.h"

/* Read at a time, bytes. */
#define PIECE (256u << 10)

static int add_file(struct ost_sha256 *sha, const struct ost_object *object, uint8_t *piece)
{
	ost_sha256_add(sha, &object->size, sizeof(object->size));
	for (uint64_t at = 0; at < object->size; at += PIECE) {
		size_t size = object->size - at < PIECE ? object->size - at : PIECE;
		int r = ost_object_pread(object, at, piece, size);

		if (r)
			return r;
		ost_sha256_add(sha, piece, size);
	}
	return 0;
}

int ost_program_digest(const struct ost_program *program, char *buf, size_t size,
		       struct ost_error *err)
{
	uint8_t *piece = malloc(PIECE);
	char text[OST_SHA256_TEXT];
	struct ost_sha256 sha;
	int r = 0;

	if (!piece)
		return ost_error_set(err, -ENOMEM, "no memory to read the program");
	ost_sha256_init(&sha);
	/* which files these are to each other, and what is missing */
	ost_program_key(program, text, sizeof(text));
	ost_sha256_add(&sha, text, sizeof(text));
	for (size_t i = 0; i < program->count && !r; i++) {
		r = add_file(&sha, program->members[i].object, piece);
		if (r)
			ost_error_set(err, r, "%s: %s", program->members[i].object->path,
				      r == -EBADMSG ? "was cut short while it was read" :
						      strerror(-r));
	}
	free(piece);
	ost_sha256_end_text(&sha, text);
	snprintf(buf, size, "%s", text);
	return r;
}
