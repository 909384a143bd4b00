// SPDX-License-Identifier: GPL-2.0-or-later
#include "ostlerd/control/list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bytes written in one go. */
#define PIECE 16384

struct ost_list {
	struct ost_state *state;
	const char *name;
	json_t *(*view)(struct ost_state *state, const void *row);
	char *rows;
	size_t row_size;
	size_t count;
	size_t room;
	size_t at;
	bool begun, ended, separator, broken;
	char *text; /* written, not yet taken */
	size_t text_len;
	size_t text_at;
};

struct ost_list *ost_list_new(struct ost_state *state, const char *name, size_t row_size,
			      json_t *(*view)(struct ost_state *state, const void *row))
{
	struct ost_list *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	list->state = state;
	list->name = name;
	list->view = view;
	list->row_size = row_size;
	return list;
}

static void free_list(void *cls)
{
	struct ost_list *list = cls;

	free(list->rows);
	free(list->text);
	free(list);
}

int ost_list_add(struct ost_list *list, const void *row)
{
	if (!list)
		return -ENOMEM;
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 64;
		char *grown = realloc(list->rows, room * list->row_size);

		if (!grown) {
			list->broken = true;
			return -ENOMEM;
		}
		list->rows = grown;
		list->room = room;
	}
	memcpy(list->rows + list->count++ * list->row_size, row, list->row_size);
	return 0;
}

/* Write the next text: the head, a row or the tail. */
static int write_next(struct ost_list *list)
{
	json_t *value;
	char *row;
	int len;

	free(list->text);
	list->text = NULL;
	list->text_at = list->text_len = 0;
	if (!list->begun) {
		list->begun = true;
		len = asprintf(&list->text, "{\"%s\":[", list->name);
	} else if (list->at == list->count) {
		list->ended = true;
		len = asprintf(&list->text, "]}\n");
	} else {
		value = list->view(list->state, list->rows + list->at++ * list->row_size);
		if (!value)
			return 0;
		row = json_dumps(value, OST_JSON_STYLE);
		json_decref(value);
		if (!row)
			return -ENOMEM;
		len = asprintf(&list->text, "%s%s", list->separator ? ",\n" : "", row);
		list->separator = true;
		free(row);
	}
	if (len < 0) {
		list->text = NULL;
		return -ENOMEM;
	}
	list->text_len = len;
	return 0;
}

static ssize_t read_list(void *cls, uint64_t pos, char *buf, size_t max)
{
	struct ost_list *list = cls;
	size_t have = 0;

	while (have < max) {
		size_t left = list->text_len - list->text_at;
		size_t take = left < max - have ? left : max - have;

		if (!left) {
			if (list->ended)
				break;
			if (write_next(list))
				return MHD_CONTENT_READER_END_WITH_ERROR;
			continue;
		}
		memcpy(buf + have, list->text + list->text_at, take);
		list->text_at += take;
		have += take;
	}
	return have ? (ssize_t)have : MHD_CONTENT_READER_END_OF_STREAM;
}

void ost_list_send(struct ost_list *list, struct ost_request *req)
{
	struct MHD_Response *response = NULL;

	if (list && !list->broken)
		response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE, read_list,
							     list, free_list);
	if (!response) {
		if (list)
			free_list(list);
		ost_request_fail(req, -ENOMEM, "the daemon is short of memory; try again");
		return;
	}
	MHD_add_response_header(response, "Content-Type", "application/json");
	ost_request_respond(req, MHD_HTTP_OK, response);
}
